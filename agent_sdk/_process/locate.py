"""
Where the CLI is. Looks, and runs nothing.
"""
from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from ..errors import CLINotFoundError

#: Folders where installers of the CLI put it, besides those on PATH.
USUAL = (
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
    """
    Return the path of the CLI.

    Args:
        cli_path: The option of that name: when given, nothing else is tried.
        path: A value of PATH to search instead of this process's own.

    Raises:
        CLINotFoundError: It is nowhere, or cannot be run.
    """
    if cli_path is not None:
        return _runnable(cli_path, "cli_path")
    named = os.environ.get("AGENT_SDK_CLI")
    if named:
        return _runnable(named, "AGENT_SDK_CLI")
    searched = []
    for candidate in _candidates(path):
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
        searched.append(candidate)
    listed = "\n  ".join(searched)
    raise CLINotFoundError(f"the `claude` program was not found; {_INSTALL}. Searched:\n  {listed}", searched=searched)


def _runnable(path: str, source: str) -> str:
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        raise CLINotFoundError(f"{source}={path!r}: no such file; correct it, or {_INSTALL}", searched=[path])
    if not os.access(path, os.X_OK):
        raise CLINotFoundError(f"{source}={path!r} is not executable; run `chmod +x` on it", searched=[path])
    return os.path.abspath(path)  # it is started in another directory


def _candidates(path: str | None) -> Iterator[str]:
    folders = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    for folder in (*filter(None, folders), *map(os.path.expanduser, USUAL)):
        yield os.path.join(folder, "claude")
    # The wheel of the official SDK carries the program; it is looked into, never imported.
    for folder in filter(None, sys.path):
        yield os.path.join(folder, "claude_agent_sdk", "_bundled", "claude")
