"""
What the CLI does without a prompt, read until it rests.
"""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from . import turn_errors
from .activity import ActivityTracker
from .connection import Connection
from .protocol import Frame
from .turn import STOP_GRACE, Turn

if TYPE_CHECKING:
    from ..messages import ResultMessage

#: Seconds between two looks whether the CLI rests.
POLL_INTERVAL = 0.25


class IdleTurn(Turn):
    """A turn without a prompt: it reads until the CLI rests. Stopping it stops nothing but the reading."""

    is_exclusive = False

    def _next_item(self) -> Any:
        connection = self._connection
        while connection is not None and not self._is_idle(connection):
            limit = self.deadline()
            slice_end = time.monotonic() + POLL_INTERVAL
            item = connection.next_item(self._was_aborted, slice_end if limit is None else min(limit, slice_end))
            if self.is_aborted:
                raise turn_errors.abort(self)
            if item is not None:
                return item
            if limit is not None and time.monotonic() >= limit:
                raise turn_errors.timeout(self)
        if self.is_aborted:
            raise turn_errors.abort(self)
        self.finish()
        return None

    def open(self, connection: Connection, ledger: ActivityTracker) -> None:
        super().open(connection, ledger)
        ledger.begin("")

    def _is_idle(self, connection: Connection) -> bool:
        if not connection.inbox:
            connection.poll()
        return not connection.inbox and self._activity.is_idle

    def _take_result(self, frame: Frame, message: ResultMessage) -> None:
        self.results.append(message)

    def stop(self, grace: float = STOP_GRACE) -> bool:
        self.finish()
        return True
