"""
The ledger of one connection: which background work lives, whether the CLI is idle, and when a run is over.

A result ends a turn, not always the run: agents go to the background by default and report in a turn of their own.
"""
from __future__ import annotations

import time
from typing import Any

Frame = dict[str, Any]

#: Task types whose end is waited for; a shell may run for ever.
AGENT_TYPES = ("local_agent", "local_workflow")
#: Seconds that the CLI gets to begin the turn in which it reports the end of a background task.
REPORT_TIMEOUT = 1.0
_ENDED = ("completed", "failed", "stopped", "killed")


class ActivityTracker:
    """What the frames say of the CLI's own work. Fed in the order in which frames are handed over."""

    def __init__(self) -> None:
        #: Background tasks that live: id -> task type.
        self.tasks: dict[str, str] = {}
        #: *idle*, *running*, *requires_action*, or empty when the CLI does not say.
        self.state = ""
        #: The message uuid of the prompt, and how far the CLI is with it: empty, *queued*, *started* ...
        self.prompt = ""
        self.prompt_state = ""
        #: Whether this CLI tells how far it is with a prompt.
        self._reports_prompts = False
        #: Whether what comes still belongs to a turn that was stopped.
        self.is_discarding = False
        self._report_due = 0.0
        self._had_agents = False

    @property
    def agents(self) -> int:
        """How many background agents and workflows live."""
        return sum(kind in AGENT_TYPES for kind in self.tasks.values())

    @property
    def expects_reports(self) -> bool:
        """
        Whether background agents may still report in a turn of their own, after a result.

        One that ended during the turn may report after it. Only `idle` tells that nothing is on its way; where the CLI
        does not tell its state, no agent alive must do.
        """
        return self.agents > 0 or (self._had_agents and self.state not in ("", "idle"))

    @property
    def is_idle(self) -> bool:
        """Whether the CLI has nothing left to do: idle, no background task, and no report of one on its way."""
        return self.state in ("", "idle") and not self.tasks and time.monotonic() >= self._report_due

    def begin(self, prompt: str) -> None:
        """A prompt with this message uuid is sent; none is when what comes is only watched."""
        self.prompt, self.prompt_state = prompt, ""
        self._had_agents = self.agents > 0

    @property
    def is_before_prompt(self) -> bool:
        """Whether what comes now is still the CLI's own work, from before our prompt began."""
        return self._reports_prompts and self.prompt_state in ("", "queued")

    def process_frame(self, frame: Frame) -> None:
        """Take in one frame."""
        kind = frame.get("subtype") or frame.get("type")
        noter = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if noter is not None:
            noter(self, frame)

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
        """Tell whether *result* is the one that answers our prompt."""
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
