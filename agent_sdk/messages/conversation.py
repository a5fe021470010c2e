"""
The messages of the conversation: assistant messages, user messages, and stream events.
"""
from __future__ import annotations

from sys import intern
from typing import Any, TypeVar

import attrs

from .._core.fields import wire
from .._core.json_lines import decode
from .base import KnownMessage, WireObject, shorten
from .blocks import ContentBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock, text_of
from .registry import message_type, wire_object
from .shared import Origin, Usage

B = TypeVar("B", bound=ContentBlock)


@wire_object
class MessageParam(WireObject):
    """A message as the API represents it: a role and its content."""

    role: str = ""
    content: str | list[ContentBlock] | None = None


@wire_object
class ApiMessage(MessageParam):
    """A reply as the API represents it. The CLI sends one assistant message per block, all with the reply's id."""

    id: str | None = None
    type: str = "message"
    model: str = ""
    #: *None* while the reply is streamed; the result has the final value.
    stop_reason: str | None = None
    stop_sequence: str | None = None
    #: Counts at the start of the reply; the result has the totals.
    usage: Usage | None = None
    context_management: Any = None


@wire_object
class ConversationMessage(KnownMessage):
    """Base class of assistant and user messages."""

    essential = ("message",)

    #: The API's representation; `content` and `blocks` read it.
    message: MessageParam = attrs.field(factory=MessageParam)
    #: In messages of a subagent: its id, its kind and its task.
    agent_id: str | None = None
    subagent_type: str | None = None
    task_description: str | None = None
    #: Creation time, ISO 8601.
    timestamp: str | None = None

    @property
    def content(self) -> str:
        """The joined text of all text blocks, or `""`."""
        return text_of(self.message.content)

    @property
    def blocks(self) -> list[ContentBlock]:
        """The content blocks. Plain text content is returned as one text block."""
        content = self.message.content
        if isinstance(content, str):
            return [TextBlock(text=content)] if content else []
        return self._blocks_of(ContentBlock)

    def _blocks_of(self, cls: type[B]) -> list[B]:
        content = self.message.content
        return [block for block in content if isinstance(block, cls)] if isinstance(content, list) else []

    @property
    def is_subagent(self) -> bool:
        """A message of an agent that the model started."""
        return self.parent_tool_use_id is not None


@message_type("assistant")
class AssistantMessage(ConversationMessage):
    """One or more finished content blocks of the model's reply."""

    message: ApiMessage = attrs.field(factory=ApiMessage)
    #: Set when the reply is an error text of the CLI: `authentication_failed`, `rate_limit`, `overloaded`, ...
    error: str | None = None
    is_api_error_message: bool = False
    api_error_status: int | None = None
    api_error_type: str | None = None
    request_id: str | None = None
    #: The uuids of the prompts that this message answers, if the prompts had one.
    user_message_uuid: str | None = None
    user_message_uuids: list[str] | None = None
    resume_reason: str | None = None
    resumed_from_incomplete_thinking: bool = False
    #: The uuids of the messages that this message replaces.
    supersedes: list[str] | None = None
    #: An interrupt ended the reply early.
    aborted: bool = False
    #: Set in the reply to `/context`; a `ContextUsage`.
    context_usage: WireObject | None = None
    #: Set in the reply to `/usage`; a `UsageReport`.
    usage_report: WireObject | None = None

    @property
    def model(self) -> str:
        """The model that produced the message; `<synthetic>` for text of the CLI."""
        return self.message.model

    @property
    def message_id(self) -> str | None:
        """The id of the reply, shared by all of its messages."""
        return self.message.id

    @property
    def stop_reason(self) -> str | None:
        """The reason the reply ended; *None* when it was streamed."""
        return self.message.stop_reason

    @property
    def usage(self) -> Usage | None:
        """Token counts at the start of the reply. The result has the totals."""
        return self.message.usage

    @property
    def thinking(self) -> str:
        """The joined text of all thinking blocks, or `""`."""
        return "".join(str(block.thinking) for block in self._blocks_of(ThinkingBlock))

    @property
    def tool_use_blocks(self) -> list[ToolUseBlock]:
        """The tool use blocks of the message."""
        return self._blocks_of(ToolUseBlock)

    @property
    def tool_calls(self) -> list[ToolUseBlock]:
        """Alias of `tool_use_blocks`."""
        return self._blocks_of(ToolUseBlock)

    @property
    def tool_name(self) -> str | None:
        """The tool name of the first tool use, or *None*."""
        return next((block.name for block in self.tool_use_blocks), None)

    @property
    def tool_input(self) -> dict[str, Any] | None:
        """The input of the first tool use, or *None*."""
        return next((block.input for block in self.tool_use_blocks), None)

    @property
    def tool_use_id(self) -> str | None:
        """The id of the first tool use, or *None*."""
        return next((block.id for block in self.tool_use_blocks), None)

    @property
    def is_text(self) -> bool:
        """The message has text."""
        return bool(self.content)

    @property
    def is_thinking(self) -> bool:
        """The message has thinking, readable or redacted."""
        return any(block.type in ("thinking", "redacted_thinking") for block in self.blocks)

    @property
    def is_tool_use(self) -> bool:
        """The message contains a tool use."""
        return bool(self.tool_use_blocks)

    def _summary(self) -> str:
        tools = self.tool_use_blocks
        parts = [shorten(self.content)] if self.content else []
        parts += ["thinking"] if self.is_thinking else []
        parts += [f"tools={len(tools)}"] if tools else []
        return " ".join(parts + ([f"error={self.error}"] if self.error else []))


@message_type("user")
class UserMessage(ConversationMessage):
    """A tool result, a prompt that the CLI repeats, or a prompt that the CLI created."""

    #: The structured tool result; its shape depends on the tool. A string for an error.
    tool_use_result: Any = None
    #: For each tool result, the source and kind of its permission decision.
    tool_result_meta: list[Any] | None = None
    synthetic: bool = wire("isSynthetic", False)
    replayed: bool = wire("isReplay", False)
    #: `now`, `next` or `later`.
    priority: str | None = None
    origin: Origin | None = None
    should_query: bool | None = wire("shouldQuery")
    client_composed: bool = False
    pasted_content: list[Any] | None = None
    inline_pastes: list[str] | None = None
    file_attachments: list[Any] | None = None

    @property
    def tool_results(self) -> list[ToolResultBlock]:
        """The tool result blocks of the message."""
        return self._blocks_of(ToolResultBlock)

    @property
    def is_tool_result(self) -> bool:
        """The message contains a tool result."""
        return bool(self.tool_results)

    @property
    def is_replay(self) -> bool:
        """The CLI repeated this message."""
        return bool(self.replayed)

    @property
    def is_synthetic(self) -> bool:
        """The CLI created this message."""
        return bool(self.synthetic)

    def _summary(self) -> str:
        results = self.tool_results
        parts = [shorten(self.content)] if self.content else []
        return " ".join(parts + ([f"results={len(results)}"] if results else []))


@message_type("stream_event")
class StreamEvent(KnownMessage):
    """
    A partial piece of a reply, sent while the model produces it.

    Text from stream events can become stale: after a stream error the reply may restart, or arrive as a whole without
    events. Discard the text at each `message_start`; the assistant message is authoritative.
    """

    essential = ("event",)

    #: `message_start`, `content_block_start`, `content_block_delta`, `content_block_stop`, `message_delta`, ...
    event_type: str = attrs.field(default="", init=False)
    #: The text that the event adds, or `""`.
    text: str = attrs.field(default="", init=False)
    #: The thinking that the event adds, or `""`.
    thinking: str = attrs.field(default="", init=False)
    #: The id of the reply: `AssistantMessage.message_id`.
    api_message_id: str | None = None
    #: Milliseconds to the first token; only set for `message_start`.
    ttft_ms: float | None = None

    # The line is much smaller than the decoded frame, and most users only read the text.
    _source: bytes | dict[str, Any] | None = attrs.field(default=None, init=False)

    def read_frame(self, frame: dict[str, Any], line: bytes | None) -> None:
        """Fill a new event. Used by the SDK: a generic reader takes three times as long for this frequent message."""
        get = frame.get
        self.type = "stream_event"
        self._source = frame if line is None else line
        self.uuid = get("uuid")
        session_id = get("session_id")
        self.session_id = intern(session_id) if type(session_id) is str else session_id
        self.parent_tool_use_id = get("parent_tool_use_id")
        reply = get("api_message_id")
        self.api_message_id = intern(reply) if type(reply) is str else reply
        self.ttft_ms = get("ttft_ms")
        self.subtype = self._rest = self._shape = None
        self.background = False
        event = frame["event"]
        kind = event.get("type")
        self.event_type = intern(kind) if type(kind) is str else ""
        text = thinking = ""
        delta = event.get("delta")
        if type(delta) is dict:
            text, thinking = delta.get("text", ""), delta.get("thinking", "")
        self.text = text if type(text) is str else ""
        self.thinking = thinking if type(thinking) is str else ""

    @property
    def raw(self) -> dict[str, Any]:
        """The whole frame, decoded from its line on each access."""
        source = self._source
        if isinstance(source, bytes):
            return decode(source) or {}
        return {"type": self.type} if source is None else source

    @property
    def event(self) -> dict[str, Any]:
        """The event as the API sent it, decoded on each access."""
        event = self.raw.get("event")
        return event if isinstance(event, dict) else {}

    @property
    def delta(self) -> dict[str, Any]:
        """The delta of the event, such as `{"type": "input_json_delta", "partial_json": ...}`; `{}` without one."""
        delta = self.event.get("delta")
        return delta if isinstance(delta, dict) else {}

    @property
    def content(self) -> str:
        """Alias of `text`."""
        return self.text

    @property
    def is_subagent(self) -> bool:
        """An event of an agent that the model started."""
        return self.parent_tool_use_id is not None

    def _summary(self) -> str:
        added = self.text or self.thinking
        return f"{self.event_type} {shorten(added)}" if added else self.event_type
