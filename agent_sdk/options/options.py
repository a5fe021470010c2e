"""
Options: one line for each option says its name, type, default and where it travels.

The interpreters are `_process.command` (argv, environment, spawning) and `_protocol.handshake`; nothing starts here.
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
from .agents import EFFORTS, parse_agents
from .builders import OptionBuilders
from .converters import (
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
    What a query or a client is started with. Immutable: `evolve` and `with_*` give changed copies.

    Every option can be given to `query`, `stream` and `Client` by name. *None* leaves the CLI's own default.
    """

    #: Working directory of the CLI; the default is this process's.
    cwd: str | None = custom(converter=check.directory("cwd"))
    #: Model name or alias, such as `"sonnet"`.
    model: str | None = argv("--model", converter=check.string("model"))
    #: Model, or models in order, to use while the first is overloaded.
    fallback_model: tuple[str, ...] | None = argv("--fallback-model", join_commas, converter=fallback_models)
    #: Model calls for one prompt, at most; then the result is `error_max_turns`.
    max_turns: int | None = argv("--max-turns", converter=check.number("max_turns", least=1, whole=True))
    #: Tokens for thinking, on models with a budget; 0 turns it off.
    max_thinking_tokens: int | None = argv(
        "--max-thinking-tokens", converter=check.number("max_thinking_tokens", least=0, whole=True)
    )
    #: US dollars that one query, or one client over its life, may spend; then the result is `error_max_budget_usd`.
    max_budget_usd: float | None = argv("--max-budget-usd", converter=check.number("max_budget_usd", above=0))
    #: Standing policy: one of `permission_modes()`; snake_case and the CLI's spelling are accepted.
    permission_mode: str | None = argv("--permission-mode", converter=permission_mode_name)
    #: Let the permission mode be switched to `bypass_permissions` later.
    allow_dangerously_skip_permissions: bool = argv(
        "--allow-dangerously-skip-permissions",
        default=False,
        converter=check.boolean("allow_dangerously_skip_permissions"),
    )
    #: The built-in tools that exist at all; an empty list means none, `"default"` all.
    tools: tuple[str, ...] | None = argv("--tools", join_commas, converter=tool_rules("tools"))
    #: Tools and rules that run without asking, such as `"Read"` or `"Bash(git log *)"`.
    allowed_tools: tuple[str, ...] | None = argv("--allowedTools", join_commas, converter=tool_rules("allowed_tools"))
    #: Tools that are taken away and rules that are refused.
    disallowed_tools: tuple[str, ...] | None = argv(
        "--disallowedTools", join_commas, converter=tool_rules("disallowed_tools")
    )
    #: Go on with this session: its id, or its title when that is unique in the directory.
    resume: str | None = argv("--resume", converter=check.session("resume"))
    #: Forget what came after this message: the uuid of an assistant or user message. Needs *resume*.
    resume_session_at: str | None = argv("--resume-session-at", converter=check.string("resume_session_at"))
    #: Go on in a copy of the session, under a new id.
    fork_session: bool = argv("--fork-session", default=False, converter=check.boolean("fork_session"))
    #: The id of the new session (or of the fork): a UUID.
    session_id: str | None = argv("--session-id", converter=check.session_uuid("session_id"))
    #: Go on with the newest session of the directory; a new one when there is none.
    continue_conversation: bool = argv("--continue", default=False, converter=check.boolean("continue_conversation"))
    #: Replaces the system prompt: a string, a list of strings, or a dict of type `preset`, `custom` or `file`.
    system_prompt: Any = initialize("", system_prompt_fields, converter=encodable_by(system_prompt_fields))
    #: More directories that the tools may use.
    additional_directories: tuple[str, ...] | None = argv("--add-dir", converter=check.paths("additional_directories"))
    #: Which settings files are read: `user`, `project`, `local`; all by default, an empty list for none.
    setting_sources: tuple[str, ...] | None = argv(
        "--setting-sources",
        join_commas,
        converter=check.string_list("setting_sources", among=("user", "project", "local")),
    )
    #: Settings as a dict, as JSON text, or the path of a file.
    settings: str | dict[str, Any] | None = custom(converter=parse_settings)
    #: Sandbox settings, as the key `sandbox` of the settings has them.
    sandbox: dict[str, Any] | None = custom(converter=parse_sandbox)
    #: Send stream events while a message is written.
    include_partial_messages: bool = argv(
        "--include-partial-messages", default=False, converter=check.boolean("include_partial_messages")
    )
    #: The shape of the answer: `{"type": "json_schema", "schema": {…}}` or the JSON Schema alone.
    output_format: dict[str, Any] | None = initialize("jsonSchema", json_schema, converter=encodable_by(json_schema))
    #: What the answer is: an attrs class, a dataclass, a TypedDict, another type hint, or a JSON Schema. The result's
    #: `output` is one of it; a success without one raises `StructuredOutputError`.
    output: Any = initialize("jsonSchema", output_schema, converter=encodable_by(output_schema))
    #: Called with each line that the CLI writes to its standard error.
    stderr: Callable[[str], None] | None = local(converter=unary_callback("stderr", "line"))
    #: Laid over the environment of this process; *None* as a value unsets a variable.
    env: dict[str, str | None] | None = custom(converter=check.variables("env"))
    #: Seconds for the whole call; with `query_many`, for each prompt.
    timeout: float | None = local(converter=check.number("timeout", above=0))
    #: Seconds of silence between two messages; the time that your callbacks take does not count.
    idle_timeout: float | None = local(converter=check.number("idle_timeout", above=0))
    #: Path of the `claude` program; found by itself when not given.
    cli_path: str | None = custom(converter=check.path("cli_path"))
    #: Subagents by name: `agent_sdk.Agent`, or dicts with `description`, `prompt` and what else the CLI takes.
    agents: dict[str, dict[str, Any]] | None = initialize("agents", converter=parse_agents)
    #: Plugin folders: paths, or `{"type": "local", "path": …}`.
    plugins: tuple[str, ...] | None = argv("--plugin-dir", converter=parse_plugins)
    #: Beta features of the API by name.
    betas: tuple[str, ...] | None = argv("--betas", converter=check.string_list("betas"))
    #: Use no MCP servers but those given here.
    strict_mcp_config: bool = argv("--strict-mcp-config", default=False, converter=check.boolean("strict_mcp_config"))
    #: Keep copies of files before they change, for `rewind_files`.
    enable_file_checkpointing: bool = environ(
        "CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING",
        env_flag,
        default=False,
        converter=check.boolean("enable_file_checkpointing"),
    )
    #: Hooks by event: `{"pre_tool_use": [hooks.Matcher("Bash", function)]}`; functions and dicts are accepted too.
    hooks: dict[str, Any] | None = custom(converter=parse_hooks)
    #: What the failure of a hook does where its matcher does not say: `"closed"` refuses, `"open"` lets pass.
    hook_fail_mode: str | None = custom(converter=check.one_of("hook_fail_mode", ("closed", "open")))
    #: Where failures of hooks are logged as warnings; by default they are logged at DEBUG.
    hook_logger: Any = custom()
    #: Asked before a tool runs: `(tool_name, tool_input, context)` -> `Allow`, `Deny` or a bool.
    can_use_tool: Callable[..., Any] | None = custom(converter=permission_callback)
    #: `"none"` refuses what would ask, for scripts that nobody watches; `"host"` asks as usual.
    permission_prompts: str | None = argv(
        "--permission-prompts", converter=check.one_of("permission_prompts", ("host", "none"))
    )
    #: An MCP tool that is asked in place of *can_use_tool*.
    permission_prompt_tool_name: str | None = argv(
        "--permission-prompt-tool", converter=check.string("permission_prompt_tool_name")
    )
    #: MCP servers by name: `mcp.stdio(...)`, `mcp.http(...)`, `mcp.sse(...)`, a tool server, a dict; or a file's path.
    mcp_servers: Any = custom(converter=parse_servers)
    #: Tools in this process: functions, or what `tool` makes; they run without asking.
    custom_tools: tuple[Any, ...] | None = custom(converter=parse_custom_tools)
    #: Threads that run the tools of this process; with 1 they run in the thread that called `query`.
    tool_workers: int = custom(default=1, converter=check.number("tool_workers", least=1, whole=True))
    #: Asked when an MCP server wants something of the user; without it such questions are declined.
    on_elicitation: Callable[[Any], Any] | None = custom(converter=unary_callback("on_elicitation", "question"))
    #: The agent that leads the session: one of the CLI's, of a plugin's or of *agents*.
    agent: str | None = argv("--agent", converter=check.string("agent"))
    #: How hard the model tries: `low`, `medium`, `high`, `xhigh` or `max`.
    effort: str | None = argv("--effort", converter=check.one_of("effort", EFFORTS))
    #: Thinking: `"adaptive"`, `"disabled"`, a number of tokens, or a dict with `type`, `budget_tokens`, `display`.
    thinking: Any = argv("", thinking_flags, converter=encodable_by(thinking_flags))
    #: Tokens that the whole task may take; the model is told how many are left.
    task_budget: int | None = argv("--task-budget", converter=check.number("task_budget", above=0, whole=True))
    #: Skills that may be used: names, or `"all"`.
    skills: tuple[str, ...] | None = custom(converter=parse_skills)
    #: Settings of the project are read from here, not from *cwd*; for worktrees.
    project_config_root: str | None = argv("--project-config-root", converter=check.directory("project_config_root"))
    #: Another name for a tool: `{"old": "new"}`.
    tool_aliases: dict[str, str] | None = initialize("toolAliases", converter=check.mapping("tool_aliases"))
    #: Title of the session.
    title: str | None = initialize("title", converter=check.string("title"))
    #: What the model is told in plan mode, in place of the CLI's own instructions.
    plan_mode_instructions: str | None = initialize(
        "planModeInstructions", converter=check.string("plan_mode_instructions")
    )
    #: Deliver what subagents say, besides their tool uses.
    forward_subagent_text: bool = initialize(
        "forwardSubagentText", default=False, converter=check.boolean("forward_subagent_text")
    )
    #: Ask for summaries of what background agents do.
    agent_progress_summaries: bool = initialize(
        "agentProgressSummaries", default=False, converter=check.boolean("agent_progress_summaries")
    )
    #: Deliver messages for the shell hooks of settings files.
    include_hook_events: bool = argv(
        "--include-hook-events", default=False, converter=check.boolean("include_hook_events")
    )
    #: Save the session; without it nothing can be resumed later.
    persist_session: bool = argv(
        "--no-session-persistence", negate, default=True, converter=check.boolean("persist_session")
    )
    #: Send prompts to the model as they are: no slash commands, no files by `@path`. For prompts with foreign text.
    verbatim_prompts: bool = local(default=False, converter=check.boolean("verbatim_prompts"))
    #: Start with the fewest features: few tools, no plugins, no memory files.
    bare: bool = argv("--bare", default=False, converter=check.boolean("bare"))
    #: Debug output of the CLI to its standard error; see *stderr*.
    debug: bool = argv("--debug-to-stderr", default=False, converter=check.boolean("debug"))
    #: Debug output of the CLI to this file.
    debug_file: str | None = argv("--debug-file", converter=check.path("debug_file"))
    #: Where transcripts are kept besides the disk: `stores.SQLiteStore(path)`, `stores.RedisStore(url)` or your own.
    #: What this machine does not have of a session is resumed from there.
    session_store: Any = argv(
        "--session-mirror",
        presence_flag,
        converter=check.implements("session_store", "append", "load", base="stores.Store"),
    )
    #: When transcripts go to the store: `"batched"`, before each result and by size, or `"eager"`, as they come.
    session_store_flush: str | None = custom(converter=check.one_of("session_store_flush", ("batched", "eager")))
    #: Milliseconds to wait when a session is loaded from the store, then `StoreError`; where this machine has the
    #: session too, it goes on and a message tells. *None* has no bound.
    load_timeout_ms: int | None = local(default=60000, converter=check.number("load_timeout_ms", least=0, whole=True))
    #: Seconds to wait for another turn in the same session, then `SessionBusyError`; *None* has no bound.
    session_wait: float | None = local(default=60.0, converter=check.number("session_wait", least=0))
    #: Flags that have no option here, without the dashes: `{"name": "value", "bare-flag": None}`.
    extra_args: dict[str, str | None] | None = custom(converter=check.mapping("extra_args"))
    #: Takes the place of the CLI process: a cassette, or a transport of your own.
    transport: Transport | None = custom(
        converter=check.implements(
            "transport", "for_process", "start", "read_lines", "send_line", "wake", "end_input", "close", "end_error"
        )
    )
    #: Raise the typed error of a bad result instead of returning it.
    raise_on_error: bool = local(default=False, converter=check.boolean("raise_on_error"))
    #: Try a turn again that the API failed, in the same session: a `Retry`, or a number of attempts.
    retry: Any = local(converter=parse_retry)
    #: Wait for background agents before a query returns.
    wait_for_background: bool = local(default=True, converter=check.boolean("wait_for_background"))
    #: Keep a client's process for its next turns.
    persistent: bool = local(default=True, converter=check.boolean("persistent"))

    if TYPE_CHECKING:
        # More is accepted than what is kept: paths for strings, lists for tuples.
        def __init__(self, **options: Unpack[OptionValues]) -> None: ...

        # The body is for editors: from it they complete the names.
        def evolve(self, **changes: Unpack[OptionValues]) -> Options:
            return Options(**changes)


FIELDS: tuple[Any, ...] = attrs.fields(cast(Any, Options))
NAMES = frozenset(field.name for field in FIELDS)
#: Options that the running process does not depend on.
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
    Merge what a call was given: *options* as the base, *overrides* by name above them.

    Raises:
        ConfigurationError: A name or value is wrong.
    """
    if options is None:
        return Options(**overrides)
    if not isinstance(options, Options):
        raise check.invalid("options", options, "expected agent_sdk.Options(...)")
    return options.evolve(**overrides)
