"""The builders of frames."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent_sdk._core import json_lines
from agent_sdk.testing import frames

BUILDERS: dict[str, Callable[[], dict[str, Any]]] = {
    "init": frames.init,
    "assistant": lambda: frames.assistant("hi"),
    "thinking": lambda: frames.thinking("hm"),
    "tool_use": lambda: frames.tool_use("Bash", {"command": "ls"}),
    "tool_result": lambda: frames.tool_result("toolu_1", "fine"),
    "user": lambda: frames.user("hi"),
    "stream_event": lambda: frames.stream_event({"type": "message_stop"}),
    "text_delta": lambda: frames.text_delta("h"),
    "thinking_delta": lambda: frames.thinking_delta("h"),
    "result": lambda: frames.result("hi"),
    "error_result": lambda: frames.error_result("error_max_turns"),
    "compact_boundary": frames.compact_boundary,
    "api_retry": frames.api_retry,
    "rate_limit": frames.rate_limit,
    "status": lambda: frames.status("compacting"),
    "task_started": frames.task_started,
    "task_updated": frames.task_updated,
    "task_notification": frames.task_notification,
    "background_tasks": lambda: frames.background_tasks("a1"),
    "session_state": frames.session_state,
    "command_lifecycle": frames.command_lifecycle,
}
builders = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS.keys())


@builders
def test_common_fields(build: Callable[[], dict[str, Any]]) -> None:
    """Every frame has a type, the constant session id and a uuid of its own."""
    first, second = build(), build()
    assert isinstance(first["type"], str)
    assert first["session_id"] == frames.SESSION_ID
    assert first["uuid"] != second["uuid"]


@builders
def test_is_json(build: Callable[[], dict[str, Any]]) -> None:
    """Every frame survives the way through a line."""
    frame = build()
    assert frame == json_lines.decode(json_lines.encode(frame))


def test_fields_replace_and_add() -> None:
    """Further fields replace what is there and may be new."""
    frame = frames.result("hi", session_id="s", num_turns=5, brand_new=True)
    assert (frame["session_id"], frame["num_turns"], frame["brand_new"]) == ("s", 5, True)


def test_init_session() -> None:
    """The session id is the first argument of init."""
    assert frames.init("s")["session_id"] == "s"


def test_assistant_mixes_texts_and_blocks() -> None:
    """Texts become text blocks, blocks stay as they are, in order."""
    image = {"type": "image", "source": {}}
    content = frames.assistant("a", image, model="m")["message"]["content"]
    assert [{"type": "text", "text": "a"}, image] == content


def test_tool_use_and_result_fit() -> None:
    """A tool result names the id of the tool use."""
    use = frames.tool_use("Bash", {"command": "ls"}, id="toolu_7")
    result = frames.tool_result("toolu_7", "denied", is_error=True)
    assert use["message"]["content"][0]["id"] == "toolu_7"
    assert result[
        "message"
    ]["content"] == [{"type": "tool_result", "tool_use_id": "toolu_7", "content": "denied", "is_error": True}]


def test_user_text_is_a_string() -> None:
    """A single text travels as a string, two as blocks."""
    assert frames.user("hi")["message"]["content"] == "hi"
    assert len(frames.user("a", "b")["message"]["content"]) == 2


@pytest.mark.parametrize("subtype", ["error_max_turns", "error_during_execution"])
def test_error_result(subtype: str) -> None:
    """An error result carries errors and no result text."""
    frame = frames.error_result(subtype, ["why"])
    assert (subtype, True, ["why"]) == (frame["subtype"], frame["is_error"], frame["errors"])
    assert "result" not in frame


def test_conversation() -> None:
    """A conversation is init, the reply, and a result with the reply."""
    init, reply, result = frames.conversation("hello", "world")
    assert [
        init["subtype"],
        reply["message"]["content"][0]["text"],
        result["result"],
    ] == ["init", "world", "world"]
