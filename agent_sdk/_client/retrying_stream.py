"""
`RetryingStream`: one turn that is tried again where it failed.

A failed turn leaves its prompt and all it had done in the session; only the CLI's own words about the failure are kept
from the model. A prompt without content makes the CLI send that same history once more, byte for byte, and leaves no
trace in the transcript (CLI 2.1.330): the session goes on, and nothing is said twice.
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

#: Seconds between two looks for an abort while there is no process to wait with.
POLL_INTERVAL = 0.05


class RetryingStream(MessageStream):
    """The messages of a turn, over all its attempts; failures that are tried again show as `api_retry`."""

    _attempt = 1
    #: When the next attempt is due, on the clock of `time.monotonic`.
    _due: float | None = None
    #: The CLI's words about a failure, shown only if the failure is final.
    _held: Message | None = None
    #: The retry of the CLI that there is no sense in.
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
        """Take the result of an attempt; give what is to be shown in its place."""
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
        log.debug("retry", "attempt %d failed (%s), the next in %.1f s", self._attempt, notice.error, pause)
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
        """Stop a turn that the CLI would go on asking for in vain."""
        if self._refusal is None and message.error_status in self._retry.give_up_on:
            self._refusal = message
            turn.interrupt()

    # --- the next attempt

    def _try_again(self, turn: Turn, due: float) -> None:
        self._due = None
        connection = self._wait(turn, due)
        turn.check_abort()
        self._prompt = []
        self._options = self._options.evolve(**NO_SESSION)  # the session was opened by the first attempt
        if connection is None:
            self._conversation.open(turn, self._options)
        self._is_retry(True)
        turn.send(content_line([], turn.state.uuid))

    def _wait(self, turn: Turn, due: float) -> Connection | None:
        """Wait with the process, so that an abort is noticed; give it if it lives on."""
        connection = self._conversation.process.connection
        try:
            if connection is not None and connection.is_usable:
                connection.wait(lambda: turn.state.is_aborted, due)
                return connection
        except ProcessError:
            log.debug("retry", "the CLI ended while the next attempt was waited for: a new one resumes the session")
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
    """Let a result that is our own interruption say what it was for."""
    result.api_error_status, result.api_error_type = refusal.error_status, refusal.error
    result.terminal_reason = "api_error"
    result.errors = [f"the API answered with HTTP status {refusal.error_status} ({refusal.error}); not tried again"]
