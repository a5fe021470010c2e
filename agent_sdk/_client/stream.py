"""
`MessageStream`: an iterator over the messages of one turn, and the handling of all ways in which a turn can end.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._core import log
from .._core.callbacks import CallbackErrors, check_callback, summarize_errors
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
    The messages of one turn, in order, as they arrive.

    An iterator and a context manager. The turn starts when the first message is requested. Leaving early, by `break`,
    an exception or `close`, stops the turn and leaves no process running.
    """

    def __init__(self, conversation: Conversation, prompt: Prompt, options: Options) -> None:
        self._conversation = conversation
        self._options = options
        self._turn: Turn | None = None
        self._is_closed = False
        #: Whether another query of the client closed this stream before its end.
        self.is_displaced = False
        self._prompt: Prompt = prompt
        self.session_id: str | None = conversation.session_id
        #: Receives each message before all other callbacks; used by `Session`.
        self.keep: Callable[[Message], object] | None = None
        #: The result; *None* until it arrives.
        self.result: ResultMessage | None = None

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        message = self._advance()
        if message is None:
            raise StopIteration
        return message

    def _advance(self) -> Message | None:
        """Return the next message after the client's callbacks have run; *None* after the last one."""
        if self.is_displaced:
            raise BusyError("another query of the client closed this stream; use another client for that query")
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
            self._prompt = ""  # only a kept process can die before it reads the prompt
        turn.send(line)

    def _next(self, turn: Turn) -> Message | None:
        return turn.next_message() if not self._prompt else self._next_or_resend(turn)

    def _next_or_resend(self, turn: Turn) -> Message | None:
        """Return the next message; resend the prompt if the kept process died before accepting it."""
        try:
            message = turn.next_message()
        except ProcessError:
            if turn.prompt_accepted:
                raise
            # The kept process died with the prompt; a new process resumes the session.
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
        """Uuid of the prompt message for `rewind_files`; *None* before the turn has started."""
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

        # A background agent's report can arrive after the result that contains the output.
        found = (each.structured_output for each in reversed(result.results) if each.structured_output is not None)
        try:
            result.output = build(self._options.output, next(found, None), result=result)
        except StructuredOutputError as error:
            result.output_error = error  # `query` raises it; readers of a stream check it

    def _take_callback_errors(self, result: ResultMessage) -> None:
        errors = self._conversation.process.take_errors()
        if errors:
            result.callback_errors = CallbackErrors([*result.callback_errors, *errors])
            text = summarize_errors(errors, "in this turn, see result.callback_errors")
            log.warn(text, CallbackWarning)

    @property
    def text_stream(self) -> Iterator[str]:
        """
        The text of the reply as the model writes it.

        Enables stream events, unless the turn has started without them; then it yields the text of whole messages.
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
                # After a stream error the message starts again; the complete message is authoritative.
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
        """Abort the turn from any thread; the iterating thread raises `AbortError`. Returns whether it was running."""
        return self._turn is not None and self._turn.abort()

    def close(self) -> None:
        """Stop the turn if it is running, and end its process unless the process is kept."""
        turn = self._turn
        if self._is_closed:
            return
        if turn is not None and not turn.state.is_over and not turn.stop():
            self._conversation.process.kill()
        self._end()

    def _end(self) -> None:
        """End the turn."""
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
        """Run the turn to its end and return the result; implements `query`."""
        if on_message is not None:
            check_callback("on_message", on_message)
        with self:
            while (message := self._advance()) is not None:
                if on_message is not None and self._turn is not None:
                    self._turn.state.call(on_message, message)
                del message  # free a huge message before reading the next one
        if self.result is None:
            raise ProcessError("the run ended without a result", session_id=self.session_id)
        if self._options.raise_on_error or self.result.output_error is not None:
            self.result.raise_for_error()
        return self.result


def _joined(text: str) -> tuple[str, str]:
    """Join split surrogate pairs; return the text and a trailing half that waits for the next piece."""
    if not text or text.isascii():
        return text, ""
    text, held = split_surrogate(text)
    return join_surrogates(text, "surrogatepass"), held


def _some_time(timeout: float | None) -> float | None:
    """Return a timeout that allows at least one read: a timeout of zero would read nothing."""
    return 0.001 if timeout == 0 else timeout


class IdleStream(MessageStream):
    """The messages of background work, until the CLI is idle."""

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
