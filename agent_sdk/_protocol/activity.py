"""
`ActivityTracker`: the background tasks of a connection, whether the CLI is idle, and whether a run has ended.

A result ends a turn, but not always the run: by default agents run in the background and report in a later turn.
"""
from __future__ import annotations

import time

from .._core.json_lines import Frame

#: Task types that a run waits for. Shells are excluded because they can run forever.
AGENT_TYPES = ("local_agent", "local_workflow")
#: Seconds that the CLI has to begin the turn in which it reports the end of a background task.
REPORT_TIMEOUT = 1.0
_ENDED = ("completed", "failed", "stopped", "killed")


class ActivityTracker:
    """Tracks the CLI's background work from the frames that the turn processes, in order."""

    def __init__(self) -> None:
        #: Running background tasks: id -> task type.
        self.tasks: dict[str, str] = {}
        #: *idle*, *running*, *requires_action*; empty if the CLI does not report its state.
        self.state = ""
        #: Message uuid of the prompt and its state in the CLI: empty, *queued*, *started* ...
        self.prompt = ""
        self.prompt_state = ""
        #: Whether this CLI reports the state of prompts.
        self._reports_prompts = False
        #: Whether incoming frames still belong to a stopped turn.
        self.is_discarding = False
        self._report_due = 0.0
        self._had_agents = False

    @property
    def agents(self) -> int:
        """Number of running background agents and workflows."""
        return sum(kind in AGENT_TYPES for kind in self.tasks.values())

    @property
    def expects_reports(self) -> bool:
        """
        Whether background agents can still report, after a result, in a turn of their own.

        An agent that ended during the turn can report after it: only `idle` means that no report is pending. Without a
        state report of the CLI, no report is expected when no agent runs.
        """
        return self.agents > 0 or (self._had_agents and self.state not in ("", "idle"))

    @property
    def is_idle(self) -> bool:
        """Whether the CLI is idle, without a background task or a pending report."""
        return self.state in ("", "idle") and not self.tasks and time.monotonic() >= self._report_due

    def begin(self, prompt: str) -> None:
        """Begin a turn. *prompt* is the message uuid of its prompt; empty for a turn without a prompt."""
        self.prompt, self.prompt_state = prompt, ""
        self._had_agents = self.agents > 0

    @property
    def is_before_prompt(self) -> bool:
        """Whether incoming frames still belong to the CLI's own work before the prompt."""
        return self._reports_prompts and self.prompt_state in ("", "queued")

    def process_frame(self, frame: Frame) -> None:
        """Update the state from one frame."""
        kind = frame.get("subtype") or frame.get("type")
        handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is not None:
            handler(self, frame)

    def _on_init(self, frame: Frame) -> None:
        if not self._reports_prompts:
            self.is_discarding = False

    def _on_task_started(self, frame: Frame) -> None:
        if frame.get("is_backgrounded"):
            self.tasks[str(frame.get("task_id"))] = str(frame.get("task_type"))
            self._had_agents = self._had_agents or self.agents > 0

    def _on_task_updated(self, frame: Frame) -> None:
        patch = frame.get("patch")
        if isinstance(patch, dict) and patch.get("status") in _ENDED:
            self._end_task(frame)

    def _on_task_notification(self, frame: Frame) -> None:
        if frame.get("status") in _ENDED:
            self._end_task(frame)

    def _end_task(self, frame: Frame) -> None:
        if self.tasks.pop(str(frame.get("task_id")), None) is not None:
            self._report_due = time.monotonic() + REPORT_TIMEOUT

    def _on_tasks_changed(self, frame: Frame) -> None:
        tasks = frame.get("tasks")
        if isinstance(tasks, list):
            rows = [task for task in tasks if isinstance(task, dict)]
            self.tasks = {str(task.get("task_id")): str(task.get("task_type")) for task in rows}
            self._had_agents = self._had_agents or self.agents > 0

    def _on_state_changed(self, frame: Frame) -> None:
        self.state = str(frame.get("state"))

    def _on_command_lifecycle(self, frame: Frame) -> None:
        self._reports_prompts = True
        if self.prompt and frame.get("command_uuid") == self.prompt:
            self.prompt_state = str(frame.get("state"))
            self.is_discarding = False

    def answers(self, result: Frame) -> bool:
        """Return whether *result* answers the prompt of this turn."""
        uuids = result.get("user_message_uuids")
        if isinstance(uuids, list) and uuids:
            return self.prompt in uuids
        return not isinstance(result.get("origin"), dict) and not self.is_before_prompt


_HANDLERS = {
    "init": ActivityTracker._on_init,
    "task_started": ActivityTracker._on_task_started,
    "task_updated": ActivityTracker._on_task_updated,
    "task_notification": ActivityTracker._on_task_notification,
    "background_tasks_changed": ActivityTracker._on_tasks_changed,
    "session_state_changed": ActivityTracker._on_state_changed,
    "command_lifecycle": ActivityTracker._on_command_lifecycle,
}
