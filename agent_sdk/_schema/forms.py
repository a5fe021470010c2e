"""
Parse the input schema of a tool: a JSON Schema, the short form or a class.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.text import did_you_mean
from ..errors import ConfigurationError
from .fields import is_object
from .from_types import Schema, schema_of
from .json_schema import parse_schema
from .problems import TYPE_PHRASES


def input_schema(given: Any, name: str) -> Schema:
    """
    Return the JSON Schema of an object; *name* is its name in errors.

    *given* is the JSON Schema of an object; an attrs class, a dataclass or a `TypedDict`; or the short form
    `{"city": "string", "days": int}`, a dict of property -> type name, Python type or schema, all of them required.
    """
    if is_object(given):
        return schema_of(given)
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{name}: expected a class, a JSON Schema or a dict {{property: type}}, got {type(given).__name__}"
        )
    if not _is_json_schema(given):
        return _parse_short_form(given, name)
    if given.get("type", "object") != "object":
        raise ConfigurationError(f"{name}: type must be 'object', got {given['type']!r}")
    return parse_schema({"type": "object", **given}, name)


def _is_json_schema(given: Mapping[str, Any]) -> bool:
    return given.get("type") == "object" or "$schema" in given or isinstance(given.get("properties"), Mapping)


def _parse_short_form(given: Mapping[str, Any], name: str) -> Schema:
    properties = {str(key): _parse_property(value, f"{name}: {key}") for key, value in given.items()}
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": list(properties)} if properties else schema


def _parse_property(value: Any, name: str) -> Schema:
    if isinstance(value, Mapping):
        return parse_schema(value, name)
    if not isinstance(value, str):
        return _parse_hint(value, name)
    if value not in TYPE_PHRASES:
        hint = did_you_mean(value, TYPE_PHRASES, f"use one of {', '.join(TYPE_PHRASES)}")
        raise ConfigurationError(f"{name}: unknown type {value!r}; {hint}")
    return {"type": value}


def _parse_hint(value: Any, name: str) -> Schema:
    if isinstance(value, (list, tuple, int, float)):
        raise ConfigurationError(f"{name}: {value!r} is not a type; use 'string', str, or a JSON Schema")
    try:
        return schema_of(value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from error
