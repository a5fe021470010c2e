"""Tests of the registry, and of the names that `agent_sdk.messages` exports."""
from __future__ import annotations

import inspect

import attrs
import pytest

from agent_sdk import messages
from agent_sdk._converter import structure_message
from agent_sdk.messages import Message, block_type, message_type, predicates, registry
from agent_sdk.messages.base import wire_name
from agent_sdk.messages.blocks import ContentBlock

CLASSES = [cls for name in messages.__all__ if inspect.isclass(cls := getattr(messages, name))]


def test_a_new_message_is_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decorated class is enough to add a message."""
    monkeypatch.setattr(registry, "_messages", dict(registry._messages))

    @message_type("of_the_test", None, "progress")
    class TestedMessage(Message):
        words: list[str] = attrs.field(factory=list)

    message = structure_message({"type": "of_the_test", "words": ["a"]})
    assert isinstance(message, TestedMessage)
    assert message.words == ["a"]
    assert message.is_progress
    assert message.kinds == {"of_the_test", "progress"}


def test_a_new_block_is_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decorated class is enough to add a content block."""
    monkeypatch.setattr(registry, "_blocks", dict(registry._blocks))

    @block_type("of_the_test")
    class TestedBlock(ContentBlock):
        size: int = 0

    message = structure_message({"type": "assistant", "message": {"content": [{"type": "of_the_test", "size": 2}]}})
    assert [(block.type, block["size"]) for block in message.blocks] == [("of_the_test", 2)]


@pytest.mark.parametrize("name", messages.__all__)
def test_every_name_is_there(name: str) -> None:
    """Every exported name can be imported and has a docstring."""
    assert getattr(messages, name).__doc__
    assert name in dir(messages)


def test_a_wrong_name_is_refused() -> None:
    """A name that is not exported raises AttributeError."""
    with pytest.raises(AttributeError, match="nosuch"):
        messages.nosuch  # noqa: B018


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_classes_are_lean(cls: type) -> None:
    """A class has slots, can be created without arguments, and maps no wire field twice."""
    assert not hasattr(cls(), "__dict__")
    names = [wire_name(field) for field in attrs.fields(cls) if field.init]
    assert len(names) == len(set(names))
    assert "\n" not in repr(cls())


def test_every_registered_class_is_public() -> None:
    """`__all__` lists the class of every message type and content block."""
    registered = {*registry._messages.values(), *registry._blocks.values()}
    assert set() == {cls.__name__ for cls in registered} - set(messages.__all__)


def test_every_predicate_says_what_it_asks() -> None:
    """Each predicate is a documented property, false on a bare message."""
    for name in predicates():
        found = getattr(Message, f"is_{name}")
        assert isinstance(found, property)
        assert found.__doc__
        assert getattr(Message(), f"is_{name}") is False


def test_every_is_property_is_a_predicate() -> None:
    """No message class adds a predicate of its own, so `Client.on` accepts all predicates."""
    for cls in CLASSES:
        if issubclass(cls, Message):
            properties = {name for name, value in vars(cls).items() if isinstance(value, property)}
            assert {name[3:] for name in properties if name.startswith("is_")} <= set(predicates())
