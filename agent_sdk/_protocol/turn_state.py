"""
`TurnState`: the state of a turn, without I/O. Errors and callbacks are built from it.
"""
from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs

from .._core.ids import new_uuid
from .._core.json_lines import Frame
from ..transcripts.location import SessionLocation

if TYPE_CHECKING:
    from ..messages import Message, ResultMessage

#: Maximum messages of a run kept for the result and for errors.
MAX_MESSAGES = 1000
#: Maximum uuids kept: transcript entries that the CLI writes with a delay are among the newest.
MAX_UUIDS = 200


@attrs.define(kw_only=True, eq=False, repr=False)
class TurnLimits:
    """The limits and callbacks of a turn."""

    #: Maximum seconds for the whole turn, and between two messages.
    timeout: float | None = None
    idle_timeout: float | None = None
    wait_for_background: bool = True
    stderr: Callable[[str], None] | None = None
    #: The session id for the error if the session cannot be resumed.
    resume: str | None = None

    def deadline(self, started: float) -> float | None:
        """Return when the turn expires, on the clock of `time.monotonic`; the idle timeout starts now."""
        if self.timeout is None and self.idle_timeout is None:
            return None
        limits = []
        if self.timeout is not None:
            limits.append(started + self.timeout)
        if self.idle_timeout is not None:
            limits.append(time.monotonic() + self.idle_timeout)
        return min(limits)


@attrs.define(eq=False, repr=False)
class TurnState:
    """The state of one turn. Its own thread uses it; other threads only call `begin_abort`."""

    limits: TurnLimits
    session_id: str | None = None
    uuid: str = attrs.field(factory=new_uuid)
    #: The thread that runs the callbacks.
    thread: int = attrs.field(factory=threading.get_ident)
    started: float = attrs.field(factory=time.monotonic)
    #: Where the process stores its sessions; *None* before the first lookup.
    location: SessionLocation | None = None
    result: ResultMessage | None = None
    results: list[ResultMessage] = attrs.field(factory=list)
    #: Results that were read while the turn was stopped: not passed to callbacks, but part of the cost.
    undelivered: list[ResultMessage] = attrs.field(factory=list)
    last_message: Message | None = None
    messages: collections.deque[Message] = attrs.field(factory=lambda: collections.deque(maxlen=MAX_MESSAGES))
    #: Uuids of the newest messages that this turn added to the transcript.
    uuids: collections.deque[str] = attrs.field(factory=lambda: collections.deque(maxlen=MAX_UUIDS))
    #: Whether a callback is running, so that the turn's thread cannot run another turn.
    in_callback: bool = False
    is_aborted: bool = False
    #: Whether the turn has ended or was stopped.
    is_over: bool = False
    was_sent: bool = False
    saw_init: bool = False
    #: Whether the session or the result has changed since the stream last checked.
    changed: bool = False
    #: Whether to drop stream events: only another turn of this process requested them.
    drops_stream_events: bool = False
    # Removing the single entry decides how the turn ends, normally or by abort. `pop` is atomic.
    _end_token: list[bool] = attrs.field(factory=lambda: [True], init=False)

    def __attrs_post_init__(self) -> None:
        self.uuids.append(self.uuid)

    @property
    def elapsed(self) -> float:
        """Seconds since the turn began."""
        return time.monotonic() - self.started

    def deadline(self) -> float | None:
        """Return when the turn expires, on the clock of `time.monotonic`."""
        return self.limits.deadline(self.started)

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Call a user callback."""
        self.in_callback = True
        try:
            function(*args)
        finally:
            self.in_callback = False

    def record(self, kind: object, frame: Frame) -> None:
        """Record the uuid and the session id of a frame."""
        if kind in ("assistant", "user"):
            self.uuids.append(str(frame.get("uuid")))
        elif kind == "result" or frame.get("subtype") == "init":
            self.saw_init = self.changed = True
            session_id = frame.get("session_id")
            self.session_id = session_id if session_id and isinstance(session_id, str) else self.session_id

    def finish(self) -> None:
        """End the turn normally, unless it was aborted."""
        if self._end_token:
            try:
                self._end_token.pop()
            except IndexError:
                return  # the turn was aborted concurrently
            self.is_over = True

    def begin_abort(self) -> bool:
        """Abort the turn unless it has ended, from any thread. Returns whether it is aborted."""
        if not self.is_aborted:
            try:
                self._end_token.pop()
            except IndexError:
                return self.is_aborted
            self.is_aborted = True
        return True

    def reset_for_resend(self) -> None:
        """Prepare to send the prompt to another process after the previous one died."""
        self.uuid, self.was_sent, self.is_over, self._end_token = new_uuid(), False, False, [True]
        self.uuids.append(self.uuid)

    def reschedule(self, notice: Message, dropped: Iterable[Message | None]) -> None:
        """Prepare for a retry after a result: *notice* replaces the messages *dropped*."""
        self.reset_for_resend()
        self.result, self.changed = None, False
        gone = {id(message) for message in dropped}
        kept = [message for message in self.messages if id(message) not in gone]
        self.messages = collections.deque([*kept, notice], maxlen=MAX_MESSAGES)
