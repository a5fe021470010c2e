"""Tests of `agent_sdk.messages.base`: access, raw forms, reprs."""
from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from agent_sdk import messages
from agent_sdk._converter import structure, structure_message
from agent_sdk.errors import ConfigurationError

INIT: dict[str, Any] = {
    "type": "system",
    "subtype": "init",
    "session_id": "0123456789",
    "model": "opus",
    "permissionMode": "acceptEdits",
    "apiKeySource": "none",
    "mcp_servers": [{"name": "calc", "status": "connected", "newField": {"a": 1}}],
    "futureThing": [1],
}


@pytest.fixture
def init() -> Any:
    """An init message with fields of a later CLI version."""
    return structure_message(INIT)


def test_typed_fields(init: Any) -> None:
    """A field has its Python name and the value of its wire name."""
    assert (init.permission_mode, init.api_key_source) == ("acceptEdits", "none")


@pytest.mark.parametrize("name", ["future_thing", "futureThing"])
def test_unnamed_fields_are_attributes(init: Any, name: str) -> None:
    """An undeclared field is an attribute, in snake_case and in the wire's spelling."""
    assert [1] == getattr(init, name) == init[name] == init.get(name)


@pytest.mark.parametrize("name", ["name", "status", "newField", "new_field"])
def test_items_of_shared_objects(init: Any, name: str) -> None:
    """Fields of a shared object can be read as attributes and as items."""
    server = init.mcp_servers[0]
    assert getattr(server, name) == server[name]


def test_the_wire_spelling_of_named_fields(init: Any) -> None:
    """A declared field can also be read by its wire name."""
    assert init["permissionMode"] == init.permissionMode == "acceptEdits"


@pytest.mark.parametrize("name", ["nosuch", "_private", "__deepcopy__", "_repr_html_"])
def test_a_missing_attribute(init: Any, name: str) -> None:
    """An unknown name raises AttributeError with the class and the name."""
    with pytest.raises(AttributeError, match=f"InitMessage.*{name}"):
        getattr(init, name)


@pytest.mark.parametrize("name", ["nosuch", "_rest", "to_dict", 0, None])
def test_a_missing_item(init: Any, name: Any) -> None:
    """An item that is not a field raises KeyError; methods and private fields are not items."""
    with pytest.raises(KeyError):
        init[name]
    assert name not in init


def test_get(init: Any) -> None:
    """`get` returns a default for a missing field, like `dict.get`."""
    assert (init.get("nosuch"), init.get("nosuch", 5), init.get("model")) == (None, 5, "opus")


def test_not_iterable(init: Any) -> None:
    """An object with items is not iterable by accident."""
    with pytest.raises(TypeError):
        list(init)


def test_raw_is_the_frame(init: Any) -> None:
    """`raw` is the whole frame in its order, including undeclared fields."""
    assert init.raw == INIT
    assert list(INIT) == list(init.raw)


def test_to_dict_is_a_copy(init: Any) -> None:
    """Changes to the dict from `to_dict` do not affect the message."""
    init.to_dict()["futureThing"].append(2)
    assert init.futureThing == [1]


def test_copies(init: Any) -> None:
    """Messages can be copied and pickled, including undeclared fields."""
    for clone in (copy.copy(init), copy.deepcopy(init), pickle.loads(pickle.dumps(init))):
        assert clone.raw == INIT


def test_made_by_hand() -> None:
    """An object created in Python has its type, and its raw contains the fields that are set."""
    message = messages.InitMessage(model="opus", mcp_servers=[messages.McpServer(name="x", status="failed")])
    assert (message.type, message.subtype, message.raw["model"]) == ("system", "init", "opus")
    assert message.raw["mcp_servers"][0] == {"name": "x", "status": "failed"}
    assert messages.TextBlock(text="hi").raw == {"type": "text", "text": "hi"}


def test_background_can_be_set(init: Any) -> None:
    """The SDK marks messages that arrived between turns; raw does not contain the mark."""
    assert not init.is_background
    init.background = True
    assert init.is_background
    assert "background" not in init.raw


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (INIT, "<InitMessage session=01234567 model=opus tools=0>"),
        (
            {"type": "assistant", "message": {"content": [{"type": "text", "text": "a\nb"}, {"type": "tool_use"}]}},
            "<AssistantMessage 'a\\nb' tools=1>",
        ),
        ({"type": "user", "message": {"content": [{"type": "tool_result"}]}}, "<UserMessage results=1>"),
        (
            {"type": "stream_event", "event": {"type": "content_block_delta", "delta": {"text": "x" * 50}}},
            f"<StreamEvent content_block_delta '{'x' * 39}…'>",
        ),
        (
            {"type": "result", "subtype": "success", "result": "done", "num_turns": 2, "total_cost_usd": 0.5},
            "<ResultMessage success 'done' turns=2 $0.5>",
        ),
        (
            {"type": "result", "subtype": "success", "is_error": True, "result": "API Error: 500"},
            "<ResultMessage error 'API Error: 500' turns=0 $0.0>",
        ),
        ({"type": "system", "subtype": "nosuch", "text": "hi"}, "<SystemMessage 'nosuch' 'hi'>"),
        ({"type": "nosuch"}, "<UnknownMessage 'nosuch'>"),
        ({"type": "rate_limit_event", "rate_limit_info": {"status": "rejected"}}, "<RateLimitEvent rejected>"),
        ({"type": "rate_limit_event", "rate_limit_info": 5}, "<RateLimitEvent>"),
    ],
)
def test_reprs(frame: dict[str, Any], expected: str) -> None:
    """A repr is one line with the state, and never raises."""
    assert expected == repr(structure_message(frame))


def test_reprs_of_objects() -> None:
    """The repr of a shared object shows its first fields, the repr of a block its content."""
    server = structure({"name": "calc", "status": "connected"}, messages.McpServer)
    assert repr(server) == "<McpServer name='calc' status='connected'>"
    assert repr(messages.ToolUseBlock(name="Bash", input={"command": "ls"})) == "<ToolUseBlock Bash {'command': 'ls'}>"


@pytest.mark.parametrize("key", ["content", "text"])
def test_content_of_system_messages(key: str) -> None:
    """The content of a system message is its text, for every subtype; `""` for any other value."""
    for subtype in ("informational", "notification", "local_command_output", "nosuch"):
        assert structure_message({"type": "system", "subtype": subtype, key: "hello"}).content == "hello"
        assert structure_message({"type": "system", "subtype": subtype, key: 5}).content == ""


def test_a_frame_is_parsed() -> None:
    """`parse` converts one decoded frame to the message of its type; unknown types are accepted."""
    known = messages.parse({"type": "result", "subtype": "success", "result": "4"})
    unknown = messages.parse({"type": "of_tomorrow", "a": 1})
    assert isinstance(known, messages.ResultMessage) and known.content == "4"
    assert isinstance(unknown, messages.UnknownMessage) and unknown.raw == {"type": "of_tomorrow", "a": 1}


@pytest.mark.parametrize("value", [None, "{}", [], {1: 2}], ids=["none", "text", "list", "number as key"])
def test_what_is_no_frame_is_refused(value: Any) -> None:
    """`parse` accepts a dict with string keys and raises ConfigurationError for anything else."""
    with pytest.raises(ConfigurationError, match="frame="):
        messages.parse(value)
