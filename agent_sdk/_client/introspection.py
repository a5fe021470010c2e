"""
What is here, and what there is: the CLI, its version, tools, hook events, permission modes, options.
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

#: The oldest CLI that is said to have all that is used here; 2.1.330 is the one that it was tried with.
MINIMUM_CLI = "2.1.257"


def cli_available(cli_path: str | None = None) -> bool:
    """Tell whether the CLI was found; see `cli_path` in the options for where it is looked for."""
    try:
        find_cli(cli_path)
    except CLINotFoundError:
        return False
    return True


def cli_version(cli_path: str | None = None) -> str | None:
    """Return the version of the CLI, such as `"2.1.330"`; *None* when there is none or it does not answer."""
    try:
        return version_of(find_cli(cli_path))
    except CLINotFoundError:
        return None


def requirements_met() -> dict[str, bool]:
    """Tell what this package needs and whether it is here: the CLI, its version, Python's."""
    version = cli_version()
    return {
        "cli_available": version is not None,
        "cli_version": version is not None and _version_numbers(version) >= _version_numbers(MINIMUM_CLI),
        "python_version": sys.version_info >= (3, 10),
    }


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def builtin_tools() -> list[str]:
    """Return the names of the tools that the CLI brings, as a session may offer them."""
    return sorted(BUILTIN)


def hook_events() -> list[str]:
    """Return the events that hooks can be registered for, in snake_case."""
    from ..hooks import EVENTS

    return list(EVENTS)


def permission_modes() -> list[str]:
    """Return the permission modes, in snake_case."""
    return list(MODES)


def options_schema() -> dict[str, dict[str, Any]]:
    """Return every option by name: its `type`, its `default`, how it `travels` to the CLI, and its `meaning`."""
    return {field.name: _describe_option(field) for field in FIELDS}


def _describe_option(field: Any) -> dict[str, Any]:
    travel = field.metadata[TARGET]
    return {
        "type": str(field.type),
        "default": field.default,
        "travels": f"{travel.by} {travel.name}".strip(),
        "meaning": option_texts().get(field.name, ""),
    }
