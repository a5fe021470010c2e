"""
`Conversation`: one session over several turns, and the life cycle of a turn: begin, open, send, finish, break off.

`Client` is its public interface; streams run its turns.
"""
from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol, cast

from .._core import log
from .._protocol.connection import Connection
from .._protocol.turn import Turn
from .._protocol.turn_state import TurnLimits
from ..errors import BusyError, ConfigurationError
from ..options.options import NO_SESSION, SESSION, Options
from ..transcripts.location import SessionLocation
from .callbacks import ClientCallbacks
from .process import ONE_SHOT_GRACE, ClientProcess
from .session_lock import SessionLock
from .usage import LEDGERS, UsageTotals

if TYPE_CHECKING:
    from ..messages import Message, ResultMessage


class OpenStream(Protocol):
    """The part of a stream that its conversation uses."""

    is_displaced: bool

    def close(self) -> None:
        """Stop the turn."""


class Conversation:
    """
    A session, its process and its turns.

    Args:
        options: Options for every turn. Options that select the session are used once.
        is_one_shot: Whether the session ends after its first turn, which fires SessionEnd hooks.
    """

    def __init__(self, options: Options, is_one_shot: bool = False) -> None:
        opening = session_options(options)
        self.usage = UsageTotals()
        self.process = ClientProcess(options.evolve(**NO_SESSION) if opening else options, opening, self.usage)
        self.callbacks = ClientCallbacks()
        #: Id of the newest init or result message; *None* before the first one and after `close`.
        self.session_id: str | None = opening.get("session_id")
        self.session_ids: list[str] = []
        self._is_one_shot = is_one_shot
        self._lock = SessionLock()
        self._mutex = threading.Lock()
        self._turn: Turn | None = None
        # A weak reference: a garbage-collected stream stops its turn.
        self._stream: weakref.ref[OpenStream] | None = None

    @property
    def options(self) -> Options:
        """The options for the next turn."""
        return self.process.client_options

    @options.setter
    def options(self, options: Options) -> None:
        self.process.client_options = options

    @property
    def is_running(self) -> bool:
        """Whether a turn is running."""
        return self._turn is not None

    def connect(self) -> Connection:
        """Return the connection of the running turn, or of a process, which is started if needed."""
        connection = self.process.connection
        if self._turn is not None and connection is not None:
            return connection
        return self.process.ensure_running(self.options)

    # --- one turn

    def begin(self, options: Options, stream: OpenStream, kind: type[Turn] = Turn) -> Turn:
        """Begin a turn."""
        limits = TurnLimits(
            timeout=options.timeout,
            idle_timeout=options.idle_timeout,
            wait_for_background=options.wait_for_background,
            stderr=options.stderr,
        )
        turn = kind(limits, self.session_id)
        self._close_open_stream()
        with self._mutex:
            if self._turn is not None:
                raise BusyError("this client is already running a turn; wait for it, abort it, or use another client")
            self._turn, self._stream = turn, weakref.ref(stream)
        return turn

    def _close_open_stream(self) -> None:
        """Close an unfinished stream of this thread."""
        running, stream = self._turn, None if self._stream is None else self._stream()
        if running is None or running.state.thread != threading.get_ident():
            return
        if running.state.in_callback:
            raise BusyError("a callback cannot query its own client while the turn is running; use another client")
        log.warn("a stream was not closed; the next query closes it", ResourceWarning)
        if stream is not None:
            stream.is_displaced = not running.state.is_over  # otherwise its reader would see a normal end of the turn
            stream.close()

    def open(self, turn: Turn, options: Options) -> bool:
        """Acquire the session lock and a process for *turn*; return whether the process already existed."""
        if session_options(options):
            self.switch_session(options)
            options = options.evolve(**NO_SESSION)
            self.options = self.options.evolve(**NO_SESSION)  # only the first turn opens the session
        process, state = self.process, turn.state
        state.limits.resume = process.session_to_resume or None
        state.location = SessionLocation.with_overrides(options.cwd, options.env)
        if not process.forks:
            self._lock.acquire(turn, process.session_to_resume, options)
        before = process.connection
        return process.ensure_running(options, turn) is before

    def update(self, turn: Turn, message: Message, options: Options) -> None:
        """Update the session from an init or result message."""
        state, session_id = turn.state, turn.state.session_id
        state.changed = False
        if session_id is not None:
            self.session_id = self.process.session_id = session_id
            if session_id not in self.session_ids:
                self.session_ids.append(session_id)
        self._lock.move_to(turn, options)
        if message.is_init:
            state.call(self.process.fire_session_start, message)
        if message.is_result:
            self.count(cast("ResultMessage", message))

    def count(self, result: ResultMessage) -> None:
        """Add a result to the usage."""
        self.usage.add(result)
        for add in LEDGERS.get():
            add(result)

    def finish(self, turn: Turn, options: Options) -> None:
        """End a finished turn, and its process unless the process is kept."""
        try:
            self._count_undelivered(turn)
            connection = self.process.connection
            if connection is not None:
                connection.owner = None
                connection.callbacks.begin_turn(None)
                if options.persistent and connection.is_usable:
                    if turn.is_open:
                        self.process.finish_turn(turn.state)
                else:
                    if self._is_one_shot:
                        self.process.fire_session_end()
                    self.process.close(ONE_SHOT_GRACE)
        finally:
            self._release(turn)

    def break_off(self, turn: Turn) -> None:
        """End a turn after an exception at an unknown point; its process is no longer trusted."""
        try:
            turn.break_off()
            self._count_undelivered(turn)
        finally:
            self._release(turn)

    def _count_undelivered(self, turn: Turn) -> None:
        for result in turn.state.undelivered:
            self.count(result)

    def _release(self, turn: Turn) -> None:
        if self._turn is turn:
            try:
                self.process.clean_up()
            finally:
                self._lock.release()
                self._turn = self._stream = None

    def abort(self) -> bool:
        """Abort the running turn from any thread, without waiting; return whether a turn was running."""
        turn = self._turn
        return turn is not None and turn.abort()

    # --- the session

    def switch_session(self, options: Options) -> None:
        """Make the next turn open the session selected by *options*."""
        opening = session_options(options)
        if opening.get("fork_session") and not opening.get("resume") and not opening.get("continue_conversation"):
            if self.session_id is None:
                raise ConfigurationError("fork_session: this client has no session yet; run a query first")
            opening["resume"] = self.session_id
        self.process.close()
        self.process.switch_session(opening)

    def close(self) -> None:
        """Abort the running turn, end the process and the session."""
        try:
            if not self.abort() and self._turn is None:
                self.process.fire_session_end()
        finally:
            self.process.close()
            self.process.switch_session({})
            self.session_id = None


def session_options(options: Options) -> dict[str, Any]:
    """Return the set options that select a session."""
    return {name: getattr(options, name) for name in SESSION if getattr(options, name)}
