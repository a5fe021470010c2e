"""Problems of a value in texts that the model can act on."""
from __future__ import annotations

from typing import Any

import pytest

from agent_sdk._schema.json_schema import compile_schema

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
        (CLOSED, {"city": "Rome", "citty": 1}, "citty: unknown argument; did you mean 'city'?"),
        (CLOSED, {"city": "Rome", "zzz": 1}, "zzz: unknown argument; the arguments are city"),
        ({"additionalProperties": False}, {"a": 1}, "a: unknown argument; no arguments are accepted"),
        ({"additionalProperties": False, "patternProperties": {"^x": {}}}, {"xa": 1}, ""),
        ({"required": ["a"]}, {}, "a: missing; expected a value"),
        ({"required": ["n"], "properties": {"n": {"$ref": "#/$defs/N"}}, "$defs": {"N": {"type": "integer"}}}, {},
         "n: missing; expected a whole number"),
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
        ({"oneOf": [{"type": "string"}, {"enum": [1, 2]}]}, 3, "expected a string or one of 1, 2, got the number 3"),
        ({"enum": ["metric", "us"]}, "metrc", "expected one of 'metric', 'us', got the string 'metrc'; did you mean 'metric'?"),
        ({"type": "string", "enum": ["a", "b"]}, 1, "expected one of 'a', 'b', got the number 1"),
        ({"anyOf": [CITY, {"type": "null"}]}, 1, "expected an object or null, got the number 1"),
        (TREE, {"n": 1, "kids": [{"n": 1}, {"n": "x"}]}, "kids[1].n: expected a whole number, got the string 'x'"),
        ({"properties": {"a": False}}, {"a": 1}, "no value is allowed, got the number 1"),
        ({"items": {"pattern": "^x"}}, ["x", "y"], "[1]: 'y' does not match '^x'"),
        ({"additionalProperties": {"type": "integer"}}, {"a": "x"}, "a: expected a whole number, got the string 'x'"),
    ],
)
def test_problems_in_words(schema: dict[str, Any], value: Any, text: str) -> None:
    """A problem names the argument, the expected type or value, and the actual value."""
    assert compile_schema(schema)(value) == text


def test_all_problems_are_reported() -> None:
    """All problems of a value are reported at once, so that the model needs one correction."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}
    assert compile_schema(schema)({"b": "x"}) == (
        "a: missing; expected a string; b: expected a whole number, got the string 'x'"
    )


def test_long_values_are_truncated() -> None:
    """A problem quotes at most 60 characters of the value."""
    assert len(compile_schema({"type": "integer"})("x" * 10_000)) < 150
