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
    """An init message with fields of tomorrow."""
    return structure_message(INIT)


def test_typed_fields(init: Any) -> None:
    """A field has its Python name, and the value that came under the wire's name."""
    assert (init.permission_mode, init.api_key_source) == ("acceptEdits", "none")


@pytest.mark.parametrize("name", ["future_thing", "futureThing"])
def test_unnamed_fields_are_attributes(init: Any, name: str) -> None:
    """A field that no class names is an attribute, in snake_case and as the wire spells it."""
    assert [1] == getattr(init, name) == init[name] == init.get(name)


@pytest.mark.parametrize("name", ["name", "status", "newField", "new_field"])
def test_items_of_shared_objects(init: Any, name: str) -> None:
    """A shared object gives its fields as attributes and as items."""
    server = init.mcp_servers[0]
    assert getattr(server, name) == server[name]


def test_the_wire_spelling_of_named_fields(init: Any) -> None:
    """A named field answers to its wire name as well."""
    assert init["permissionMode"] == init.permissionMode == "acceptEdits"


@pytest.mark.parametrize("name", ["nosuch", "_private", "__deepcopy__", "_repr_html_"])
def test_a_missing_attribute(init: Any, name: str) -> None:
    """A name that is nowhere raises AttributeError, and says which class lacks what."""
    with pytest.raises(AttributeError, match=f"InitMessage.*{name}"):
        getattr(init, name)


@pytest.mark.parametrize("name", ["nosuch", "_rest", "to_dict", 0, None])
def test_a_missing_item(init: Any, name: Any) -> None:
    """An item that is no field raises KeyError; methods and private fields are no items."""
    with pytest.raises(KeyError):
        init[name]
    assert name not in init


def test_get(init: Any) -> None:
    """`get` gives a default for a missing field, as a dict's does."""
    assert (init.get("nosuch"), init.get("nosuch", 5), init.get("model")) == (None, 5, "opus")


def test_not_iterable(init: Any) -> None:
    """An object with items is not iterable by accident."""
    with pytest.raises(TypeError):
        list(init)


def test_raw_is_the_frame(init: Any) -> None:
    """`raw` is the whole frame, in its order, with what no field holds."""
    assert init.raw == INIT
    assert list(INIT) == list(init.raw)


def test_to_dict_is_a_copy(init: Any) -> None:
    """What `to_dict` gives can be changed without harm."""
    init.to_dict()["futureThing"].append(2)
    assert init.futureThing == [1]


def test_copies(init: Any) -> None:
    """Messages can be copied and pickled, rest and all."""
    for clone in (copy.copy(init), copy.deepcopy(init), pickle.loads(pickle.dumps(init))):
        assert clone.raw == INIT


def test_made_by_hand() -> None:
    """An object made by hand knows its type, and its raw holds the fields that are set."""
    message = messages.InitMessage(model="opus", mcp_servers=[messages.McpServer(name="x", status="failed")])
    assert (message.type, message.subtype, message.raw["model"]) == ("system", "init", "opus")
    assert message.raw["mcp_servers"][0] == {"name": "x", "status": "failed"}
    assert messages.TextBlock(text="hi").raw == {"type": "text", "text": "hi"}


def test_background_can_be_set(init: Any) -> None:
    """The SDK marks what came between turns, and raw does not know of it."""
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
    """A repr is one line that tells the state, and never raises."""
    assert expected == repr(structure_message(frame))


def test_reprs_of_objects() -> None:
    """Shared objects show their first fields, blocks what they hold."""
    server = structure({"name": "calc", "status": "connected"}, messages.McpServer)
    assert repr(server) == "<McpServer name='calc' status='connected'>"
    assert repr(messages.ToolUseBlock(name="Bash", input={"command": "ls"})) == "<ToolUseBlock Bash {'command': 'ls'}>"


@pytest.mark.parametrize("key", ["content", "text"])
def test_content_of_system_messages(key: str) -> None:
    """A system message's content is the text it carries, whatever its subtype; `""` for any other value."""
    for subtype in ("informational", "notification", "local_command_output", "nosuch"):
        assert structure_message({"type": "system", "subtype": subtype, key: "hello"}).content == "hello"
        assert structure_message({"type": "system", "subtype": subtype, key: 5}).content == ""


def test_a_frame_is_parsed() -> None:
    """`parse` turns one decoded frame into the message of its type, also one that nobody knows."""
    known = messages.parse({"type": "result", "subtype": "success", "result": "4"})
    unknown = messages.parse({"type": "of_tomorrow", "a": 1})
    assert isinstance(known, messages.ResultMessage) and known.content == "4"
    assert isinstance(unknown, messages.UnknownMessage) and unknown.raw == {"type": "of_tomorrow", "a": 1}


@pytest.mark.parametrize("value", [None, "{}", [], {1: 2}], ids=["none", "text", "list", "number as key"])
def test_what_is_no_frame_is_refused(value: Any) -> None:
    """`parse` takes a dict with string keys, and raises ConfigurationError for anything else."""
    with pytest.raises(ConfigurationError, match="frame="):
        messages.parse(value)
