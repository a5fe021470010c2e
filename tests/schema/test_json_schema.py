"""JSON Schemas are checked and compiled by the library `jsonschema`."""
from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from agent_sdk._schema.json_schema import compile_schema, has_keywords, parse_schema
from agent_sdk.errors import ConfigurationError

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "strng"}, "input is not a JSON Schema: type: expected .*did you mean 'string'"),
        ({"properties": {"city": {"type": "text"}}}, "properties.city.type: expected one of 'array'"),
        ({"properties": {"city": "string"}}, "properties.city: expected an object"),
        ({"properties": []}, r"properties: expected an object, got the list \[\]"),
        ({"required": "city"}, "required: expected a list"),
        ({"required": [1]}, r"required\[0\]: expected a string"),
        ({"anyOf": []}, "anyOf: expected at least 1 items"),
        ({"items": [{}]}, "items: expected an object"),
        ({"minimum": "1"}, "minimum: expected a number"),
        ({"maxLength": -1}, "maxLength: expected at least 0"),
        ({"uniqueItems": "yes"}, "uniqueItems: expected true or false"),
        ({"pattern": "["}, r"pattern: '\[' is not a 'regex'"),
        ({"$ref": "https://example.com/schema"}, "cannot be resolved; refer to a part of the schema"),
        ({"$ref": "file:///etc/passwd"}, "cannot be resolved"),
        ({"$ref": "#/$defs/None"}, "'#/\\$defs/None' cannot be resolved"),
        ({"$ref": "#/definitions/A", "definitions": {"A": {"items": {"$ref": "#/B"}}}}, "'#/B' cannot be resolved"),
        ({"$ref": "#"}, "refers to itself"),
        ({"default": {1, 2}}, "a set cannot be represented in JSON"),
        ({"default": float("nan")}, "a number is NaN"),
        ({"description": 5}, "description: expected a string"),
        ({"$schema": 5}, r"\$schema: expected a string, got the number 5"),
        (5, "expected a dict, got the number 5"),
    ],
)
def test_invalid_schemas(schema: Any, text: str) -> None:
    """An invalid schema raises with the place and the value."""
    with pytest.raises(ConfigurationError, match=text):
        parse_schema(schema, "input")


def test_schemas_become_plain_json() -> None:
    """A parsed schema consists of dicts and lists."""
    assert parse_schema({"required": ("a",), "type": "object"}, "input") == {"required": ["a"], "type": "object"}


@pytest.mark.parametrize(
    ("schema", "bad", "good"),
    [
        ({"type": "string", "pattern": "^a"}, "b", "a"),
        ({"type": "array", "uniqueItems": True}, [1, 1], [1, 2]),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, None, 1),
        ({"not": {"type": "string"}}, "b", 1),
        ({"enum": [[1], {"a": 1}]}, [2], [1]),
        ({"$schema": DRAFT_7, "items": [{"type": "string"}]}, [1], ["a", 1]),
        ({"$id": "https://example.com/s", "$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}}, 1, "a"),
    ],
)
def test_keywords(schema: dict[str, Any], bad: Any, good: Any) -> None:
    """Every keyword of the schema's draft is validated."""
    validate = compile_schema(parse_schema(schema, "input"))
    assert validate(good) == ""
    assert validate(bad) != ""


def test_strict_integers() -> None:
    """A typed function gets no 5.0 for an `int`, also inside its arguments."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert compile_schema(schema)({"n": 5.0}) == ""
    assert compile_schema(schema, strict_integers=True)({"n": 5.0}) == "n: expected a whole number, got the number 5.0"


def test_references_are_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference to another document opens no connection and no file."""
    opened: list[Any] = []
    monkeypatch.setattr(urllib.request, "urlopen", lambda *args, **kwargs: opened.append(args))
    with pytest.raises(Exception, match="Unresolvable"):
        compile_schema({"$ref": "https://example.com/schema"})(1)
    assert opened == []


@pytest.mark.parametrize("schema", [{"items": {"$ref": "#"}}, {"anyOf": [{"$ref": "#"}]}])
def test_deep_recursion(schema: dict[str, Any]) -> None:
    """A value or schema that recurses too deeply is a problem of the value."""
    value: list[Any] = []
    for _ in range(1000):
        value = [value]
    assert compile_schema(schema)(value) == "the value is nested too deeply"


def test_has_keywords() -> None:
    """A dict without any keyword that constrains values is probably not meant as a schema."""
    assert [has_keywords(schema) for schema in ({"type": "object"}, {"n": "integer"}, {"title": "t"})] == [True, False, False]
