"""
Locates the CLI and reads its version.
"""
from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

from ..errors import CLINotFoundError

#: Folders that CLI installers use, searched after PATH.
INSTALL_FOLDERS = (
    "~/.claude/local",
    "~/.local/bin",
    "~/.npm-global/bin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "~/node_modules/.bin",
    "~/.yarn/bin",
)
_INSTALL = "install it with `pip install 'agent-sdk[cli]'` or `npm install -g @anthropic-ai/claude-code`"


def find_cli(cli_path: str | None = None, path: str | None = None) -> str:
    """Return the path of the CLI. If *cli_path* is set, only that path is checked; *path* replaces PATH."""
    if cli_path is not None:
        return _require_executable(cli_path, "cli_path")
    named = os.environ.get("AGENT_SDK_CLI")
    if named:
        return _require_executable(named, "AGENT_SDK_CLI")
    searched = []
    for candidate in _candidates(path):
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
        searched.append(candidate)
    listed = "\n  ".join(searched)
    raise CLINotFoundError(f"the `claude` program was not found; {_INSTALL}. Searched:\n  {listed}", searched=searched)


def _require_executable(path: str, source: str) -> str:
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        raise CLINotFoundError(f"{source}={path!r}: no such file; correct it, or {_INSTALL}", searched=[path])
    if not os.access(path, os.X_OK):
        raise CLINotFoundError(f"{source}={path!r} is not executable; run `chmod +x` on it", searched=[path])
    return os.path.abspath(path)  # the process starts in another directory


def _candidates(path: str | None) -> Iterator[str]:
    folders = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    for folder in (*filter(None, folders), *map(os.path.expanduser, INSTALL_FOLDERS)):
        yield os.path.join(folder, "claude")
    # The wheel of the official SDK bundles the CLI; the SDK checks its files without importing it.
    for folder in filter(None, sys.path):
        yield os.path.join(folder, "claude_agent_sdk", "_bundled", "claude")


def version_of(cli: str, timeout: float = 10.0) -> str | None:
    """Run `cli --version` and return the version; *None* if it prints none within *timeout* seconds."""
    import subprocess  # a single process, run only for its output

    env = {name: value for name, value in os.environ.items() if name != "CLAUDECODE"}
    try:
        printed = subprocess.run(
            [cli, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, env=env, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"\d+\.\d+\.\d+", printed)
    return found.group().decode() if found else None
