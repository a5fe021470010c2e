"""
Hook events of a turn: prompts, ends of turns, subagents, elicitations, notifications and displayed text.
"""
from __future__ import annotations

from typing import Any

import attrs

from ..messages.base import WireObject
from ..messages.registry import wire_object
from .base import HookContext, hook_event


@wire_object
class BackgroundTaskSummary(WireObject):
    """A background task that is still running at the end of a turn."""

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
    """A prompt is about to be sent to the model. Includes prompts of the CLI, such as background task notifications."""

    prompt: str = ""
    #: `user`, `sdk`, `system`, `loop_wakeup`, `schedule_wakeup` or `poll_event`.
    source: str | None = None
    session_title: str | None = None


@hook_event("UserPromptExpansion", matches="command_name", denial="block", prevents=True, takes_context=True)
class UserPromptExpansion(HookContext):
    """A slash command is about to be expanded to its prompt."""

    #: `slash_command` or `mcp_prompt`.
    expansion_type: str = ""
    command_name: str = ""
    command_args: str = ""
    command_source: str | None = None
    prompt: str = ""


@hook_event("Stop", denial="block", takes_context=True)
class Stop(HookContext):
    """The model finished its reply. `Result.block` makes it continue, with the reason as its instruction."""

    #: A hook already made the model continue in this turn. Do not block again, or the turn never ends.
    stop_hook_active: bool = False
    last_assistant_message: str | None = None
    background_tasks: list[BackgroundTaskSummary] = attrs.field(factory=list)
    session_crons: list[SessionCron] = attrs.field(factory=list)


@hook_event("StopFailure", matches="error")
class StopFailure(HookContext):
    """The turn ended with an API error."""

    #: `rate_limit`, `overloaded`, `authentication_failed`, `server_error`, ...
    error: str = ""
    error_details: str | None = None
    last_assistant_message: str | None = None


@hook_event("SubagentStart", matches="agent_type", cli_matches=True, takes_context=True)
class SubagentStart(HookContext):
    """A subagent starts. `agent_id` and `agent_type` identify it."""


@hook_event("SubagentStop", matches="agent_type", cli_matches=True, denial="block", takes_context=True)
class SubagentStop(HookContext):
    """A subagent finished. `Result.block` makes it continue. `agent_type` is empty for the compaction subagent."""

    #: A hook already made the subagent continue. Do not block again, or it never ends.
    stop_hook_active: bool = False
    agent_transcript_path: str = ""
    last_assistant_message: str | None = None
    background_tasks: list[BackgroundTaskSummary] = attrs.field(factory=list)
    session_crons: list[SessionCron] = attrs.field(factory=list)


@hook_event("Notification", matches="notification_type", takes_context=True)
class Notification(HookContext):
    """The CLI requests the user's attention, for example when a permission request is pending for 6 seconds."""

    message: str = ""
    title: str | None = None
    #: `permission_prompt`, ...
    notification_type: str = ""


@hook_event("MessageDisplay")
class MessageDisplay(HookContext):
    """A piece of the model's text is about to be displayed."""

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
    """An MCP server requests input from the user. `Result.modify` answers with the values of the form's fields."""

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
    """The user's answer is about to be sent to the MCP server. `Result.block` declines instead."""

    mcp_server_name: str = ""
    elicitation_id: str | None = None
    mode: str | None = None
    #: `accept`, `decline` or `cancel`.
    action: str = ""
    content: dict[str, Any] | None = None


@hook_event("TaskCreated", denial="block", prevents=True)
class TaskCreated(HookContext):
    """A task of a task list is about to be created."""

    task_id: str = ""
    task_subject: str = ""
    task_description: str | None = None
    teammate_name: str | None = None
    team_name: str | None = None


@hook_event("TaskCompleted", denial="block")
class TaskCompleted(HookContext):
    """A task of a task list is about to be marked as completed. `Result.block` makes the model continue."""

    task_id: str = ""
    task_subject: str = ""
    task_description: str | None = None
    teammate_name: str | None = None
    team_name: str | None = None


@hook_event("TeammateIdle", denial="block")
class TeammateIdle(HookContext):
    """A teammate became idle. `Result.block` makes it continue."""

    teammate_name: str = ""
    team_name: str = ""
