"""
Signs of life: of a running tool, of a control request; and summaries of tool uses.
"""
from __future__ import annotations

import attrs

from .base import Message, SystemMessage, WireObject, shorten
from .registry import message_type


@attrs.define(eq=False, repr=False, kw_only=True)
class SubagentRetry(WireObject):
    """A subagent's request to the API failed and is tried again."""

    agent_id: str = ""
    attempt: int = 0
    max_retries: int = 0
    retry_delay_ms: float = 0
    error_status: int | None = None
    error_category: str = ""


@message_type("tool_progress", None, "progress")
@attrs.define(eq=False, repr=False, kw_only=True)
class ToolProgressMessage(Message):
    """
    A tool is still running; every 30 seconds.

    A heartbeat carries the tool use's own id in `parent_tool_use_id`: it says nothing of a subagent.
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
@attrs.define(eq=False, repr=False, kw_only=True)
class ToolUseSummaryMessage(Message):
    """What the tool uses named in it did, in a sentence."""

    summary: str = ""
    preceding_tool_use_ids: list[str] = attrs.field(factory=list)

    def _summary(self) -> str:
        return shorten(self.summary)


@message_type("system", "control_request_progress", "progress")
@attrs.define(eq=False, repr=False, kw_only=True)
class ControlRequestProgressMessage(SystemMessage):
    """The CLI works on a control request of ours."""

    request_id: str = ""
    #: `started` or `api_retry`.
    status: str = ""
    attempt: int | None = None
    max_retries: int | None = None
    retry_delay_ms: float | None = None
    error_status: int | None = None

    def _summary(self) -> str:
        return str(self.status)
