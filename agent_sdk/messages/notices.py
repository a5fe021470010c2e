"""
Less common messages: notices for the user, changes of model, goal or conversation, shell hooks from settings files,
slash commands, and storage outside the conversation (files, mirrors, lost writes).

For messages with a text, `content` is that text.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import KnownMessage, SystemMessage, WireObject, shorten
from .registry import message_type, wire_object


@message_type("system", "informational", "notification")
class InformationalMessage(SystemMessage):
    """A line for the user, about a hook, a blocked prompt or a refusal."""

    #: `info`, `notice`, `suggestion` or `warning`.
    level: str = ""
    tool_use_id: str | None = None
    prevent_continuation: bool = False
    tag: str | None = None
    prompt_submit_outcome: dict[str, Any] | None = None


@message_type("system", "notification")
class NotificationMessage(SystemMessage):
    """A short notice. It replaces an earlier notice with the same `key`."""

    key: str = ""
    #: `low`, `medium`, `high` or `immediate`.
    priority: str = ""
    color: str | None = None
    timeout_ms: float | None = None

    @property
    def text(self) -> str:
        """Alias of `content`."""
        return self.content


@wire_object
class FallbackMessage(SystemMessage):
    """Base class of the messages about a fallback to another model."""

    original_model: str = ""
    fallback_model: str | None = None
    #: The reason: `overloaded`, `refusal`, ...
    trigger: str | None = None

    def _summary(self) -> str:
        return f"{self.original_model} -> {self.fallback_model}"


@message_type("system", "model_fallback", "fallback")
class ModelFallbackMessage(FallbackMessage):
    """The fallback model answers because the requested model is not available."""


@message_type("system", "model_refusal_no_fallback", "fallback")
class ModelRefusalNoFallbackMessage(FallbackMessage):
    """The model refused, and no fallback model is available."""

    request_id: str | None = None
    api_refusal_category: str | None = None
    api_refusal_explanation: str | None = None
    refused_user_message_uuid: str | None = None


@message_type("system", "model_refusal_fallback", "fallback")
class ModelRefusalFallbackMessage(FallbackMessage):
    """The model refused and another model takes over, or the CLI switches back to the original model."""

    #: `retry`, `revert` or `sticky`.
    direction: str = ""
    #: `session` or `local`.
    scope: str | None = None
    request_id: str | None = None
    api_refusal_category: str | None = None
    api_refusal_explanation: str | None = None
    #: The uuids of the messages that were retracted.
    retracted_message_uuids: list[str] | None = None
    refused_user_message_uuid: str | None = None


@message_type("system", "ui_invalidate")
class UIInvalidateMessage(SystemMessage):
    """A user interface that shows the session should be redrawn."""

    event: str = ""


@message_type("system", "worker_shutting_down")
class WorkerShuttingDownMessage(SystemMessage):
    """The remote worker that runs the session is about to end."""

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
    """An elicitation of an MCP server was completed."""

    mcp_server_name: str = ""
    elicitation_id: str = ""


@wire_object
class Memory(WireObject):
    """A memory that the CLI added to the conversation."""

    path: str = ""
    #: `personal`, `team` or `organization`.
    scope: str = ""
    content: str | None = None


@message_type("system", "memory_recall")
class MemoryRecallMessage(SystemMessage):
    """The CLI added memories to the conversation."""

    #: `select` or `synthesize`.
    mode: str = ""
    memories: list[Memory] = attrs.field(factory=list)


@message_type("auth_status")
class AuthStatusMessage(KnownMessage):
    """A sign-in is in progress, or ended."""

    is_authenticating: bool = wire("isAuthenticating", False)
    output: list[str] = attrs.field(factory=list)
    error: str | None = None


@message_type("prompt_suggestion")
class PromptSuggestionMessage(KnownMessage):
    """A suggestion for the next prompt. Sent after the result."""

    suggestion: str = ""

    def _summary(self) -> str:
        return shorten(self.suggestion)


@message_type("conversation_reset")
class ConversationResetMessage(KnownMessage):
    """The conversation was reset, for example by `/clear`. The next init message has a new session id."""

    new_conversation_id: str = ""
    #: `clear`, `plan_mode_exit`, `fresh_session` or `onboarding`.
    trigger: str | None = None
    user_message_uuid: str | None = None
    timestamp: str | None = None


@wire_object
class Goal(WireObject):
    """A goal that the session pursues on its own."""

    condition: str = ""
    iterations: int = 0
    set_at: float | None = None
    tokens_at_start: int | None = None
    last_reason: str | None = None


@message_type("active_goal")
class ActiveGoalMessage(KnownMessage):
    """The goal changed; `value` is *None* when it was removed."""

    value: Goal | None = None


@wire_object
class HookMessage(SystemMessage):
    """Base class of the messages about one run of a shell hook."""

    #: Shared by all messages of one run.
    hook_id: str = ""
    hook_name: str = ""
    #: The event in the CLI's spelling, such as `SessionStart`.
    hook_event: str = ""

    def _summary(self) -> str:
        return f"{self.hook_event} {self.hook_name}"


@message_type("system", "hook_started", "hook")
class HookStartedMessage(HookMessage):
    """A hook started."""


@message_type("system", "hook_progress", "hook", "progress")
class HookProgressMessage(HookMessage):
    """A hook wrote output."""

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
    """The list of all current slash commands."""

    commands: list[SlashCommand] = attrs.field(factory=list)

    def _summary(self) -> str:
        return f"commands={len(self.commands)}"


@message_type("system", "local_command_output", "command")
class LocalCommandOutputMessage(SystemMessage):
    """The output of a slash command that does not call the model, such as `/usage`. `content` is the output."""


@message_type("command_lifecycle", None, "command")
class CommandLifecycleMessage(KnownMessage):
    """The state of a user message that was sent with a uuid."""

    command_uuid: str = ""
    #: `queued`, `started`, `completed`, `cancelled`, `discarded` or `refused`.
    state: str = ""

    def _summary(self) -> str:
        return str(self.state)


@wire_object
class PersistedFile(WireObject):
    """A file that was stored (`file_id` is set) or failed to be stored (`error` is set)."""

    filename: str = ""
    file_id: str | None = None
    error: str | None = None


@message_type("system", "files_persisted")
class FilesPersistedMessage(SystemMessage):
    """The CLI stored files."""

    files: list[PersistedFile] = attrs.field(factory=list)
    failed: list[PersistedFile] = attrs.field(factory=list)
    #: ISO 8601.
    processed_at: str = ""


@wire_object
class MirrorKey(WireObject):
    """The transcript that a mirror error refers to."""

    project_key: str = wire("projectKey", "")
    session_id: str = wire("sessionId", "")
    subpath: str | None = None


@message_type("system", "mirror_error", "storage_error")
class MirrorErrorMessage(SystemMessage):
    """Part of a transcript was not written to the session store. The SDK creates this message."""

    error: str = ""
    key: MirrorKey | None = None


@message_type("system", "session_writes_lost", "storage_error")
class SessionWritesLostMessage(SystemMessage):
    """The disk is full and the CLI could not write."""

    #: `ENOSPC` or `EDQUOT`.
    error_code: str = ""
    #: The lost data: `transcript`, `global_config`.
    lost: list[str] = attrs.field(factory=list)
    transcript_session_ids: list[str] | None = None
