"""
The checks of `python -m agent_sdk doctor`. It prints the names of credentials, never their values.
"""
from __future__ import annotations

import os
import platform
from collections.abc import Iterator

import attrs

from .._client.introspection import MINIMUM_CLI, cli_version, requirements_met
from .._process.locate import find_cli
from ..errors import CLINotFoundError
from ..transcripts.paths import config_folder

#: Sources of credentials, in the order of the CLI.
_KEYS = (
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
)


@attrs.frozen
class Finding:
    """The result of one check."""

    name: str
    text: str
    is_good: bool = True
    remedy: str = ""


def findings() -> Iterator[Finding]:
    """Run the checks, one after another."""
    yield Finding("python", platform.python_version())
    yield from _cli()
    yield _credentials()
    yield from _address()
    yield _config()


def _cli() -> Iterator[Finding]:
    try:
        path = find_cli()
    except CLINotFoundError as error:
        yield Finding("cli", "not found", False, str(error).split(". Searched", 1)[0])
        return
    yield Finding("cli", path)
    version = cli_version(path)
    if version is None:
        yield Finding("version", "no answer to --version", False, f"run `{path} --version` to see why")
    elif not requirements_met()["cli_version"]:
        yield Finding("version", version, False, f"older than the minimum {MINIMUM_CLI}; run `claude update`")
    else:
        yield Finding("version", version)


def _credentials() -> Finding:
    seen = [name for name in _KEYS if os.environ.get(name)]
    if seen:
        return Finding("credentials", f"{seen[0]} is set" + (f" (and {', '.join(seen[1:])})" if seen[1:] else ""))
    if os.path.exists(os.path.join(config_folder(), ".credentials.json")):
        return Finding("credentials", "a login of the CLI is stored")
    return Finding(
        "credentials", "none found", False, "set ANTHROPIC_API_KEY, or run `claude` once and use /login"
    )


def _address() -> Iterator[Finding]:
    address = os.environ.get("ANTHROPIC_BASE_URL")
    if address:
        # The part before the @ may contain a password.
        yield Finding("address", f"ANTHROPIC_BASE_URL redirects all requests to {address.rpartition('@')[2]}")


def _config() -> Finding:
    folder = config_folder()
    place = folder if os.path.isdir(folder) else os.path.dirname(folder) or "."
    if os.access(place, os.W_OK):
        return Finding("config folder", folder)
    remedy = "sessions are not saved; set CLAUDE_CONFIG_DIR"
    return Finding("config folder", f"{folder} cannot be written", False, remedy)
