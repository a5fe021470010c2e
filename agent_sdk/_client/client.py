"""
`Client`: a conversation that goes on from call to call, in one kept process.
"""
from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core import log
from .._core.callbacks import check_callback
from .._core.checks import invalid
from .._protocol.terms import TurnLimits
from .._protocol.turn import Turn
from ..errors import BusyError, ConfigurationError
from ..options.options import NAMES, NO_SESSION, SESSION, Options, options_of
from .callbacks import ClientCallbacks, OnMessage
from .control_requests import ControlRequests
from .process import ONE_SHOT_GRACE, ClientProcess
from .prompt import Prompt, content_of
from .stream import IdleStream, MessageStream
from .usage import LEDGERS, UsageTotals

if TYPE_CHECKING:
    from ..messages import ResultMessage, Usage



class Client(ClientCallbacks, ControlRequests):
    """
    One conversation with the CLI.

    Keeps its process for the next turn and its session for as long as it lives; use it in a `with` block, or call
    `close`. One turn at a time. It may be made in one thread and used in another.

    Args:
        options: The options to start from; *overrides* are options by name, above them.

    Raises:
        ConfigurationError: An option's name or value is wrong.
    """

    def __init__(self, options: Options | None = None, **overrides: Any) -> None:
        merged = options_of(options, overrides)
        opening = {name: getattr(merged, name) for name in SESSION if getattr(merged, name)}
        self._options = merged.evolve(**NO_SESSION) if opening else merged
        self._keeper = ClientProcess(opening)
        self._mutex = threading.Lock()
        self._turn: Turn | None = None
        # Not held: a stream that nobody reads any more stops its turn.
        self._stream: weakref.ref[MessageStream] | None = None
        self._session_id: str | None = opening.get("session_id")
        self._session_ids: list[str] = []
        self._callbacks: list[tuple[str, OnMessage]] = []
        self._usage_totals = UsageTotals()
        #: The session ends with its first turn, as far as hooks are concerned.
        self._is_one_shot = False

    # --- state

    @property
    def session_id(self) -> str | None:
        """Id of the session: that of the newest init or result; *None* before the first and after `close`."""
        return self._session_id

    @property
    def session_ids(self) -> list[str]:
        """All ids that the session of this client has had, oldest first."""
        return list(self._session_ids)

    @property
    def pid(self) -> int | None:
        """Process id of the CLI, while one lives."""
        connection = self._keeper.connection
        return connection.transport.pid if connection is not None and connection.is_usable else None

    @property
    def options(self) -> Options:
        """The options of the next turn."""
        return self._options

    @property
    def capabilities(self) -> dict[str, Any]:
        """What was asked for: `tools`, `permission_mode`, `max_turns`, `model`."""
        asked = self._options
        return {
            "tools": list(asked.allowed_tools or asked.tools or ()),
            "permission_mode": asked.permission_mode,
            "max_turns": asked.max_turns,
            "model": asked.model,
        }

    @property
    def usage(self) -> Usage:
        """Tokens over this client's life, each counted once."""
        return self._usage_totals.usage

    @property
    def total_cost_usd(self) -> float:
        """US dollars over this client's life, each counted once."""
        return self._usage_totals.cost

    # --- turns

    def query(self, prompt: Prompt, on_message: OnMessage | None = None, **overrides: Any) -> ResultMessage:
        """
        Run one turn in this session and return its result, good or bad.

        Args:
            prompt: A string, or a list of strings and content blocks.
            on_message: Called for every message, in order, in this thread.
            overrides: Options for this call alone. *resume* and *fork_session* move the client for good.

        Raises:
            AgentSDKError: As the tree in `agent_sdk.errors` says; whatever *on_message* raises comes through unchanged.
        """
        check_callback("on_message", on_message)
        result = self.stream(prompt, **overrides).run(on_message)
        return result

    def stream(self, prompt: Prompt, **overrides: Any) -> MessageStream:
        """Run one turn in this session as an iterator of its messages."""
        content_of(prompt)
        options = self._options.evolve(**overrides)
        if options.retry is not None:
            from .retrying_stream import RetryingStream

            return RetryingStream(self, prompt, options)
        return MessageStream(self, prompt, options)

    def abort(self) -> bool:
        """
        Stop the running turn, from any thread, callback or signal handler, without waiting.

        Returns:
            Whether a turn was running; then its call raises `AbortError` and no further callback runs for it.
        """
        turn = self._turn
        return turn is not None and turn.abort()

    def start(self) -> Client:
        """Start the process without a prompt, so that the first query does not wait for it."""
        self._connect()
        return self

    def wait_idle(self, timeout: float | None = None, on_message: OnMessage | None = None) -> bool:
        """
        Read what the CLI does without a prompt, until it has nothing left to do.

        Between turns nothing is read by itself: call this to see background work end.

        Args:
            timeout: Seconds to wait; *None* waits as long as it takes.
            on_message: Called for each message, in order, in this thread.

        Returns:
            True when the CLI is idle, False when *timeout* passed first.

        Raises:
            BusyError: A turn is running.
        """
        check_callback("on_message", on_message)
        if not self._keeper.is_running:
            return True
        stream = IdleStream(self, timeout)
        with stream:
            for message in stream:
                if on_message is not None:
                    on_message(message)
        return stream.is_idle

    def close(self) -> None:
        """
        End the process and forget the session: the next query starts a fresh one.

        Aborts a running turn first. Bounded in time whatever the process does; a second call does nothing.
        """
        turn = self._turn
        try:
            if turn is not None:
                turn.abort()
            else:
                self._keeper.fire_session_end()
        finally:
            self._keeper.close()
            self._keeper.switch_session({})
            self._session_id = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- sessions

    def fork(self) -> Client:
        """Return a client whose first query goes on in a copy of this session."""
        if self._session_id is None:
            raise ConfigurationError("fork: this client has no session yet; query first")
        return Client(self._options, resume=self._session_id, fork_session=True)

    def resume(self, session_id: str) -> Client:
        """
        Go on with another session in the next query.

        Raises:
            ConfigurationError: *session_id* is none; `close` lets the next query begin a new session.
        """
        if session_id is None:
            raise invalid("session_id", session_id, "expected its id; after close() the next query begins anew")
        self._move(self._options.evolve(resume=session_id))
        return self

    def _move(self, options: Options) -> None:
        opening = {name: getattr(options, name) for name in SESSION if getattr(options, name)}
        if opening.get("fork_session") and not opening.get("resume") and not opening.get("continue_conversation"):
            if self._session_id is None:
                raise ConfigurationError("fork_session: this client has no session yet; query first")
            opening["resume"] = self._session_id
        self._keeper.close()
        self._keeper.switch_session(opening)

    def _count(self, result: ResultMessage) -> None:
        self._usage_totals.add(result)
        self._keeper.cost_usd = self._usage_totals.cost
        for add in LEDGERS.get():
            add(result)

    # --- what a stream asks of its client

    def _begin(self, options: Options, stream: MessageStream, kind: type[Turn] = Turn) -> Turn:
        terms = TurnLimits(
            timeout=options.timeout,
            idle_timeout=options.idle_timeout,
            wait_for_background=options.wait_for_background,
            stderr=options.stderr,
            resume=self._keeper.session_to_resume(options),
            cwd=options.cwd,
        )
        turn = kind(terms, self._session_id)
        self._free_thread()
        with self._mutex:
            if self._turn is not None:
                raise BusyError("a turn is running in this client; wait for it, abort it, or use another client")
            self._turn, self._stream = turn, weakref.ref(stream)
        return turn

    def _free_thread(self) -> None:
        """Close a stream that this thread left open."""
        running, stream = self._turn, None if self._stream is None else self._stream()
        if running is None or running.thread != threading.get_ident():
            return
        if running.in_callback:
            raise BusyError("a callback cannot query its own client: its turn is still running; use another client")
        log.warn("a stream was left open; the next query closes it", ResourceWarning)
        if stream is not None:
            stream.is_displaced = not running.is_over  # whoever still reads it must not take this for its end
            stream.close()

    def _open(self, turn: Turn, options: Options) -> bool:
        """Give *turn* a process; tell whether it was there before."""
        if any(getattr(options, name) for name in SESSION):
            self._move(options)
            options = options.evolve(**NO_SESSION)
            self._options = self._options.evolve(**NO_SESSION)  # a session is opened once, not by every turn
        self._keeper.session_lock.acquire(turn, self._keeper.target, options)
        self._keeper.client_options = self._options
        before = self._keeper.connection
        return self._keeper.ensure_running(options, turn) is before

    def _moved(self, session_id: str | None) -> None:
        if session_id is not None:
            self._session_id = self._keeper.session_id = session_id
            if session_id not in self._session_ids:
                self._session_ids.append(session_id)

    def _finish(self, turn: Turn, options: Options) -> None:
        """A turn is over: note where the session stands; let go of a process that was for this turn alone."""
        try:
            connection = self._keeper.connection
            if connection is not None:
                connection.owner = None
                connection.callbacks.begin_turn(None)
                if options.persistent and connection.is_usable:
                    if turn.is_open:
                        self._keeper.finish_turn(turn)
                else:
                    if self._is_one_shot:
                        self._keeper.fire_session_end()
                    self._keeper.close(ONE_SHOT_GRACE)
        finally:
            self._torn(turn)

    def _torn(self, turn: Turn | None) -> None:
        if self._turn is turn:
            try:
                self._keeper.clean_up()
            finally:
                self._keeper.session_lock.release()
                self._turn = self._stream = None

    # --- builders

    def with_tools(self, *tools: str) -> Client:
        """Set *allowed_tools* for the next turns."""
        self._options = self._options.with_tools(*tools)
        return self

    def without_tools(self, *tools: str) -> Client:
        """Set *disallowed_tools* for the next turns."""
        self._options = self._options.without_tools(*tools)
        return self

    def __getattr__(self, name: str) -> Callable[..., Client]:
        option = self._options.builder(name)

        def build(value: Any = True) -> Client:
            self._options = self._options.evolve(**{option: value})
            return self

        return build

    def __setattr__(self, name: str, value: Any) -> None:
        if name in NAMES:
            remedy = f"give it to one query, query(..., {name}=...), or to all that follow, with_{name}(...)"
            raise AttributeError(f"client.{name} cannot be set: {remedy}", name=name, obj=self)
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        state = "RUNNING" if self._turn is not None else "IDLE" if self._keeper.is_running else "CLOSED"
        return f"<Client {self._session_id or 'no session yet'} {state}, {self._usage_totals.turns} turns>"

