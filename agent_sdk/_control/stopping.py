"""
Stopping a turn: what is read, silently, between an interrupt and the end of the turn.
"""
from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .connection import Connection

if TYPE_CHECKING:
    from .turn import Turn


def read_on(turn: Turn, connection: Connection, deadline: float) -> bool:
    """
    Read until the CLI has ended *turn*, which was interrupted. Its questions are refused.

    Args:
        deadline: On the clock of `time.monotonic`.

    Returns:
        False when the deadline passed first.
    """
    while not turn.has_stopped():
        item = connection.next_item(turn.has_stopped, deadline)
        if item is None:
            if time.monotonic() >= deadline:
                return False
        elif not isinstance(item, str):
            frame, line = item
            if frame.get("type") != "control_request":
                turn.absorb(frame, line)
            elif connection.protocol.taken(frame):
                connection.refuse(frame, "the turn was stopped")
    return True
