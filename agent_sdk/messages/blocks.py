"""
Content blocks: the pieces of a message's content. The usual ones; see `block_kinds` for the others.

A new block is one class with `@block_type`.
"""
from __future__ import annotations

from typing import Any

import attrs

from .base import WireObject, shorten
from .registry import block_type, wire_object


@wire_object
class ContentBlock(WireObject):
    """One piece of a message's content. The base of all."""

    #: The kind of block: `text`, `thinking`, `tool_use`, `tool_result`, ...
    type: str = ""


@wire_object
class UnknownBlock(ContentBlock):
    """A block of a kind that this version does not know; `raw` has it whole."""

    def _summary(self) -> str:
        return shorten(self.type)


@block_type("text")
class TextBlock(ContentBlock):
    """Text."""

    text: str = ""
    citations: list[Any] | None = None

    def _summary(self) -> str:
        return shorten(self.text)


@block_type("thinking")
class ThinkingBlock(ContentBlock):
    """What the model thought before it answered; empty when the thinking is not shown."""

    thinking: str = ""
    signature: str = ""

    def _summary(self) -> str:
        return shorten(self.thinking)


@block_type("redacted_thinking")
class RedactedThinkingBlock(ContentBlock):
    """Thinking that only the API can read."""

    data: str = ""

    def _summary(self) -> str:
        return f"{len(self.data)} characters"


@block_type("tool_use")
class ToolUseBlock(ContentBlock):
    """The model's use of a tool that the CLI runs."""

    #: Joins the use with its `ToolResultBlock.tool_use_id`.
    id: str = ""
    name: str = ""
    input: dict[str, Any] = attrs.field(factory=dict)
    caller: dict[str, Any] | None = None

    def _summary(self) -> str:
        return f"{self.name} {shorten(self.input)}"


@block_type("tool_result")
class ToolResultBlock(ContentBlock):
    """What a tool gave back."""

    tool_use_id: str = ""
    #: The text, or blocks: text, image, document, resource_link, tool_reference.
    content: str | list[ContentBlock] | None = None
    is_error: bool = False

    @property
    def text(self) -> str:
        """The text of the result, images and the like left out."""
        return text_of(self.content)

    def _summary(self) -> str:
        return shorten(self.text) + (" error" if self.is_error else "")


def text_of(content: object) -> str:
    """The text of *content*, which is a string, or a list whose text blocks are joined; else `""`."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [block.text for block in content if isinstance(block, TextBlock)]
    return "".join(text for text in texts if isinstance(text, str))
