"""
Messages about the session's state and title, compaction, API retries, usage limits, thinking and denied tools.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import KnownMessage, SystemMessage, WireObject, shorten
from .registry import message_type, wire_object


@wire_object
class PreservedSegment(WireObject):
    """The part of the conversation that a compaction preserved."""

    head_uuid: str = ""
    anchor_uuid: str = ""
    tail_uuid: str = ""


@wire_object
class PreservedMessages(WireObject):
    """The messages that a compaction preserved."""

    anchor_uuid: str = ""
    uuids: list[str] = attrs.field(factory=list)
    all_uuids: list[str] | None = None


@wire_object
class CompactMetadata(WireObject):
    """Details of a compaction."""

    #: `manual` or `auto`.
    trigger: str = ""
    pre_tokens: int | None = None
    post_tokens: int | None = None
    duration_ms: int | None = None
    preserved_segment: PreservedSegment | None = None
    preserved_messages: PreservedMessages | None = None
    cumulative_dropped_tokens: int | None = None


@message_type("system", "compact_boundary")
class CompactBoundaryMessage(SystemMessage):
    """The CLI compacted the conversation: earlier messages were replaced by a summary."""

    compact_metadata: CompactMetadata = attrs.field(factory=CompactMetadata)
    logical_parent_uuid: str | None = None

    def _summary(self) -> str:
        metadata = self.compact_metadata
        return f"{metadata.trigger} tokens={metadata.pre_tokens}->{metadata.post_tokens}"


@message_type("system", "session_state_changed")
class SessionStateMessage(SystemMessage):
    """The CLI is `running`, `idle`, or waits for an answer (`requires_action`). Sent only on request."""

    state: str = ""
    sdk_host_only: bool = False

    def _summary(self) -> str:
        return str(self.state)


@message_type("system", "session_title_changed")
class SessionTitleMessage(SystemMessage):
    """The session got a title."""

    title: str = ""

    def _summary(self) -> str:
        return shorten(self.title)


@message_type("system", "api_retry")
class ApiRetryMessage(SystemMessage):
    """An API request failed; the CLI waits and retries it."""

    attempt: int = 0
    max_retries: int = 0
    retry_delay_ms: float = 0
    #: The HTTP status; *None* without a response.
    error_status: int | None = None
    #: `authentication_failed`, `rate_limit`, `overloaded`, `server_error`, `unknown`, ...
    error: str | None = None
    #: `waited_ms` and `retry_wait_ms`, when the API sent no response.
    no_response: dict[str, Any] | None = None

    def _summary(self) -> str:
        return f"{self.attempt}/{self.max_retries} {self.error} status={self.error_status}"


@message_type("system", "thinking_tokens", "progress")
class ThinkingTokensMessage(SystemMessage):
    """An estimate of the thinking tokens used so far."""

    estimated_tokens: int = 0
    estimated_tokens_delta: int = 0
    user_message_uuid: str | None = None

    def _summary(self) -> str:
        return str(self.estimated_tokens)


@message_type("system", "permission_denied")
class PermissionDeniedMessage(SystemMessage):
    """A tool use was denied without a permission request. `permission_denials` of the result is authoritative."""

    tool_name: str = ""
    tool_use_id: str = ""
    agent_id: str | None = None
    #: `rule`, `mode`, `hook`, ...
    decision_reason_type: str | None = None
    decision_reason: str | None = None
    message: str = ""

    @property
    def content(self) -> str:
        """The reason for the denial."""
        return self.message if isinstance(self.message, str) else ""

    def _summary(self) -> str:
        return f"{self.tool_name} {shorten(self.message)}"


@wire_object
class RateLimitInfo(WireObject):
    """The state of a usage limit: `status` is `allowed`, `allowed_warning` or `rejected`."""

    status: str = ""
    #: Seconds since the epoch.
    resets_at: float | None = wire("resetsAt")
    #: `five_hour`, `seven_day`, `seven_day_opus`, `seven_day_sonnet`, `overage`, ...
    rate_limit_type: str | None = wire("rateLimitType")
    #: The used part of the limit, from 0 to 1.
    utilization: float | None = None
    overage_status: str | None = wire("overageStatus")
    overage_resets_at: float | None = wire("overageResetsAt")
    overage_disabled_reason: str | None = wire("overageDisabledReason")
    is_using_overage: bool | None = wire("isUsingOverage")
    overage_in_use: bool | None = wire("overageInUse")
    overage_enabled: bool | None = wire("overageEnabled")
    surpassed_threshold: float | None = wire("surpassedThreshold")
    #: `service`, `channel` or `group_pool`.
    limit_scope: str | None = wire("limitScope")
    error_code: str | None = wire("errorCode")
    can_user_purchase_credits: bool | None = wire("canUserPurchaseCredits")
    has_chargeable_saved_payment_method: bool | None = wire("hasChargeableSavedPaymentMethod")


@message_type("rate_limit_event")
class RateLimitEvent(KnownMessage):
    """The state of a usage limit changed."""

    rate_limit_info: RateLimitInfo = attrs.field(factory=RateLimitInfo)

    def _summary(self) -> str:
        info = self.rate_limit_info
        return f"{info.status} {info.rate_limit_type or ''}".rstrip()
