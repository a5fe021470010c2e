"""
Messages about running tasks (subagents, background shells, monitors, workflows), tools and control requests.

A task can end with `task_updated` alone. The final status is `completed`, `failed`, `stopped` or `killed`.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import KnownMessage, SystemMessage, WireObject, shorten
from .registry import message_type, wire_object


@wire_object
class TaskUsage(WireObject):
    """The resources that a task has used."""

    total_tokens: int = 0
    tool_uses: int = 0
    duration_ms: int = 0


@wire_object
class TaskPatch(WireObject):
    """The fields of a task that changed; the others are *None*."""

    #: `pending`, `running`, `completed`, `failed`, `killed` or `paused`.
    status: str | None = None
    description: str | None = None
    #: Milliseconds since the epoch.
    end_time: float | None = None
    total_paused_ms: float | None = None
    error: str | None = None
    is_backgrounded: bool | None = None


@wire_object
class BackgroundTask(WireObject):
    """A task that runs in the background."""

    task_id: str = ""
    run_id: str | None = None
    #: `local_agent`, `local_workflow`, `local_bash`, `monitor`, `mcp_task`, ...
    task_type: str = ""
    subagent_type: str | None = None
    description: str = ""
    parent_task_id: str | None = None
    ambient: bool = False


@wire_object
class McpResourceLink(WireObject):
    """A link to a resource of an MCP server."""

    uri: str = ""
    name: str = ""
    title: str | None = None
    description: str | None = None
    mime_type: str | None = wire("mimeType")
    size: int | None = None
    annotations: dict[str, Any] | None = None


@wire_object
class TaskMessage(SystemMessage):
    """Base class of the messages about one task."""

    task_id: str = ""
    run_id: str | None = None
    #: The tool use that started the task.
    tool_use_id: str | None = None

    def _summary(self) -> str:
        text = self.get("status") or self.get("summary") or self.get("description")
        return f"{self.task_id}{f' {shorten(text)}' if text else ''}"


@message_type("system", "task_started", "task")
class TaskStartedMessage(TaskMessage):
    """A task started. Also sent for a foreground shell that runs for three seconds; `is_backgrounded` is then false."""

    description: str = ""
    subagent_type: str | None = None
    is_backgrounded: bool = False
    spawn_depth: int | None = None
    parent_task_id: str | None = None
    #: `local_agent`, `local_workflow`, `local_bash`, `monitor`, `mcp_task`, ...
    task_type: str | None = None
    workflow_name: str | None = None
    prompt: str | None = None
    skip_transcript: bool = False
    ambient: bool = False


@message_type("system", "task_progress", "task", "progress")
class TaskProgressMessage(TaskMessage):
    """A task made progress."""

    description: str = ""
    subagent_type: str | None = None
    usage: TaskUsage = attrs.field(factory=TaskUsage)
    last_tool_name: str | None = None
    summary: str | None = None


@message_type("system", "task_updated", "task")
class TaskUpdatedMessage(TaskMessage):
    """Fields of a task changed."""

    patch: TaskPatch = attrs.field(factory=TaskPatch)

    def _summary(self) -> str:
        return f"{self.task_id} {self.patch.status or ''}".rstrip()


@message_type("system", "task_notification", "task")
class TaskNotificationMessage(TaskMessage):
    """A task ended. Unless the task was in the foreground, the CLI starts a turn of its own to process the result."""

    #: `completed`, `failed` or `stopped`.
    status: str = ""
    reason: str | None = None
    output_file: str = ""
    summary: str = ""
    usage: TaskUsage | None = None
    resource_links: list[McpResourceLink] | None = None
    skip_transcript: bool = False
    ambient: bool = False


@message_type("system", "background_tasks_changed", "task")
class BackgroundTasksMessage(SystemMessage):
    """The list of all current background tasks."""

    tasks: list[BackgroundTask] = attrs.field(factory=list)

    def _summary(self) -> str:
        return f"tasks={len(self.tasks)}"


@wire_object
class SubagentRetry(WireObject):
    """The CLI retries a failed API request of a subagent."""

    agent_id: str = ""
    attempt: int = 0
    max_retries: int = 0
    retry_delay_ms: float = 0
    error_status: int | None = None
    error_category: str = ""


@message_type("tool_progress", None, "progress")
class ToolProgressMessage(KnownMessage):
    """
    A tool is still running. Sent every 30 seconds.

    In a heartbeat, `parent_tool_use_id` is the id of the tool use itself and does not refer to a subagent.
    """

    tool_use_id: str = ""
    tool_name: str = ""
    elapsed_time_seconds: float = 0
    task_id: str | None = None
    heartbeat: bool = False
    subagent_type: str | None = None
    subagent_retry: SubagentRetry | None = None

    def _summary(self) -> str:
        return f"{self.tool_name} {self.elapsed_time_seconds}s"


@message_type("tool_use_summary")
class ToolUseSummaryMessage(KnownMessage):
    """A one-sentence summary of the tool uses in `preceding_tool_use_ids`."""

    summary: str = ""
    preceding_tool_use_ids: list[str] = attrs.field(factory=list)

    def _summary(self) -> str:
        return shorten(self.summary)


@message_type("system", "control_request_progress", "progress")
class ControlRequestProgressMessage(SystemMessage):
    """The CLI is processing a control request of the SDK."""

    request_id: str = ""
    #: `started` or `api_retry`.
    status: str = ""
    attempt: int | None = None
    max_retries: int | None = None
    retry_delay_ms: float | None = None
    error_status: int | None = None

    def _summary(self) -> str:
        return str(self.status)
