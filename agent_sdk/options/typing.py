"""
The options as type checkers and editors see them: the types of what users may pass, which `Options` converts.

The SDK does not import this module at run time. Your own functions can pass options on with these types:

    def ask(prompt: str, **options: Unpack[OptionValues]) -> str:
        return agent_sdk.query(prompt, **options).content
"""
# mypy: disable-error-code="empty-body"
from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from .._core.literals import Effort, FailMode, HookEvent, PermissionMode
from ..hooks.matchers import Matcher
from ..hooks.runner import Logger
from ..mcp.config import HTTPServer, StdioServer
from ..mcp.server import ToolServer
from ..permissions.decisions import PermissionCallback
from ..stores.base import Store
from ..transport import Transport
from .agents import Agent
from .retry import Retry

if TYPE_CHECKING:
    from typing import TypeAlias

    from typing_extensions import TypeForm, TypeVar

    B = TypeVar("B")
    #: What `query` returns in `result.output`.
    T = TypeVar("T", default=Any)
    OutputType: TypeAlias = TypeForm[T] | UnionType | Mapping[str, Any] | None

Path = str | os.PathLike[str]
#: A string alone is a list of one.
Strings = str | Iterable[str]
SettingSource = Literal["user", "project", "local"]
Plugin = Path | Mapping[str, Any]
Hook = Matcher | Callable[[Any], Any] | Mapping[str, Any]
Server = StdioServer | HTTPServer | ToolServer | Mapping[str, Any]


class CommonOptions(TypedDict, total=False):
    """The options that every function with options accepts."""

    cwd: Path | None
    model: str | None
    fallback_model: Strings | None
    max_turns: int | None
    max_thinking_tokens: int | None
    permission_mode: PermissionMode | None
    allow_dangerously_skip_permissions: bool
    tools: Strings | None
    allowed_tools: Strings | None
    disallowed_tools: Strings | None
    system_prompt: str | Sequence[str] | Mapping[str, Any] | None
    additional_directories: Path | Iterable[Path] | None
    setting_sources: SettingSource | Iterable[SettingSource] | None
    settings: Path | Mapping[str, Any] | None
    sandbox: Mapping[str, Any] | None
    include_partial_messages: bool
    output_format: Mapping[str, Any] | None
    stderr: Callable[[str], object] | None
    env: Mapping[str, str | None] | None
    timeout: float | None
    idle_timeout: float | None
    cli_path: Path | None
    agents: Mapping[str, Agent | Mapping[str, Any]] | None
    plugins: Plugin | Sequence[Plugin] | None
    betas: Strings | None
    strict_mcp_config: bool
    enable_file_checkpointing: bool
    hooks: Mapping[HookEvent, Hook | Sequence[Hook]] | None
    hook_fail_mode: FailMode | None
    hook_logger: Logger | None
    can_use_tool: PermissionCallback | None
    permission_prompts: Literal["host", "none"] | None
    permission_prompt_tool_name: str | None
    mcp_servers: Path | Mapping[str, Server] | None
    custom_tools: Any
    tool_workers: int
    on_elicitation: Callable[[Any], Any] | None
    agent: str | None
    effort: Effort | None
    thinking: Literal["adaptive", "disabled"] | int | Mapping[str, Any] | None
    task_budget: int | None
    skills: Strings | None
    project_config_root: Path | None
    tool_aliases: Mapping[str, str] | None
    title: str | None
    plan_mode_instructions: str | None
    forward_subagent_text: bool
    agent_progress_summaries: bool
    include_hook_events: bool
    persist_session: bool
    verbatim_prompts: bool
    bare: bool
    debug: bool
    debug_file: Path | None
    session_store: Store | None
    session_store_flush: Literal["batched", "eager"] | None
    load_timeout_ms: int | None
    session_wait: float | None
    extra_args: Mapping[str, str | None] | None
    transport: Transport | None
    raise_on_error: bool
    retry: Retry | int | None
    wait_for_background: bool
    persistent: bool


#: `continue` is a keyword of Python: `query(prompt, **options)` passes it, where *options* is an `OptionValues`.
Continue = TypedDict("Continue", {"continue": bool}, total=False)


class SessionOptions(Continue, total=False):
    """The options that select the session."""

    resume: str | uuid.UUID | None
    resume_session_at: str | None
    fork_session: bool
    session_id: str | uuid.UUID | None
    continue_conversation: bool


class OptionsWithoutOutput(CommonOptions, SessionOptions, total=False):
    """The options besides `output`, which the methods and functions `query` declare by themselves."""

    max_budget_usd: float | None


class OptionValues(OptionsWithoutOutput, total=False):
    """All options."""

    output: Any


class BatchOptions(CommonOptions, SessionOptions, total=False):
    """The options of `query_many`, whose own `max_budget_usd` is for all prompts together."""

    output: Any


class TurnOptions(CommonOptions, total=False):
    """The options of `Session.resume`, which selects the session by itself."""

    max_budget_usd: float | None
    output: Any


class MatcherOptions(TypedDict, total=False):
    """What `client.hook` passes on to `hooks.Matcher`."""

    timeout: float | None
    fail_mode: FailMode | None


class OptionMethods:
    """One method for each option, as `OptionBuilders.__getattr__` makes them: returns a changed copy, or the client."""

    def with_cwd(self: B, value: Path | None) -> B: ...
    def with_model(self: B, value: str | None) -> B: ...
    def with_fallback_model(self: B, value: Strings | None) -> B: ...
    def with_max_turns(self: B, value: int | None) -> B: ...
    def with_max_thinking_tokens(self: B, value: int | None) -> B: ...
    def with_permission_mode(self: B, value: PermissionMode | None) -> B: ...
    def with_allow_dangerously_skip_permissions(self: B, value: bool = True) -> B: ...
    def with_allowed_tools(self: B, value: Strings | None) -> B: ...
    def with_disallowed_tools(self: B, value: Strings | None) -> B: ...
    def with_system_prompt(self: B, value: str | Sequence[str] | Mapping[str, Any] | None) -> B: ...
    def with_additional_directories(self: B, value: Path | Iterable[Path] | None) -> B: ...
    def with_setting_sources(self: B, value: SettingSource | Iterable[SettingSource] | None) -> B: ...
    def with_settings(self: B, value: Path | Mapping[str, Any] | None) -> B: ...
    def with_sandbox(self: B, value: Mapping[str, Any] | None) -> B: ...
    def with_include_partial_messages(self: B, value: bool = True) -> B: ...
    def with_output_format(self: B, value: Mapping[str, Any] | None) -> B: ...
    def with_stderr(self: B, value: Callable[[str], object] | None) -> B: ...
    def with_env(self: B, value: Mapping[str, str | None] | None) -> B: ...
    def with_timeout(self: B, value: float | None) -> B: ...
    def with_idle_timeout(self: B, value: float | None) -> B: ...
    def with_cli_path(self: B, value: Path | None) -> B: ...
    def with_agents(self: B, value: Mapping[str, Agent | Mapping[str, Any]] | None) -> B: ...
    def with_plugins(self: B, value: Plugin | Sequence[Plugin] | None) -> B: ...
    def with_betas(self: B, value: Strings | None) -> B: ...
    def with_strict_mcp_config(self: B, value: bool = True) -> B: ...
    def with_enable_file_checkpointing(self: B, value: bool = True) -> B: ...
    def with_hooks(self: B, value: Mapping[HookEvent, Hook | Sequence[Hook]] | None) -> B: ...
    def with_hook_fail_mode(self: B, value: FailMode | None) -> B: ...
    def with_hook_logger(self: B, value: Logger | None) -> B: ...
    def with_can_use_tool(self: B, value: PermissionCallback | None) -> B: ...
    def with_permission_prompts(self: B, value: Literal["host", "none"] | None) -> B: ...
    def with_permission_prompt_tool_name(self: B, value: str | None) -> B: ...
    def with_mcp_servers(self: B, value: Path | Mapping[str, Server] | None) -> B: ...
    def with_custom_tools(self: B, value: Any) -> B: ...
    def with_tool_workers(self: B, value: int) -> B: ...
    def with_on_elicitation(self: B, value: Callable[[Any], Any] | None) -> B: ...
    def with_agent(self: B, value: str | None) -> B: ...
    def with_effort(self: B, value: Effort | None) -> B: ...
    def with_thinking(self: B, value: Literal["adaptive", "disabled"] | int | Mapping[str, Any] | None) -> B: ...
    def with_task_budget(self: B, value: int | None) -> B: ...
    def with_skills(self: B, value: Strings | None) -> B: ...
    def with_project_config_root(self: B, value: Path | None) -> B: ...
    def with_tool_aliases(self: B, value: Mapping[str, str] | None) -> B: ...
    def with_title(self: B, value: str | None) -> B: ...
    def with_plan_mode_instructions(self: B, value: str | None) -> B: ...
    def with_forward_subagent_text(self: B, value: bool = True) -> B: ...
    def with_agent_progress_summaries(self: B, value: bool = True) -> B: ...
    def with_include_hook_events(self: B, value: bool = True) -> B: ...
    def with_persist_session(self: B, value: bool = True) -> B: ...
    def with_verbatim_prompts(self: B, value: bool = True) -> B: ...
    def with_bare(self: B, value: bool = True) -> B: ...
    def with_debug(self: B, value: bool = True) -> B: ...
    def with_debug_file(self: B, value: Path | None) -> B: ...
    def with_session_store(self: B, value: Store | None) -> B: ...
    def with_session_store_flush(self: B, value: Literal["batched", "eager"] | None) -> B: ...
    def with_load_timeout_ms(self: B, value: int | None) -> B: ...
    def with_session_wait(self: B, value: float | None) -> B: ...
    def with_extra_args(self: B, value: Mapping[str, str | None] | None) -> B: ...
    def with_transport(self: B, value: Transport | None) -> B: ...
    def with_raise_on_error(self: B, value: bool = True) -> B: ...
    def with_retry(self: B, value: Retry | int | None) -> B: ...
    def with_wait_for_background(self: B, value: bool = True) -> B: ...
    def with_persistent(self: B, value: bool = True) -> B: ...
    def with_resume(self: B, value: str | uuid.UUID | None) -> B: ...
    def with_resume_session_at(self: B, value: str | None) -> B: ...
    def with_fork_session(self: B, value: bool = True) -> B: ...
    def with_session_id(self: B, value: str | uuid.UUID | None) -> B: ...
    def with_continue_conversation(self: B, value: bool = True) -> B: ...
    def with_max_budget_usd(self: B, value: float | None) -> B: ...
    def with_output(self: B, value: Any) -> B: ...
