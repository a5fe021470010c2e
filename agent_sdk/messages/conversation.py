"""
The messages of the conversation: the model's, the user's, and the pieces of a reply while it is written.
"""
from __future__ import annotations

from sys import intern
from typing import Any, TypeVar

import attrs

from .._core.fields import wire
from .._core.json_lines import decode
from .base import Message, WireObject, shorten
from .blocks import ContentBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock, text_of
from .registry import message_type, wire_object
from .shared import Origin, Usage

B = TypeVar("B", bound=ContentBlock)


@wire_object
class MessageParam(WireObject):
    """The API's form of a message: who says what."""

    role: str = ""
    content: str | list[ContentBlock] | None = None


@wire_object
class ApiMessage(MessageParam):
    """The API's form of a reply, which comes in several assistant messages: one for each block, all with its id."""

    id: str | None = None
    type: str = "message"
    model: str = ""
    #: *None* while the reply is streamed: see the result's.
    stop_reason: str | None = None
    stop_sequence: str | None = None
    #: As of the start of the reply: totals are the result's.
    usage: Usage | None = None
    context_management: Any = None


@wire_object
class ConversationMessage(Message):
    """What assistant and user messages share."""

    essential = ("message",)

    #: The API's form of it, which `content` and `blocks` read.
    message: MessageParam = attrs.field(factory=MessageParam)
    #: Of a subagent's message: which agent, of which kind, for what.
    agent_id: str | None = None
    subagent_type: str | None = None
    task_description: str | None = None
    #: When it was made, as ISO 8601.
    timestamp: str | None = None

    @property
    def content(self) -> str:
        """The text, of all text blocks joined; `""` when there is none."""
        return text_of(self.message.content)

    @property
    def blocks(self) -> list[ContentBlock]:
        """The content blocks; content that is plain text is one text block."""
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
    """A finished content block of the model's reply, or several."""

    message: ApiMessage = attrs.field(factory=ApiMessage)
    #: Why the reply is an error text of the CLI: `authentication_failed`, `rate_limit`, `overloaded`, ...
    error: str | None = None
    is_api_error_message: bool = False
    api_error_status: int | None = None
    api_error_type: str | None = None
    request_id: str | None = None
    #: The prompts that this answers, when they were sent with a uuid.
    user_message_uuid: str | None = None
    user_message_uuids: list[str] | None = None
    resume_reason: str | None = None
    resumed_from_incomplete_thinking: bool = False
    #: Messages that this one takes the place of, by uuid.
    supersedes: list[str] | None = None
    #: The reply was cut short by an interrupt.
    aborted: bool = False
    #: With the reply to `/context`: as `ContextUsage`.
    context_usage: WireObject | None = None
    #: With the reply to `/usage`: as `UsageReport`.
    usage_report: WireObject | None = None

    @property
    def model(self) -> str:
        """The model that wrote it; `<synthetic>` for a text of the CLI."""
        return self.message.model

    @property
    def message_id(self) -> str | None:
        """The id of the whole reply, the same in each of its messages."""
        return self.message.id

    @property
    def stop_reason(self) -> str | None:
        """Why the reply ended; *None* when it was streamed."""
        return self.message.stop_reason

    @property
    def usage(self) -> Usage | None:
        """Tokens as of the start of the reply. For totals ask the result."""
        return self.message.usage

    @property
    def thinking(self) -> str:
        """The thinking of all thinking blocks joined; `""` when there is none."""
        return "".join(str(block.thinking) for block in self._blocks_of(ThinkingBlock))

    @property
    def tool_use_blocks(self) -> list[ToolUseBlock]:
        """The tool uses in it."""
        return self._blocks_of(ToolUseBlock)

    @property
    def tool_calls(self) -> list[ToolUseBlock]:
        """The same as `tool_use_blocks`."""
        return self._blocks_of(ToolUseBlock)

    @property
    def tool_name(self) -> str | None:
        """The name of the first tool used, or *None*."""
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
        """It has text."""
        return bool(self.content)

    @property
    def is_thinking(self) -> bool:
        """It has thinking, shown or redacted."""
        return any(block.type in ("thinking", "redacted_thinking") for block in self.blocks)

    @property
    def is_tool_use(self) -> bool:
        """The model uses a tool in it."""
        return bool(self.tool_use_blocks)

    def _summary(self) -> str:
        tools = self.tool_use_blocks
        parts = [shorten(self.content)] if self.content else []
        parts += ["thinking"] if self.is_thinking else []
        parts += [f"tools={len(tools)}"] if tools else []
        return " ".join(parts + ([f"error={self.error}"] if self.error else []))


@message_type("user")
class UserMessage(ConversationMessage):
    """A tool's result, a prompt repeated by the CLI, or one that it made up."""

    #: What the tool gave back, structured, in a form of the tool's own; a string for an error.
    tool_use_result: Any = None
    #: For each tool result: who decided on it, and how.
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
        """The tool results in it."""
        return self._blocks_of(ToolResultBlock)

    @property
    def is_tool_result(self) -> bool:
        """It carries what a tool gave back."""
        return bool(self.tool_results)

    @property
    def is_replay(self) -> bool:
        """It was repeated by the CLI, not sent anew."""
        return bool(self.replayed)

    @property
    def is_synthetic(self) -> bool:
        """The CLI made it up."""
        return bool(self.synthetic)

    def _summary(self) -> str:
        results = self.tool_results
        parts = [shorten(self.content)] if self.content else []
        return " ".join(parts + ([f"results={len(results)}"] if results else []))


@message_type("stream_event")
class StreamEvent(Message):
    """
    A piece of a reply while it is written.

    Text shown from these can be stale: after a fault of the stream the reply may start anew, or come whole, without
    them. Begin afresh at each `message_start`; the assistant message decides.
    """

    essential = ("event",)

    #: `message_start`, `content_block_start`, `content_block_delta`, `content_block_stop`, `message_delta`, ...
    event_type: str = attrs.field(default="", init=False)
    #: The text that this event adds, or `""`.
    text: str = attrs.field(default="", init=False)
    #: The thinking that this event adds, or `""`.
    thinking: str = attrs.field(default="", init=False)
    #: The id of the reply: `AssistantMessage.message_id`.
    api_message_id: str | None = None
    #: Milliseconds to the first token; with `message_start` only.
    ttft_ms: float | None = None

    # The line is far smaller than what it decodes to, and few ask for more than the text.
    _source: bytes | dict[str, Any] | None = attrs.field(default=None, init=False)

    def read_frame(self, frame: dict[str, Any], line: bytes | None) -> None:
        """Fill a new event. For the SDK: the general way takes three times as long for the most frequent message."""
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
        """The whole frame, decoded anew from its line each time."""
        source = self._source
        if isinstance(source, bytes):
            return decode(source) or {}
        return {"type": self.type} if source is None else source

    @property
    def event(self) -> dict[str, Any]:
        """The event as the API sent it, decoded anew each time."""
        event = self.raw.get("event")
        return event if isinstance(event, dict) else {}

    @property
    def delta(self) -> dict[str, Any]:
        """What the event adds, such as `{"type": "input_json_delta", "partial_json": ...}`; `{}` for other events."""
        delta = self.event.get("delta")
        return delta if isinstance(delta, dict) else {}

    @property
    def content(self) -> str:
        """The same as `text`."""
        return self.text

    @property
    def is_subagent(self) -> bool:
        """An event of an agent that the model started."""
        return self.parent_tool_use_id is not None

    def _summary(self) -> str:
        added = self.text or self.thinking
        return f"{self.event_type} {shorten(added)}" if added else self.event_type
