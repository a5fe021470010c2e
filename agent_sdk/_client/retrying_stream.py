"""
`RetryingStream`: a turn that is retried after failures.

A failed turn leaves its prompt and its work in the session; the CLI hides only its own error message from the model.
An empty prompt makes the CLI send the same history again, byte for byte, and leaves no trace in the transcript
(CLI 2.1.330). A retry therefore continues the session without repeating anything.
"""
from __future__ import annotations

import collections
import time
from typing import TYPE_CHECKING, Any, cast

from .._core import log
from .._core.ids import new_uuid
from .._protocol.turn import Turn
from ..errors import ProcessError
from ..options.options import NO_SESSION
from ..options.retry import Retry, cause_of
from .prompt import content_line
from .stream import MessageStream

if TYPE_CHECKING:
    from .._protocol.connection import Connection
    from ..messages import Message, ResultMessage

#: Seconds between two checks for an abort while no process is running.
POLL_INTERVAL = 0.05


class RetryingStream(MessageStream):
    """The messages of a turn, over all its attempts; each retried failure emits an `api_retry` message."""

    _attempt = 1
    #: Time of the next attempt, on the clock of `time.monotonic`.
    _due: float | None = None
    #: The CLI's error message, emitted only if the failure is final.
    _held: Message | None = None
    #: The `api_retry` message of the CLI that stopped the turn because of `Retry.give_up_on`.
    _refusal: Message | None = None

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._retry: Retry = self._options.retry
        self._waiting: collections.deque[Message] = collections.deque()

    def _next(self, turn: Turn) -> Message | None:
        if self._waiting:
            turn.state.changed = True
            return self._waiting.popleft()
        if self._due is not None:
            self._try_again(turn, self._due)
        while (message := super()._next(turn)) is not None:
            if message.is_assistant and message.error is not None and not message.is_subagent:
                self._held = message
                continue
            if message.is_result and message is turn.state.result and turn.state.is_over:
                message = self._judge(turn, cast("ResultMessage", message))
            elif message.subtype == "api_retry":
                self._give_up_early(turn, message)
            return self._after_held(message)
        return None

    def _after_held(self, message: Message) -> Message:
        held, self._held = self._held, None
        if held is None:
            return message
        self._waiting.append(message)
        return held

    # --- a failed attempt

    def _judge(self, turn: Turn, result: ResultMessage) -> Message:
        """Return the message to emit for the result of an attempt: the result, or an `api_retry` message."""
        self._is_retry(False)
        if self._refusal is not None and result.is_aborted:
            _explain(result, self._refusal)
            return result
        result.messages = list(turn.state.messages)
        pause = self._retry.pause(result, self._attempt)
        if pause is None or not self._has_time(turn, pause):
            return result
        return self._reschedule(turn, result, pause)

    def _has_time(self, turn: Turn, pause: float) -> bool:
        timeout = turn.state.limits.timeout
        return timeout is None or turn.state.elapsed + pause < timeout

    def _reschedule(self, turn: Turn, result: ResultMessage, pause: float) -> Message:
        self._conversation.count(result)
        notice = self._notice(result, pause)
        turn.state.reschedule(notice, [result, self._held])
        self._held, self._due = None, time.monotonic() + pause
        log.debug("retry", "attempt %d failed (%s); next attempt in %.1f s", self._attempt, notice.error, pause)
        self._attempt += 1
        return notice

    def _notice(self, result: ResultMessage, pause: float) -> Message:
        from .._converter import structure_message

        return structure_message(
            {
                "type": "system",
                "subtype": "api_retry",
                "attempt": self._attempt,
                "max_retries": self._retry.attempts - 1,
                "retry_delay_ms": round(pause * 1000),
                "error_status": result.api_error_status,
                "error": cause_of(result),
                "session_id": result.session_id,
                "uuid": new_uuid(),
            }
        )

    def _give_up_early(self, turn: Turn, message: Message) -> None:
        """Interrupt a turn whose status is in `Retry.give_up_on`."""
        if self._refusal is None and message.error_status in self._retry.give_up_on:
            self._refusal = message
            turn.interrupt()

    # --- the next attempt

    def _try_again(self, turn: Turn, due: float) -> None:
        self._due = None
        connection = self._wait(turn, due)
        turn.check_abort()
        self._prompt = []
        self._options = self._options.evolve(**NO_SESSION)  # the first attempt opened the session
        if connection is None:
            self._conversation.open(turn, self._options)
        self._is_retry(True)
        turn.send(content_line([], turn.state.uuid))

    def _wait(self, turn: Turn, due: float) -> Connection | None:
        """Wait on the connection, to notice an abort; return the connection if it is still usable."""
        connection = self._conversation.process.connection
        try:
            if connection is not None and connection.is_usable:
                connection.wait(lambda: turn.state.is_aborted, due)
                return connection
        except ProcessError:
            log.debug("retry", "the CLI ended before the next attempt; a new process resumes the session")
        while not turn.state.is_aborted and (left := due - time.monotonic()) > 0:
            time.sleep(min(left, POLL_INTERVAL))
        return None

    def _end(self) -> None:
        self._is_retry(False)
        super()._end()

    def _is_retry(self, whether: bool) -> None:
        connection = self._conversation.process.connection
        if connection is not None:
            connection.callbacks.is_retry = whether


def _explain(result: ResultMessage, refusal: Message) -> None:
    """Replace the abort in a result with the API error that caused it."""
    result.api_error_status, result.api_error_type = refusal.error_status, refusal.error
    result.terminal_reason = "api_error"
    result.errors = [f"the API returned HTTP status {refusal.error_status} ({refusal.error}); not retried"]
