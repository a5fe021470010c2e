"""
`Connection`: reads from and writes to a transport, and holds the inbox of the running turn.

There is no reader thread: a thread that waits for a frame runs the pump. These rules keep it safe:

- One thread pumps at a time; an atomically inserted token names it. No lock is held while polling or in user code.
  There is no `Condition`: its `__enter__` is Python code in which a KeyboardInterrupt would leave the lock held.
- A thread that finds the pump in use waits on a lock of its own until the owner releases the pump.
- The pump never runs user code: it decodes frames, resolves futures and fills the inbox.
- Only the pump writes; other threads queue lines and wake the pump.
- A call from the thread that is pumping (in a signal handler or a finalizer) raises `BusyError`.
- The end of the lines resolves every future with the same error.
- An exception in the pump breaks the connection: a KeyboardInterrupt can occur between reading and dispatching.
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
from .._core.callbacks import call_in_user_thread
from .._core.json_lines import Frame
from ..errors import AgentSDKError, BusyError, ControlTimeoutError, ProcessError
from ..transport import Transport
from . import dispatch
from .callback_set import CallbackSet
from .control_request import ControlRequest, response_line
from .protocol import Future, InboxItem, Protocol

#: Seconds to wait for the response to a control request.
REQUEST_TIMEOUT = 60.0
#: Maximum reads of output that arrived since the last turn.
MAX_POLLS = 16

#: Identifies the pumping thread. Two tokens of one thread are equal, but not identical.
PumpToken = tuple[int]
PUMP = "pump"
_CLOSED = "the connection to the CLI was closed"

_connections: weakref.WeakSet[Connection] = weakref.WeakSet()


class Connection:
    """The connection to one process."""

    def __init__(self, transport: Transport, callbacks: CallbackSet | None = None) -> None:
        self.transport = transport
        self.callbacks = callbacks or CallbackSet()
        mirror = self.callbacks.mirror
        self.protocol = Protocol(self._accept_request, None if mirror is None else mirror.add)
        self.inbox = self.protocol.inbox
        #: The error that ended the lines; *None* while the connection is open.
        self.ended: AgentSDKError | None = None
        self.broken = False
        #: The thread that runs the turn, and its callbacks.
        self.owner: int | None = None
        # Empty, or one token. `setdefault` is atomic, and Ctrl-C cannot leave a lock held.
        self._pump_owner: dict[str, PumpToken] = {}
        self._waiters: set[Any] = set()
        _connections.add(self)

    def start(self, wants_stderr: bool) -> None:
        """Start the transport."""
        self.transport.start(self.inbox.append if wants_stderr else None)

    @property
    def is_usable(self) -> bool:
        """Whether another turn can run, according to the frames read so far."""
        return self.ended is None and not self.broken

    def poll(self) -> bool:
        """
        Read the available frames without waiting.

        Returns:
            Whether another turn can run; false if the process has ended.
        """
        for _ in range(MAX_POLLS):
            if not self.is_usable or not self._pump_if_free():
                break
        return self.is_usable

    def _pump_if_free(self) -> int | None:
        """Pump once without waiting and return the number of lines; *None* if another thread pumps. Takes no lock."""
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
        Wait until *done* returns true; pump, or wait for the thread that pumps.

        Args:
            done: Called between frames; must be fast and must not take locks.
            deadline: On the clock of `time.monotonic`; *None* for no limit.

        Returns:
            False if the deadline passed first.
        """
        while not done():
            if not self._step(done, deadline):
                return False
        return True

    def _step(self, done: Callable[[], Any], deadline: float | None) -> bool:
        """Pump once, or wait for the thread that pumps; false if the deadline has passed."""
        if self.ended is not None:
            raise copy.copy(self.ended)  # each waiting thread needs its own traceback
        if self.broken:
            raise ProcessError(_CLOSED)  # only `break_off` reads the remaining lines
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
            self._release_pump(token)  # Ctrl-C can occur right after the token was inserted
            raise

    def _pump(self, token: PumpToken, timeout: float | None) -> int:
        try:
            process_line = self.protocol.process_line
            lines = self.transport.read_lines(timeout)
            count = len(lines)
            lines.reverse()
            while lines:  # popped, so that huge lines are freed early
                process_line(lines.pop())
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
        """Release the pump, and wake the threads that wait for it."""
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
                continue  # its thread stopped waiting

    def _end(self, error: AgentSDKError) -> None:
        if self.ended is None:
            self.ended = error
        self.protocol.fail_all(self.ended)

    # --- sending

    def send(self, line: bytes) -> None:
        """Queue *line*; a running pump writes it at once. Never blocks and takes no lock."""
        self.transport.send_line(line)
        owner = self._pump_owner.get(PUMP)
        if owner is not None and owner[0] != threading.get_ident():
            self.transport.wake()

    def send_now(self, line: bytes) -> None:
        """Queue *line* and, if no thread pumps, pump once: the turn's thread may be busy in a callback."""
        self.transport.send_line(line)
        self.flush()

    def send_request(self, subtype: str, fields: Frame) -> Future:
        """Send a control request without waiting; allowed in any thread, callback or signal handler."""
        future, line = self._request(subtype, fields)
        self.send_now(line)
        return future

    def request(self, subtype: str, fields: Frame, timeout: float = REQUEST_TIMEOUT) -> Frame:
        """
        Send a control request and wait for its response.

        In the turn's own thread and between turns, the CLI's requests that are read meanwhile are served first.
        """
        future, line = self._request(subtype, fields)
        self.send(line)
        if not self.wait(lambda: self.is_settled(future), time.monotonic() + timeout):
            raise ControlTimeoutError(f"{subtype}: no response within {timeout:g} seconds", subtype=subtype)
        if self.is_usable:
            self._serve_if_allowed()  # read together with the response; between turns nothing else would serve them
        return future.result()

    def _request(self, subtype: str, fields: Frame) -> tuple[Future, bytes]:
        if subtype == "interrupt":
            # The CLI also withdraws its requests, but no thread may be reading while a callback runs.
            self.protocol.cancel_requests()
            self.callbacks.cancel_calls()
        return self.protocol.request(subtype, fields)

    def is_settled(self, future: Future) -> bool:
        """Return whether *future* is done. Serves pending requests of the CLI first, if this thread may."""
        if not future.done:
            self._serve_if_allowed()
        return future.done

    def _serve_if_allowed(self) -> None:
        if self.owner in (None, threading.get_ident()) and self.protocol.has_waiting_request:
            self.serve_waiting()

    # --- requests of the CLI

    def serve_waiting(self) -> None:
        """Serve the control requests in the inbox, ahead of earlier messages."""
        while (request := self.protocol.take_request()) is not None:
            self.serve(request)

    def serve_first(self, wanted: Callable[[ControlRequest], bool], seconds: float) -> None:
        """Serve the *wanted* control request ahead of earlier ones; wait up to *seconds* for it."""
        taken: list[ControlRequest] = []

        def has_come() -> bool:
            request = self.protocol.take_request(wanted)
            taken.extend([request] if request is not None else [])
            return bool(taken)

        self.wait(has_come, time.monotonic() + seconds)
        for request in taken:
            self.serve(request)

    def serve(self, request: ControlRequest) -> None:
        """Serve a claimed control request, unless the CLI has withdrawn it."""
        if self.protocol.requests.get(request.key) is request:
            request.deadline = self.callbacks.deadline
            call_in_user_thread(dispatch.serve, request)

    def send_reply(self, request: ControlRequest, line: bytes, now: bool = False) -> None:
        """Send the reply to a request of the CLI. A second reply, or one to a withdrawn request, is discarded."""
        if self.protocol.close_request(request):
            self.send(line)
        if now:
            self.flush()

    def raise_in_turn(self, error: BaseException) -> None:
        """Raise *error* in the turn's own thread; called from other threads."""
        self.inbox.append(error)
        self.flush()

    def flush(self) -> None:
        """Write the queued lines from a thread that does not pump."""
        if self._pump_if_free() is None:
            self.transport.wake()

    def _accept_request(self, frame: Frame) -> ControlRequest | None:
        """Create the request of a frame, or reply at once if it needs no user code. Called by the pump."""
        request = ControlRequest(frame, self, self.callbacks)
        response = dispatch.reply_inline(request) if self.callbacks.servers else None
        if response is None:
            return request
        self.transport.send_line(response_line(request.id, response))
        return None

    def next_item(self, interrupted: Callable[[], Any], deadline: float | None) -> InboxItem | None:
        """Return the next item of the inbox; *None* if *interrupted* or after the deadline."""
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
        End the process: close its input, then end it with signals. Bounded in time; can be called again.

        Args:
            grace: Seconds for the CLI to exit by itself; it writes the end of its transcript meanwhile.
        """
        try:
            self.transport.end_input()
            if self.ended is None and not self.broken and grace > 0:
                self.transport.wake()
                self.wait(lambda: self.ended, time.monotonic() + grace)
        except AgentSDKError:
            pass  # the process ended, or this thread was interrupted while pumping: `drop` ends it in either case
        finally:
            self.drop(grace=0.0 if self.ended is None else 1.0)

    def break_off(self, interrupt: bool, grace: float = 0.5) -> Frame | None:
        """
        End the connection after an exception that may have interrupted the pump.

        Only the transport is trusted. The turn is interrupted so that its transcript is complete, the result is awaited
        for a moment, then the process is ended. A second exception ends it at once.

        Returns:
            The result, if one was read before or arrives after the interrupt.
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
        """Take over the pump of a broken connection from its owner; after the deadline without the owner's release."""
        token = (threading.get_ident(),)
        while (holder := self._pump_owner.setdefault(PUMP, token)) is not token:
            if holder == token or time.monotonic() >= deadline:
                self._pump_owner[PUMP] = token  # abandoned by this thread, or by one that does not return
                break
            self.transport.wake()
            self._wait_for_pump(lambda: False, 0.05)
        return token

    def drop(self, grace: float = 0.0) -> None:
        """End the process without reading further."""
        try:
            self.transport.close(grace=grace)
        finally:
            self.callbacks.close()
            self._end(ProcessError(_CLOSED))
            self._release_waiters()

    def forget(self) -> None:
        """Release the parent's connection in a forked child."""
        self._pump_owner, self._waiters, self.broken = {}, set(), True
        self.ended = ProcessError("the CLI belongs to the process that forked this one")


def _results(frames: Iterable[Frame | None]) -> list[Frame]:
    return [frame for frame in frames if frame is not None and frame.get("type") == "result"]


def _after_fork() -> None:
    for connection in list(_connections):
        connection.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
