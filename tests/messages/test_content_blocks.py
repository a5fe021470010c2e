"""Tests of the content blocks."""
from __future__ import annotations

import importlib
from typing import Any

import pytest

from agent_sdk import messages
from agent_sdk._converter import structure_message
from agent_sdk.messages import registry

BLOCKS = [
    ({"type": "text", "text": "hi", "citations": None}, "TextBlock"),
    ({"type": "thinking", "thinking": "hm", "signature": "s"}, "ThinkingBlock"),
    ({"type": "redacted_thinking", "data": "x"}, "RedactedThinkingBlock"),
    ({"type": "tool_use", "id": "t", "name": "Bash", "input": {}}, "ToolUseBlock"),
    ({"type": "tool_result", "tool_use_id": "t", "content": "out"}, "ToolResultBlock"),
    ({"type": "server_tool_use", "id": "t", "name": "web_search", "input": {}}, "ServerToolUseBlock"),
    ({"type": "mcp_tool_use", "id": "t", "server_name": "s"}, "McpToolUseBlock"),
    ({"type": "mcp_tool_result", "is_error": True}, "McpToolResultBlock"),
    ({"type": "advisor_tool_result", "content": {}}, "AdvisorToolResultBlock"),
    ({"type": "web_search_tool_result", "content": [{}]}, "WebSearchToolResultBlock"),
    ({"type": "web_fetch_tool_result"}, "WebFetchToolResultBlock"),
    ({"type": "code_execution_tool_result"}, "CodeExecutionToolResultBlock"),
    ({"type": "bash_code_execution_tool_result"}, "BashCodeExecutionToolResultBlock"),
    ({"type": "text_editor_code_execution_tool_result"}, "TextEditorCodeExecutionToolResultBlock"),
    ({"type": "tool_search_tool_result"}, "ToolSearchToolResultBlock"),
    ({"type": "container_upload", "file_id": "f"}, "ContainerUploadBlock"),
    ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}, "ImageBlock"),
    ({"type": "document", "source": {"type": "url", "url": "u"}, "title": "T"}, "DocumentBlock"),
    ({"type": "resource_link", "uri": "u", "mimeType": "text/plain"}, "ResourceLinkBlock"),
    ({"type": "tool_reference", "tool_name": "t"}, "ToolReferenceBlock"),
    ({"type": "nosuch", "x": 1}, "UnknownBlock"),
    ({"x": 1}, "UnknownBlock"),
    ({"type": {}}, "UnknownBlock"),
]


def block_of(raw: Any) -> Any:
    """Return the block parsed from *raw* in an assistant message."""
    return structure_message({"type": "assistant", "message": {"content": [raw]}}).blocks[0]


@pytest.mark.parametrize(("raw", "expected"), BLOCKS)
def test_each_block_has_its_class(raw: dict[str, Any], expected: str) -> None:
    """A block is parsed as the class of its type or as UnknownBlock, and keeps its raw form."""
    block = block_of(raw)
    assert (expected, raw) == (type(block).__name__, block.raw)
    assert isinstance(block, messages.ContentBlock)
    assert "\n" not in repr(block)


def test_the_table_is_complete() -> None:
    """`BLOCKS` lists every registered type of content blocks."""
    for family in registry.BLOCK_FAMILIES:
        importlib.import_module(f"agent_sdk.messages.{family}")
    assert set(registry._blocks) == {raw["type"] for raw, expected in BLOCKS if expected != "UnknownBlock"}


def test_unknown_fields_of_blocks() -> None:
    """A block keeps undeclared fields, as attributes and items."""
    block = block_of({"type": "text", "text": "hi", "cacheControl": {"ttl": 5}})
    assert block.cache_control == block["cacheControl"] == {"ttl": 5}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("out", "out"),
        (None, ""),
        ([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}], "ab"),
        ([], ""),
        (5, ""),
    ],
)
def test_text_of_a_tool_result(content: Any, expected: str) -> None:
    """The text of a tool result is its string content, or the text of its text blocks."""
    assert expected == block_of({"type": "tool_result", "content": content}).text


def test_blocks_inside_tool_results() -> None:
    """Blocks inside a tool result are parsed as their classes."""
    source = {"type": "base64", "media_type": "image/png", "data": ""}
    inner = block_of({"type": "tool_result", "content": [{"type": "image", "source": source}]}).content[0]
    assert (type(inner).__name__, inner.source.media_type) == ("ImageBlock", "image/png")


def test_junk_among_blocks_is_left_out() -> None:
    """A content item that is not an object is omitted from the blocks and kept in raw."""
    frame = {"type": "assistant", "message": {"content": [5, {"type": "text", "text": "hi"}, None]}}
    message = structure_message(frame)
    assert (1, "hi", frame) == (len(message.blocks), message.content, message.raw)
