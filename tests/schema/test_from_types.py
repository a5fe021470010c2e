"""Type hints become JSON Schema."""
from __future__ import annotations

import dataclasses
import datetime
import enum
import pathlib
import sys
import typing
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict, Union

import attrs
import pytest

from agent_sdk._schema.from_types import schema_of
from agent_sdk.errors import ConfigurationError


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@attrs.define
class Part:
    """
    A part of a machine.

    Attributes:
        name: What it is called.
    """

    name: str
    weight: Annotated[float, "Grams"] = 1.5
    tags: list[str] = attrs.field(factory=list)
    color: Color = Color.RED
    _maker: str | None = None
    serial: int = attrs.field(default=0, init=False)


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0
    trail: list[int] = dataclasses.field(default_factory=list)
    hidden: int = dataclasses.field(default=0, init=False)


@attrs.define
class Node:
    value: int
    children: list[Node] = attrs.field(factory=list)


class Movie(TypedDict, total=False):
    title: str
    year: int


class Half(TypedDict):
    a: typing.NotRequired[int]
    b: str


class Quarter(Half, total=False):
    c: Annotated[int, "Third"]
    d: typing.Required[Annotated[int, "Fourth"]]


@attrs.frozen
class AtLeast:
    """As annotated-types has its bounds."""

    ge: float | None = None
    min_length: int | None = None


UserId = NewType("UserId", int)
POINT = {
    "type": "object",
    "properties": {
        "x": {"type": "number"},
        "y": {"type": "number", "default": 0.0},
        "trail": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["x"],
    "additionalProperties": False,
}

HINTS: list[tuple[Any, dict[str, Any]]] = [
    (str, {"type": "string"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (bool, {"type": "boolean"}),
    (None, {"type": "null"}),
    (Any, {}),
    (object, {}),
    (list, {"type": "array"}),
    (list[int], {"type": "array", "items": {"type": "integer"}}),
    (typing.List[int], {"type": "array", "items": {"type": "integer"}}),  # noqa: UP006
    (Sequence[str], {"type": "array", "items": {"type": "string"}}),
    (Iterable[str], {"type": "array", "items": {"type": "string"}}),
    (set[str], {"type": "array", "items": {"type": "string"}}),
    (frozenset[int], {"type": "array", "items": {"type": "integer"}}),
    (list[Any], {"type": "array"}),
    (tuple, {"type": "array"}),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
    (
        tuple[int, str],
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
    ),
    (dict, {"type": "object"}),
    (dict[str, Any], {"type": "object"}),
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (Mapping[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}),
    (Literal["C", "F"], {"type": "string", "enum": ["C", "F"]}),
    (Literal[1, "one"], {"enum": [1, "one"]}),
    (Literal[Color.RED], {"type": "string", "enum": ["red"]}),
    (Color, {"type": "string", "enum": ["red", "blue"]}),
    (Level, {"type": "integer", "enum": [1, 2]}),
    (Optional[int], {"type": ["integer", "null"]}),  # noqa: UP045
    (Union[int, str], {"type": ["integer", "string"]}),  # noqa: UP007
    (int | None, {"type": ["integer", "null"]}),
    (list[int] | None, {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]}),
    (Annotated[int, "How many"], {"type": "integer", "description": "How many"}),
    (Annotated[int, AtLeast(ge=1)], {"type": "integer", "minimum": 1}),
    (Annotated[str, AtLeast(min_length=1)], {"type": "string", "minLength": 1}),
    (Annotated[list[int], AtLeast(min_length=1)], {"type": "array", "items": {"type": "integer"}, "minItems": 1}),
    (UserId, {"type": "integer"}),
    (datetime.datetime, {"type": "string", "format": "date-time"}),
    (datetime.date, {"type": "string", "format": "date"}),
    (uuid.UUID, {"type": "string", "format": "uuid"}),
    (pathlib.Path, {"type": "string"}),
    (Point, POINT),
    (list[Point], {"type": "array", "items": POINT}),
]


@pytest.mark.parametrize(("hint", "schema"), HINTS, ids=[str(hint) for hint, _ in HINTS])
def test_hints(hint: Any, schema: dict[str, Any]) -> None:
    """Every hint that JSON can hold has its schema."""
    assert schema_of(hint) == schema


def test_attrs_class() -> None:
    """An attrs class is a closed object: aliases as names, defaults shown, descriptions from hints and docstring."""
    assert schema_of(Part) == {
        "type": "object",
        "description": "A part of a machine.",
        "properties": {
            "name": {"type": "string", "description": "What it is called."},
            "weight": {"type": "number", "description": "Grams", "default": 1.5},
            "tags": {"type": "array", "items": {"type": "string"}},
            "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
            "maker": {"type": ["string", "null"], "default": None},
        },
        "required": ["name"],
        "additionalProperties": False,
    }


def test_recursive_class() -> None:
    """A class that contains itself is an object at the top, and a reference inside."""
    schema = schema_of(Node)
    assert schema["type"] == "object"
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert schema["$defs"]["Node"]["required"] == ["value"]


def test_two_classes_of_one_name() -> None:
    """Recursive classes that share a name have definitions of their own."""
    other = attrs.make_class("Node", {"next": attrs.field(default=None)})
    other.__annotations__ = {"next": Optional[other]}  # noqa: UP045
    schema = schema_of(tuple[Node, other])  # type: ignore[valid-type]
    assert set(schema["$defs"]) == {"Node", "Node2"}


def test_typed_dict_that_is_not_total() -> None:
    """The keys of a `TypedDict` with `total=False` are not required."""
    assert "required" not in schema_of(Movie)
    assert set(schema_of(Movie)["properties"]) == {"title", "year"}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Required and NotRequired came with Python 3.11")
def test_required_keys_behind_string_annotations() -> None:
    """`Required` and `NotRequired` count also where annotations are strings."""
    assert schema_of(Half)["required"] == ["b"]
    assert schema_of(Quarter)["required"] == ["b", "d"]


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (complex, "complex cannot be represented in JSON"),
        (bytes, "bytes cannot be represented in JSON"),
        (dict[int, str], "keys of a JSON object must be strings"),
        (enum.Enum("Odd", {"A": object()}), "must be strings, numbers"),
        (list[complex], "complex cannot be represented in JSON"),
    ],
)
def test_hints_without_json(hint: Any, text: str) -> None:
    """A hint that JSON cannot hold is refused by name."""
    with pytest.raises(ConfigurationError, match=text):
        schema_of(hint)


def test_field_without_json_is_named() -> None:
    """The error of a nested hint names the fields on the way."""
    outer = attrs.make_class("Outer", {"inner": attrs.field(type=complex)})
    with pytest.raises(ConfigurationError, match="inner: complex"):
        schema_of(outer)
