"""
Hook events of a turn: prompts, ends, subagents, questions, and what is shown meanwhile.
"""
from __future__ import annotations

from typing import Any

import attrs

from ..messages.base import WireObject
from ..messages.registry import wire_object
from .base import HookContext, hook_event


@wire_object
class BackgroundTaskSummary(WireObject):
    """A background task that still lives at the end of a turn."""

    id: str = ""
    #: `subagent`, `shell`, `workflow`, ...
    type: str = ""
    status: str = ""
    description: str = ""
    command: str | None = None
    agent_type: str | None = None
    server: str | None = None
    tool: str | None = None
    name: str | None = None


@wire_object
class SessionCron(WireObject):
    """A prompt that the session has scheduled."""

    id: str = ""
    schedule: str = ""
    recurring: bool = False
    prompt: str = ""


@hook_event("UserPromptSubmit", denial="block", prevents=True, takes_context=True)
class UserPromptSubmit(HookContext):
    """A prompt is about to go to the model; also one that the CLI made, such as the news of a background task."""

    prompt: str = ""
    #: `user`, `sdk`, `system`, `loop_wakeup`, `schedule_wakeup` or `poll_event`.
    source: str | None = None
    session_title: str | None = None


@hook_event("UserPromptExpansion", matches="command_name", denial="block", prevents=True, takes_context=True)
class UserPromptExpansion(HookContext):
    """A slash command is about to become its prompt."""

    #: `slash_command` or `mcp_prompt`.
    expansion_type: str = ""
    command_name: str = ""
    command_args: str = ""
    command_source: str | None = None
    prompt: str = ""


@hook_event("Stop", denial="block", takes_context=True)
class Stop(HookContext):
    """The model is done. A block sends it on with the reason as its task."""

    #: A hook sent the model on before, in this turn: let it end now, or it never does.
    stop_hook_active: bool = False
    last_assistant_message: str | None = None
    background_tasks: list[BackgroundTaskSummary] = attrs.field(factory=list)
    session_crons: list[SessionCron] = attrs.field(factory=list)


@hook_event("StopFailure", matches="error")
class StopFailure(HookContext):
    """The turn ended by an error of the API."""

    #: `rate_limit`, `overloaded`, `authentication_failed`, `server_error`, ...
    error: str = ""
    error_details: str | None = None
    last_assistant_message: str | None = None


@hook_event("SubagentStart", matches="agent_type", cli_matches=True, takes_context=True)
class SubagentStart(HookContext):
    """A subagent starts; `agent_id` and `agent_type` say which."""


@hook_event("SubagentStop", matches="agent_type", cli_matches=True, denial="block", takes_context=True)
class SubagentStop(HookContext):
    """A subagent is done; also the one that compacts, with an empty `agent_type`. A block sends it on."""

    #: A hook sent it on before: let it end now, or it never does.
    stop_hook_active: bool = False
    agent_transcript_path: str = ""
    last_assistant_message: str | None = None
    background_tasks: list[BackgroundTaskSummary] = attrs.field(factory=list)
    session_crons: list[SessionCron] = attrs.field(factory=list)


@hook_event("Notification", matches="notification_type", takes_context=True)
class Notification(HookContext):
    """The CLI wants a person's attention, as when a permission request waits for 6 seconds."""

    message: str = ""
    title: str | None = None
    #: `permission_prompt`, ...
    notification_type: str = ""


@hook_event("MessageDisplay")
class MessageDisplay(HookContext):
    """A piece of the model's text is about to be shown."""

    turn_id: str = ""
    message_id: str = ""
    index: int = 0
    #: The last piece of its message.
    final: bool = False
    delta: str = ""


@hook_event(
    "Elicitation", matches="mcp_server_name", denial="elicitation", prevents=True, changes=("content", "content")
)
class Elicitation(HookContext):
    """An MCP server asks the user for something. `Result.modify` answers with its fields."""

    mcp_server_name: str = ""
    message: str = ""
    #: `form` or `url`.
    mode: str | None = None
    url: str | None = None
    elicitation_id: str | None = None
    #: JSON Schema of the form.
    requested_schema: dict[str, Any] | None = None
    #: The answer of an earlier hook.
    content: dict[str, Any] | None = None


@hook_event("ElicitationResult", matches="mcp_server_name", denial="elicitation", prevents=True)
class ElicitationResult(HookContext):
    """The user's answer is about to go to the MCP server. A block declines in its place."""

    mcp_server_name: str = ""
    elicitation_id: str | None = None
    mode: str | None = None
    #: `accept`, `decline` or `cancel`.
    action: str = ""
    content: dict[str, Any] | None = None


@hook_event("TaskCreated", denial="block", prevents=True)
class TaskCreated(HookContext):
    """A task of a list is about to be created."""

    task_id: str = ""
    task_subject: str = ""
    task_description: str | None = None
    teammate_name: str | None = None
    team_name: str | None = None


@hook_event("TaskCompleted", denial="block")
class TaskCompleted(HookContext):
    """A task of a list is about to be marked as done. A block sends the model on."""

    task_id: str = ""
    task_subject: str = ""
    task_description: str | None = None
    teammate_name: str | None = None
    team_name: str | None = None


@hook_event("TeammateIdle", denial="block")
class TeammateIdle(HookContext):
    """A teammate has nothing left to do. A block sends it on."""

    teammate_name: str = ""
    team_name: str = ""
