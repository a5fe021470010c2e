"""
The replies of the scripted model, encoded as one JSON message or a stream of events.

It does no I/O; `_http` sends the replies.
"""
from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from ._requests import ModelRequest

#: The default usage of a reply, high enough for a cost above zero.
USAGE: Mapping[str, int] = {
    "input_tokens": 12,
    "output_tokens": 7,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
}
_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
#: A text with more characters than this is streamed in slices instead of words.
_MAX_WORDWISE_CHARS = 20_000
_SLICE_CHARS = 16_384


def _to_blocks(content: str | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    blocks = [content] if isinstance(content, Mapping) else content
    return [_with_id(dict(block)) for block in blocks]


def _with_id(block: dict[str, Any]) -> dict[str, Any]:
    if block.get("type") == "tool_use":
        block.setdefault("id", f"toolu_{uuid.uuid4().hex[:20]}")
        block.setdefault("input", {})
    return block


@attrs.frozen
class Reply:
    """One reply of the model: content blocks with their pace, or an error."""

    #: Content blocks in the API's format, or a text or a single block. Tool uses without an id get one.
    blocks: list[dict[str, Any]] = attrs.field(default="", converter=_to_blocks)
    #: Seconds before the first byte.
    delay: float = attrs.field(default=0.0, kw_only=True)
    #: The pieces in which the text is streamed; words by default.
    chunks: Sequence[str] = attrs.field(default=(), kw_only=True)
    #: Seconds between two pieces.
    chunk_delay: float = attrs.field(default=0.0, kw_only=True)
    #: After the first piece, wait for this event, for at most a minute and until the model is closed.
    until: threading.Event | None = attrs.field(default=None, kw_only=True)
    #: Token counts that replace those of `USAGE`.
    usage: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)
    #: Defaults to `tool_use` if the reply contains one, else `end_turn`.
    stop_reason: str | None = attrs.field(default=None, kw_only=True)
    #: An HTTP status other than 200 makes the reply an error.
    status: int = attrs.field(default=200, kw_only=True)
    #: The text of the error.
    message: str = attrs.field(default="", kw_only=True)
    #: Additional HTTP headers, such as `retry-after`.
    headers: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    #: Drop the connection after the first piece.
    drop: bool = attrs.field(default=False, kw_only=True)
    #: Send an error event of this type after the first piece, such as `overloaded_error`.
    sse_error: str | None = attrs.field(default=None, kw_only=True)

    @property
    def breaks(self) -> bool:
        """Whether the stream ends early."""
        return self.drop or self.sse_error is not None

    def error(self) -> dict[str, Any]:
        """The body of an error."""
        return _error_body(_ERROR_TYPES.get(self.status, "api_error"), self.message or f"scripted {self.status}")

    def to_message(self, request: ModelRequest) -> dict[str, Any]:
        """The whole message, for a request without `stream`."""
        message = self._empty_message(request)
        message.update(content=self.blocks, stop_reason=self._stop_reason(), usage={**USAGE, **self.usage})
        return message

    def events(self, request: ModelRequest) -> Iterator[dict[str, Any]]:
        """The message as events, without the part after a break."""
        yield {"type": "message_start", "message": self._empty_message(request)}
        for index, block in enumerate(self.blocks):
            yield {"type": "content_block_start", "index": index, "content_block": _empty_block(block)}
            for delta in self._deltas(block):
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        usage = {"output_tokens": USAGE["output_tokens"], **self.usage}
        yield {
            "type": "message_delta",
            "delta": {"stop_reason": self._stop_reason(), "stop_sequence": None},
            "usage": usage,
        }
        yield {"type": "message_stop"}

    def sse_error_event(self) -> dict[str, Any]:
        """The event that breaks a stream."""
        return _error_body(self.sse_error or "api_error", self.message or "scripted error in the stream")

    def _empty_message(self, request: ModelRequest) -> dict[str, Any]:
        return {
            "id": f"msg_{uuid.uuid4().hex[:22]}",
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**USAGE, **self.usage, "output_tokens": 1},
        }

    def _stop_reason(self) -> str:
        uses_tools = any(block.get("type") == "tool_use" for block in self.blocks)
        return self.stop_reason or ("tool_use" if uses_tools else "end_turn")

    def _deltas(self, block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        kind = block.get("type")
        if kind == "text":
            for piece in self.chunks or _split_text(str(block.get("text", ""))):
                yield {"type": "text_delta", "text": piece}
        elif kind == "thinking":
            for piece in _split_text(str(block.get("thinking", ""))):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block.get("signature") or "c2ln"}
        elif kind == "tool_use":
            for piece in _slices(json.dumps(block.get("input", {})), _SLICE_CHARS):
                yield {"type": "input_json_delta", "partial_json": piece}


def to_reply(answer: Any) -> Reply:
    """Return *value* as a reply; it may be a reply, a text, a block or a list of blocks."""
    return answer if isinstance(answer, Reply) else Reply(answer)


def _error_body(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


def _empty_block(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return *block* for its start event, without the content that `_deltas` sends."""
    hollow = dict(block)
    for key, empty in {"text": "", "thinking": "", "signature": "", "input": {}}.items():
        if key in hollow and hollow.get("type") in ("text", "thinking", "tool_use"):
            hollow[key] = empty
    return hollow


def _split_text(text: str) -> list[str]:
    if len(text) > _MAX_WORDWISE_CHARS:
        return _slices(text, _SLICE_CHARS)
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def _slices(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
