"""
Queries about the CLI and the SDK: version, tools, hook events, permission modes, options.
"""
from __future__ import annotations

import re
import sys
from typing import Any

from .._core.fields import TARGET
from .._core.tool_names import BUILTIN
from .._process.locate import find_cli, version_of
from ..errors import CLINotFoundError
from ..options.options import FIELDS, option_texts
from ..permissions import MODES

#: Oldest CLI version documented to support all features that the SDK uses. Tested against CLI 2.1.330.
MINIMUM_CLI = "2.1.257"


def cli_available(cli_path: str | None = None) -> bool:
    """Return whether the CLI was found; see the option *cli_path* for the search."""
    try:
        find_cli(cli_path)
    except CLINotFoundError:
        return False
    return True


def cli_version(cli_path: str | None = None) -> str | None:
    """Return the version of the CLI, such as `"2.1.330"`; *None* if the CLI is missing or prints no version."""
    try:
        return version_of(find_cli(cli_path))
    except CLINotFoundError:
        return None


def requirements_met() -> dict[str, bool]:
    """Return whether each requirement is met: the CLI, its version, and the Python version."""
    version = cli_version()
    return {
        "cli_available": version is not None,
        "cli_version": version is not None and _version_numbers(version) >= _version_numbers(MINIMUM_CLI),
        "python_version": sys.version_info >= (3, 10),
    }


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def builtin_tools() -> list[str]:
    """Return the names of the CLI's built-in tools."""
    return sorted(BUILTIN)


def hook_events() -> list[str]:
    """Return the hook events in snake_case."""
    from ..hooks import EVENTS

    return list(EVENTS)


def permission_modes() -> list[str]:
    """Return the permission modes in snake_case."""
    return list(MODES)


def options_schema() -> dict[str, dict[str, Any]]:
    """Return the `type`, the `default` and the encoding (`travels`) of every option, by name."""
    return {field.name: _describe_option(field) for field in FIELDS}


def _describe_option(field: Any) -> dict[str, Any]:
    travel = field.metadata[TARGET]
    return {
        "type": str(field.type),
        "default": field.default,
        "travels": f"{travel.by} {travel.name}".strip(),
        "meaning": option_texts().get(field.name, ""),
    }
