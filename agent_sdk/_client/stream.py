"""
`MessageStream`: the messages of one turn as an iterator, and the end of the turn in every way it can end.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._core import log
from .._core.callbacks import CallbackErrors, summarize_errors
from .._core.text import join_surrogates, split_surrogate
from .._protocol.idle_turn import IdleTurn
from .._protocol.turn import Turn
from ..errors import AgentTimeoutError, BusyError, CallbackWarning, ProcessError, StructuredOutputError
from ..options.options import Options
from .prompt import Prompt, user_line

if TYPE_CHECKING:
    from .._protocol.turn_state import TurnState
    from ..messages import Message, ResultMessage
    from .conversation import Conversation


class MessageStream:
    """
    The messages of one turn, in order, as they come.

    An iterator and a context manager. The turn starts with the first message that is asked for. Leaving early, by
    `break`, an exception or `close`, stops it; nothing is left running.
    """

    def __init__(self, conversation: Conversation, prompt: Prompt, options: Options) -> None:
        self._conversation = conversation
        self._options = options
        self._turn: Turn | None = None
        self._is_closed = False
        #: Another query of the client has closed it before its end.
        self.is_displaced = False
        self._prompt: Prompt = prompt
        self.session_id: str | None = conversation.session_id
        #: Gets each message before anybody else; for those who keep them.
        self.keep: Callable[[Message], object] | None = None
        #: The result, once it came.
        self.result: ResultMessage | None = None

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        message = self._advance()
        if message is None:
            raise StopIteration
        return message

    def _advance(self) -> Message | None:
        """Return the next message, after the callbacks of the client; *None* after the last."""
        if self.is_displaced:
            raise BusyError("this stream was closed by another query of its client; use another client for that")
        if self._is_closed:
            return None
        try:
            turn = self._turn or self._begin()
            message = self._next(turn)
            if message is not None:
                if turn.state.changed:
                    self._update(turn, message)
                if self.keep is not None:
                    self.keep(message)
                if self._conversation.callbacks.registered:
                    self._conversation.callbacks.dispatch(turn.state, message)
                return message
        except Exception:
            self._end()
            raise
        except BaseException:
            self._break_off()
            raise
        self._end()
        return None

    def _begin(self) -> Turn:
        self._turn = turn = self._conversation.begin(self._options, self)
        self._send(turn)
        return turn

    def _send(self, turn: Turn) -> None:
        line = user_line(self._prompt, turn.state.uuid, self._options.verbatim_prompts)
        is_kept = self._conversation.open(turn, self._options)
        if not is_kept:
            self._prompt = ""  # needed once more only if a kept process dies before it has read it
        turn.send(line)

    def _next(self, turn: Turn) -> Message | None:
        return turn.next_message() if not self._prompt else self._next_or_resend(turn)

    def _next_or_resend(self, turn: Turn) -> Message | None:
        """Return the next message while the prompt may still have to be sent again."""
        try:
            message = turn.next_message()
        except ProcessError:
            if turn.prompt_accepted:
                raise
            # The kept process died with the prompt: a new one resumes the session.
            turn.state.reset_for_resend()
            self._send(turn)
            message = turn.next_message()
        if turn.prompt_accepted:
            self._prompt = ""
        return message

    def _update(self, turn: Turn, message: Message) -> None:
        self.session_id = turn.state.session_id
        self._conversation.update(turn, message, self._options)
        if message.is_result:
            self._take_result(turn.state)

    @property
    def prompt_uuid(self) -> str | None:
        """The uuid of the prompt's own message, once the turn has begun: names it for `rewind_files`."""
        return None if self._turn is None else self._turn.state.uuid

    def _take_result(self, state: TurnState) -> None:
        self.result = result = state.result
        if result is not None:
            result.results = list(state.results)
            result.messages = list(state.messages)
            if self._options.output is not None and result.is_success:
                self._build_output(result)
            self._take_callback_errors(result)

    def _build_output(self, result: ResultMessage) -> None:
        from .._schema.structured_output import build

        # The report of a background agent may come after the result that holds the output.
        found = (each.structured_output for each in reversed(result.results) if each.structured_output is not None)
        try:
            result.output = build(self._options.output, next(found, None), result=result)
        except StructuredOutputError as error:
            result.output_error = error  # raised by `query`; in a stream it is the reader's to ask

    def _take_callback_errors(self, result: ResultMessage) -> None:
        errors = self._conversation.process.take_errors()
        if errors:
            result.callback_errors = CallbackErrors([*result.callback_errors, *errors])
            text = summarize_errors(errors, "in this turn, see result.callback_errors")
            log.warn(text, CallbackWarning)

    @property
    def text_stream(self) -> Iterator[str]:
        """
        The text of the answer as it is written.

        Asks for stream events by itself, unless the turn has begun without them: then whole messages come.
        """
        if self._turn is None and not self._options.include_partial_messages:
            self._options = self._options.evolve(include_partial_messages=True)
        return self._texts()

    def _texts(self) -> Iterator[str]:
        shown = held = ""
        for message in self:
            if message.is_subagent:
                continue
            if message.is_stream_event:
                # A fault in the stream starts the message again: what counts is what the whole message says.
                if message.event_type == "content_block_start":
                    shown = held = ""
                text, held = _joined(held + message.text)
                shown += text
            elif message.is_text and message.error is None:
                whole: str = message.content
                text = whole[len(shown) :] if whole.startswith(shown) else whole
                shown = held = ""
            else:
                continue
            if text:
                yield text

    def abort(self) -> bool:
        """Stop the turn from anywhere: the thread that iterates gets `AbortError`. Returns whether it was running."""
        return self._turn is not None and self._turn.abort()

    def close(self) -> None:
        """Stop the turn if it still runs, and free its process where it was for this stream alone."""
        turn = self._turn
        if self._is_closed:
            return
        if turn is not None and not turn.state.is_over and not turn.stop():
            self._conversation.process.kill()
        self._end()

    def _end(self) -> None:
        """The turn is over, one way or another."""
        if not self._is_closed:
            self._is_closed = True
            if self._turn is not None:
                self._conversation.finish(self._turn, self._options)

    def _break_off(self) -> None:
        self._is_closed = True
        if self._turn is not None:
            self._conversation.break_off(self._turn)

    def __enter__(self) -> MessageStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, Exception) and not self._is_closed:
            self._break_off()
        else:
            self.close()

    def __del__(self) -> None:
        turn = getattr(self, "_turn", None)
        if turn is None or self._is_closed:
            return
        if turn.state.thread == threading.get_ident():
            self.close()
        else:
            turn.abort()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "new" if self._turn is None else "running"
        return f"<MessageStream {self.session_id or 'no session yet'} {state}>"

    def run(self, on_message: Any = None) -> ResultMessage:
        """Run the turn to its end and return its result; the body of `query`."""
        with self:
            while (message := self._advance()) is not None:
                if on_message is not None and self._turn is not None:
                    self._turn.state.call(on_message, message)
                del message  # a huge one is not kept alive while the next is read
        if self.result is None:
            raise ProcessError("the run ended without a result", session_id=self.session_id)
        if self._options.raise_on_error or self.result.output_error is not None:
            self.result.raise_for_error()
        return self.result


def _joined(text: str) -> tuple[str, str]:
    """Join the halves of characters that came in two pieces; a half at the end waits for the other one."""
    if not text or text.isascii():
        return text, ""
    text, held = split_surrogate(text)
    return join_surrogates(text, "surrogatepass"), held


def _some_time(timeout: float | None) -> float | None:
    """Return a timeout that reads at least once: zero seconds would read nothing."""
    return 0.001 if timeout == 0 else timeout


class IdleStream(MessageStream):
    """What the CLI does without a prompt, until it is idle."""

    def __init__(self, conversation: Conversation, timeout: float | None) -> None:
        super().__init__(conversation, "", conversation.options.evolve(timeout=_some_time(timeout), idle_timeout=None))
        self.is_idle = False

    def _begin(self) -> Turn:
        self._turn = turn = self._conversation.begin(self._options, self, IdleTurn)
        self._conversation.open(turn, self._options)
        return turn

    def _advance(self) -> Message | None:
        try:
            message = super()._advance()
        except AgentTimeoutError:
            return None
        self.is_idle = message is None
        return message
