"""
The common content blocks: text, thinking, tool uses and tool results. `rare_blocks` defines the others.

To add a kind of block, define one class with `@block_type`.
"""
from __future__ import annotations

from typing import Any

import attrs

from .base import WireObject, shorten
from .registry import block_type, wire_object


@wire_object
class ContentBlock(WireObject):
    """One piece of a message's content. Base class of all content blocks."""

    #: The kind of block: `text`, `thinking`, `tool_use`, `tool_result`, ...
    type: str = ""


@wire_object
class UnknownBlock(ContentBlock):
    """A block of an unknown kind. `raw` contains the whole block."""

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
    """The model's thinking. The text is empty when the API does not show it."""

    thinking: str = ""
    signature: str = ""

    def _summary(self) -> str:
        return shorten(self.thinking)


@block_type("redacted_thinking")
class RedactedThinkingBlock(ContentBlock):
    """Encrypted thinking, readable only by the API."""

    data: str = ""

    def _summary(self) -> str:
        return f"{len(self.data)} characters"


@block_type("tool_use")
class ToolUseBlock(ContentBlock):
    """A use of a tool that the CLI runs."""

    #: Matches `ToolResultBlock.tool_use_id` of the result.
    id: str = ""
    name: str = ""
    input: dict[str, Any] = attrs.field(factory=dict)
    caller: dict[str, Any] | None = None

    def _summary(self) -> str:
        return f"{self.name} {shorten(self.input)}"


@block_type("tool_result")
class ToolResultBlock(ContentBlock):
    """The result of a tool use."""

    tool_use_id: str = ""
    #: A string, or blocks of type text, image, document, resource_link or tool_reference.
    content: str | list[ContentBlock] | None = None
    is_error: bool = False

    @property
    def text(self) -> str:
        """The text of the result, without images and other blocks."""
        return text_of(self.content)

    def _summary(self) -> str:
        return shorten(self.text) + (" error" if self.is_error else "")


def text_of(content: object) -> str:
    """Return *content* if it is a string, the joined text blocks if it is a list, else `""`."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [block.text for block in content if isinstance(block, TextBlock)]
    return "".join(text for text in texts if isinstance(text, str))
