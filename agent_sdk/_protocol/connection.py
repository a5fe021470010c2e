"""
`Connection`: one pump over a transport, and the inbox of the running turn.

There is no reader thread: a thread that waits for something pumps. The rules that keep it safe:

- One pump at a time: a token in an atomic place names its owner. No lock is held while polling or in user code, and
  there is no `Condition`, whose `__enter__` is Python code in which a KeyboardInterrupt would leave the lock held.
- A thread that finds the pump taken waits on a lock of its own, until the owner releases the pump.
- The pump never runs user code: it decodes, settles futures and fills the inbox.
- Only the pump writes; other threads queue their lines and wake it.
- A call in the very thread that pumps (from a signal handler or a finaliser) raises `BusyError`.
- The end of the lines settles every future with one error.
- After an exception in the pump (a KeyboardInterrupt may fall between reading and sorting) the connection is broken.
"""
from __future__ import annotations

import copy
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from .._core import json_lines
from .._core.callbacks import dispatch as dispatch_to_caller
from .._core.json_lines import Frame
from ..errors import AgentSDKError, BusyError, ControlTimeoutError, ProcessError
from ..transport import Transport
from . import dispatch
from .callback_set import CallbackSet
from .control_request import ControlRequest, response_line
from .protocol import Future, InboxItem, Protocol

#: Seconds to wait for the answer to a control request.
REQUEST_TIMEOUT = 60.0
#: Reads, at most, of what a process has written since the last turn.
MAX_POLLS = 16

#: Names the thread that pumps; two tokens of one thread are equal, but not identical.
PumpToken = tuple[int]
PUMP = "pump"
_CLOSED = "the connection to the CLI was closed"

_connections: weakref.WeakSet[Connection] = weakref.WeakSet()


class Connection:
    """One process to talk to."""

    def __init__(self, transport: Transport, callbacks: CallbackSet | None = None) -> None:
        self.transport = transport
        self.callbacks = callbacks or CallbackSet()
        mirror = self.callbacks.mirror
        self.protocol = Protocol(self._accept_request, None if mirror is None else mirror.add)
        self.inbox = self.protocol.inbox
        #: Why the lines ended; *None* while they have not.
        self.ended: AgentSDKError | None = None
        self.broken = False
        #: The thread whose turn runs; callbacks run there and nowhere else.
        self.owner: int | None = None
        # One token, or none. `setdefault` is atomic, and there is no lock that Ctrl-C could leave held.
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
        """
        Read what is there, without waiting.

        Returns:
            Whether another turn can run here: false when the process has ended.
        """
        for _ in range(MAX_POLLS):
            if not self.is_usable or not self._pump_if_free():
                break
        return self.is_usable

    def _pump_if_free(self) -> int | None:
        """Pump once without waiting and return how many lines came; *None* where somebody pumps. Waits for no lock."""
        token = (threading.get_ident(),)
        try:
            if self._pump_owner.setdefault(PUMP, token) is not token:
                return None
            return self._pump(token, 0)
        except BaseException:
            self._release_pump(token)
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
        """
        while not done():
            if not self._step(done, deadline):
                return False
        return True

    def _step(self, done: Callable[[], Any], deadline: float | None) -> bool:
        """Pump once, or wait for the thread that pumps; false when the deadline has passed."""
        if self.ended is not None:
            raise copy.copy(self.ended)  # each waiter has a traceback of its own
        if self.broken:
            raise ProcessError(_CLOSED)  # `break_off` reads the rest alone
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return False
        token = (threading.get_ident(),)
        try:
            holder = self._pump_owner.setdefault(PUMP, token)
            if holder is token:
                self._pump(token, left)
            elif holder == token:
                raise BusyError("this thread is already reading from the CLI; call it outside the signal handler")
            else:
                self._wait_for_pump(done, left)
            return True
        except BaseException:
            self._release_pump(token)  # Ctrl-C may have come when the token was made and nothing else
            raise

    def _pump(self, token: PumpToken, timeout: float | None) -> int:
        try:
            process_frame = self.protocol.process_frame
            lines = self.transport.read_lines(timeout)
            count = len(lines)
            lines.reverse()
            while lines:  # popped, so that no huge line is kept alive here
                process_frame(lines.pop())
            return count
        except EOFError:
            self._end(self.transport.end_error())
            return 0
        except BaseException:
            self.broken = True
            raise
        finally:
            self._release_pump(token)

    def _release_pump(self, token: PumpToken) -> None:
        """Give the pump up, and wake the threads that wait for it."""
        if self._pump_owner.get(PUMP) is token:
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
                continue  # its thread has stopped waiting

    def _end(self, error: AgentSDKError) -> None:
        if self.ended is None:
            self.ended = error
        self.protocol.fail_all(self.ended)

    # --- sending

    def send(self, line: bytes) -> None:
        """Queue *line*; the pump writes it, at once if it runs now. Never waits, takes no lock."""
        self.transport.send_line(line)
        owner = self._pump_owner.get(PUMP)
        if owner is not None and owner[0] != threading.get_ident():
            self.transport.wake()

    def send_now(self, line: bytes) -> None:
        """Queue *line*; if no thread pumps, pump once: the turn's thread may be busy in a callback."""
        self.transport.send_line(line)
        self.flush()

    def send_request(self, subtype: str, fields: Frame) -> Future:
        """Ask without waiting: from any thread, a callback or a signal handler."""
        future, line = self._request(subtype, fields)
        self.send_now(line)
        return future

    def request(self, subtype: str, fields: Frame, timeout: float = REQUEST_TIMEOUT) -> Frame:
        """
        Ask the CLI and wait for its answer.

        In the turn's own thread, and between turns, the CLI's own questions are served meanwhile.
        """
        future, line = self._request(subtype, fields)
        self.send(line)
        if not self.wait(lambda: self.is_settled(future), time.monotonic() + timeout):
            raise ControlTimeoutError(f"{subtype}: no answer from the CLI within {timeout:g} seconds", subtype=subtype)
        return future.result()

    def _request(self, subtype: str, fields: Frame) -> tuple[Future, bytes]:
        if subtype == "interrupt":
            # The CLI withdraws its requests, but no thread may be reading while a callback runs.
            self.protocol.cancel_requests()
            self.callbacks.cancel_calls()
        return self.protocol.request(subtype, fields)

    def is_settled(self, future: Future) -> bool:
        """Serve the requests of the CLI that wait, where this thread may, and tell whether *future* has its answer."""
        if not future.done and self.protocol.has_waiting_request and self.owner in (None, threading.get_ident()):
            self.serve_waiting()
        return future.done

    # --- requests of the CLI

    def serve_waiting(self) -> None:
        """Serve the control requests in the inbox, past the messages before them."""
        while (request := self.protocol.take_request()) is not None:
            self.serve(request)

    def serve_first(self, wanted: Callable[[ControlRequest], bool], seconds: float) -> None:
        """Serve the *wanted* control request before those ahead of it; wait so many seconds for it to come."""
        taken: list[ControlRequest] = []

        def has_come() -> bool:
            request = self.protocol.take_request(wanted)
            taken.extend([request] if request is not None else [])
            return bool(taken)

        self.wait(has_come, time.monotonic() + seconds)
        for request in taken:
            self.serve(request)

    def serve(self, request: ControlRequest) -> None:
        """Serve a control request that was claimed, unless the CLI has withdrawn it."""
        if self.protocol.requests.get(request.key) is request:
            request.deadline = self.callbacks.deadline
            dispatch_to_caller(dispatch.serve, request)

    def send_reply(self, request: ControlRequest, line: bytes, now: bool = False) -> None:
        """Send the reply to a request of the CLI; a second one, and one that is not waited for, are dropped."""
        if self.protocol.close_request(request):
            self.send(line)
        if now:
            self.flush()

    def raise_in_turn(self, error: BaseException) -> None:
        """Raise *error* in the turn's own thread; from another one."""
        self.inbox.append(error)
        self.flush()

    def flush(self) -> None:
        """Get out what is queued, from a thread that does not pump."""
        if self._pump_if_free() is None:
            self.transport.wake()

    def _accept_request(self, frame: Frame) -> ControlRequest | None:
        """Make the request of a frame; one that needs no user code is replied to at once. Called by the pump."""
        request = ControlRequest(frame, self, self.callbacks)
        response = dispatch.reply_inline(request) if self.callbacks.servers else None
        if response is None:
            return request
        self.transport.send_line(response_line(request.id, response))
        return None

    def next_item(self, interrupted: Callable[[], Any], deadline: float | None) -> InboxItem | None:
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

    def break_off(self, interrupt: bool, grace: float = 0.5) -> Frame | None:
        """
        End after an exception that may have left the pump in the middle of something.

        Only the transport is trusted. The turn is interrupted, so that the transcript has its end, its result is read
        for a moment, then the process is ended. A second exception ends it at once.

        Returns:
            The result, if it came: among what was read before, or in answer to the interrupt.
        """
        self.broken = True
        deadline = time.monotonic() + grace
        results = _results(item[0] for item in list(self.inbox) if isinstance(item, tuple))
        token = (0,)
        try:
            token = self._take_over(deadline)
            if interrupt:
                self.transport.send_line(self.protocol.request("interrupt", {"cancel_queued": True})[1])
            while interrupt and not results and (left := deadline - time.monotonic()) > 0:
                results = _results(map(json_lines.decode, self.transport.read_lines(left)))
            self.drop(grace=0.2)
        except EOFError:
            self.drop(grace=0.2)
        finally:
            self._release_pump(token)
            self.drop()
        return results[0] if results else None

    def _take_over(self, deadline: float) -> PumpToken:
        """Take the pump for the end of a broken connection, from any owner; after the deadline without its consent."""
        token = (threading.get_ident(),)
        while (holder := self._pump_owner.setdefault(PUMP, token)) is not token:
            if holder == token or time.monotonic() >= deadline:
                self._pump_owner[PUMP] = token  # left behind by this very thread, or by one that does not come back
                break
            self.transport.wake()
            self._wait_for_pump(lambda: False, 0.05)
        return token

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


def _results(frames: Iterable[Frame | None]) -> list[Frame]:
    return [frame for frame in frames if frame is not None and frame.get("type") == "result"]


def _after_fork() -> None:
    for connection in list(_connections):
        connection.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
