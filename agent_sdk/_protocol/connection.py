"""
The connection: one pump over a transport, and the inbox of the running turn.

Whoever waits pumps. The rules that keep it safe:

- One leader: a claim in an atomic place says who pumps. No lock is held while polling or in user code, and there is no
  `Condition`, whose `__enter__` is Python code in which a KeyboardInterrupt would leave the lock held.
- Who finds a leader follows: waits on a lock of its own, until the leader leaves.
- The pump never runs user code: it decodes, settles futures and fills the inbox.
- Only the leader sends; everyone else queues, and wakes it.
- A call that finds this very thread to be the leader (from a signal handler or a finaliser) raises `BusyError`.
- The end of the lines settles every question with one error.
- After an exception in the pump (a KeyboardInterrupt may fall between reading and sorting) the connection is torn.
"""
from __future__ import annotations

import copy
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from .._core.callbacks import dispatch
from ..errors import AgentSDKError, BusyError, ControlTimeoutError, ProcessError
from ..transport import Transport
from . import dispatch as requests
from .callback_set import CallbackSet
from .protocol import RAISE, Frame, Future, Item, Protocol, refuse

#: Seconds to wait for the answer to a control request.
REQUEST_TIMEOUT = 60.0

#: Of one thread, on the seat of the leader; two claims are equal when they are of one thread.
PumpToken = tuple[int]
PUMP = "leader"
_CLOSED = "the connection to the CLI was closed"

_connections: weakref.WeakSet[Connection] = weakref.WeakSet()


class Connection:
    """One process to talk to."""

    def __init__(self, transport: Transport, host: CallbackSet | None = None) -> None:
        self.transport = transport
        self.callbacks = host or CallbackSet()
        mirror = self.callbacks.mirror
        self.protocol = Protocol(self._answer_at_once, None if mirror is None else mirror.add)
        self.inbox = self.protocol.inbox
        #: Why the lines ended; *None* while they have not.
        self.ended: AgentSDKError | None = None
        self.broken = False
        #: The thread whose turn runs; callbacks run there and nowhere else.
        self.owner: int | None = None
        # Who pumps: one claim, or none. `setdefault` is atomic, and there is no lock that Ctrl-C could leave held.
        self._pump_owner: dict[str, PumpToken] = {}
        self._waiters: set[Any] = set()
        _connections.add(self)

    def start(self, wants_stderr: bool) -> None:
        """Start the transport."""
        self.transport.start(self.inbox.append if wants_stderr else None)

    @property
    def is_usable(self) -> bool:
        """Whether another turn can run here, as far as was read."""
        return self.ended is None and not self.broken

    def poll(self) -> bool:
        """Read what is there, without waiting, and tell whether another turn can run here."""
        if self.is_usable:
            self._pump_if_free()
        return self.is_usable

    def _pump_if_free(self) -> bool:
        """Pump once without waiting, unless somebody pumps. Waits for no lock."""
        claim = (threading.get_ident(),)
        try:
            if self._pump_owner.setdefault(PUMP, claim) is not claim:
                return False
            self._pump(claim, 0)
            return True
        except BaseException:
            self.release_pump(claim)
            raise

    # --- waiting

    def wait(self, done: Callable[[], Any], deadline: float | None) -> bool:
        """
        Pump, or let pump, until *done* is true.

        Args:
            done: Asked between frames; must be quick and have no need of locks.
            deadline: On the clock of `time.monotonic`; *None* for no bound.

        Returns:
            False when the deadline passed first.

        Raises:
            AgentSDKError: The lines ended first.
            BusyError: This very thread is pumping already.
        """
        while not done():
            if not self._step(done, deadline):
                return False
        return True

    def _step(self, done: Callable[[], Any], deadline: float | None) -> bool:
        """Pump once, or follow who pumps; false when the deadline has passed."""
        if self.ended is not None:
            raise copy.copy(self.ended)  # each waiter has a traceback of its own
        if self.broken:
            raise ProcessError(_CLOSED)  # whoever tears it reads the rest alone
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return False
        claim = (threading.get_ident(),)
        try:
            holder = self._pump_owner.setdefault(PUMP, claim)
            if holder is claim:
                self._pump(claim, left)
            elif holder == claim:
                raise BusyError("this thread is already reading from the CLI; call it outside the signal handler")
            else:
                self._wait_for_pump(done, left)
            return True
        except BaseException:
            self.release_pump(claim)  # Ctrl-C may have come when the claim was made and nothing else
            raise

    def _pump(self, claim: PumpToken, timeout: float | None) -> None:
        try:
            sort = self.protocol.process_frame
            lines = self.transport.read_lines(timeout)
            lines.reverse()
            while lines:  # popped, so that no huge line is kept alive here
                sort(lines.pop())
        except EOFError:
            self._end(self.transport.end_error())
        except BaseException:
            self.broken = True
            raise
        finally:
            self.release_pump(claim)

    def release_pump(self, claim: PumpToken) -> None:
        """Leave the seat, and let those go on who wait for it."""
        if self._pump_owner.get(PUMP) is claim:
            del self._pump_owner[PUMP]
        if self._waiters:
            self._release_waiters()

    def _wait_for_pump(self, done: Callable[[], Any], timeout: float | None) -> None:
        ticket = threading.Lock()
        ticket.acquire()
        self._waiters.add(ticket)
        try:
            if self._pump_owner and not done():
                ticket.acquire(timeout=-1 if timeout is None else timeout)
        finally:
            self._waiters.discard(ticket)

    def _release_waiters(self) -> None:
        for ticket in list(self._waiters):
            self._waiters.discard(ticket)
            try:
                ticket.release()
            except RuntimeError:
                continue  # its follower has gone on by itself

    def _end(self, error: AgentSDKError) -> None:
        if self.ended is None:
            self.ended = error
        self.protocol.fail_all(self.ended)

    def take_over(self, deadline: float) -> PumpToken:
        """Take the seat for the end of a torn connection, from whoever has it; by the deadline it is taken anyway."""
        claim = (threading.get_ident(),)
        while (holder := self._pump_owner.setdefault(PUMP, claim)) is not claim:
            if holder == claim or time.monotonic() >= deadline:
                self._pump_owner[PUMP] = claim  # left behind by this very thread, or by one that does not come back
                break
            self.transport.wake()
            self._wait_for_pump(lambda: False, 0.05)
        return claim

    # --- sending

    def send(self, line: bytes) -> None:
        """Queue *line*; it goes out when somebody pumps, at once if somebody does. Never waits, takes no lock."""
        self.transport.send_line(line)
        leader = self._pump_owner.get(PUMP)
        if leader is not None and leader[0] != threading.get_ident():
            self.transport.wake()

    def send_now(self, line: bytes) -> None:
        """Queue *line*; where nobody pumps, pump once without waiting: the turn's thread may be busy in a callback."""
        self.transport.send_line(line)
        self.flush()

    def send_request(self, subtype: str, fields: Frame) -> Future:
        """Ask without waiting: from any thread, a callback or a signal handler."""
        future, line = self._question(subtype, fields)
        self.send_now(line)
        return future

    def request(self, subtype: str, fields: Frame, timeout: float = REQUEST_TIMEOUT) -> Frame:
        """
        Ask the CLI and wait for its answer.

        In the turn's own thread, and between turns, the CLI's own questions are served meanwhile.

        Raises:
            ControlError: The CLI refused, or did not answer in time.
            AgentSDKError: The CLI ended first.
        """
        future, line = self._question(subtype, fields)
        self.send(line)
        if not self.wait(lambda: self.settled(future), time.monotonic() + timeout):
            raise ControlTimeoutError(f"{subtype}: no answer from the CLI within {timeout:g} seconds", subtype=subtype)
        return future.result()

    def _question(self, subtype: str, fields: Frame) -> tuple[Future, bytes]:
        if subtype == "interrupt":
            # The CLI withdraws what it asked, but nobody may be reading while a callback runs.
            self.protocol.cancel_open()
            self.callbacks.cancel_calls()
        return self.protocol.request(subtype, fields)

    def settled(self, future: Future) -> bool:
        if self.protocol.requests and not future.done and self.owner in (None, threading.get_ident()):
            self.serve_waiting()
        return future.done

    def serve_waiting(self) -> None:
        """Answer the control requests in the inbox, past the messages before them."""
        while (frame := self.protocol.take_request()) is not None:
            self.serve(frame)

    def serve_first(self, wanted: Callable[[Frame], bool], seconds: float) -> None:
        """Answer the control request that *wanted* tells, before what is before it; wait for it that long to come."""
        deadline = time.monotonic() + seconds
        taken: list[Frame] = []

        def is_there() -> bool:
            frame = self.protocol.take_request(wanted)
            taken.extend([frame] if frame is not None else [])
            return bool(taken)

        self.wait(is_there, deadline)
        for frame in taken:
            self.serve(frame)

    def serve(self, frame: Frame) -> None:
        """Answer one control request of the CLI, unless it was withdrawn."""
        question = requests.ControlRequest(self, frame)
        if self.protocol.open(question.key, question):
            dispatch(requests.answer, question)

    def refuse(self, frame: Frame, reason: str) -> None:
        """Refuse a control request of the CLI that nobody will serve."""
        call = self.callbacks.pending_tool_calls.pop(str(frame.get("request_id")), None)
        if call is not None:
            call.discard()
        self.send(refuse(frame.get("request_id"), reason))

    def answer(self, question: requests.ControlRequest, line: bytes) -> None:
        """Send the answer to a question of the CLI; the second one, and one that is not waited for, are dropped."""
        if self.protocol.close(question.key):
            self.send(line)

    def raise_in_turn(self, error: BaseException) -> None:
        """Let *error* leave the turn in its own thread; from another one."""
        self.inbox.append(({"type": RAISE, "error": error}, b""))
        self.flush()

    def flush(self) -> None:
        """Get out what is queued, from a thread that does not pump."""
        if not self._pump_if_free():
            self.transport.wake()

    def _answer_at_once(self, frame: Frame) -> bool:
        line = requests.reply_inline(self.callbacks, frame) if self.callbacks.servers else None
        if line is not None:
            self.transport.send_line(line)
        return line is not None

    def next_item(self, interrupted: Callable[[], Any], deadline: float | None) -> Item | None:
        """Take the next item of the inbox; *None* when *interrupted* or at the deadline."""
        inbox = self.inbox
        while not inbox and not interrupted():
            if not self._step(lambda: inbox or interrupted(), deadline):
                break
        try:
            return inbox.popleft()
        except IndexError:
            return None

    # --- ending

    def close(self, grace: float) -> None:
        """
        End the process: its input first, then by the ladder; bounded, and safe to call again.

        Args:
            grace: Seconds for the CLI to end by itself; it writes the end of its transcript then.
        """
        try:
            self.transport.end_input()
            if self.ended is None and not self.broken and grace > 0:
                self.transport.wake()
                self.wait(lambda: self.ended, time.monotonic() + grace)
        except AgentSDKError:
            pass  # it ended, or this thread was stopped while it pumped: the ladder goes on either way
        finally:
            self.drop(grace=0.0 if self.ended is None else 1.0)

    def drop(self, grace: float = 0.0) -> None:
        """End the process without reading on."""
        try:
            self.transport.close(grace=grace)
        finally:
            self.callbacks.close()
            self._end(ProcessError(_CLOSED))
            self._release_waiters()

    def forget(self) -> None:
        """Give up in a forked child what belongs to the parent."""
        self._pump_owner, self._waiters, self.broken = {}, set(), True
        self.ended = ProcessError("the CLI belongs to the process that forked this one")


def _after_fork() -> None:
    for connection in list(_connections):
        connection.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
