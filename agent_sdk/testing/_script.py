"""
The script of a scripted model, which selects the reply to a request.

It does no I/O.
"""
from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from ._replies import Reply, to_reply
from ._requests import ModelRequest

#: A function of the request; returns a `Reply`, a text, a content block or a list of blocks.
Answer = Callable[[ModelRequest], Any]
#: A part of the prompt, or a predicate.
Condition = str | Callable[[ModelRequest], bool]

_S = TypeVar("_S", bound="Script")


def echo(request: ModelRequest) -> Reply:
    """Return the reply of an empty script: `echo: <prompt>`, or `done: <tool results>` after tools have run."""
    results = request.tool_results
    if not results:
        return Reply(f"echo: {request.prompt}")
    return Reply("done: " + "\n".join(_content_text(result.get("content")) for result in results)[:1000])


def _content_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    texts = (block.get("text", f"[{block.get('type')}]") for block in content or () if isinstance(block, dict))
    return "\n".join(map(str, texts))


@attrs.define
class _ScriptedAnswer:
    answer: Answer
    #: Number of requests that it still answers; *None* for one call with all its retries.
    times: int | None = 1


class Script:
    """Replies in order, one for each model call, and a default reply after the last one."""

    def __init__(self, condition: Condition | None = None) -> None:
        self._condition = condition
        self._lock = threading.RLock()
        self._steps: deque[_ScriptedAnswer] = deque()
        self._default: Answer = echo
        # Failures of a whole call, including its retries: the CLI repeats the same request.
        self._repeated: dict[object, Reply] = {}

    def reply(
        self: _S,
        text: str = "",
        *,
        delay: float = 0.0,
        chunks: Sequence[str] = (),
        chunk_delay: float = 0.0,
        until: threading.Event | None = None,
        thinking: str = "",
        usage: Mapping[str, Any] | None = None,
        stop_reason: str | None = None,
    ) -> _S:
        """
        Reply to the next call with *text*.

        Args:
            text: The reply, streamed word by word.
            delay: Seconds before the first byte.
            chunks: The pieces in which to stream the text, instead of words; *text* is then optional.
            chunk_delay: Seconds between two pieces.
            until: Hold the reply after its first piece until this event is set, for at most a minute;
            closing the model ends the wait.
            thinking: Text of a thinking block before the reply.
            usage: Token counts, such as `{"input_tokens": 5000}`; the defaults are 12 in and 7 out.
            stop_reason: Defaults to `end_turn`; for example `max_tokens`.
        """
        blocks = [{"type": "thinking", "thinking": thinking, "signature": "c2ln"}] if thinking else []
        blocks.append({"type": "text", "text": text or "".join(chunks)})
        return self._add(
            Reply(
                blocks,
                delay=delay,
                chunks=tuple(chunks),
                chunk_delay=chunk_delay,
                until=until,
                usage=usage or {},
                stop_reason=stop_reason,
            )
        )

    def call_tool(self: _S, name: str, input: Mapping[str, Any] | None = None, *, text: str = "", **pace: Any) -> _S:
        """
        Reply to the next call with a use of the tool *name*; the following call contains its result.

        Args:
            name: The tool's name in the CLI, such as `Bash` or `mcp__server__add`.
            input: The tool's arguments.
            text: Text before the tool use.
            pace: The arguments `delay`, `chunk_delay`, `until` and `usage` of `reply`.
        """
        return self.call_tools((name, input or {}), text=text, **pace)

    def call_tools(self: _S, *calls: tuple[str, Mapping[str, Any]], text: str = "", **pace: Any) -> _S:
        """Reply to the next call with several tool uses, each a pair of name and input."""
        blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        blocks += [{"type": "tool_use", "name": name, "input": dict(arguments)} for name, arguments in calls]
        return self._add(Reply(blocks, **pace))

    def blocks(self: _S, blocks: Sequence[Mapping[str, Any]], **pace: Any) -> _S:
        """Reply to the next call with raw content blocks; *pace* as for `call_tool`."""
        return self._add(Reply(blocks, **pace))

    def fail(
        self: _S,
        status: int,
        *,
        message: str = "",
        times: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> _S:
        """
        Reply with an HTTP error.

        Args:
            status: For example 429, 500 or 529. The CLI retries after 401, 429 and 5xx.
            message: The text of the error.
            times: Number of attempts that fail before the script continues; *None* fails the call and all its
            retries, and the script continues with the next call.
            headers: Additional HTTP headers, such as `{"retry-after": "1"}`.
        """
        return self._add(Reply(status=status, message=message, headers=headers or {}), times)

    def drop(self: _S, text: str = "this is cut off", *, times: int | None = 1) -> _S:
        """Drop the connection after the first word of *text*, in *times* attempts; the CLI retries."""
        return self._add(Reply(text, drop=True), times)

    def sse_error(self: _S, kind: str = "overloaded_error", *, message: str = "", times: int | None = 1) -> _S:
        """Send an error event after the first word of the stream, in *times* attempts; the CLI retries."""
        return self._add(Reply("this is cut off", sse_error=kind, message=message), times)

    def respond(self: _S, function: Answer, *, times: int = 1) -> _S:
        """Reply to the next *times* calls with the return value of *function*, which receives the request."""
        return self._add(function, times)

    def otherwise(self: _S, answer: Answer | str) -> _S:
        """Set the reply after the end of the script: a text, or a function of the request."""
        with self._lock:
            self._default = (lambda request: answer) if isinstance(answer, str) else answer
        return self

    @property
    def remaining(self) -> int:
        """Number of scripted replies that are left."""
        with self._lock:
            return len(self._steps)

    def matches(self, request: ModelRequest) -> bool:
        """Return whether this script applies to *request*."""
        if isinstance(self._condition, str):
            return self._condition in request.prompt
        return self._condition is None or self._condition(request)

    def answer(self, request: ModelRequest) -> Reply:
        """Return the script's reply to *request*. Functions of the request run outside the lock."""
        key = request.call_key
        with self._lock:
            if key in self._repeated:
                return self._repeated[key]
            step = self._next_answer()
        reply = to_reply(step.answer(request))
        if step.times is None:
            with self._lock:
                self._repeated[key] = reply
        return reply

    def _next_answer(self) -> _ScriptedAnswer:
        if not self._steps:
            return _ScriptedAnswer(self._default)
        step = self._steps[0]
        if step.times is not None:
            step.times -= 1
        if not step.times:
            self._steps.popleft()
        return step

    def _add(self: _S, answer: Reply | Answer, times: int | None = 1) -> _S:
        function = (lambda request: answer) if isinstance(answer, Reply) else answer
        with self._lock:
            self._steps.append(_ScriptedAnswer(function, times))
        return self
