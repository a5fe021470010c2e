"""
Options: one line for each option says its name, type, default and where it travels.

The interpreters are `_process.command` (argv, environment, spawning) and `_control.handshake`; nothing starts here.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import attrs

from . import _checks as check
from ._encoders import (
    checked_by,
    commas,
    custom_tools_of,
    fallback,
    hooks_of,
    json_schema,
    permission_callback,
    permission_mode_name,
    plugin_paths,
    servers_of,
    switch,
    system_prompt_fields,
)
from ._fields import TRAVELS, argv, environ, initialize, local, spawn
from .errors import ConfigurationError
from .transport import Transport

T = TypeVar("T")

#: The options that say which session a process opens; a client uses them once, then resumes its own session.
SESSION = ("resume", "resume_session_at", "fork_session", "session_id", "continue_conversation")

NO_SESSION: Mapping[str, Any] = {
    "resume": None,
    "resume_session_at": None,
    "fork_session": False,
    "session_id": None,
    "continue_conversation": False,
}

#: The name of the tool server that holds *custom_tools*.
CUSTOM_TOOLS = "sdk"

#: Python has a keyword for one option's name; both are accepted where options are given by name.
ALIASES = {"continue": "continue_conversation"}


def _named(cls: type[T]) -> type[T]:
    """Make the constructor of *cls* answer an unknown name with the nearest valid one."""
    construct = cls.__init__

    def __init__(self: T, **given: Any) -> None:
        for alias in ALIASES.keys() & given.keys():
            given[ALIASES[alias]] = given.pop(alias)
        unknown = given.keys() - NAMES
        if unknown:
            raise unknown_option(min(unknown))
        construct(self, **given)
        _check_together(self)

    cls.__init__ = __init__  # type: ignore[assignment]
    return cls


@_named
@attrs.frozen(kw_only=True, repr=False, eq=True, slots=True)
class Options:
    """
    What a query or a client is started with. Immutable: `evolve` and `with_*` give changed copies.

    Every option can be given to `query`, `stream` and `Client` by name. *None* leaves the CLI's own default.
    """

    #: Working directory of the CLI; the default is this process's.
    cwd: str | None = spawn(converter=check.directory("cwd"))
    #: Model name or alias, such as `"sonnet"`.
    model: str | None = argv("--model", converter=check.text("model"))
    #: Model, or models in order, to use while the first is overloaded.
    fallback_model: tuple[str, ...] | None = argv("--fallback-model", commas, converter=fallback)
    #: Model calls for one prompt, at most; then the result is `error_max_turns`.
    max_turns: int | None = argv("--max-turns", converter=check.number("max_turns", least=1, whole=True))
    #: Tokens for thinking, on models with a budget; 0 turns it off.
    max_thinking_tokens: int | None = argv(
        "--max-thinking-tokens", converter=check.number("max_thinking_tokens", least=0, whole=True)
    )
    #: US dollars that one process may spend; then the result is `error_max_budget_usd`.
    max_budget_usd: float | None = argv("--max-budget-usd", converter=check.number("max_budget_usd", above=0))
    #: Standing policy: one of `permission_modes()`; snake_case and the CLI's spelling are accepted.
    permission_mode: str | None = argv("--permission-mode", converter=permission_mode_name)
    #: Let the permission mode be switched to `bypass_permissions` later.
    allow_dangerously_skip_permissions: bool = argv(
        "--allow-dangerously-skip-permissions",
        default=False,
        converter=check.flag("allow_dangerously_skip_permissions"),
    )
    #: The built-in tools that exist at all; an empty list means none, `"default"` all.
    tools: tuple[str, ...] | None = argv("--tools", commas, converter=check.words("tools"))
    #: Tools and rules that run without asking, such as `"Read"` or `"Bash(git log *)"`.
    allowed_tools: tuple[str, ...] | None = argv("--allowedTools", commas, converter=check.words("allowed_tools"))
    #: Tools that are taken away and rules that are refused.
    disallowed_tools: tuple[str, ...] | None = argv(
        "--disallowedTools", commas, converter=check.words("disallowed_tools")
    )
    #: Go on with this session: its id, or its title when that is unique in the directory.
    resume: str | None = argv("--resume", converter=check.text("resume"))
    #: Forget what came after this message: the uuid of an assistant or user message. Needs *resume*.
    resume_session_at: str | None = argv("--resume-session-at", converter=check.text("resume_session_at"))
    #: Go on in a copy of the session, under a new id.
    fork_session: bool = argv("--fork-session", default=False, converter=check.flag("fork_session"))
    #: The id of the new session (or of the fork): a UUID.
    session_id: str | None = argv("--session-id", converter=check.session_uuid("session_id"))
    #: Go on with the newest session of the directory; a new one when there is none.
    continue_conversation: bool = argv("--continue", default=False, converter=check.flag("continue_conversation"))
    #: Replaces the system prompt: a string, a list of strings, or a dict of type `preset`, `custom` or `file`.
    system_prompt: Any = initialize("", system_prompt_fields, converter=checked_by(system_prompt_fields))
    #: More directories that the tools may use.
    additional_directories: tuple[str, ...] | None = argv(
        "--add-dir", converter=check.paths("additional_directories")
    )
    #: Which settings files are read: `user`, `project`, `local`; all by default, an empty list for none.
    setting_sources: tuple[str, ...] | None = argv(
        "--setting-sources", commas, converter=check.words("setting_sources", among=("user", "project", "local"))
    )
    #: Settings as a dict, as JSON text, or the path of a file.
    settings: str | dict[str, Any] | None = spawn()
    #: Sandbox settings, as the key `sandbox` of the settings has them.
    sandbox: dict[str, Any] | None = spawn(converter=check.mapping("sandbox"))
    #: Send stream events while a message is written.
    include_partial_messages: bool = argv(
        "--include-partial-messages", default=False, converter=check.flag("include_partial_messages")
    )
    #: The shape of the answer: `{"type": "json_schema", "schema": {…}}` or the JSON Schema alone.
    output_format: dict[str, Any] | None = initialize("jsonSchema", json_schema, converter=checked_by(json_schema))
    #: Called with each line that the CLI writes to its standard error.
    stderr: Callable[[str], None] | None = local(converter=check.function("stderr"))
    #: Laid over the environment of this process; *None* as a value unsets a variable.
    env: dict[str, str | None] | None = spawn(converter=check.mapping("env"))
    #: Seconds for the whole call.
    timeout: float | None = local(converter=check.number("timeout", above=0))
    #: Seconds of silence between two messages; the time that your callbacks take does not count.
    idle_timeout: float | None = local(converter=check.number("idle_timeout", above=0))
    #: Path of the `claude` program; found by itself when not given.
    cli_path: str | None = spawn(converter=check.path("cli_path"))
    #: Subagents by name: dicts with `description`, `prompt` and what else the CLI takes.
    agents: dict[str, dict[str, Any]] | None = initialize("agents", converter=check.mapping("agents"))
    #: Plugin folders: paths, or `{"type": "local", "path": …}`.
    plugins: tuple[str, ...] | None = argv("--plugin-dir", converter=plugin_paths)
    #: Beta features of the API by name.
    betas: tuple[str, ...] | None = argv("--betas", converter=check.words("betas"))
    #: Use no MCP servers but those given here.
    strict_mcp_config: bool = argv("--strict-mcp-config", default=False, converter=check.flag("strict_mcp_config"))
    #: Keep copies of files before they change, for `rewind_files`.
    enable_file_checkpointing: bool = environ(
        "CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING",
        switch,
        default=False,
        converter=check.flag("enable_file_checkpointing"),
    )
    #: Hooks by event: `{"pre_tool_use": [hooks.Matcher("Bash", function)]}`; functions and dicts are accepted too.
    hooks: dict[str, Any] | None = spawn(converter=hooks_of)
    #: What the failure of a hook does where its matcher does not say: `"closed"` refuses, `"open"` lets pass.
    hook_fail_mode: str | None = spawn(converter=check.one_of("hook_fail_mode", ("closed", "open")))
    #: Where failures of hooks are logged as warnings; by default they are logged at DEBUG.
    hook_logger: Any = spawn()
    #: Asked before a tool runs: `(tool_name, tool_input, context)` -> `Allow`, `Deny` or a bool.
    can_use_tool: Callable[..., Any] | None = spawn(converter=permission_callback)
    #: `"none"` refuses what would ask, for scripts that nobody watches; `"host"` asks as usual.
    permission_prompts: str | None = argv(
        "--permission-prompts", converter=check.one_of("permission_prompts", ("host", "none"))
    )
    #: An MCP tool that is asked in place of *can_use_tool*.
    permission_prompt_tool_name: str | None = argv(
        "--permission-prompt-tool", converter=check.text("permission_prompt_tool_name")
    )
    #: MCP servers by name: `mcp.stdio(...)`, `mcp.http(...)`, `mcp.sse(...)`, a tool server, a dict; or a file's path.
    mcp_servers: Any = spawn(converter=servers_of)
    #: Tools in this process: functions, or what `tool` makes; they run without asking.
    custom_tools: tuple[Any, ...] | None = spawn(converter=custom_tools_of)
    #: Threads that run the tools of this process; with 1 they run in the thread that called `query`.
    tool_workers: int = spawn(default=1, converter=check.number("tool_workers", least=1, whole=True))
    #: Asked when an MCP server wants something of the user; without it such questions are declined.
    on_elicitation: Callable[[Any], Any] | None = spawn(converter=check.function("on_elicitation"))
    #: Flags that have no option here, without the dashes: `{"name": "value", "bare-flag": None}`.
    extra_args: dict[str, str | None] | None = spawn(converter=check.mapping("extra_args"))
    #: Takes the place of the CLI process: a cassette, or a transport of your own.
    transport: Transport | None = spawn()
    #: Raise the typed error of a bad result instead of returning it.
    raise_on_error: bool = local(default=False, converter=check.flag("raise_on_error"))
    #: Wait for background agents before a query returns.
    wait_for_background: bool = local(default=True, converter=check.flag("wait_for_background"))
    #: Keep a client's process for its next turns.
    persistent: bool = local(default=True, converter=check.flag("persistent"))

    def evolve(self, **changes: Any) -> Options:
        """
        Return a copy with *changes*.

        Raises:
            ConfigurationError: A name or value is wrong.
        """
        if not changes:
            return self
        return Options(**{**given(self), **changes})

    def with_tools(self, *tools: str) -> Options:
        """Return a copy whose *allowed_tools* are these."""
        return self.evolve(allowed_tools=tools)

    def without_tools(self, *tools: str) -> Options:
        """Return a copy whose *disallowed_tools* are these."""
        return self.evolve(disallowed_tools=tools)

    def __getattr__(self, name: str) -> Callable[..., Options]:
        # with_model("opus"), with_cwd(path) ...: one builder for each option.
        option = builder_of(name)
        return lambda value=True: self.evolve(**{option: value})

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_shown(name, value)}" for name, value in given(self).items())
        return f"Options({shown})"


FIELDS: tuple[Any, ...] = attrs.fields(Options)
NAMES = frozenset(field.name for field in FIELDS)
_DEFAULTS = {field.name: field.default for field in FIELDS}
#: Options that the running process does not depend on.
LOCAL = frozenset(field.name for field in FIELDS if field.metadata[TRAVELS].by == "local")
#: Their values may hold secrets.
_MASKED = ("env", "settings", "extra_args")


def given(options: Options) -> dict[str, Any]:
    """Return the options that differ from their defaults, by name."""
    values = ((name, getattr(options, name), default) for name, default in _DEFAULTS.items())
    return {name: value for name, value, default in values if value is not default and value != default}


def options_of(options: Options | None, overrides: Mapping[str, Any]) -> Options:
    """
    Merge what a call was given: *options* as the base, *overrides* by name above them.

    Raises:
        ConfigurationError: A name or value is wrong.
    """
    if options is None:
        return Options(**overrides)
    if not isinstance(options, Options):
        raise check.wrong("options", options, "expected agent_sdk.Options(...)")
    return options.evolve(**overrides)


def builder_of(name: str) -> str:
    """
    Return the option that the method `with_<option>` sets.

    Raises:
        AttributeError: There is no such option.
    """
    option = name.removeprefix("with_")
    if option == name or option not in NAMES:
        raise AttributeError(f"no attribute {name!r}; options are set by with_<option>, such as with_model")
    return option


def unknown_option(name: str) -> ConfigurationError:
    """Build the error for an option that does not exist."""
    import difflib

    nearest = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "options_schema() lists them all"
    return ConfigurationError(f"unknown option {name!r}; {hint}")


def _shown(name: str, value: object) -> str:
    if name in _MASKED and isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: ***" for key in value) + "}"
    if name in _MASKED:
        return "***"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


_Rule = tuple[Callable[[Any], bool], str]
#: What contradicts what; each rule with its remedy.
_RULES: Iterable[_Rule] = (
    (
        lambda o: o.resume and o.continue_conversation,
        "resume and continue_conversation exclude each other; give one of them",
    ),
    (
        lambda o: o.resume_session_at and not o.resume,
        "resume_session_at needs resume: which session holds that message?",
    ),
    (
        lambda o: o.session_id and (o.resume or o.continue_conversation) and not o.fork_session,
        "session_id names a new session; to resume one under a new id add fork_session=True",
    ),
    (
        lambda o: o.model is not None and o.fallback_model is not None and o.model in o.fallback_model,
        "fallback_model must differ from model",
    ),
    (
        lambda o: o.permission_mode == "bypassPermissions" and os.name == "posix" and os.geteuid() == 0,
        "permission_mode='bypass_permissions' is refused by the CLI for root; use another user, or allow tools by name",
    ),
    (
        lambda o: o.can_use_tool is not None and o.permission_prompt_tool_name is not None,
        "can_use_tool and permission_prompt_tool_name exclude each other; give one of them",
    ),
    (
        lambda o: o.can_use_tool is not None and o.permission_prompts == "none",
        "can_use_tool is never asked with permission_prompts='none'; leave one of them out",
    ),
    (
        lambda o: o.settings is not None and not isinstance(o.settings, (str, dict)),
        "settings must be a dict, JSON text or the path of a file",
    ),
    (
        lambda o: o.sandbox is not None and isinstance(o.settings, str),
        "sandbox is merged into settings, so settings must be a dict beside it",
    ),
)


def _check_together(options: Any) -> None:
    for broken, remedy in _RULES:
        if broken(options):
            raise ConfigurationError(remedy)

