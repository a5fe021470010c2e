"""
`Conversation`: one session from turn to turn, and the life cycle of each turn: begin, open, send, finish, break off.

`Client` is its public face; streams run its turns.
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
    """What a conversation needs of the stream that reads its turn."""

    is_displaced: bool

    def close(self) -> None:
        """Stop the turn."""


class Conversation:
    """
    One session, its process and its turns.

    Args:
        options: Those of every turn; what they say of the session opens it, once.
        is_one_shot: Whether the session ends with its first turn, as far as hooks are concerned.
    """

    def __init__(self, options: Options, is_one_shot: bool = False) -> None:
        opening = session_options(options)
        self.usage = UsageTotals()
        self.process = ClientProcess(options.evolve(**NO_SESSION) if opening else options, opening, self.usage)
        self.callbacks = ClientCallbacks()
        #: The id of the newest init or result; *None* before the first and after `close`.
        self.session_id: str | None = opening.get("session_id")
        self.session_ids: list[str] = []
        self._is_one_shot = is_one_shot
        self._lock = SessionLock()
        self._mutex = threading.Lock()
        self._turn: Turn | None = None
        # Not held: a stream that is garbage stops its turn.
        self._stream: weakref.ref[OpenStream] | None = None

    @property
    def options(self) -> Options:
        """The options of the next turn."""
        return self.process.client_options

    @options.setter
    def options(self, options: Options) -> None:
        self.process.client_options = options

    @property
    def is_running(self) -> bool:
        """Whether a turn runs."""
        return self._turn is not None

    def connect(self) -> Connection:
        """Return the connection of the running turn, else one to a process that is started if need be."""
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
                raise BusyError("a turn is running in this client; wait for it, abort it, or use another client")
            self._turn, self._stream = turn, weakref.ref(stream)
        return turn

    def _close_open_stream(self) -> None:
        """Close a stream that this thread left open."""
        running, stream = self._turn, None if self._stream is None else self._stream()
        if running is None or running.state.thread != threading.get_ident():
            return
        if running.state.in_callback:
            raise BusyError("a callback cannot query its own client: its turn is still running; use another client")
        log.warn("a stream was left open; the next query closes it", ResourceWarning)
        if stream is not None:
            stream.is_displaced = not running.state.is_over  # its reader must not take this for the end of the turn
            stream.close()

    def open(self, turn: Turn, options: Options) -> bool:
        """Give *turn* a process and its session's lock; return whether the process was there before."""
        if session_options(options):
            self.switch_session(options)
            options = options.evolve(**NO_SESSION)
            self.options = self.options.evolve(**NO_SESSION)  # a session is opened once, not by every turn
        process, state = self.process, turn.state
        state.limits.resume = process.session_to_resume or None
        state.location = SessionLocation.with_overrides(options.cwd, options.env)
        if not process.forks:
            self._lock.acquire(turn, process.session_to_resume, options)
        before = process.connection
        return process.ensure_running(options, turn) is before

    def update(self, turn: Turn, message: Message, options: Options) -> None:
        """Take what an init or a result says of the session."""
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
        """End a turn that is over, and the process that was for this turn alone."""
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
        """End a turn after an exception that may have fallen anywhere; its process is not trusted any more."""
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
        """Stop the running turn from anywhere, without waiting; return whether one was running."""
        turn = self._turn
        return turn is not None and turn.abort()

    # --- the session

    def switch_session(self, options: Options) -> None:
        """Let the next turn open the session that *options* name."""
        opening = session_options(options)
        if opening.get("fork_session") and not opening.get("resume") and not opening.get("continue_conversation"):
            if self.session_id is None:
                raise ConfigurationError("fork_session: this client has no session yet; query first")
            opening["resume"] = self.session_id
        self.process.close()
        self.process.switch_session(opening)

    def close(self) -> None:
        """Abort the running turn, end the process, and forget the session."""
        try:
            if not self.abort() and self._turn is None:
                self.process.fire_session_end()
        finally:
            self.process.close()
            self.process.switch_session({})
            self.session_id = None


def session_options(options: Options) -> dict[str, Any]:
    """Return those of *options* that say which session to open."""
    return {name: getattr(options, name) for name in SESSION if getattr(options, name)}
