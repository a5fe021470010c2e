"""
`Options`: each line declares an option's name, type, default and encoding.

`_process.command` (argv, environment, spawning) and `_protocol.handshake` read the declarations.
"""
from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs

from .._core import checks as check
from .._core.fields import TARGET, argv, custom, environ, initialize, local
from .._core.tool_names import tool_rules
from ..transport import Transport
from .builders import OptionBuilders
from .converters import (
    EFFORTS,
    encodable_by,
    env_flag,
    fallback_models,
    join_commas,
    json_schema,
    negate,
    output_schema,
    parse_custom_tools,
    parse_hooks,
    parse_plugins,
    parse_retry,
    parse_sandbox,
    parse_servers,
    parse_settings,
    parse_skills,
    permission_callback,
    permission_mode_name,
    presence_flag,
    system_prompt_fields,
    thinking_flags,
    unary_callback,
)

T = TypeVar("T")

#: The default of an argument that leaves the option as it is; *None* is a value of the option.
NOT_GIVEN: Any = ...

#: Options that select the session a process opens. A client uses them once, then resumes its own session.
SESSION = ("resume", "resume_session_at", "fork_session", "session_id", "continue_conversation")

NO_SESSION: Mapping[str, Any] = {
    "resume": None,
    "resume_session_at": None,
    "fork_session": False,
    "session_id": None,
    "continue_conversation": False,
}


def _parse_agents(value: object) -> dict[str, dict[str, Any]] | None:
    if value is None:
        return None
    from .agents import parse_agents  # defines a large class; loaded with the first agent

    return parse_agents(value)


if TYPE_CHECKING:
    from typing_extensions import Unpack, dataclass_transform

    from .typing import OptionValues

    @dataclass_transform(
        kw_only_default=True, frozen_default=True, field_specifiers=(argv, custom, environ, initialize, local)
    )
    def _frozen(cls: type[T], /) -> type[T]: ...

else:
    _frozen = attrs.frozen(init=False, repr=False, eq=True, slots=True)


@_frozen
class Options(OptionBuilders):
    """
    The options of a query or a client. Immutable: `evolve` and the `with_*` methods return changed copies.

    `query`, `stream` and `Client` accept every option by name. *None* keeps the CLI's own default.
    """

    #: Working directory of the CLI. Defaults to the directory of this process.
    cwd: str | None = custom(converter=check.directory("cwd"))
    #: Model name or alias, such as `"sonnet"`.
    model: str | None = argv("--model", converter=check.string("model"))
    #: Model, or list of models in order, to use while *model* is overloaded.
    fallback_model: tuple[str, ...] | None = argv("--fallback-model", join_commas, converter=fallback_models)
    #: Maximum number of model calls per prompt; beyond it the result has subtype `error_max_turns`.
    max_turns: int | None = argv("--max-turns", converter=check.number("max_turns", least=1, whole=True))
    #: Thinking budget in tokens, for models that support one; 0 disables thinking.
    max_thinking_tokens: int | None = argv(
        "--max-thinking-tokens", converter=check.number("max_thinking_tokens", least=0, whole=True)
    )
    #: Budget in US dollars for a query, or for the life of a client; beyond it the result is `error_max_budget_usd`.
    max_budget_usd: float | None = argv("--max-budget-usd", converter=check.number("max_budget_usd", above=0))
    #: Default permission policy: one of `permission_modes()`, in snake_case or in the CLI's spelling.
    permission_mode: str | None = argv("--permission-mode", converter=permission_mode_name)
    #: Allow switching to the permission mode `bypass_permissions` later.
    allow_dangerously_skip_permissions: bool = argv(
        "--allow-dangerously-skip-permissions",
        default=False,
        converter=check.boolean("allow_dangerously_skip_permissions"),
    )
    #: Built-in tools that the session has: a list of names, an empty list for none, or `"default"` for all.
    tools: tuple[str, ...] | None = argv("--tools", join_commas, converter=tool_rules("tools"))
    #: Tools and rules that run without a permission request, such as `"Read"` or `"Bash(git log *)"`.
    allowed_tools: tuple[str, ...] | None = argv("--allowedTools", join_commas, converter=tool_rules("allowed_tools"))
    #: Tools to remove, and rules to deny, such as `"WebSearch"` or `"Bash(rm *)"`.
    disallowed_tools: tuple[str, ...] | None = argv(
        "--disallowedTools", join_commas, converter=tool_rules("disallowed_tools")
    )
    #: Session to resume: its id, or its title if the title is unique in the directory.
    resume: str | None = argv("--resume", converter=check.session("resume"))
    #: Resume from this assistant or user message (a uuid) and discard everything after it. Requires *resume*.
    resume_session_at: str | None = argv("--resume-session-at", converter=check.string("resume_session_at"))
    #: Resume in a copy of the session, under a new id.
    fork_session: bool = argv("--fork-session", default=False, converter=check.boolean("fork_session"))
    #: UUID for the new session or the fork.
    session_id: str | None = argv("--session-id", converter=check.session_uuid("session_id"))
    #: Resume the newest session of the directory, or start a new session if the directory has none.
    continue_conversation: bool = argv("--continue", default=False, converter=check.boolean("continue_conversation"))
    #: Replaces the system prompt: a string, a list of strings, or a dict of type `preset`, `custom` or `file`.
    system_prompt: Any = initialize("", system_prompt_fields, converter=encodable_by(system_prompt_fields))
    #: Additional directories that the tools can access.
    additional_directories: tuple[str, ...] | None = argv("--add-dir", converter=check.paths("additional_directories"))
    #: Settings files to read: `user`, `project`, `local`. Defaults to all three; an empty list reads none.
    setting_sources: tuple[str, ...] | None = argv(
        "--setting-sources",
        join_commas,
        converter=check.string_list("setting_sources", among=("user", "project", "local")),
    )
    #: Settings: a dict, JSON text, or a file path.
    settings: str | dict[str, Any] | None = custom(converter=parse_settings)
    #: Sandbox settings, with the keys of `sandbox` in a settings file.
    sandbox: dict[str, Any] | None = custom(converter=parse_sandbox)
    #: Emit stream events while the model writes a message.
    include_partial_messages: bool = argv(
        "--include-partial-messages", default=False, converter=check.boolean("include_partial_messages")
    )
    #: Schema of the output: a JSON Schema, or `{"type": "json_schema", "schema": {…}}`.
    output_format: dict[str, Any] | None = initialize("jsonSchema", json_schema, converter=encodable_by(json_schema))
    #: Type of the output: an attrs class, a dataclass, a TypedDict, another type hint, or a JSON Schema. The result's
    #: `output` is a value of this type; a successful result without one raises `StructuredOutputError`.
    output: Any = initialize("jsonSchema", output_schema, converter=encodable_by(output_schema))
    #: Called with each line that the CLI writes to its standard error.
    stderr: Callable[[str], None] | None = local(converter=unary_callback("stderr", "line"))
    #: Environment variables to add to those of this process; the value *None* unsets a variable.
    env: dict[str, str | None] | None = custom(converter=check.variables("env"))
    #: Maximum seconds for the whole call; in `query_many`, for each prompt.
    timeout: float | None = local(converter=check.number("timeout", above=0))
    #: Maximum seconds between two messages; time spent in your callbacks does not count.
    idle_timeout: float | None = local(converter=check.number("idle_timeout", above=0))
    #: Path of the `claude` program. By default the SDK searches for it.
    cli_path: str | None = custom(converter=check.path("cli_path"))
    #: Subagents by name: `agent_sdk.Agent` objects, or dicts with `description`, `prompt` and other fields of the CLI.
    agents: dict[str, dict[str, Any]] | None = initialize("agents", converter=_parse_agents)
    #: Plugin folders: paths, or `{"type": "local", "path": …}`.
    plugins: tuple[str, ...] | None = argv("--plugin-dir", converter=parse_plugins)
    #: Names of API beta features to enable.
    betas: tuple[str, ...] | None = argv("--betas", converter=check.string_list("betas"))
    #: Use only the MCP servers of *mcp_servers*; ignore configuration files.
    strict_mcp_config: bool = argv("--strict-mcp-config", default=False, converter=check.boolean("strict_mcp_config"))
    #: Save copies of files before they change; required by `rewind_files`.
    enable_file_checkpointing: bool = environ(
        "CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING",
        env_flag,
        default=False,
        converter=check.boolean("enable_file_checkpointing"),
    )
    #: Hooks by event: `{"pre_tool_use": [hooks.Matcher("Bash", function)]}`. Functions and dicts are accepted too.
    hooks: dict[str, Any] | None = custom(converter=parse_hooks)
    #: Default failure policy of hooks: `"closed"` denies, `"open"` allows. A matcher's *fail_mode* takes precedence.
    hook_fail_mode: str | None = custom(converter=check.one_of("hook_fail_mode", ("closed", "open")))
    #: Logger that receives hook failures as warnings. By default the SDK logs them at DEBUG.
    hook_logger: Any = custom()
    #: Decides permission requests: called as `(tool_name, tool_input, context)`, returns `Allow`, `Deny` or a bool.
    can_use_tool: Callable[..., Any] | None = custom(converter=permission_callback)
    #: `"none"` denies every permission request, for unattended scripts; `"host"` sends it to your callback.
    permission_prompts: str | None = argv(
        "--permission-prompts", converter=check.one_of("permission_prompts", ("host", "none"))
    )
    #: MCP tool that decides permission requests in place of *can_use_tool*.
    permission_prompt_tool_name: str | None = argv(
        "--permission-prompt-tool", converter=check.string("permission_prompt_tool_name")
    )
    #: MCP servers by name: `mcp.stdio(...)`, `mcp.http(...)`, `mcp.sse(...)`, a tool server or a dict; or a file path.
    mcp_servers: Any = custom(converter=parse_servers)
    #: In-process tools: functions, or tools made with `tool`. They run without a permission request.
    custom_tools: tuple[Any, ...] | None = custom(converter=parse_custom_tools)
    #: Number of threads that run in-process tools; with 1, tools run in the thread that called `query`.
    tool_workers: int = custom(default=1, converter=check.number("tool_workers", least=1, whole=True))
    #: Called when an MCP server asks the user for input. Without it the SDK declines such requests.
    on_elicitation: Callable[[Any], Any] | None = custom(converter=unary_callback("on_elicitation", "question"))
    #: Main agent of the session: the name of a built-in agent, a plugin's agent, or a key of *agents*.
    agent: str | None = argv("--agent", converter=check.string("agent"))
    #: Effort level of the model: `low`, `medium`, `high`, `xhigh` or `max`.
    effort: str | None = argv("--effort", converter=check.one_of("effort", EFFORTS))
    #: Thinking mode: `"adaptive"`, `"disabled"`, a token budget, or a dict with `type`, `budget_tokens`, `display`.
    thinking: Any = argv("", thinking_flags, converter=encodable_by(thinking_flags))
    #: Token budget for the whole task; the CLI shows the model the remaining tokens.
    task_budget: int | None = argv("--task-budget", converter=check.number("task_budget", above=0, whole=True))
    #: Skills that the model can use: names, or `"all"`.
    skills: tuple[str, ...] | None = custom(converter=parse_skills)
    #: Directory of the project settings, if it differs from *cwd*, as in a git worktree.
    project_config_root: str | None = argv("--project-config-root", converter=check.directory("project_config_root"))
    #: Alternative tool names: `{"old": "new"}`.
    tool_aliases: dict[str, str] | None = initialize("toolAliases", converter=check.mapping("tool_aliases"))
    #: Title of the session.
    title: str | None = initialize("title", converter=check.string("title"))
    #: Instructions for the model in plan mode; they replace the CLI's own.
    plan_mode_instructions: str | None = initialize(
        "planModeInstructions", converter=check.string("plan_mode_instructions")
    )
    #: Emit the text messages of subagents as well as their tool uses.
    forward_subagent_text: bool = initialize(
        "forwardSubagentText", default=False, converter=check.boolean("forward_subagent_text")
    )
    #: Request progress summaries of background agents.
    agent_progress_summaries: bool = initialize(
        "agentProgressSummaries", default=False, converter=check.boolean("agent_progress_summaries")
    )
    #: Emit messages for the shell hooks of settings files.
    include_hook_events: bool = argv(
        "--include-hook-events", default=False, converter=check.boolean("include_hook_events")
    )
    #: Save the session to disk; an unsaved session cannot be resumed.
    persist_session: bool = argv(
        "--no-session-persistence", negate, default=True, converter=check.boolean("persist_session")
    )
    #: Send prompts verbatim, without expanding slash commands or `@path` files. Use it for untrusted text.
    verbatim_prompts: bool = local(default=False, converter=check.boolean("verbatim_prompts"))
    #: Start with a minimal feature set: few tools, no plugins, no memory files.
    bare: bool = argv("--bare", default=False, converter=check.boolean("bare"))
    #: Write the CLI's debug output to its standard error; see *stderr*.
    debug: bool = argv("--debug-to-stderr", default=False, converter=check.boolean("debug"))
    #: Write the CLI's debug output to this file.
    debug_file: str | None = argv("--debug-file", converter=check.path("debug_file"))
    #: Store that receives a copy of each transcript: `stores.SQLiteStore(path)`, `stores.RedisStore(url)` or your own.
    #: Sessions missing or outdated on this machine are restored from it.
    session_store: Any = argv(
        "--session-mirror",
        presence_flag,
        converter=check.implements("session_store", "append", "load", base="stores.Store"),
    )
    #: When to write to the store: `"batched"` (before each result, and by size) or `"eager"` (after each entry).
    session_store_flush: str | None = custom(converter=check.one_of("session_store_flush", ("batched", "eager")))
    #: Maximum milliseconds to load a session from the store; *None* disables the limit. On timeout a local copy of the
    #: session is used and reported by a `mirror_error` message; without a local copy `StoreError` is raised.
    load_timeout_ms: int | None = local(default=60000, converter=check.number("load_timeout_ms", least=0, whole=True))
    #: Maximum seconds to wait for another turn in the same session, then `SessionBusyError`; *None* disables the limit.
    session_wait: float | None = local(default=60.0, converter=check.number("session_wait", least=0))
    #: CLI flags without an option, without the leading dashes: `{"name": "value", "bare-flag": None}`.
    extra_args: dict[str, str | None] | None = custom(converter=check.mapping("extra_args"))
    #: Transport to use in place of the CLI process: a cassette, or your own.
    transport: Transport | None = custom(
        converter=check.implements(
            "transport", "for_process", "start", "read_lines", "send_line", "wake", "end_input", "close", "end_error"
        )
    )
    #: Raise the typed error of a failed result instead of returning the result.
    raise_on_error: bool = local(default=False, converter=check.boolean("raise_on_error"))
    #: Retry a turn after an API failure, in the same session: a `Retry`, or a number of attempts.
    retry: Any = local(converter=parse_retry)
    #: Wait for background agents before a query returns.
    wait_for_background: bool = local(default=True, converter=check.boolean("wait_for_background"))
    #: Keep the process of a client for its next turns.
    persistent: bool = local(default=True, converter=check.boolean("persistent"))

    if TYPE_CHECKING:
        # The constructor accepts more types than the fields have: paths for strings, lists for tuples.
        def __init__(self, **options: Unpack[OptionValues]) -> None: ...

        # The body is for editors: from it they complete the names.
        def evolve(self, **changes: Unpack[OptionValues]) -> Options:
            return Options(**changes)


FIELDS: tuple[Any, ...] = attrs.fields(cast(Any, Options))
NAMES = frozenset(field.name for field in FIELDS)
#: Options that do not affect the running process.
LOCAL = frozenset(field.name for field in FIELDS if field.metadata[TARGET].by == "local")


@functools.cache
def option_texts() -> dict[str, str]:
    """Return the text of each option: the `#:` comment above its field."""
    import inspect

    try:
        source = inspect.getsource(sys.modules[__name__])
    except OSError:
        return {}  # installed without source files
    commented = re.findall(r"((?:^    #: .*\n)+)    (\w+):", source, re.MULTILINE)
    return {name: " ".join(comment.replace("#:", " ").split()) for comment, name in commented}


class _Docstring:
    """The docstring of `Options`, with the text of each option; read when it is asked for."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def __get__(self, options: object, owner: object = None) -> str:
        import inspect

        lines = (f"    {name}: {text}" for name, text in option_texts().items())
        return "\n".join([inspect.cleandoc(self._text or ""), "", "Args:", *lines])


cast(Any, Options).__doc__ = _Docstring(Options.__doc__)


def given_output(output: Any) -> dict[str, Any]:
    """Return the argument `output` of a function as the option, if it was given."""
    return {} if output is NOT_GIVEN else {"output": output}


def options_of(options: Options | None, **overrides: Any) -> Options:
    """
    Merge the options of a call: *options* are the base, *overrides* take precedence.

    Raises:
        ConfigurationError: A name or value is invalid, or options conflict.
    """
    if options is None:
        return Options(**overrides)
    if not isinstance(options, Options):
        raise check.invalid("options", options, "expected agent_sdk.Options(...)")
    return options.evolve(**overrides)
