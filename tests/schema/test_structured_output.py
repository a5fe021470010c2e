"""Structured output into classes."""
from __future__ import annotations

import dataclasses
import enum
import pickle
import types
from typing import Any, Dict, List, Literal, Optional, TypedDict  # noqa: UP035

import attrs
import pytest

from agent_sdk._schema import structured_output
from agent_sdk.errors import ConfigurationError, StructuredOutputError


class Severity(enum.Enum):
    LOW = "low"
    HIGH = "high"


@attrs.define
class Issue:
    line: int
    severity: Severity = Severity.LOW


@attrs.define
class Report:
    """A code review."""

    title: str
    issues: list[Issue] = attrs.field(factory=list)
    score: float = attrs.field(default=0, validator=attrs.validators.ge(0))


@dataclasses.dataclass
class Point:
    x: int


class Movie(TypedDict):
    title: str
    kind: Literal["film", "series"]


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
WRAPPED = {"type": "object", "required": ["value"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("target", "data", "expected"),
    [
        (
            Report,
            {"title": "t", "issues": [{"line": 1, "severity": "high"}], "score": 1},
            Report("t", [Issue(1, Severity.HIGH)], 1.0),
        ),
        (Point, {"x": 1}, Point(1)),
        (Movie, {"title": "t", "kind": "film"}, {"title": "t", "kind": "film"}),
        (SCHEMA, {"a": 1, "more": 2}, {"a": 1, "more": 2}),
        ({"type": "json_schema", "schema": SCHEMA}, {"a": 1}, {"a": 1}),
        (list[Issue], {"value": [{"line": 1}]}, [Issue(1)]),
        (Severity, {"value": "low"}, Severity.LOW),
        (int, {"value": 5}, 5),
        (Optional[Point], {"value": None}, None),  # noqa: UP045
        (Point | Issue, {"value": {"line": 2}}, Issue(2)),
        ({"type": "array", "items": {"type": "string"}}, {"value": ["a"]}, ["a"]),
        (dict[str, int], {"a": 1}, {"a": 1}),
    ],
)
def test_build(target: Any, data: Any, expected: Any) -> None:
    """The output becomes what was asked for; what is no object comes in a wrapper and leaves it."""
    assert structured_output.build(target, data) == expected


@pytest.mark.parametrize(
    ("target", "schema"),
    [
        (SCHEMA, SCHEMA),
        ({"type": "json_schema", "schema": SCHEMA}, SCHEMA),
        (int, {**WRAPPED, "properties": {"value": {"type": "integer"}}}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}},
            {**WRAPPED, "properties": {"value": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}},
        ),
    ],
)
def test_schema_of(target: Any, schema: dict[str, Any]) -> None:
    """The CLI is always asked for an object, and definitions stay at the top."""
    assert structured_output.output_schema(target) == schema


def test_schema_of_a_class() -> None:
    """A class is asked for as it is."""
    schema = structured_output.output_schema(Report)
    assert schema["description"] == "A code review."
    assert schema["required"] == ["title"]


@pytest.mark.parametrize(
    ("target", "data", "text"),
    [
        (Report, {"title": 5}, "the output does not match Report: title: expected a string, got the number 5"),
        (Report, {"title": "t", "score": -1}, "the output does not match Report: 'score' must be >= 0: -1"),
        (Report, {"title": "t", "issues": [{"line": "1"}]}, "issues[0].line: expected a whole number"),
        (list[int], {"value": "5"}, "expected a list, got the string '5'"),
        (list[int], {}, "expected a list, got null"),
        (list[int], 5, "expected a list, got the number 5"),
        (SCHEMA, {}, "the output does not match the schema: a: missing"),
        (Report, None, "no structured output for Report; the reply was: Sorry, no."),
    ],
)
def test_misfits(target: Any, data: Any, text: str) -> None:
    """An output that does not fit, or is not there, raises with the text and the result."""

    class Result:
        content = "Sorry, no."

    with pytest.raises(StructuredOutputError) as caught:
        structured_output.build(target, data, result=Result())
    assert text in str(caught.value)
    assert isinstance(caught.value.result, Result)


def test_the_error_pickles() -> None:
    """The error of a misfit survives pickling."""
    with pytest.raises(StructuredOutputError) as caught:
        structured_output.build(Report, {})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


# As they are written where annotations are no strings.
Page = attrs.make_class(
    "Page",
    {
        "issues": attrs.field(type=List["Issue"]),  # noqa: UP006
        "point": attrs.field(type=Optional["Point"], default=None),
        "pages": attrs.field(type=List["Page"], factory=list),  # noqa: UP006
    },
)
Folder = dataclasses.make_dataclass("Folder", [("pages", Dict[str, "Page"])])  # noqa: UP006
Folder.__module__ = __name__


@dataclasses.dataclass
class Tree:
    v: int
    left: Tree | None = None
    others: dict[str, Tree | int] = dataclasses.field(default_factory=dict)


def test_classes_that_hold_themselves_in_a_union() -> None:
    """A class may hold itself behind a union, for which the converter is asked while it is being made."""
    structured_output.prepare(Tree)
    data = {"v": 1, "left": {"v": 2}, "others": {"a": {"v": 3}, "b": 4}}
    assert structured_output.build(Tree, data) == Tree(1, Tree(2), {"a": Tree(3), "b": 4})


def test_what_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the converter does not like is an error that names the class, before the prompt is sent."""
    def refuse(hint: Any) -> Any:
        raise TypeError("not like this")

    monkeypatch.setattr(structured_output.to_python, "_structuring_converter", lambda: types.SimpleNamespace(get_structure_hook=refuse))
    with pytest.raises(ConfigurationError, match=r"output: cannot build objects of .*Point.*: not like this"):
        structured_output.prepare(Point)


def test_quoted_names() -> None:
    """Names of classes in quotes are found, in classes that hold themselves too."""
    page = Page([Issue(1)], Point(2), [Page([])])
    data = {"issues": [{"line": 1}], "point": {"x": 2}, "pages": [{"issues": []}]}
    assert (structured_output.build(Page, data), structured_output.build(Folder, {"pages": {"a": data}})) == (page, Folder({"a": page}))



@pytest.mark.parametrize(
    ("target", "text"),
    [
        ({}, "expected a class, a JSON Schema"),
        ({"type": "json_schema"}, "expected a class, a JSON Schema"),
        ({"type": "objct"}, "did you mean 'object'"),
        (complex, "output: complex cannot be represented in JSON"),
        ("Report", "output='Report': pass the class itself"),
        ([Report], "expected a class or a type hint"),
        ({"n": "integer"}, "no JSON Schema keyword"),
    ],
)
def test_wrong_targets(target: Any, text: str) -> None:
    """What is no type for JSON, or no schema, is refused before any process starts."""
    with pytest.raises(ConfigurationError, match=text):
        structured_output.output_schema(target)
