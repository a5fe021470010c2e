"""Tests of `agent_sdk._converter`: every frame becomes a message, none is lost, none is fatal."""
from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_sdk import messages
from agent_sdk._converter import prepare, structure, structure_message

FRAMES = [
    pytest.param(json.loads(line), id=f"{path.stem}-{number}")
    for path in sorted((Path(__file__).parent / "fixtures" / "frames").glob("*.jsonl"))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines())
    if '"type":' in line and "frame" not in json.loads(line)
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)

BLOCK_TYPES = ["text", "thinking", "tool_use", "tool_result", "image", "document", "mcp_tool_use", "nosuch"]

KINDS: list[tuple[str, str | None]] = [
    ("assistant", None),
    ("user", None),
    ("stream_event", None),
    ("result", "success"),
    ("result", "error_max_turns"),
    ("rate_limit_event", None),
    ("tool_progress", None),
    ("system", "init"),
    ("system", "status"),
    ("system", "compact_boundary"),
    ("system", "task_updated"),
    ("system", "background_tasks_changed"),
    ("system", "hook_response"),
    ("system", "notification"),
    ("system", "memory_recall"),
    ("system", "nosuch"),
    ("nosuch", None),
]

#: Keys whose values matter to properties and reprs, so that strange values meet them often.
KEYS = st.sampled_from([
    "message", "event", "content", "delta", "text", "type", "subtype", "session_id", "uuid", "errors", "usage",
    "result", "modelUsage", "is_error", "compact_metadata", "tools", "mcp_servers", "patch", "tasks",
    "rate_limit_info", "summary", "status", "terminal_reason", "api_error_status", "isReplay",
    "parent_tool_use_id", "total_cost_usd", "name",
])


def frames_of(kind: tuple[str, str | None]) -> st.SearchStrategy[dict[str, Any]]:
    """Frames of one kind with any fields at all."""
    tags = {"type": kind[0]} if kind[1] is None else {"type": kind[0], "subtype": kind[1]}
    blocks = st.lists(
        st.builds(lambda kind, rest: {**rest, "type": kind}, st.sampled_from(BLOCK_TYPES), st.dictionaries(KEYS, JSON)),
        max_size=3,
    )
    bodies = st.builds(lambda content, rest: {**rest, "content": content}, blocks | JSON, st.dictionaries(KEYS, JSON))
    fields = st.dictionaries(KEYS | st.text(max_size=8), JSON, max_size=6)
    return st.builds(lambda rest, body: {**rest, "message": body, **tags}, fields, bodies) | fields.map(
        lambda rest: {**rest, **tags}
    )


def check(frame: dict[str, Any]) -> None:
    """A frame becomes a message that answers everything and still knows the whole frame."""
    before = json.dumps(frame)
    message = structure_message(frame)
    assert isinstance(message, messages.Message)
    assert before == json.dumps(message.raw)
    assert isinstance(message.content, str)
    assert "\n" not in repr(message)
    assert all(isinstance(getattr(message, f"is_{name}"), bool) for name in messages.predicates())


@pytest.mark.parametrize("frame", FRAMES)
def test_recorded_frames_have_a_class_of_their_own(frame: dict[str, Any]) -> None:
    """Every recorded frame becomes a message of a named class, whose raw is the frame."""
    check(frame)
    assert not structure_message(frame).is_unknown


@pytest.mark.parametrize("frame", FRAMES)
def test_recorded_frames_keep_their_line(frame: dict[str, Any]) -> None:
    """A message made from a line gives back what the line decodes to."""
    line = json.dumps(frame).encode()
    assert frame == structure_message(json.loads(line), line).raw


@given(st.dictionaries(st.text(max_size=12), JSON, max_size=6))
def test_any_object_is_a_message(frame: dict[str, Any]) -> None:
    """Any JSON object becomes a message, and its raw is that object."""
    check(frame)


@given(st.sampled_from(KINDS).flatmap(frames_of))
def test_any_values_fit_a_known_kind(frame: dict[str, Any]) -> None:
    """A frame of a known kind becomes a message whatever its fields hold, and its raw is the frame."""
    check(frame)


@given(JSON, st.sampled_from(["ModelInfo", "ContextReport", "Usage", "McpServer", "TextBlock", "UsageReport"]))
def test_any_value_can_be_structured(value: Any, name: str) -> None:
    """`structure` refuses nothing, and what it makes of an object knows that object."""
    made = structure(value, getattr(messages, name))
    if isinstance(value, dict) and "type" not in value:
        assert value == made.raw
    if not isinstance(value, dict):
        assert value == made


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({"type": "assistant", "message": "text"}, "UnknownMessage"),
        ({"type": "user"}, "UnknownMessage"),
        ({"type": "stream_event", "event": None}, "UnknownMessage"),
        ({"type": "nosuch"}, "UnknownMessage"),
        ({"type": ["assistant"]}, "UnknownMessage"),
        ({}, "UnknownMessage"),
        ({"type": "system", "subtype": "nosuch"}, "SystemMessage"),
        ({"type": "system", "subtype": {}}, "SystemMessage"),
        ({"type": "system"}, "SystemMessage"),
        ({"type": "result", "subtype": "error_of_tomorrow"}, "ResultMessage"),
        ({"type": "assistant", "subtype": "later", "message": {}}, "AssistantMessage"),
    ],
)
def test_generic_classes(frame: dict[str, Any], expected: str) -> None:
    """What is unknown, or does not fit as a whole, becomes the generic class of its family."""
    assert expected == type(structure_message(frame)).__name__


def test_a_misfit_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A frame that does not fit its class is logged at DEBUG, once for its kind."""
    with caplog.at_level(logging.DEBUG, "agent_sdk"):
        for _ in range(3):
            structure_message({"type": "user", "subtype": "test of the log", "message": 5})
    assert caplog.messages == ["a frame of type user, subtype test of the log does not fit its class"]


def test_a_frame_nested_too_deep_is_not_fatal() -> None:
    """A frame deeper than Python's stack becomes the generic class, and keeps its ids."""
    block: dict[str, Any] = {"type": "text", "text": "deep"}
    for _ in range(2000):
        block = {"type": "tool_result", "content": [block]}
    message = structure_message({"type": "user", "uuid": "u", "message": {"content": [block]}})
    assert (message.is_unknown, message.type, message.uuid) == (True, "user", "u")


@pytest.mark.parametrize("value", ["5", 5, True, 1.5, [1], {"a": 1}])
def test_nothing_is_coerced(value: Any) -> None:
    """A scalar field keeps what came, of whatever type."""
    assert value == structure_message({"type": "result", "num_turns": value}).num_turns


@pytest.mark.parametrize("value", ["text", 5, {"name": "x"}, True])
def test_a_wrong_container_is_kept(value: Any) -> None:
    """A list field whose value is no list keeps the value as it came."""
    message = structure_message({"type": "system", "subtype": "init", "mcp_servers": value})
    assert (value, {"type": "system", "subtype": "init", "mcp_servers": value}) == (message.mcp_servers, message.raw)


def test_a_null_leaves_the_default() -> None:
    """A null in a field with a default leaves the default there, and raw still says null."""
    frame = {"type": "result", "errors": None, "usage": None, "num_turns": None}
    for _ in range(2):
        message = structure_message(frame)
        assert (message.errors, message.usage.output_tokens, message.num_turns) == ([], 0, 0)
        assert frame == message.raw


def test_defaults_are_not_shared() -> None:
    """Two messages never share a mutable default."""
    first, second = (structure_message({"type": "result"}) for _ in range(2))
    first.errors.append("x")
    assert second.errors == []


def test_session_ids_are_one_string() -> None:
    """All messages of a session hold the same string for its id."""
    lines = [b'{"type":"stream_event","event":{},"session_id":"a-b"}', b'{"type":"result","session_id":"a-b"}'] * 2
    kept = [structure_message(json.loads(line), line) for line in lines]
    assert len({id(message.session_id) for message in kept}) == 1


def test_a_stream_event_keeps_its_line_only() -> None:
    """A stream event drops its frame and decodes it anew from the line."""
    frame: dict[str, Any] = {"type": "stream_event", "event": {"type": "message_stop"}}
    message = structure_message(frame, json.dumps(frame).encode())
    frame["event"]["type"] = "changed"
    assert message.event["type"] == "message_stop"


def test_camel_case_is_read_too() -> None:
    """An answer to a control request that spells a field in camelCase fills the same class."""
    report = structure({"totalTokens": 5, "mcpTools": [{"serverName": "s"}], "gridRows": []}, messages.ContextReport)
    assert (report.total_tokens, report.mcp_tools[0].server_name, report.grid_rows) == (5, "s", [])


def test_structure_takes_containers() -> None:
    """`structure` makes lists and dicts of objects too."""
    rows = structure([{"value": "opus", "displayName": "Opus"}], list[messages.ModelInfo])
    assert [row.display_name for row in rows] == ["Opus"]


def test_prepare_can_be_called_again() -> None:
    """`prepare` builds what is not there yet, however often it is called."""
    prepare()
    prepare()


def test_messages_do_not_import_cattrs() -> None:
    """The classes load without the converter's library, and rare families stay out until asked for."""
    code = (
        "import sys, agent_sdk.messages as m; assert 'cattrs' not in sys.modules;"
        "assert 'agent_sdk.messages.rare_blocks' not in sys.modules; m.ImageBlock;"
        "assert 'agent_sdk.messages.rare_blocks' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
