"""
Reports that are made when asked for: what fills the context window, what was used and what is left.
"""
from __future__ import annotations

import attrs

from .._core.fields import wire
from .base import WireObject
from .shared import ModelUsage


@attrs.define(eq=False, repr=False, kw_only=True)
class ContextCategory(WireObject):
    """One part of what fills the context window."""

    name: str = ""
    tokens: int = 0
    #: `used`, `free`, `buffer` or `deferred`.
    kind: str | None = None


@attrs.define(eq=False, repr=False, kw_only=True)
class ContextTool(WireObject):
    """What an MCP tool takes of the context window."""

    name: str = ""
    server_name: str = ""
    tokens: int = 0


@attrs.define(eq=False, repr=False, kw_only=True)
class ContextFile(WireObject):
    """What a memory file takes of the context window."""

    path: str = ""
    type: str = ""
    tokens: int = 0


@attrs.define(eq=False, repr=False, kw_only=True)
class ContextAgent(WireObject):
    """What the description of an agent takes of the context window."""

    agent_type: str = ""
    source: str = ""
    tokens: int = 0


@attrs.define(eq=False, repr=False, kw_only=True)
class ContextSkill(WireObject):
    """What the description of a skill takes of the context window."""

    name: str = ""
    source: str = ""
    plugin_name: str | None = None
    tokens: int = 0


@attrs.define(eq=False, repr=False, kw_only=True)
class OverLimit(WireObject):
    """By how much the context is too long; `kind` is `hard_limit` or `compaction_window`."""

    tokens_over: int = 0
    kind: str = ""


@attrs.define(eq=False, repr=False, kw_only=True)
class ContextUsage(WireObject):
    """What fills the context window."""

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

    def _repr_html_(self) -> str:
        from .. import _display

        return _display.html(self)

    def _repr_markdown_(self) -> str:
        from .. import _display

        return _display.markdown(self)


@attrs.define(eq=False, repr=False, kw_only=True)
class ContextReport(ContextUsage):
    """What fills the context window, as the CLI answers when asked: in more detail, and in camelCase on the wire."""

    max_tokens: int | None = wire("maxTokens")
    auto_compact_threshold: int | None = wire("autoCompactThreshold")
    is_auto_compact_enabled: bool | None = wire("isAutoCompactEnabled")


@attrs.define(eq=False, repr=False, kw_only=True)
class SessionUsage(WireObject):
    """What the session has used."""

    total_cost_usd: float = 0.0
    total_api_duration_ms: float = 0
    total_duration_ms: float = 0
    total_lines_added: int = 0
    total_lines_removed: int = 0
    model_usage: dict[str, ModelUsage] = attrs.field(factory=dict)


@attrs.define(eq=False, repr=False, kw_only=True)
class RateLimit(WireObject):
    """One usage limit of the account."""

    kind: str = ""
    group: str = ""
    percent: float = 0
    resets_at: str | None = None
    #: May name a `model` or a `surface` that the limit is for.
    scope: WireObject | None = None
    severity: str = ""
    is_active: bool = False


@attrs.define(eq=False, repr=False, kw_only=True)
class ExtraUsage(WireObject):
    """Use beyond the limits, paid for extra."""

    is_enabled: bool = False
    monthly_limit: float | None = None
    used_credits: float | None = None
    utilization: float | None = None
    currency: str | None = None


@attrs.define(eq=False, repr=False, kw_only=True)
class RateLimits(WireObject):
    """The usage limits of the account."""

    limits: list[RateLimit] | None = None
    extra_usage: ExtraUsage | None = None


@attrs.define(eq=False, repr=False, kw_only=True)
class UsageReport(WireObject):
    """What the session has used, and what the account has left."""

    session: SessionUsage = attrs.field(factory=SessionUsage)
    rate_limits: RateLimits | None = None
