"""
Messages about tasks: subagents, background shells, monitors, workflows.

A task can end with `task_updated` alone; its last status is `completed`, `failed`, `stopped` or `killed`.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import SystemMessage, WireObject, shorten
from .registry import message_type


@attrs.define(eq=False, repr=False, kw_only=True)
class TaskUsage(WireObject):
    """What a task has used."""

    total_tokens: int = 0
    tool_uses: int = 0
    duration_ms: int = 0


@attrs.define(eq=False, repr=False, kw_only=True)
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


@attrs.define(eq=False, repr=False, kw_only=True)
class BackgroundTask(WireObject):
    """A task that lives in the background."""

    task_id: str = ""
    run_id: str | None = None
    #: `local_agent`, `local_workflow`, `local_bash`, `monitor`, `mcp_task`, ...
    task_type: str = ""
    subagent_type: str | None = None
    description: str = ""
    parent_task_id: str | None = None
    ambient: bool = False


@attrs.define(eq=False, repr=False, kw_only=True)
class McpResourceLink(WireObject):
    """A resource of an MCP server, by its address."""

    uri: str = ""
    name: str = ""
    title: str | None = None
    description: str | None = None
    mime_type: str | None = wire("mimeType")
    size: int | None = None
    annotations: dict[str, Any] | None = None


@attrs.define(eq=False, repr=False, kw_only=True)
class TaskMessage(SystemMessage):
    """What the messages about one task share."""

    task_id: str = ""
    run_id: str | None = None
    #: The tool use that started the task.
    tool_use_id: str | None = None

    def _summary(self) -> str:
        told = self.get("status") or self.get("summary") or self.get("description")
        return f"{self.task_id}{f' {shorten(told)}' if told else ''}"


@message_type("system", "task_started", "task")
@attrs.define(eq=False, repr=False, kw_only=True)
class TaskStartedMessage(TaskMessage):
    """A task started. A shell that runs for three seconds comes too, with `is_backgrounded` false."""

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
@attrs.define(eq=False, repr=False, kw_only=True)
class TaskProgressMessage(TaskMessage):
    """A task moved on."""

    description: str = ""
    subagent_type: str | None = None
    usage: TaskUsage = attrs.field(factory=TaskUsage)
    last_tool_name: str | None = None
    summary: str | None = None


@message_type("system", "task_updated", "task")
@attrs.define(eq=False, repr=False, kw_only=True)
class TaskUpdatedMessage(TaskMessage):
    """Fields of a task changed."""

    patch: TaskPatch = attrs.field(factory=TaskPatch)

    def _summary(self) -> str:
        return f"{self.task_id} {self.patch.status or ''}".rstrip()


@message_type("system", "task_notification", "task")
@attrs.define(eq=False, repr=False, kw_only=True)
class TaskNotificationMessage(TaskMessage):
    """A task ended. The CLI starts a turn of its own to look at it, unless the task was in the foreground."""

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
@attrs.define(eq=False, repr=False, kw_only=True)
class BackgroundTasksMessage(SystemMessage):
    """All tasks that live in the background now."""

    tasks: list[BackgroundTask] = attrs.field(factory=list)

    def _summary(self) -> str:
        return f"tasks={len(self.tasks)}"
