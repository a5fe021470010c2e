"""
A turn: from one prompt to the end of its run. Hands out messages, and knows how a turn can end early.

Used by one thread, the one whose callbacks run; only `abort` is called from others.
"""
from __future__ import annotations

import collections
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import attrs

from ..errors import AbortError, AgentSDKError, AgentTimeoutError, ProcessError, SessionNotFoundError
from .connection import Connection
from .ledger import Ledger
from .protocol import Frame, Future, Item

if TYPE_CHECKING:
    from ..messages import Message, ResultMessage

#: Messages of a run that are kept for the result and for errors.
KEPT = 1000
#: Uuids that are kept: entries that the CLI writes late are among the newest.
RECENT = 200
#: Seconds that the CLI gets to end a turn that was interrupted.
STOP_GRACE = 0.8
#: Seconds between two looks whether the CLI rests.
REST = 0.25
#: Frames that serve the SDK and are no part of the conversation.
PLUMBING = ("command_lifecycle", "control_request")
_NO_SESSION = ("No conversation found", "No message found", "--resume")


@attrs.define(kw_only=True, eq=False, repr=False)
class Terms:
    """What a turn is asked to do, beside its prompt."""

    timeout: float | None = None
    idle_timeout: float | None = None
    wait_for_background: bool = True
    stderr: Callable[[str], None] | None = None
    #: What is named when the session cannot be resumed.
    resume: str | None = None
    cwd: str | None = None


class Turn:
    """One turn in one connection."""

    def __init__(self, terms: Terms, session_id: str | None = None) -> None:
        self.terms = terms
        self.uuid = new_uuid()
        self.thread = threading.get_ident()
        self.session_id = session_id
        self.result: ResultMessage | None = None
        self.results: list[ResultMessage] = []
        self.last_message: Message | None = None
        self.messages: collections.deque[Message] = collections.deque(maxlen=KEPT)
        #: Uuids of the newest messages that this turn wrote into the transcript.
        self.uuids: collections.deque[str] = collections.deque([self.uuid], maxlen=RECENT)
        #: Whether user code runs now: its thread is in here, and not free for another turn.
        self.in_callback = False
        self.is_aborted = False
        self.was_sent = False
        #: Whether the session or the result has changed since somebody looked.
        self.has_news = False
        #: The environment of the process, as far as it is ours to know.
        self.env: Mapping[str, str] | None = None
        #: Whether stream events come only because another turn of this process wanted them.
        self.drops_stream_events = False
        self.saw_init = False
        self._started = time.monotonic()
        self._connection: Connection | None = None
        self._ledger = Ledger()
        self._inbox: collections.deque[Item] = collections.deque()
        self._to_message: Callable[[Frame, bytes], Message]
        self._interrupt: Future | None = None
        #: Whether the turn has ended by itself, or was given up.
        self.is_over = False
        # Who takes the one entry decides how the turn ends: by itself, or by abort. `pop` is atomic.
        self._fate = [True]

    @property
    def elapsed(self) -> float:
        """Seconds since the turn began."""
        return time.monotonic() - self._started

    def open(self, connection: Connection, ledger: Ledger) -> None:
        """Take a connection for this turn."""
        from .._converter import structure_message  # loaded while the CLI starts, not with the package

        self._to_message = structure_message
        self._connection, self._ledger, self._inbox = connection, ledger, connection.inbox
        connection.owner = self.thread

    def send(self, line: bytes) -> None:
        """Send the prompt."""
        if self._connection is not None:
            self._ledger.begin(self.uuid)
            self.was_sent = True
            self._connection.send(line)

    @property
    def was_noticed(self) -> bool:
        """Whether the CLI has shown that it took the prompt."""
        last = self.last_message
        return self._ledger.prompt_state != "" or (last is not None and not last.is_background)

    def renew(self) -> None:
        """Make ready to send the prompt to another process: the one that should have taken it was dead."""
        self.uuid, self.was_sent, self.is_over, self._fate = new_uuid(), False, False, [True]
        self.uuids.append(self.uuid)

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
            if self._inbox and not self.is_aborted and self.terms.timeout is None:
                item = self._inbox.popleft()
            else:
                item = self._next_item()
            if item is None:
                continue
            if isinstance(item, str):
                self._tell_stderr(item)
                continue
            frame, line = item
            if frame.get("type") == "stream_event":
                message = None if self._drops_stream_event() else self._structure(frame, line)
            else:
                message = self._take(frame, line)
            if message is not None:
                return message
        return None

    def _next_item(self) -> Any:
        connection = self._connection
        if connection is None:
            raise ProcessError("the turn has no process")
        deadline = self.deadline()
        item = None
        try:
            item = connection.next_item(self._was_aborted, deadline)
        except ProcessError as error:
            if not self.is_aborted:
                raise self._ended(error) from None
        if self.is_aborted:
            raise self._aborted()
        if item is None:
            raise self._expired()
        return item

    def _was_aborted(self) -> bool:
        return self.is_aborted

    def deadline(self) -> float | None:
        """When to give up, on the clock of `time.monotonic`: silence counts from now, so callbacks do not."""
        limits = []
        if self.terms.timeout is not None:
            limits.append(self._started + self.terms.timeout)
        if self.terms.idle_timeout is not None:
            limits.append(time.monotonic() + self.terms.idle_timeout)
        return min(limits) if limits else None

    def _take(self, frame: Frame, line: bytes) -> Message | None:
        kind = frame.get("type")
        if kind == "control_request":
            self._serve(frame)
            return None
        self._ledger.note(frame)
        if kind in PLUMBING or frame.get("sdk_host_only") or self._ledger.is_discarding:
            self._look_for_rest()
            return None
        self._remember(kind, frame)
        message = self._structure(frame, line)
        if message.is_result:
            self._take_result(frame, cast("ResultMessage", message))
        self.messages.append(message)
        self.last_message = message
        return message

    def _drops_stream_event(self) -> bool:
        return self.drops_stream_events or self._ledger.is_discarding

    def _structure(self, frame: Frame, line: bytes) -> Message:
        message = self._to_message(frame, line)
        if self._ledger.is_before_prompt:
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

    def _remember(self, kind: object, frame: Frame) -> None:
        if kind in ("assistant", "user"):
            self.uuids.append(str(frame.get("uuid")))
        elif kind == "result" or frame.get("subtype") == "init":
            if not self.saw_init and kind == "result":
                self._check_session(frame)
            self.saw_init = self.has_news = True
            session_id = frame.get("session_id")
            self.session_id = session_id if session_id and isinstance(session_id, str) else self.session_id

    def _take_result(self, frame: Frame, message: ResultMessage) -> None:
        ledger = self._ledger
        if self.result is None and not ledger.answers(frame):
            return
        self.result = message
        self.results.append(message)
        if not (self.terms.wait_for_background and ledger.expects_reports):
            self._finish()

    def _look_for_rest(self) -> None:
        # With background agents alive the CLI calls itself idle only when all of them have reported.
        if self.result is not None and self._ledger.state == "idle":
            self._finish()

    def _finish(self) -> None:
        """End by itself, unless an abort came first."""
        if self._fate:
            try:
                self._fate.pop()
            except IndexError:
                return  # an abort took it a moment ago
            self.is_over = True

    def _tell_stderr(self, line: str) -> None:
        if self.terms.stderr is not None:
            self.in_callback = True
            try:
                self.terms.stderr(line)
            finally:
                self.in_callback = False

    # --- early ends

    def abort(self) -> bool:
        """Ask for the end, from anywhere; never waits. Returns whether the turn was running."""
        if not self.is_aborted:
            try:
                self._fate.pop()
            except IndexError:
                return self.is_aborted
            self.is_aborted = True
        if self._connection is not None:
            self._post_interrupt(self._connection)
        return True

    def _post_interrupt(self, connection: Connection) -> None:
        if self._interrupt is None and self.was_sent:
            self._interrupt = connection.post("interrupt", {"cancel_queued": True})
        else:
            connection.transport.wake()

    def stop(self, grace: float = STOP_GRACE) -> bool:
        """
        Interrupt the turn and read on, silently, until the CLI has ended it.

        Returns:
            Whether it did in time, so that the process can be kept.
        """
        self._finish()
        connection = self._connection
        if connection is None or not connection.is_usable:
            return False
        if not self.was_sent:
            return True
        deadline = time.monotonic() + grace
        self._post_interrupt(connection)
        try:
            while not self._has_stopped():
                item = connection.next_item(self._has_stopped, deadline)
                if item is not None:
                    self._absorb(item)
                elif time.monotonic() >= deadline:
                    return False
        except AgentSDKError:
            return False  # the process ended first: there is nothing left to stop
        self._ledger.is_discarding = True
        return True

    def _has_stopped(self) -> bool:
        interrupt = self._interrupt
        if interrupt is None or not interrupt.done:
            return False
        cancelled = interrupt.response.get("cancelled")
        return self.result is not None or (isinstance(cancelled, list) and self.uuid in cancelled)

    def _absorb(self, item: Any) -> None:
        """Take an item of a turn that nobody listens to any more."""
        if isinstance(item, str):
            return
        frame, line = item
        if frame.get("type") == "control_request":
            self._refuse(frame)
            return
        self._ledger.note(frame)
        if frame.get("type") in ("assistant", "user", "result") or frame.get("subtype") == "init":
            self._remember(frame.get("type"), frame)
        if frame.get("type") == "result" and self._ledger.answers(frame):
            message = self._structure(frame, line)
            self.result = cast("ResultMessage", message)

    def _refuse(self, frame: Frame) -> None:
        if self._connection is not None and self._connection.protocol.taken(frame):
            self._connection.refuse(frame, "the turn was stopped")

    def tear(self) -> None:
        """End after an exception that may have fallen anywhere, such as Ctrl-C: the process is not trusted now."""
        self._finish()
        if self._connection is not None:
            self._connection.tear(interrupt=self.was_sent)

    # --- errors

    def _aborted(self) -> AbortError:
        stopped = self.stop()
        if not stopped and self._connection is not None:
            self._connection.drop()
        return AbortError(
            "the turn was aborted; the next query goes on with its session",
            session_id=self.session_id,
            result=self.result,
            messages=list(self.messages),
        )

    def _expired(self) -> AgentTimeoutError:
        elapsed = self.elapsed
        total = self.terms.timeout is not None and elapsed >= self.terms.timeout
        what = f"timeout={self.terms.timeout:g}" if total else f"idle_timeout={self.terms.idle_timeout:g}"
        if not self.stop() and self._connection is not None:
            self._connection.drop()
        return AgentTimeoutError(
            f"no result after {elapsed:.1f} seconds ({what}); the turn was stopped, its session can be resumed",
            session_id=self.session_id,
            elapsed=elapsed,
            last_message=self.last_message,
            messages=list(self.messages),
        )

    def _ended(self, error: ProcessError) -> ProcessError:
        self._finish()
        return ProcessError(
            str(error.args[0]),
            exit_code=error.exit_code,
            stderr=error.stderr,
            argv=error.argv,
            cwd=error.cwd,
            session_id=self.session_id,
            messages=list(self.messages),
        )

    def _check_session(self, frame: Frame) -> None:
        errors = frame.get("errors")
        text = str(errors[0]) if isinstance(errors, list) and errors else ""
        if self.terms.resume is None or not text.startswith(_NO_SESSION):
            return
        self._finish()
        raise session_not_found(text, self.terms.resume, self.terms.cwd, self.env)


class Watch(Turn):
    """A turn without a prompt: it reads until the CLI rests. Stopping it stops nothing but the reading."""

    def _next_item(self) -> Any:
        connection = self._connection
        while connection is not None and not self._rests(connection):
            limit = self.deadline()
            slice_end = time.monotonic() + REST
            item = connection.next_item(self._was_aborted, slice_end if limit is None else min(limit, slice_end))
            if self.is_aborted:
                raise self._aborted()
            if item is not None:
                return item
            if limit is not None and time.monotonic() >= limit:
                raise self._expired()
        if self.is_aborted:
            raise self._aborted()
        self._finish()
        return None

    def open(self, connection: Connection, ledger: Ledger) -> None:
        super().open(connection, ledger)
        ledger.begin("")

    def _rests(self, connection: Connection) -> bool:
        if not connection.inbox:
            connection.look()
        return not connection.inbox and self._ledger.is_at_rest

    def _take_result(self, frame: Frame, message: ResultMessage) -> None:
        self.results.append(message)

    def stop(self, grace: float = STOP_GRACE) -> bool:
        self._finish()
        return True


def new_uuid() -> str:
    """Return a fresh UUID, version 4."""
    import uuid

    return str(uuid.uuid4())


def session_not_found(
    text: str, session_id: str, cwd: str | None, env: Mapping[str, str] | None
) -> SessionNotFoundError:
    """Build the error for a session that the CLI cannot resume; *env* is the CLI's environment."""
    from ..transcripts.paths import find_transcripts

    directory, found = cwd or os.getcwd(), find_transcripts(session_id, env)
    where = f"a transcript of that id lies at {', '.join(found)}" if found else "no transcript of that id was found"
    return SessionNotFoundError(
        f"{text} (directory {directory}; {where})", session_id=session_id, directory=directory, found=found
    )
