"""Schemas compile into functions that say what does not fit."""
from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_sdk._schema import check as rules
from agent_sdk._schema.validate import validator
from agent_sdk.errors import ConfigurationError

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = {**CITY, "additionalProperties": False}
TREE = {
    "type": "object",
    "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}, "n": {"type": "integer"}},
    "required": ["n"],
}


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        (CITY, {"city": "Rome"}, ""),
        (CITY, {"city": "Rome", "more": 1}, ""),
        (CITY, {"city": 5}, "city: expected a string, got the number 5"),
        (CITY, {"city": None}, "city: expected a string, got null"),
        (CITY, {}, "city: missing; expected a string"),
        (CITY, [], "expected an object, got the list []"),
        (CLOSED, {"city": "Rome", "citty": 1}, "citty: no such argument; did you mean 'city'?"),
        (CLOSED, {"city": "Rome", "zzz": 1}, "zzz: no such argument; there are city"),
        ({"type": "integer"}, True, "expected a whole number, got the boolean true"),
        ({"type": "integer"}, 5.0, ""),
        ({"type": "integer"}, 5.5, "expected a whole number, got the number 5.5"),
        ({"type": "integer"}, "5", "expected a whole number, got the string '5'"),
        ({"type": "number"}, 5, ""),
        ({"type": "boolean"}, 1, "expected true or false, got the number 1"),
        ({"enum": [1]}, True, "expected 1, got the boolean true"),
        ({"enum": ["a", "b"]}, "c", "expected one of 'a', 'b', got the string 'c'"),
        ({"enum": [True, None]}, 1, "expected one of true, null, got the number 1"),
        ({"const": 0}, 0, ""),
        ({"const": 0}, 1, "expected 0, got the number 1"),
        ({"type": ["string", "null"]}, 1, "expected a string or null, got the number 1"),
        ({"type": "array", "items": {"type": "integer"}}, [1, "2"], "[1]: expected a whole number, got the string '2'"),
        ({"type": "array", "minItems": 1}, [], "expected at least 1 items, got the list []"),
        ({"type": "string", "maxLength": 2}, "abc", "expected at most 2 characters, got the string 'abc'"),
        ({"type": "number", "exclusiveMinimum": 0}, 0, "expected more than 0, got the number 0"),
        ({"minimum": 5}, "text", ""),
        ({"prefixItems": [{"type": "string"}]}, [1], "[0]: expected a string, got the number 1"),
        ({"anyOf": [CITY, {"type": "null"}]}, {}, "city: missing; expected a string"),
        ({"anyOf": [CITY, {"type": "null"}]}, 1, "expected an object or null, got the number 1"),
        (TREE, {"n": 1, "kids": [{"n": 1}, {"n": "x"}]}, "kids[1].n: expected a whole number, got the string 'x'"),
        ({"properties": {"a": False}}, {"a": 1}, "a: nothing is accepted here, got the number 1"),
        ({"additionalProperties": {"type": "integer"}}, {"a": "x"}, "a: expected a whole number, got the string 'x'"),
    ],
)
def test_problems_in_words(schema: dict[str, Any], value: Any, text: str) -> None:
    """A problem names the argument, what was expected and what came."""
    assert validator(schema, "input")(value) == text


def test_every_problem_is_told() -> None:
    """All wrong arguments are told at once, so that the model corrects them in one go."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}
    assert validator(schema, "input")({"b": "x"}) == (
        "a: missing; expected a string; b: expected a whole number, got the string 'x'"
    )


def test_whole_numbers_of_python() -> None:
    """For a typed function 5.0 is no `int`."""
    assert validator({"type": "integer"}, "input", strict_integers=True)(5.0)


def test_long_values_are_cut() -> None:
    """A problem does not repeat a whole novel."""
    assert len(validator({"type": "integer"}, "input")("x" * 10_000)) < 150


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "strng"}, "'type' must be one of.*did you mean 'string'"),
        ({"properties": {"city": {"type": "text"}}}, "properties/city: 'type' must be"),
        ({"properties": {"city": "string"}}, "properties/city: expected a schema"),
        ({"properties": []}, "'properties' must be a dict"),
        ({"required": "city"}, "'required' must be a list of names"),
        ({"required": [1]}, "'required' must be a list of names"),
        ({"enum": []}, "'enum' must be a list of values"),
        ({"anyOf": []}, "'anyOf' must be a list of schemas"),
        ({"items": [{}]}, "items: expected a schema"),
        ({"minimum": "1"}, "'minimum' must be a number"),
        ({"maxLength": -1}, "'maxLength' must be a whole number"),
        ({"$ref": "https://example.com/schema"}, "must stay inside"),
        ({"$ref": "#/$defs/Nobody"}, "leads nowhere"),
        ({"$ref": "#"}, "leads back to itself"),
        ({"default": {1, 2}}, "no JSON Schema"),
        ({"description": 5}, "'description' must be a string"),
        (5, "expected a schema"),
    ],
)
def test_what_is_no_schema(schema: Any, text: str) -> None:
    """What is no JSON Schema is refused when it is given, with its place."""
    with pytest.raises(ConfigurationError, match=text):
        validator(schema, "input")


@pytest.mark.parametrize(
    ("schema", "bad", "good"),
    [
        ({"type": "string", "pattern": "^a"}, "b", "a"),
        ({"type": "array", "uniqueItems": True}, [1, 1], [1, 2]),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, None, 1),
        ({"not": {"type": "string"}}, "b", 1),
        ({"enum": [[1], {"a": 1}]}, [2], [1]),
    ],
)
def test_further_keywords(schema: dict[str, Any], bad: Any, good: Any) -> None:
    """Keywords beyond the usual ones are checked by the library `jsonschema`."""
    pytest.importorskip("jsonschema")
    check = validator(schema, "input")
    assert check(good) == ""
    assert check(bad) != ""


def test_place_in_problems_of_the_library() -> None:
    """The library's problems name the argument too."""
    pytest.importorskip("jsonschema")
    schema = {"properties": {"a": {"items": {"pattern": "^x"}}}}
    assert validator(schema, "input")({"a": ["x", "y"]}).startswith("a[1]: ")


def test_bad_pattern_is_refused() -> None:
    """The library refuses what it knows to be no schema, when the schema is given."""
    pytest.importorskip("jsonschema")
    with pytest.raises(ConfigurationError, match="no JSON Schema"):
        validator({"uniqueItems": "yes"}, "input")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `jsonschema` is not installed the usual keywords are checked and the others are not."""
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    check = validator({"type": "string", "pattern": "^a"}, "input")
    assert check("b") == ""
    assert check(5) == "expected a string, got the number 5"


def test_the_library_is_not_loaded_for_usual_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema of the usual keywords never imports `jsonschema`."""
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert not rules.needs_library(CLOSED)
    assert validator(CLOSED, "input")({"city": "Rome"}) == ""


SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 1.5, "", "a", "bc"])
TYPES = st.sampled_from(rules.TYPES)
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": inner,
        "items": inner,
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "enum": st.lists(SCALARS, min_size=1, max_size=3),
        "const": SCALARS,
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "minimum": st.integers(-2, 2),
        "exclusiveMaximum": st.integers(-2, 2),
        "minLength": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
    }
    return st.fixed_dictionaries({}, optional=keywords)


SCHEMAS = st.recursive(st.booleans() | st.fixed_dictionaries({"type": TYPES}), _schemas, max_leaves=6)


@given(SCHEMAS, VALUES)
def test_agrees_with_the_library(schema: Any, value: Any) -> None:
    """For the usual keywords the verdict is that of the library."""
    jsonschema = pytest.importorskip("jsonschema")
    if isinstance(schema, bool) or len({str(word) for word in schema.get("enum", ())}) != len(schema.get("enum", ())):
        return
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (validator(schema, "input")(value) == "") == expected
