"""
What the CLI tells now and then: notices for the person, changes of model, title, goal or conversation.

The text of those that have one is their `content`.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import Message, SystemMessage, WireObject, shorten
from .registry import message_type


@message_type("system", "informational", "notification")
@attrs.define(eq=False, repr=False, kw_only=True)
class InformationalMessage(SystemMessage):
    """A line for the person: of a hook, of a blocked prompt, of a refusal."""

    #: `info`, `notice`, `suggestion` or `warning`.
    level: str = ""
    tool_use_id: str | None = None
    prevent_continuation: bool = False
    tag: str | None = None
    prompt_submit_outcome: dict[str, Any] | None = None


@message_type("system", "notification")
@attrs.define(eq=False, repr=False, kw_only=True)
class NotificationMessage(SystemMessage):
    """A short notice; a new one takes the place of an older one with the same `key`."""

    key: str = ""
    #: `low`, `medium`, `high` or `immediate`.
    priority: str = ""
    color: str | None = None
    timeout_ms: float | None = None

    @property
    def text(self) -> str:
        """The notice: the same as `content`."""
        return self.content


@attrs.define(eq=False, repr=False, kw_only=True)
class FallbackMessage(SystemMessage):
    """What the messages about another model taking over share."""

    original_model: str = ""
    fallback_model: str | None = None
    #: Why: `overloaded`, `refusal`, ...
    trigger: str | None = None

    def _summary(self) -> str:
        return f"{self.original_model} -> {self.fallback_model}"


@message_type("system", "model_fallback", "fallback")
@attrs.define(eq=False, repr=False, kw_only=True)
class ModelFallbackMessage(FallbackMessage):
    """The fallback model answers, since the one asked for cannot."""


@message_type("system", "model_refusal_no_fallback", "fallback")
@attrs.define(eq=False, repr=False, kw_only=True)
class ModelRefusalNoFallbackMessage(FallbackMessage):
    """The model refused, and no other takes over."""

    request_id: str | None = None
    api_refusal_category: str | None = None
    api_refusal_explanation: str | None = None
    refused_user_message_uuid: str | None = None


@message_type("system", "model_refusal_fallback", "fallback")
@attrs.define(eq=False, repr=False, kw_only=True)
class ModelRefusalFallbackMessage(FallbackMessage):
    """The model refused, and another takes over, or it is the first one's turn again."""

    #: `retry`, `revert` or `sticky`.
    direction: str = ""
    #: `session` or `local`.
    scope: str | None = None
    request_id: str | None = None
    api_refusal_category: str | None = None
    api_refusal_explanation: str | None = None
    #: Messages that no longer count, by uuid.
    retracted_message_uuids: list[str] | None = None
    refused_user_message_uuid: str | None = None


@message_type("system", "session_title_changed")
@attrs.define(eq=False, repr=False, kw_only=True)
class SessionTitleMessage(SystemMessage):
    """The session got a title."""

    title: str = ""

    def _summary(self) -> str:
        return shorten(self.title)


@message_type("system", "ui_invalidate")
@attrs.define(eq=False, repr=False, kw_only=True)
class UIInvalidateMessage(SystemMessage):
    """A screen that shows the session should be drawn anew."""

    event: str = ""


@message_type("system", "worker_shutting_down")
@attrs.define(eq=False, repr=False, kw_only=True)
class WorkerShuttingDownMessage(SystemMessage):
    """The worker that runs the session, far away, is about to end."""

    reason: str = ""


@message_type("system", "plugin_install")
@attrs.define(eq=False, repr=False, kw_only=True)
class PluginInstallMessage(SystemMessage):
    """A plugin is being installed."""

    #: `started`, `installed`, `failed` or `completed`.
    status: str = ""
    name: str | None = None
    error: str | None = None


@message_type("system", "elicitation_complete")
@attrs.define(eq=False, repr=False, kw_only=True)
class ElicitationCompleteMessage(SystemMessage):
    """A question of an MCP server was dealt with."""

    mcp_server_name: str = ""
    elicitation_id: str = ""


@attrs.define(eq=False, repr=False, kw_only=True)
class Memory(WireObject):
    """A memory that was brought into the conversation."""

    path: str = ""
    #: `personal`, `team` or `organization`.
    scope: str = ""
    content: str | None = None


@message_type("system", "memory_recall")
@attrs.define(eq=False, repr=False, kw_only=True)
class MemoryRecallMessage(SystemMessage):
    """Memories were brought into the conversation."""

    #: `select` or `synthesize`.
    mode: str = ""
    memories: list[Memory] = attrs.field(factory=list)


@message_type("auth_status")
@attrs.define(eq=False, repr=False, kw_only=True)
class AuthStatusMessage(Message):
    """A sign-in is going on, or ended."""

    is_authenticating: bool = wire("isAuthenticating", False)
    output: list[str] = attrs.field(factory=list)
    error: str | None = None


@message_type("prompt_suggestion")
@attrs.define(eq=False, repr=False, kw_only=True)
class PromptSuggestionMessage(Message):
    """A proposal for the next prompt; it comes after the result."""

    suggestion: str = ""

    def _summary(self) -> str:
        return shorten(self.suggestion)


@message_type("conversation_reset")
@attrs.define(eq=False, repr=False, kw_only=True)
class ConversationResetMessage(Message):
    """The conversation starts anew, as after `/clear`; from the next init on the session id is another."""

    new_conversation_id: str = ""
    #: `clear`, `plan_mode_exit`, `fresh_session` or `onboarding`.
    trigger: str | None = None
    user_message_uuid: str | None = None
    timestamp: str | None = None


@attrs.define(eq=False, repr=False, kw_only=True)
class Goal(WireObject):
    """What the session works towards by itself."""

    condition: str = ""
    iterations: int = 0
    set_at: float | None = None
    tokens_at_start: int | None = None
    last_reason: str | None = None


@message_type("active_goal")
@attrs.define(eq=False, repr=False, kw_only=True)
class ActiveGoalMessage(Message):
    """The goal changed; *None* when there is none any more."""

    value: Goal | None = None
