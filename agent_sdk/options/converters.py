"""
Converters and encoders of single option values, used by the declarations in `options`.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from .._core import checks as check
from .._core.fields import camel
from .._core.text import did_you_mean
from .._core.tool_names import MCP, cli_name, rule_name
from ..errors import ConfigurationError
from ..permissions import MODES

#: Effort levels, for a session and for an agent.
EFFORTS = ("low", "medium", "high", "xhigh", "max")
#: Maximum length in characters of a comma-separated list in one command-line argument.
MAX_LIST_CHARS = 2000
#: Name of the tool server that contains *custom_tools*.
CUSTOM_TOOLS = "sdk"


def encodable_by(encode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a converter that checks a value with *encode* and keeps it unchanged."""

    def check(value: object) -> object:
        if value is not None:
            encode(value)
        return value

    return check


def join_commas(values: Sequence[str]) -> str | tuple[str, ...]:
    """
    Join a list into one argument. An empty list becomes an empty argument, which the CLI reads as an empty list.

    A long list becomes several arguments: the CLI concatenates repeated flags.
    """
    joined = ",".join(values)
    if len(joined) <= MAX_LIST_CHARS:
        return joined
    words = [""]
    for value in values:
        if words[-1] and len(words[-1]) + len(value) >= MAX_LIST_CHARS:
            words.append("")
        words[-1] += f",{value}" if words[-1] else value
    return tuple(words)


def presence_flag(store: object) -> bool:
    """Turn a session store into the flag that makes the CLI send its transcript entries."""
    return True


def negate(value: bool) -> bool:
    """Turn an option that is on by default into a flag that disables it."""
    return not value


def thinking_flags(value: object) -> tuple[str, ...]:
    """Return the flags and values for *thinking*."""
    if isinstance(value, str):
        value = {"type": value}
    elif isinstance(value, int) and not isinstance(value, bool):
        value = {"type": "enabled", "budget_tokens": value}
    kind = value.get("type") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or kind not in ("adaptive", "enabled", "disabled"):
        raise check.invalid("thinking", value, "expected 'adaptive', 'disabled', a number of tokens, or a dict")
    check.reject_typos("thinking", value, ("type", "budget_tokens", "budgetTokens", "display"))
    if kind == "enabled" and not {"budget_tokens", "budgetTokens"} & value.keys():
        raise check.invalid("thinking", value, "type 'enabled' requires budget_tokens; 'adaptive' does not")
    budget = check.number("thinking", above=0, whole=True)(value.get("budget_tokens", value.get("budgetTokens")))
    flags = [f"--thinking={kind}" if budget is None else f"--max-thinking-tokens={budget}"]
    display = check.one_of("thinking.display", ("summarized", "omitted"))(value.get("display"))
    return (*flags, f"--thinking-display={display}") if display else tuple(flags)


def parse_skills(value: object) -> tuple[str, ...] | None:
    """Accept skill names, or `"all"`. Reject characters that would break the skill's permission rule."""
    names: tuple[str, ...] | None = check.string_list("skills")(value)
    for name in names or ():
        if name != name.strip() or name.startswith("/") or any(sign in name for sign in "(),*\n\r\ufeff"):
            raise check.invalid("skills", name, "expected a plain name such as 'pdf' or 'plugin:name'")
    return names


def env_flag(value: bool) -> str | None:
    """Turn a bool into an environment variable that is set or absent."""
    return "true" if value else None


def fallback_models(value: object) -> tuple[str, ...] | None:
    """Accept one model, a comma-separated string of models, or a list."""
    names: tuple[str, ...] | None = check.string_list("fallback_model")(value)
    return None if names is None else tuple(part.strip() for name in names for part in name.split(","))


def permission_mode_name(value: object) -> str | None:
    """Return a permission mode in the CLI's spelling."""
    if value is None:
        return None
    if isinstance(value, str):
        mode = MODES.get(value, value)
        if mode in MODES.values():
            return mode
    raise check.invalid("permission_mode", value, check.one_of_remedy(value, MODES))


def parse_retry(value: object) -> object:
    """Accept a `Retry`, or a number of attempts."""
    if value is None:
        return None
    from .retry import parse_retry  # imported only when the option is set

    return parse_retry(value)


def parse_plugins(value: object) -> tuple[str, ...] | None:
    """Accept plugin folders, as paths or as dicts of type `local`."""
    if value is None:
        return None
    if isinstance(value, (str, os.PathLike, Mapping)):
        value = [value]
    if not isinstance(value, Sequence):
        raise check.invalid("plugins", value, "expected a list of paths")
    return tuple(_plugin_path(item) for item in value)


def _plugin_path(item: object) -> str:
    path = item.get("path") if isinstance(item, Mapping) and item.get("type", "local") == "local" else item
    if path is None or isinstance(path, Mapping):
        raise check.invalid("plugins", item, 'expected a path or {"type": "local", "path": ...}')
    found: str = check.directory("plugins")(path)
    return found


def parse_hooks(value: object) -> dict[str, Any] | None:
    """Accept hooks: event -> function, `Matcher`, dict, or a list of these."""
    if value is None:
        return None
    from ..hooks.runner import HookSet

    given: dict[str, Any] | None = check.mapping("hooks")(value)
    HookSet(given)
    return given


def permission_callback(value: object) -> Any:
    """Accept a permission callback."""
    if value is None:
        return None
    from .._core.callbacks import check_permission_callback

    return check_permission_callback(value)


def unary_callback(name: str, parameter: str) -> Callable[[object], Any]:
    """Return the converter of an option that is a function of one argument."""

    def check_function(value: object) -> Any:
        from .._core.callbacks import check_callback

        return check_callback(name, value, parameter)

    return check_function


def parse_servers(value: object) -> Any:
    """Accept MCP servers and keep them unchanged."""
    if value is None:
        return None
    from ..mcp.config import parse_servers

    parse_servers(value)
    return value


def parse_custom_tools(value: object) -> tuple[Any, ...] | None:
    """Accept in-process tools."""
    if value is None:
        return None
    from ..mcp.config import CUSTOM_TOOLS_SERVER
    from ..mcp.server import ToolServer

    given = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    try:
        return tuple(ToolServer(CUSTOM_TOOLS_SERVER, given).tools.values())
    except ConfigurationError as error:
        raise ConfigurationError(f"custom_tools: {error}") from error


def unknown_local_tool(rules: Sequence[str], servers: object, custom_tools: Sequence[Any] | None) -> str | None:
    """Return why one of the deny *rules* fits no tool of the server in this process that it names."""
    known = {f"{MCP}{CUSTOM_TOOLS}__": [tool.name for tool in custom_tools or ()]} if custom_tools else {}
    for name, server in servers.items() if isinstance(servers, Mapping) else ():
        local = server.get("instance") if isinstance(server, Mapping) else server
        tools = getattr(local, "tools", None)
        if tools:
            known[f"{MCP}{cli_name(name)}__"] = list(tools)
    for rule in (rule for text in rules if MCP in text for rule in text.split(",")):
        for prefix, tools in known.items():
            tool = rule_name(rule).removeprefix(prefix)
            if rule.startswith(prefix) and not any(fnmatchcase(cli_name(name), tool) for name in tools):
                hint = did_you_mean(tool, tools, f"its tools are {', '.join(tools)}")
                return f"disallowed_tools={rule!r}: the server has no such tool, so the rule would deny nothing; {hint}"
    return None


def output_schema(value: object) -> Any:
    """Return the JSON Schema of *output*: a class, another type hint, or a JSON Schema."""
    from .._schema.structured_output import output_schema

    return output_schema(value)


def json_schema(value: object) -> Any:
    """Return the JSON Schema of *output_format*, with or without the `json_schema` envelope."""
    if not isinstance(value, Mapping):
        raise check.invalid("output_format", value, "expected a JSON Schema as a dict")
    check.json_serializable("output_format", value)
    from .._schema.json_schema import parse_schema

    schema = value["schema"] if value.get("type") == "json_schema" and "schema" in value else value
    if not isinstance(schema, Mapping) or schema.get("type") == "json_schema":
        raise check.invalid("output_format", value, 'expected {"type": "json_schema", "schema": {...}}')
    return parse_schema(schema, "output_format")


def parse_settings(value: object) -> Any:
    """Accept settings: a dict, JSON text, or a file path."""
    if isinstance(value, Mapping):
        check.json_serializable("settings", value)
        return check.mapping("settings")(value)
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise check.invalid("settings", value, "expected a dict, JSON text or a file path")
    return check.path("settings")(value)


_PROMPT_KEYS = ("type", "preset", "append", "exclude_dynamic_sections", "excludeDynamicSections", "prompt", "path")
#: Top-level keys of the setting `sandbox`.
_SANDBOX_KEYS = (
    "enabled", "failIfUnavailable", "autoAllowBashIfSandboxed", "allowUnsandboxedCommands", "excludedCommands",
    "ignoreViolations", "enableWeakerNestedSandbox", "allowNestedUserNamespaces", "enableWeakerNetworkIsolation",
    "allowAppleEvents", "ripgrep", "bwrapPath", "socatPath", "network", "filesystem", "credentials",
)  # fmt: skip


def parse_sandbox(value: object) -> dict[str, Any] | None:
    """
    Accept sandbox settings, with keys in snake_case or in the CLI's spelling.

    A misspelled key raises an error: the CLI would ignore it and run without a sandbox.
    """
    given: dict[str, Any] | None = check.mapping("sandbox")(value)
    if given is None:
        return None
    settings = {camel(key): item for key, item in given.items()}
    check.reject_typos("sandbox", settings, _SANDBOX_KEYS)
    return settings


def system_prompt_fields(value: object) -> dict[str, Any]:
    """Return the handshake fields for *system_prompt*."""
    if isinstance(value, str):
        return {"systemPrompt": [value]}
    if isinstance(value, Mapping):
        check.reject_typos("system_prompt", value, _PROMPT_KEYS)
        shape = _PROMPT_SHAPES.get(str(value.get("type")))
        if shape is not None:
            return shape(value)
    elif isinstance(value, Sequence) and all(isinstance(part, str) for part in value):
        return {"systemPrompt": list(value)}
    raise check.invalid(
        "system_prompt", value, "expected a string, a list of strings, or a dict of type preset, custom or file"
    )


def _preset_prompt(value: Mapping[str, Any]) -> dict[str, Any]:
    if value.get("preset", "claude_code") != "claude_code":
        raise check.invalid("system_prompt", value, "the only preset is 'claude_code'")
    fields: dict[str, Any] = {}
    if not isinstance(value.get("append") or "", str):
        raise check.invalid("system_prompt", value, "append must be a string")
    if value.get("append"):
        fields["appendSystemPrompt"] = value["append"]
    exclude = value.get("exclude_dynamic_sections", value.get("excludeDynamicSections"))
    if exclude is not None:
        fields["excludeDynamicSections"] = exclude
    return fields


def _custom_prompt(value: Mapping[str, Any]) -> dict[str, Any]:
    return system_prompt_fields(value.get("prompt"))


def _prompt_from_file(value: Mapping[str, Any]) -> dict[str, Any]:
    try:
        with open(value.get("path") or "", encoding="utf-8") as file:
            return {"systemPrompt": [file.read()]}
    except (OSError, TypeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"system_prompt: cannot read the file {value.get('path')!r}: {error}") from error


_PROMPT_SHAPES = {"preset": _preset_prompt, "custom": _custom_prompt, "file": _prompt_from_file}
