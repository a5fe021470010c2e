"""
Messages about the shell hooks of settings files: not about this SDK's own hooks, which are functions.
"""
from __future__ import annotations

import attrs

from .base import SystemMessage
from .registry import message_type


@attrs.define(eq=False, repr=False, kw_only=True)
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
@attrs.define(eq=False, repr=False, kw_only=True)
class HookStartedMessage(HookMessage):
    """A hook started."""


@message_type("system", "hook_progress", "hook", "progress")
@attrs.define(eq=False, repr=False, kw_only=True)
class HookProgressMessage(HookMessage):
    """A hook wrote something."""

    stdout: str = ""
    stderr: str = ""
    output: str = ""


@message_type("system", "hook_response", "hook")
@attrs.define(eq=False, repr=False, kw_only=True)
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
