"""
`TurnState`: what is known of a turn, without I/O. Errors and callbacks are made from it.
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

#: Messages of a run that are kept for the result and for errors.
MAX_MESSAGES = 1000
#: Uuids that are kept: entries that the CLI writes late are among the newest.
MAX_UUIDS = 200


@attrs.define(kw_only=True, eq=False, repr=False)
class TurnLimits:
    """What a turn is given beside its prompt."""

    #: Seconds for the whole turn, and for the silence between two messages.
    timeout: float | None = None
    idle_timeout: float | None = None
    wait_for_background: bool = True
    stderr: Callable[[str], None] | None = None
    #: The session named in the error when it cannot be resumed.
    resume: str | None = None

    def deadline(self, started: float) -> float | None:
        """Return when the turn expires, on the clock of `time.monotonic`: silence counts from now."""
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
    """The state of one turn. Used by its own thread; only `begin_abort` is called from others."""

    limits: TurnLimits
    session_id: str | None = None
    uuid: str = attrs.field(factory=new_uuid)
    #: The thread whose callbacks run.
    thread: int = attrs.field(factory=threading.get_ident)
    started: float = attrs.field(factory=time.monotonic)
    #: Where the process keeps its sessions; *None* before it was looked for.
    location: SessionLocation | None = None
    result: ResultMessage | None = None
    results: list[ResultMessage] = attrs.field(factory=list)
    #: Results that were read while the turn was stopped: no callback got them, but they were paid for.
    undelivered: list[ResultMessage] = attrs.field(factory=list)
    last_message: Message | None = None
    messages: collections.deque[Message] = attrs.field(factory=lambda: collections.deque(maxlen=MAX_MESSAGES))
    #: Uuids of the newest messages that this turn wrote into the transcript.
    uuids: collections.deque[str] = attrs.field(factory=lambda: collections.deque(maxlen=MAX_UUIDS))
    #: Whether a callback runs now: the turn's thread is not free for another turn.
    in_callback: bool = False
    is_aborted: bool = False
    #: Whether the turn has ended by itself, or was given up.
    is_over: bool = False
    was_sent: bool = False
    saw_init: bool = False
    #: Whether the session or the result has changed since the stream looked.
    changed: bool = False
    #: Whether stream events come only because another turn of this process wanted them.
    drops_stream_events: bool = False
    # Whoever takes the one entry decides how the turn ends: by itself, or by abort. `pop` is atomic.
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
        """Call a callback of the user."""
        self.in_callback = True
        try:
            function(*args)
        finally:
            self.in_callback = False

    def record(self, kind: object, frame: Frame) -> None:
        """Take the uuid and the session of a frame."""
        if kind in ("assistant", "user"):
            self.uuids.append(str(frame.get("uuid")))
        elif kind == "result" or frame.get("subtype") == "init":
            self.saw_init = self.changed = True
            session_id = frame.get("session_id")
            self.session_id = session_id if session_id and isinstance(session_id, str) else self.session_id

    def finish(self) -> None:
        """End by itself, unless an abort came first."""
        if self._end_token:
            try:
                self._end_token.pop()
            except IndexError:
                return  # an abort took it a moment ago
            self.is_over = True

    def begin_abort(self) -> bool:
        """Abort, unless the turn has ended by itself; from any thread. Returns whether it is aborted now."""
        if not self.is_aborted:
            try:
                self._end_token.pop()
            except IndexError:
                return self.is_aborted
            self.is_aborted = True
        return True

    def reset_for_resend(self) -> None:
        """Make ready to send the prompt to another process: the one before had died."""
        self.uuid, self.was_sent, self.is_over, self._end_token = new_uuid(), False, False, [True]
        self.uuids.append(self.uuid)

    def reschedule(self, notice: Message, dropped: Iterable[Message | None]) -> None:
        """Make ready for another attempt after a result: *notice* takes the place of the messages *dropped*."""
        self.reset_for_resend()
        self.result, self.changed = None, False
        gone = {id(message) for message in dropped}
        kept = [message for message in self.messages if id(message) not in gone]
        self.messages = collections.deque([*kept, notice], maxlen=MAX_MESSAGES)
