"""
`Turn`: one turn on a connection, from its prompt to the end of its run.

One thread runs the turn and its callbacks; other threads only call `abort`.
"""
from __future__ import annotations

import collections
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from .._core.callbacks import call_in_user_thread
from .._core.json_lines import Frame
from ..errors import AgentSDKError, ProcessError
from . import turn_errors
from .activity import ActivityTracker
from .connection import Connection
from .control_request import ControlRequest
from .protocol import Future, InboxItem
from .turn_state import TurnLimits, TurnState

if TYPE_CHECKING:
    from ..messages import Message, ResultMessage

#: Seconds that the CLI has to end an interrupted turn.
STOP_TIMEOUT = 0.8
#: Frames for the SDK that are not messages.
INTERNAL_TYPES = ("command_lifecycle", "transcript_mirror")


class Turn:
    """One turn on a connection."""

    #: Whether the turn excludes other turns in the session.
    is_exclusive = True

    def __init__(self, limits: TurnLimits, session_id: str | None = None) -> None:
        self.state = TurnState(limits, session_id)
        self._connection: Connection | None = None
        self._activity = ActivityTracker()
        self._inbox: collections.deque[InboxItem] = collections.deque()
        self._structure_message: Callable[[Frame, bytes], Message]
        self._interrupt: Future | None = None

    def open(self, connection: Connection, activity: ActivityTracker) -> None:
        """Assign a connection to this turn."""
        from .._converter import structure_message  # imported while the CLI starts, not with the package

        state = self.state
        self._structure_message = structure_message
        self._connection, self._activity, self._inbox = connection, activity, connection.inbox
        connection.owner = state.thread
        timeout = state.limits.timeout
        connection.callbacks.begin_turn(None if timeout is None else state.started + timeout)

    @property
    def is_open(self) -> bool:
        """Whether the turn has had a process."""
        return self._connection is not None

    def send(self, line: bytes) -> None:
        """Send the prompt."""
        if self._connection is not None:
            self._activity.begin(self.state.uuid)
            self.state.was_sent = True
            self._connection.send(line)

    @property
    def prompt_accepted(self) -> bool:
        """Whether the CLI has acknowledged the prompt."""
        last = self.state.last_message
        return self._activity.prompt_state != "" or (last is not None and not last.is_background)

    # --- messages

    def next_message(self) -> Message | None:
        """Return the next message, or *None* after the last one."""
        state = self.state
        while not state.is_over:
            # Without a deadline for the whole turn, items in the inbox are processed without reading the clock.
            if self._inbox and not state.is_aborted and state.limits.timeout is None:
                item: InboxItem | None = self._inbox.popleft()
            else:
                item = self._next_item()
            if isinstance(item, tuple):
                frame, line = item
                if frame.get("type") != "stream_event":
                    message = self._process_frame(frame, line)
                elif state.drops_stream_events or self._activity.is_discarding:
                    continue
                else:
                    message = self._structure(frame, line)
                if message is not None:
                    return message
            elif item is not None:
                self._process_other(item)
        return None

    def _next_item(self) -> InboxItem | None:
        connection, state = self._connection, self.state
        if connection is None:
            raise ProcessError("the turn has no process")
        item = None
        try:
            item = connection.next_item(self._was_aborted, state.deadline())
        except ProcessError as error:
            if not state.is_aborted:
                state.finish()
                raise turn_errors.process_error(state, error) from None
        if state.is_aborted:
            raise self.abort_error()
        if item is None:
            raise self.timeout_error()
        return item

    def _was_aborted(self) -> bool:
        return self.state.is_aborted

    def _process_frame(self, frame: Frame, line: bytes) -> Message | None:
        kind = frame.get("type")
        if kind in ("result", "transcript_mirror") and self._flush_mirror(frame, line):
            return None
        self._activity.process_frame(frame)
        if kind in INTERNAL_TYPES or frame.get("sdk_host_only") or self._activity.is_discarding:
            self._finish_if_idle()
            return None
        if kind == "result" and not self.state.saw_init:
            self._check_session(frame)
        self.state.record(kind, frame)
        message = self._structure(frame, line)
        if kind == "result" and message.is_result:
            self._process_result(frame, cast("ResultMessage", message))
        self.state.messages.append(message)
        self.state.last_message = message
        return message

    def _process_other(self, item: ControlRequest | str | BaseException) -> None:
        if isinstance(item, BaseException):
            raise item
        if isinstance(item, str):
            self._deliver_stderr(item)
        elif item.claim() and self._connection is not None:
            self.state.call(self._connection.serve, item)

    def _flush_mirror(self, frame: Frame, line: bytes) -> bool:
        """Write to the session store. Returns true if it has reports, which are emitted before *frame*."""
        mirror = None if self._connection is None else self._connection.callbacks.mirror
        reports = []
        if mirror is not None and mirror.has_pending:
            limit = self.state.limits.timeout  # a store that hangs gets a quarter of the remaining time
            seconds = None if limit is None else max(1.0, (limit - self.state.elapsed) / 4)
            reports = mirror.flush(self._was_aborted, seconds)
        if reports:
            self._inbox.appendleft((frame, line))
            self._inbox.extendleft(reversed(reports))
        return bool(reports)

    def _structure(self, frame: Frame, line: bytes) -> Message:
        message = self._structure_message(frame, line)
        if self._activity.is_before_prompt:
            message.background = True
        return message

    def _check_session(self, result: Frame) -> None:
        error = turn_errors.resume_error(self.state, result)
        if error is not None:
            self.state.finish()
            raise error

    def _process_result(self, frame: Frame, message: ResultMessage) -> None:
        state, activity = self.state, self._activity
        if state.result is None and not activity.answers(frame):
            return
        state.result = message
        state.results.append(message)
        if not (state.limits.wait_for_background and activity.expects_reports):
            state.finish()

    def _finish_if_idle(self) -> None:
        # While background agents run, the CLI reports idle only when all of them have reported.
        if self.state.result is not None and self._activity.state == "idle":
            self.state.finish()

    def _deliver_stderr(self, line: str) -> None:
        if self.state.limits.stderr is not None:
            self.state.call(call_in_user_thread, self.state.limits.stderr, line)

    # --- early ends

    def abort(self) -> bool:
        """Abort the turn, from any thread, without waiting. Returns whether it was running."""
        if not self.state.begin_abort():
            return False
        if self._connection is not None:
            self._send_interrupt(self._connection)
        return True

    def abort_error(self) -> AgentSDKError:
        """Stop the aborted turn, and return the error."""
        self._stop_or_drop()
        return turn_errors.abort(self.state)

    def timeout_error(self) -> AgentSDKError:
        """Stop the expired turn, and return the error."""
        elapsed = self.state.elapsed
        self._stop_or_drop()
        return turn_errors.timeout(self.state, elapsed)

    def check_limits(self) -> None:
        """Raise if the turn was aborted or has expired while it waits for a process or a lock."""
        self.check_abort()
        limit = self.state.deadline()
        if limit is not None and time.monotonic() >= limit:
            raise self.timeout_error()

    def check_abort(self) -> None:
        """Raise if the turn was aborted before it had a process."""
        if self.state.is_aborted:
            raise self.abort_error()

    def interrupt(self) -> None:
        """Ask the CLI to end the turn; the result arrives as usual."""
        if self._connection is not None:
            self._send_interrupt(self._connection)

    def _send_interrupt(self, connection: Connection) -> None:
        if self._interrupt is None and self.state.was_sent:
            self._interrupt = connection.send_request("interrupt", {"cancel_queued": True})
        else:
            connection.transport.wake()

    def _stop_or_drop(self) -> None:
        if not self.stop() and self._connection is not None:
            self._connection.drop()

    def stop(self, timeout: float = STOP_TIMEOUT) -> bool:
        """
        Interrupt the turn, and discard its messages until the CLI has ended it.

        Returns:
            Whether the CLI ended the turn in time, so that the process can be kept.
        """
        self.state.finish()
        connection = self._connection
        if connection is None or not connection.is_usable:
            return False
        if not self.state.was_sent:
            return True
        self._send_interrupt(connection)
        try:
            if not self._drain_until_stopped(connection, time.monotonic() + timeout):
                return False
        except AgentSDKError:
            return False  # the process ended first
        self._activity.is_discarding = True
        return True

    def _drain_until_stopped(self, connection: Connection, deadline: float) -> bool:
        """Read until the CLI has ended the turn, with error replies to its requests; false after the deadline."""
        while not self._has_stopped():
            item = connection.next_item(self._has_stopped, deadline)
            if item is None and time.monotonic() >= deadline:
                return False
            if isinstance(item, tuple):
                self._drain(*item)
            elif isinstance(item, ControlRequest) and item.claim():
                item.refuse("the turn was stopped")
        return True

    def _has_stopped(self) -> bool:
        """Whether the CLI has acknowledged the interrupt, and has ended the turn or never started it."""
        interrupt = self._interrupt
        if interrupt is None or not interrupt.done:
            return False
        cancelled = interrupt.response.get("cancelled")
        return self.state.result is not None or (isinstance(cancelled, list) and self.state.uuid in cancelled)

    def _drain(self, frame: Frame, line: bytes) -> None:
        """Process a frame of a stopped turn, without callbacks."""
        kind = frame.get("type")
        self._activity.process_frame(frame)
        if kind in ("assistant", "user", "result") or frame.get("subtype") == "init":
            self.state.record(kind, frame)
        if kind == "result":
            self.state.undelivered.append(cast("ResultMessage", self._structure(frame, line)))
            if self._activity.answers(frame):
                self.state.result = self.state.undelivered[-1]

    def break_off(self) -> None:
        """End the turn after an exception at an unknown point, such as Ctrl-C: the process is no longer trusted."""
        self.state.finish()
        if self._connection is not None:
            result = self._connection.break_off(interrupt=self.state.was_sent)
            if result is not None:
                self.state.undelivered.append(cast("ResultMessage", self._structure(result, b"")))
