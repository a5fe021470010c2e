"""
Responses to control requests: models, agents and account of the CLI, the content of the context window, usage and
limits, and the changes that a request made.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import WIRE, wire
from .._core.formatters import representation
from .base import WireObject
from .registry import wire_object
from .shared import ModelUsage


@wire_object
class ModelInfo(WireObject):
    """An available model; `value` is the name to select it by."""

    value: str = ""
    resolved_model: str | None = wire("resolvedModel")
    display_name: str = wire("displayName", "")
    description: str = ""
    supports_effort: bool = wire("supportsEffort", False)
    #: A subset of `low`, `medium`, `high`, `xhigh` and `max`.
    supported_effort_levels: list[str] | None = attrs.field(default=None, metadata={WIRE: "supportedEffortLevels"})
    supports_adaptive_thinking: bool = wire("supportsAdaptiveThinking", False)
    supports_fast_mode: bool = wire("supportsFastMode", False)
    supports_auto_mode: bool = wire("supportsAutoMode", False)


@wire_object
class AgentInfo(WireObject):
    """A kind of agent that the model can start."""

    name: str = ""
    description: str = ""
    model: str | None = None


@wire_object
class AccountInfo(WireObject):
    """The account and the authentication method of the CLI."""

    email: str | None = None
    organization: str | None = None
    subscription_type: str | None = wire("subscriptionType")
    token_source: str | None = wire("tokenSource")
    api_key_source: str | None = wire("apiKeySource")
    #: `firstParty`, `bedrock`, `vertex`, `foundry`, `gateway`, ...
    api_provider: str | None = wire("apiProvider")


@wire_object
class SettingsParseError(WireObject):
    """A setting that the CLI could not parse."""

    file: str | None = None
    path: str = ""
    message: str = ""


@wire_object
class McpServerStatus(WireObject):
    """The status of an MCP server."""

    name: str = ""
    #: `connected`, `failed`, `needs-auth`, `pending` or `disabled`.
    status: str = ""
    error: str | None = None
    #: `sdk` for a tool server of this process.
    source: str | None = None
    scope: str | None = None
    #: The tools of the server: dicts with `name` and `annotations`.
    tools: list[Any] = attrs.field(factory=list)


@wire_object
class McpServersChange(WireObject):
    """The changes that `set_mcp_servers` made."""

    added: list[str] = attrs.field(factory=list)
    removed: list[str] = attrs.field(factory=list)
    #: Servers that could not be added, with the reason.
    errors: dict[str, Any] = attrs.field(factory=dict)


@wire_object
class RewindReport(WireObject):
    """The changes that `rewind_files` made, or would make in a dry run."""

    can_rewind: bool = False
    #: Absolute paths.
    files_changed: list[str] = attrs.field(factory=list)
    insertions: int | None = None
    deletions: int | None = None
    skipped_links: int | None = None
    error: str | None = None


@wire_object
class ContextCategory(WireObject):
    """A category of content in the context window."""

    name: str = ""
    tokens: int = 0
    #: `used`, `free`, `buffer` or `deferred`.
    kind: str | None = None


@wire_object
class ContextTool(WireObject):
    """Tokens that an MCP tool uses in the context window."""

    name: str = ""
    server_name: str = ""
    tokens: int = 0


@wire_object
class ContextFile(WireObject):
    """Tokens that a memory file uses in the context window."""

    path: str = ""
    type: str = ""
    tokens: int = 0


@wire_object
class ContextAgent(WireObject):
    """Tokens that the description of an agent uses in the context window."""

    agent_type: str = ""
    source: str = ""
    tokens: int = 0


@wire_object
class ContextSkill(WireObject):
    """Tokens that the description of a skill uses in the context window."""

    name: str = ""
    source: str = ""
    plugin_name: str | None = None
    tokens: int = 0


@wire_object
class OverLimit(WireObject):
    """The number of tokens over the context limit; `kind` is `hard_limit` or `compaction_window`."""

    tokens_over: int = 0
    kind: str = ""


@wire_object
class ContextUsage(WireObject):
    """The content of the context window, by category."""

    model: str = ""
    total_tokens: int = 0
    raw_max_tokens: int = 0
    percentage: float = 0
    over_limit: OverLimit | None = None
    categories: list[ContextCategory] = attrs.field(factory=list)
    mcp_tools: list[ContextTool] = attrs.field(factory=list)
    memory_files: list[ContextFile] = attrs.field(factory=list)
    agents: list[ContextAgent] = attrs.field(factory=list)
    skills: list[ContextSkill] | None = None

    _repr_html_ = representation("html")
    _repr_markdown_ = representation("markdown")


@wire_object
class ContextReport(ContextUsage):
    """The response to a request for the context usage: more detailed, and in camelCase on the wire."""

    max_tokens: int | None = wire("maxTokens")
    auto_compact_threshold: int | None = wire("autoCompactThreshold")
    is_auto_compact_enabled: bool | None = wire("isAutoCompactEnabled")


@wire_object
class SessionUsage(WireObject):
    """The usage of the session."""

    total_cost_usd: float = 0.0
    total_api_duration_ms: float = 0
    total_duration_ms: float = 0
    total_lines_added: int = 0
    total_lines_removed: int = 0
    model_usage: dict[str, ModelUsage] = attrs.field(factory=dict)


@wire_object
class RateLimit(WireObject):
    """One usage limit of the account."""

    kind: str = ""
    group: str = ""
    percent: float = 0
    resets_at: str | None = None
    #: The `model` or `surface` that the limit applies to, if any.
    scope: WireObject | None = None
    severity: str = ""
    is_active: bool = False


@wire_object
class ExtraUsage(WireObject):
    """Paid usage beyond the limits."""

    is_enabled: bool = False
    monthly_limit: float | None = None
    used_credits: float | None = None
    utilization: float | None = None
    currency: str | None = None


@wire_object
class RateLimits(WireObject):
    """The usage limits of the account."""

    limits: list[RateLimit] | None = None
    extra_usage: ExtraUsage | None = None


@wire_object
class UsageReport(WireObject):
    """The usage of the session, and the usage limits of the account."""

    session: SessionUsage = attrs.field(factory=SessionUsage)
    rate_limits: RateLimits | None = None
