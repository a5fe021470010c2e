"""
How the values of single options turn into what travels. Used by the declarations in `options`.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _checks as check
from .errors import ConfigurationError
from .permissions import MODES


def checked_by(encode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Accept what *encode* can encode, and keep it as it was given."""

    def check(value: object) -> object:
        if value is not None:
            encode(value)
        return value

    return check


def commas(values: Sequence[str]) -> str:
    """Join a list into one word; an empty list stays an empty word, which means none."""
    return ",".join(values)


def switch(value: bool) -> str | None:
    """Turn an option into an environment variable that is set or not."""
    return "true" if value else None


def fallback(value: object) -> tuple[str, ...] | None:
    """Accept one model, or models by commas or in a list."""
    names: tuple[str, ...] | None = check.words("fallback_model")(value)
    return None if names is None else tuple(part.strip() for name in names for part in name.split(","))


def permission_mode_name(value: object) -> str | None:
    """
    Return the CLI's spelling of a permission mode.

    Raises:
        ConfigurationError: There is no such mode.
    """
    if value is None:
        return None
    if isinstance(value, str):
        mode = MODES.get(value, value)
        if mode in MODES.values():
            return mode
    raise check.wrong("permission_mode", value, f"expected one of {', '.join(MODES)}")


def plugin_paths(value: object) -> tuple[str, ...] | None:
    """Accept plugin folders as paths or as dicts of type `local`."""
    if value is None:
        return None
    if isinstance(value, (str, os.PathLike, Mapping)):
        value = [value]
    if not isinstance(value, Sequence):
        raise check.wrong("plugins", value, "expected a list of paths")
    return tuple(_plugin_path(item) for item in value)


def _plugin_path(item: object) -> str:
    path = item.get("path") if isinstance(item, Mapping) and item.get("type", "local") == "local" else item
    if path is None or isinstance(path, Mapping):
        raise check.wrong("plugins", item, 'expected a path or {"type": "local", "path": ...}')
    found: str = check.directory("plugins")(path)
    return found


def hooks_of(value: object) -> dict[str, Any] | None:
    """
    Accept hooks: event -> function, `Matcher`, dict, or a list of these.

    Raises:
        ConfigurationError: There is no such event, or something in it is wrong.
    """
    if value is None:
        return None
    from .hooks import HookSet

    given: dict[str, Any] | None = check.mapping("hooks")(value)
    HookSet(given)
    return given


def permission_callback(value: object) -> Any:
    """
    Accept a permission callback.

    Raises:
        ConfigurationError: It cannot be called with three positional arguments.
    """
    if value is None:
        return None
    from ._callbacks import check_callback

    return check_callback(value)


def servers_of(value: object) -> Any:
    """
    Accept MCP servers, and keep them as they were given.

    Raises:
        ConfigurationError: A name or a shape is wrong, or a file does not exist.
    """
    if value is None:
        return None
    from .mcp.config import parse_servers

    parse_servers(value)
    return value


def custom_tools_of(value: object) -> tuple[Any, ...] | None:
    """
    Accept tools of this process.

    Raises:
        ConfigurationError: One is no tool, or two have one name.
    """
    if value is None:
        return None
    from .mcp.config import CUSTOM
    from .mcp.server import ToolServer

    given = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    return tuple(ToolServer(CUSTOM, given).tools.values())


def json_schema(value: object) -> Any:
    """
    Return the JSON Schema of *output_format*, given bare or inside its `json_schema` envelope.

    Raises:
        ConfigurationError: It is no dict, or the envelope is empty.
    """
    if not isinstance(value, Mapping):
        raise check.wrong("output_format", value, "expected a JSON Schema as a dict")
    if value.get("type") != "json_schema":
        return value
    if not isinstance(value.get("schema"), Mapping):
        raise check.wrong("output_format", value, 'expected {"type": "json_schema", "schema": {...}}')
    return value["schema"]


def system_prompt_fields(value: object) -> dict[str, Any]:
    """
    Return the fields of the handshake that carry *system_prompt*.

    Raises:
        ConfigurationError: The value has none of the accepted shapes, or its file cannot be read.
    """
    if isinstance(value, str):
        return {"systemPrompt": [value]}
    if isinstance(value, Mapping):
        shape = _PROMPT_SHAPES.get(str(value.get("type")))
        if shape is not None:
            return shape(value)
    elif isinstance(value, Sequence) and all(isinstance(part, str) for part in value):
        return {"systemPrompt": list(value)}
    raise check.wrong(
        "system_prompt", value, "expected a string, a list of strings, or a dict of type preset, custom or file"
    )


def _preset(value: Mapping[str, Any]) -> dict[str, Any]:
    if value.get("preset", "claude_code") != "claude_code":
        raise check.wrong("system_prompt", value, "the only preset is 'claude_code'")
    fields: dict[str, Any] = {}
    if value.get("append"):
        fields["appendSystemPrompt"] = value["append"]
    exclude = value.get("exclude_dynamic_sections", value.get("excludeDynamicSections"))
    if exclude is not None:
        fields["excludeDynamicSections"] = exclude
    return fields


def _custom(value: Mapping[str, Any]) -> dict[str, Any]:
    return system_prompt_fields(value.get("prompt"))


def _file(value: Mapping[str, Any]) -> dict[str, Any]:
    try:
        with open(value.get("path") or "", encoding="utf-8") as file:
            return {"systemPrompt": [file.read()]}
    except (OSError, TypeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"system_prompt: cannot read the file {value.get('path')!r}: {error}") from error


_PROMPT_SHAPES = {"preset": _preset, "custom": _custom, "file": _file}
