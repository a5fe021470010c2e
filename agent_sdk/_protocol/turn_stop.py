"""
Stopping a turn: what is read, silently, between an interrupt and the end of the turn or of its process.
"""
from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .._core import json_lines
from .connection import Connection
from .protocol import Frame

if TYPE_CHECKING:
    from .turn import Turn


def drain_until_stopped(turn: Turn, connection: Connection, deadline: float) -> bool:
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
                turn.drain(frame, line)
            elif connection.protocol.taken(frame):
                connection.refuse(frame, "the turn was stopped")
    return True


def break_off(connection: Connection, interrupt: bool, grace: float = 0.5) -> Frame | None:
    """
    End a connection after an exception that may have left its pump in the middle of something.

    Nothing of it is relied on but its transport: ask for an end of the turn, so that the transcript gets it, look for
    its result for a moment, then end the process. A second exception ends it at once.

    Returns:
        The result, if it came: among what was read before, or in answer to the interrupt.
    """
    connection.broken = True
    deadline = time.monotonic() + grace
    results = _results(item[0] for item in list(connection.inbox) if not isinstance(item, str))
    claim = (0,)
    try:
        claim = connection.take_over(deadline)
        if interrupt:
            connection.transport.send_line(connection.protocol.request("interrupt", {"cancel_queued": True})[1])
        while interrupt and not results and (left := deadline - time.monotonic()) > 0:
            results = _results(map(json_lines.decode, connection.transport.read_lines(left)))
        connection.drop(grace=0.2)
    except EOFError:
        connection.drop(grace=0.2)
    finally:
        connection.release_pump(claim)
        connection.drop()
    return results[0] if results else None


def _results(frames: Iterable[Frame | None]) -> list[Frame]:
    return [frame for frame in frames if frame is not None and frame.get("type") == "result"]
