"""
A turn: from one prompt to the end of its run. Hands out messages, and knows how a turn can end early.

Used by one thread, the one whose callbacks run; only `abort` is called from others.
"""
from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from .._core.callbacks import dispatch
from .._core.ids import new_uuid
from ..errors import AgentSDKError, ProcessError
from . import turn_errors, turn_stop
from .activity import ActivityTracker
from .connection import Connection
from .protocol import RAISE, Frame, Future, Item
from .terms import TurnLimits

if TYPE_CHECKING:
    from ..messages import Message, ResultMessage

#: Messages of a run that are kept for the result and for errors.
MAX_MESSAGES = 1000
#: Uuids that are kept: entries that the CLI writes late are among the newest.
MAX_UUIDS = 200
#: Seconds that the CLI gets to end a turn that was interrupted.
STOP_GRACE = 0.8
#: Frames that serve the SDK.
INTERNAL_TYPES = ("command_lifecycle", "control_request", "transcript_mirror")


class Turn:
    """One turn in one connection."""

    #: Whether no other turn may run in the session meanwhile.
    is_exclusive = True

    def __init__(self, terms: TurnLimits, session_id: str | None = None) -> None:
        self.limits = terms
        self.uuid = new_uuid()
        self.thread = threading.get_ident()
        self.session_id = session_id
        self.result: ResultMessage | None = None
        self.results: list[ResultMessage] = []
        #: Results that were read while the turn was stopped: nobody was shown them, but they were paid for.
        self.undelivered: list[ResultMessage] = []
        self.last_message: Message | None = None
        self.messages: collections.deque[Message] = collections.deque(maxlen=MAX_MESSAGES)
        #: Uuids of the newest messages that this turn wrote into the transcript.
        self.uuids: collections.deque[str] = collections.deque([self.uuid], maxlen=MAX_UUIDS)
        #: Whether user code runs now: its thread is in here, and not free for another turn.
        self.in_callback = False
        self.is_aborted = False
        self.was_sent = False
        #: Whether the session or the result has changed since somebody looked.
        self.state_changed = False
        #: The environment of the process, as far as it is ours to know.
        self.env: Mapping[str, str] | None = None
        #: Whether stream events come only because another turn of this process wanted them.
        self.drops_stream_events = False
        self.saw_init = False
        self._started = time.monotonic()
        self._connection: Connection | None = None
        self._activity = ActivityTracker()
        self._inbox: collections.deque[Item] = collections.deque()
        self._structure_message: Callable[[Frame, bytes], Message]
        self._interrupt: Future | None = None
        #: Whether the turn has ended by itself, or was given up.
        self.is_over = False
        # Who takes the one entry decides how the turn ends: by itself, or by abort. `pop` is atomic.
        self._end_token = [True]

    @property
    def elapsed(self) -> float:
        """Seconds since the turn began."""
        return time.monotonic() - self._started

    def open(self, connection: Connection, ledger: ActivityTracker) -> None:
        """Take a connection for this turn."""
        from .._converter import structure_message  # loaded while the CLI starts, not with the package

        self._structure_message = structure_message
        self._connection, self._activity, self._inbox = connection, ledger, connection.inbox
        connection.owner = self.thread
        connection.callbacks.begin_turn(None if self.limits.timeout is None else self._started + self.limits.timeout)

    def send(self, line: bytes) -> None:
        """Send the prompt."""
        if self._connection is not None:
            self._activity.begin(self.uuid)
            self.was_sent = True
            self._connection.send(line)

    @property
    def prompt_accepted(self) -> bool:
        """Whether the CLI has shown that it took the prompt."""
        last = self.last_message
        return self._activity.prompt_state != "" or (last is not None and not last.is_background)

    def reset_for_resend(self) -> None:
        """Make ready to send the prompt to another process: the one that should have taken it was dead."""
        self.uuid, self.was_sent, self.is_over, self._end_token = new_uuid(), False, False, [True]
        self.uuids.append(self.uuid)

    def reschedule(self, notice: Message, dropped: list[Any]) -> None:
        """Make ready for another attempt after a result: *notice* takes the place of the messages *dropped*."""
        self.reset_for_resend()
        self.result, self.state_changed = None, False
        kept = [message for message in self.messages if not any(message is one for one in dropped)]
        self.messages = collections.deque([*kept, notice], maxlen=MAX_MESSAGES)

    def drop(self) -> None:
        """End the process: the turn could not be stopped."""
        if self._connection is not None:
            self._connection.drop()

    # --- messages

    def next_message(self) -> Message | None:
        """
        Return the next message, or *None* after the last.

        Raises:
            AbortError: The turn was aborted.
            AgentTimeoutError: It took too long.
            ProcessError: The CLI ended before the result came.
            SessionNotFoundError: The session to resume does not exist.
        """
        while not self.is_over:
            # What is there already is taken without a look at the clock, unless there is a deadline for the whole.
            if self._inbox and not self.is_aborted and self.limits.timeout is None:
                item = self._inbox.popleft()
            else:
                item = self._next_item()
            if item is None:
                continue
            if isinstance(item, str):
                self._deliver_stderr(item)
                continue
            frame, line = item
            if frame.get("type") == "stream_event":
                message = None if self._drops_stream_event() else self._structure(frame, line)
            else:
                message = self._process_frame(frame, line)
            if message is not None:
                return message
        return None

    def _next_item(self) -> Any:
        connection = self._connection
        if connection is None:
            raise ProcessError("the turn has no process")
        deadline = self.limits.deadline(self._started)
        item = None
        try:
            item = connection.next_item(self._was_aborted, deadline)
        except ProcessError as error:
            if not self.is_aborted:
                raise turn_errors.process_error(self, error) from None
        if self.is_aborted:
            raise turn_errors.abort(self)
        if item is None:
            raise turn_errors.timeout(self)
        return item

    def deadline(self) -> float | None:
        """When to give up, on the clock of `time.monotonic`."""
        return self.limits.deadline(self._started)

    def _was_aborted(self) -> bool:
        return self.is_aborted

    def _process_frame(self, frame: Frame, line: bytes) -> Message | None:
        kind = frame.get("type")
        if kind == "control_request":
            self._serve(frame)
            return None
        if kind == RAISE and isinstance(frame.get("error"), BaseException):  # JSON holds none: it is ours
            raise frame["error"]
        if kind in ("result", "transcript_mirror") and self._flush_mirror(frame, line):
            return None
        self._activity.process_frame(frame)
        if kind in INTERNAL_TYPES or frame.get("sdk_host_only") or self._activity.is_discarding:
            self._finish_if_idle()
            return None
        self._record(kind, frame)
        message = self._structure(frame, line)
        if kind == "result" and message.is_result:
            self._process_result(frame, cast("ResultMessage", message))
        self.messages.append(message)
        self.last_message = message
        return message

    def _flush_mirror(self, frame: Frame, line: bytes) -> bool:
        """Give the session store what there is; true when there are messages about it, to be shown before *frame*."""
        mirror = None if self._connection is None else self._connection.callbacks.mirror
        reports = []
        if mirror is not None and mirror.has_pending:
            limit = self.limits.timeout  # a store that hangs may have a part of what is left
            reports = mirror.flush(self._was_aborted, None if limit is None else max(1.0, (limit - self.elapsed) / 4))
        if reports:
            self._inbox.appendleft((frame, line))
            self._inbox.extendleft(reversed(reports))
        return bool(reports)

    def _drops_stream_event(self) -> bool:
        return self.drops_stream_events or self._activity.is_discarding

    def _structure(self, frame: Frame, line: bytes) -> Message:
        message = self._structure_message(frame, line)
        if self._activity.is_before_prompt:
            message.background = True
        return message

    def _serve(self, frame: Frame) -> None:
        connection = self._connection
        if connection is not None and connection.protocol.taken(frame):
            self.in_callback = True
            try:
                connection.serve(frame)
            finally:
                self.in_callback = False

    def _record(self, kind: object, frame: Frame) -> None:
        if kind in ("assistant", "user"):
            self.uuids.append(str(frame.get("uuid")))
        elif kind == "result" or frame.get("subtype") == "init":
            if not self.saw_init and kind == "result":
                turn_errors.check_session(self, frame)
            self.saw_init = self.state_changed = True
            session_id = frame.get("session_id")
            self.session_id = session_id if session_id and isinstance(session_id, str) else self.session_id

    def _process_result(self, frame: Frame, message: ResultMessage) -> None:
        ledger = self._activity
        if self.result is None and not ledger.answers(frame):
            return
        self.result = message
        self.results.append(message)
        if not (self.limits.wait_for_background and ledger.expects_reports):
            self.finish()

    def _finish_if_idle(self) -> None:
        # With background agents alive the CLI calls itself idle only when all of them have reported.
        if self.result is not None and self._activity.state == "idle":
            self.finish()

    def finish(self) -> None:
        """End by itself, unless an abort came first."""
        if self._end_token:
            try:
                self._end_token.pop()
            except IndexError:
                return  # an abort took it a moment ago
            self.is_over = True

    def _deliver_stderr(self, line: str) -> None:
        if self.limits.stderr is not None:
            self.in_callback = True
            try:
                dispatch(self.limits.stderr, line)
            finally:
                self.in_callback = False

    # --- early ends

    def abort(self) -> bool:
        """Ask for the end, from anywhere; never waits. Returns whether the turn was running."""
        if not self.is_aborted:
            try:
                self._end_token.pop()
            except IndexError:
                return self.is_aborted
            self.is_aborted = True
        if self._connection is not None:
            self._send_interrupt(self._connection)
        return True

    @property
    def is_open(self) -> bool:
        """Whether it has had a process."""
        return self._connection is not None

    def interrupt(self) -> None:
        """Ask the CLI to end the turn; its result comes as any other."""
        if self._connection is not None:
            self._send_interrupt(self._connection)

    def _send_interrupt(self, connection: Connection) -> None:
        if self._interrupt is None and self.was_sent:
            self._interrupt = connection.send_request("interrupt", {"cancel_queued": True})
        else:
            connection.transport.wake()

    def stop(self, grace: float = STOP_GRACE) -> bool:
        """
        Interrupt the turn and read on, silently, until the CLI has ended it.

        Returns:
            Whether it did in time, so that the process can be kept.
        """
        self.finish()
        connection = self._connection
        if connection is None or not connection.is_usable:
            return False
        if not self.was_sent:
            return True
        self._send_interrupt(connection)
        try:
            if not turn_stop.drain_until_stopped(self, connection, time.monotonic() + grace):
                return False
        except AgentSDKError:
            return False  # the process ended first: there is nothing left to stop
        self._activity.is_discarding = True
        return True

    def has_stopped(self) -> bool:
        """Whether the CLI has answered the interrupt, and ended the turn or never begun it."""
        interrupt = self._interrupt
        if interrupt is None or not interrupt.done:
            return False
        cancelled = interrupt.response.get("cancelled")
        return self.result is not None or (isinstance(cancelled, list) and self.uuid in cancelled)

    def drain(self, frame: Frame, line: bytes) -> None:
        """Take a frame of a turn that nobody listens to any more."""
        kind = frame.get("type")
        self._activity.process_frame(frame)
        if kind in ("assistant", "user", "result") or frame.get("subtype") == "init":
            self._record(kind, frame)
        if kind == "result":
            self.undelivered.append(cast("ResultMessage", self._structure(frame, line)))
            if self._activity.answers(frame):
                self.result = self.undelivered[-1]

    def break_off(self) -> None:
        """End after an exception that may have fallen anywhere, such as Ctrl-C: the process is not trusted now."""
        self.finish()
        if self._connection is not None:
            result = turn_stop.break_off(self._connection, interrupt=self.was_sent)
            if result is not None:
                self.undelivered.append(cast("ResultMessage", self._structure(result, b"")))
