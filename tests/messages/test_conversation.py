"""Tests of assistant and user messages, and of stream events."""
from __future__ import annotations

import json
from typing import Any

import pytest

from agent_sdk._converter import structure_message


def assistant(*content: dict[str, Any], **fields: Any) -> Any:
    """An assistant message with this content."""
    return structure_message({"type": "assistant", "message": {"content": list(content)}, **fields})


TEXT = {"type": "text", "text": "hello"}
TOOL = {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": "a"}}
OTHER = {"type": "tool_use", "id": "t2", "name": "Bash", "input": {}}


def test_text_is_joined() -> None:
    """`content` is the text of all text blocks."""
    assert assistant(TEXT, TOOL, TEXT).content == "hellohello"


def test_tool_uses() -> None:
    """Tool uses are a list; fields of the first tool use are attributes of the message."""
    message = assistant(TEXT, TOOL, OTHER)
    assert [block.id for block in message.tool_calls] == ["t1", "t2"]
    assert message.tool_calls == message.tool_use_blocks
    assert (message.tool_name, message.tool_input, message.tool_use_id) == ("Read", {"file_path": "a"}, "t1")


def test_no_tool_uses() -> None:
    """Without a tool use the tool attributes are None."""
    message = assistant(TEXT)
    assert (message.tool_calls, message.tool_name, message.tool_input, message.tool_use_id) == ([], None, None, None)


def test_fields_of_the_reply() -> None:
    """Fields of the API message are attributes of the assistant message."""
    body = {"id": "m", "model": "opus", "stop_reason": "end_turn", "usage": {"output_tokens": 5}, "content": []}
    message = structure_message({"type": "assistant", "message": body})
    found = (message.message_id, message.model, message.stop_reason, message.usage.output_tokens)
    assert found == ("m", "opus", "end_turn", 5)
    assert body == message.message.raw


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([TEXT], {"text"}),
        ([{"type": "text", "text": ""}], set()),
        ([TOOL], {"tool_use"}),
        ([{"type": "thinking", "thinking": ""}], {"thinking"}),
        ([{"type": "redacted_thinking", "data": "x"}], {"thinking"}),
        ([TEXT, TOOL], {"text", "tool_use"}),
        ([], set()),
    ],
)
def test_predicates_of_content(content: list[dict[str, Any]], expected: set[str]) -> None:
    """The predicates of an assistant message depend on its content."""
    message = assistant(*content)
    found = {name for name in ("text", "tool_use", "thinking", "tool_result") if getattr(message, f"is_{name}")}
    assert expected == found


@pytest.mark.parametrize("parent", [None, "t1"])
@pytest.mark.parametrize("kind", ["assistant", "user", "stream_event"])
def test_subagents(kind: str, parent: str | None) -> None:
    """A message with a parent tool use belongs to a subagent."""
    frame: dict[str, Any] = {"type": kind, "message": {}, "event": {}, "parent_tool_use_id": parent}
    assert (parent is not None) is structure_message(frame).is_subagent


def test_a_heartbeat_is_no_subagents() -> None:
    """The parent id in a tool heartbeat is the id of the tool use itself."""
    assert not structure_message({"type": "tool_progress", "parent_tool_use_id": "t1"}).is_subagent


@pytest.mark.parametrize(("content", "count"), [("hi", 1), ("", 0), (None, 0), ([TEXT, TEXT], 2), (5, 0)])
def test_blocks_of_a_user(content: Any, count: int) -> None:
    """A user message has blocks even if its content is a plain string."""
    message = structure_message({"type": "user", "message": {"role": "user", "content": content}})
    assert count == len(message.blocks)
    assert message.content == "".join(block.text for block in message.blocks)


def test_tool_results() -> None:
    """A user message lists its tool results and has the structured result."""
    block = {"type": "tool_result", "tool_use_id": "t1", "content": "out", "is_error": True}
    message = structure_message({"type": "user", "message": {"content": [block]}, "tool_use_result": {"stdout": "x"}})
    assert tuple(message.tool_results[0][key] for key in ("tool_use_id", "is_error", "content")) == ("t1", True, "out")
    assert (message.is_tool_result, message.content, message.tool_use_result) == (True, "", {"stdout": "x"})


@pytest.mark.parametrize(("key", "name"), [("isReplay", "is_replay"), ("isSynthetic", "is_synthetic")])
def test_replays_and_synthetic_messages(key: str, name: str) -> None:
    """Flags on the wire set the predicates; without the flag they are false."""
    frame = {"type": "user", "message": {"content": "x"}}
    found = [getattr(structure_message({**frame, **mark}), name) for mark in ({key: True}, {key: False}, {})]
    assert found == [True, False, False]


@pytest.mark.parametrize(
    ("event", "text", "thinking"),
    [
        ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}}, "a", ""),
        ({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "b"}}, "", "b"),
        ({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{"}}, "", ""),
        ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": 5}}, "", ""),
        ({"type": "message_delta", "delta": 5}, "", ""),
        ({"type": "message_stop"}, "", ""),
        ({}, "", ""),
    ],
)
@pytest.mark.parametrize("kept", ["line", "frame"])
def test_stream_events(event: dict[str, Any], text: str, thinking: str, kept: str) -> None:
    """A stream event has the text and thinking that it adds, and the event itself."""
    frame = {"type": "stream_event", "event": event, "api_message_id": "m", "ttft_ms": 5}
    message: Any = structure_message(frame, json.dumps(frame).encode() if kept == "line" else None)
    assert (text, thinking, text) == (message.text, message.thinking, message.content)
    assert (event, frame, "m", 5) == (message.event, message.raw, message.api_message_id, message.ttft_ms)
    assert event.get("type", "") == message.event_type


def test_fields_of_a_stream_event_that_no_class_names() -> None:
    """A rare field of a stream event is read from its line."""
    frame = {"type": "stream_event", "event": {}, "userMessageUuid": "u"}
    assert structure_message(frame, json.dumps(frame).encode()).user_message_uuid == "u"
