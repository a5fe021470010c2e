"""
The terms of a turn: what it is asked to do, beside its prompt.
"""
from __future__ import annotations

import time
from collections.abc import Callable

import attrs


@attrs.define(kw_only=True, eq=False, repr=False)
class TurnLimits:
    """What a turn is asked to do, beside its prompt."""

    #: Seconds for the whole turn, and for the silence between two messages.
    timeout: float | None = None
    idle_timeout: float | None = None
    wait_for_background: bool = True
    stderr: Callable[[str], None] | None = None
    #: What is named when the session cannot be resumed.
    resume: str | None = None
    cwd: str | None = None

    def deadline(self, started: float) -> float | None:
        """When to give up, on the clock of `time.monotonic`: silence counts from now, so callbacks do not."""
        if self.timeout is None and self.idle_timeout is None:
            return None
        limits = []
        if self.timeout is not None:
            limits.append(started + self.timeout)
        if self.idle_timeout is not None:
            limits.append(time.monotonic() + self.idle_timeout)
        return min(limits)
