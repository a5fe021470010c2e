"""
`IdleTurn`: reads the CLI's background work until the CLI is idle.
"""
from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .._core.json_lines import Frame
from .activity import ActivityTracker
from .connection import Connection
from .protocol import InboxItem
from .turn import STOP_TIMEOUT, Turn

if TYPE_CHECKING:
    from ..messages import ResultMessage

#: Seconds between two checks for the idle state.
POLL_INTERVAL = 0.25


class IdleTurn(Turn):
    """A turn without a prompt. Stopping it only stops reading."""

    is_exclusive = False

    def open(self, connection: Connection, activity: ActivityTracker) -> None:
        super().open(connection, activity)
        activity.begin("")

    def _next_item(self) -> InboxItem | None:
        connection = self._connection
        while connection is not None and not self._is_idle(connection):
            limit = self.state.deadline()
            next_check = time.monotonic() + POLL_INTERVAL
            item = connection.next_item(self._was_aborted, next_check if limit is None else min(limit, next_check))
            if item is not None and not self.state.is_aborted:
                return item
            self.check_limits()
        self.check_abort()
        self.state.finish()
        return None

    def _is_idle(self, connection: Connection) -> bool:
        if not connection.inbox:
            connection.poll()
        return not connection.inbox and self._activity.is_idle

    def _process_result(self, frame: Frame, message: ResultMessage) -> None:
        self.state.results.append(message)

    def stop(self, timeout: float = STOP_TIMEOUT) -> bool:
        self.state.finish()
        return True
