"""
The messages that few runs meet: notices for the person, changes of model, goal or conversation, shell hooks of
settings files, slash commands, and what is kept outside the conversation (files, mirrors, writes that were lost).

The text of those that have one is their `content`.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import Message, SystemMessage, WireObject, shorten
from .registry import message_type, wire_object


@message_type("system", "informational", "notification")
class InformationalMessage(SystemMessage):
    """A line for the person: of a hook, of a blocked prompt, of a refusal."""

    #: `info`, `notice`, `suggestion` or `warning`.
    level: str = ""
    tool_use_id: str | None = None
    prevent_continuation: bool = False
    tag: str | None = None
    prompt_submit_outcome: dict[str, Any] | None = None


@message_type("system", "notification")
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


@wire_object
class FallbackMessage(SystemMessage):
    """What the messages about another model taking over share."""

    original_model: str = ""
    fallback_model: str | None = None
    #: Why: `overloaded`, `refusal`, ...
    trigger: str | None = None

    def _summary(self) -> str:
        return f"{self.original_model} -> {self.fallback_model}"


@message_type("system", "model_fallback", "fallback")
class ModelFallbackMessage(FallbackMessage):
    """The fallback model answers, since the one asked for cannot."""


@message_type("system", "model_refusal_no_fallback", "fallback")
class ModelRefusalNoFallbackMessage(FallbackMessage):
    """The model refused, and no other takes over."""

    request_id: str | None = None
    api_refusal_category: str | None = None
    api_refusal_explanation: str | None = None
    refused_user_message_uuid: str | None = None


@message_type("system", "model_refusal_fallback", "fallback")
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


@message_type("system", "ui_invalidate")
class UIInvalidateMessage(SystemMessage):
    """A screen that shows the session should be drawn anew."""

    event: str = ""


@message_type("system", "worker_shutting_down")
class WorkerShuttingDownMessage(SystemMessage):
    """The worker that runs the session, far away, is about to end."""

    reason: str = ""


@message_type("system", "plugin_install")
class PluginInstallMessage(SystemMessage):
    """A plugin is being installed."""

    #: `started`, `installed`, `failed` or `completed`.
    status: str = ""
    name: str | None = None
    error: str | None = None


@message_type("system", "elicitation_complete")
class ElicitationCompleteMessage(SystemMessage):
    """A question of an MCP server was dealt with."""

    mcp_server_name: str = ""
    elicitation_id: str = ""


@wire_object
class Memory(WireObject):
    """A memory that was brought into the conversation."""

    path: str = ""
    #: `personal`, `team` or `organization`.
    scope: str = ""
    content: str | None = None


@message_type("system", "memory_recall")
class MemoryRecallMessage(SystemMessage):
    """Memories were brought into the conversation."""

    #: `select` or `synthesize`.
    mode: str = ""
    memories: list[Memory] = attrs.field(factory=list)


@message_type("auth_status")
class AuthStatusMessage(Message):
    """A sign-in is going on, or ended."""

    is_authenticating: bool = wire("isAuthenticating", False)
    output: list[str] = attrs.field(factory=list)
    error: str | None = None


@message_type("prompt_suggestion")
class PromptSuggestionMessage(Message):
    """A proposal for the next prompt; it comes after the result."""

    suggestion: str = ""

    def _summary(self) -> str:
        return shorten(self.suggestion)


@message_type("conversation_reset")
class ConversationResetMessage(Message):
    """The conversation starts anew, as after `/clear`; from the next init on the session id is another."""

    new_conversation_id: str = ""
    #: `clear`, `plan_mode_exit`, `fresh_session` or `onboarding`.
    trigger: str | None = None
    user_message_uuid: str | None = None
    timestamp: str | None = None


@wire_object
class Goal(WireObject):
    """What the session works towards by itself."""

    condition: str = ""
    iterations: int = 0
    set_at: float | None = None
    tokens_at_start: int | None = None
    last_reason: str | None = None


@message_type("active_goal")
class ActiveGoalMessage(Message):
    """The goal changed; *None* when there is none any more."""

    value: Goal | None = None


@wire_object
class HookMessage(SystemMessage):
    """What the messages about one run of a hook share."""

    #: The same in all messages of one run.
    hook_id: str = ""
    hook_name: str = ""
    #: The CLI's name of the event, such as `SessionStart`.
    hook_event: str = ""

    def _summary(self) -> str:
        return f"{self.hook_event} {self.hook_name}"


@message_type("system", "hook_started", "hook")
class HookStartedMessage(HookMessage):
    """A hook started."""


@message_type("system", "hook_progress", "hook", "progress")
class HookProgressMessage(HookMessage):
    """A hook wrote something."""

    stdout: str = ""
    stderr: str = ""
    output: str = ""


@message_type("system", "hook_response", "hook")
class HookResponseMessage(HookMessage):
    """A hook ended."""

    output: str = ""
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    #: `success`, `error` or `cancelled`.
    outcome: str = ""

    def _summary(self) -> str:
        return f"{self.hook_event} {self.hook_name} {self.outcome}"


@wire_object
class SlashCommand(WireObject):
    """A slash command, without its slash."""

    name: str = ""
    description: str = ""
    argument_hint: str = wire("argumentHint", "")
    aliases: list[str] | None = None
    builtin: bool = False


@message_type("system", "commands_changed", "command")
class CommandsChangedMessage(SystemMessage):
    """All slash commands there are now."""

    commands: list[SlashCommand] = attrs.field(factory=list)

    def _summary(self) -> str:
        return f"commands={len(self.commands)}"


@message_type("system", "local_command_output", "command")
class LocalCommandOutputMessage(SystemMessage):
    """The output of a slash command that asks no model, such as `/usage`: its `content`."""


@message_type("command_lifecycle", None, "command")
class CommandLifecycleMessage(Message):
    """What became of a message of ours that was sent with a uuid."""

    command_uuid: str = ""
    #: `queued`, `started`, `completed`, `cancelled`, `discarded` or `refused`.
    state: str = ""

    def _summary(self) -> str:
        return str(self.state)


@wire_object
class PersistedFile(WireObject):
    """A file that was stored (`file_id`), or not (`error`)."""

    filename: str = ""
    file_id: str | None = None
    error: str | None = None


@message_type("system", "files_persisted")
class FilesPersistedMessage(SystemMessage):
    """Files were stored."""

    files: list[PersistedFile] = attrs.field(factory=list)
    failed: list[PersistedFile] = attrs.field(factory=list)
    #: As ISO 8601.
    processed_at: str = ""


@wire_object
class MirrorKey(WireObject):
    """Which transcript a mirror error is about."""

    project_key: str = wire("projectKey", "")
    session_id: str = wire("sessionId", "")
    subpath: str | None = None


@message_type("system", "mirror_error", "storage_error")
class MirrorErrorMessage(SystemMessage):
    """Part of a transcript did not reach the session store. The SDK makes this message itself."""

    error: str = ""
    key: MirrorKey | None = None


@message_type("system", "session_writes_lost", "storage_error")
class SessionWritesLostMessage(SystemMessage):
    """The disk is full, and the CLI could not write."""

    #: `ENOSPC` or `EDQUOT`.
    error_code: str = ""
    #: What was lost: `transcript`, `global_config`.
    lost: list[str] = attrs.field(factory=list)
    transcript_session_ids: list[str] | None = None
