"""
Convert Python objects to JSON values: return values of tools, and defaults in schemas.
"""
from __future__ import annotations

import enum
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from .._core import json_lines

_SCALAR_TYPES = frozenset({str, int, float, bool, type(None)})


def dump_object(value: object) -> str:
    """
    Encode *value* as JSON: JSON values, attrs objects, dataclasses, enums by value, dates, UUIDs and paths.

    A type that JSON cannot represent, such as a set, raises `TypeError`. A number that is not finite, or a value that
    contains itself, raises `ValueError`.
    """
    try:
        return dump_json(value)
    except TypeError:
        # Convert only when needed: most values are JSON values already.
        return dump_json(to_json_value(value))


def dump_json(value: object) -> str:
    """Encode a JSON value; raises as `dump_object`."""
    try:
        return json_lines.dumps(value)
    except ValueError as error:
        raise ValueError("a number is NaN or infinite, or the value contains itself") from error


def to_json_value(value: Any) -> Any:
    """Return *value* as dicts, lists and scalars; raises as `dump_object`."""
    try:
        return _to_json_value(value)
    except RecursionError as error:
        raise ValueError("the value contains itself") from error


def _to_json_value(value: Any) -> Any:
    if type(value) in _SCALAR_TYPES:
        return value
    for belongs, turn in _CONVERSIONS:
        if belongs(value):
            return turn(value)
    raise TypeError(f"a {type(value).__name__} cannot be represented in JSON")


def _attrs_values(value: Any) -> dict[str, Any]:
    return {field.name: _to_json_value(getattr(value, field.name)) for field in attrs.fields(type(value))}


def _dataclass_values(value: Any) -> dict[str, Any]:
    import dataclasses

    return {field.name: _to_json_value(getattr(value, field.name)) for field in dataclasses.fields(value)}


def _is_wire_object(value: object) -> bool:
    # If a message exists, its module is loaded; the definition of a tool must not load it.
    messages = sys.modules.get("agent_sdk.messages.base")
    return messages is not None and isinstance(value, messages.WireObject)


def qualified_name(cls: type) -> str:
    """Return the qualified name of a standard library class, which identifies it without importing its module."""
    return f"{cls.__module__.partition('.')[0]}.{cls.__name__}"


def _mapping_values(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(_to_json_value(key)): _to_json_value(item) for key, item in value.items()}


_Conversion = tuple[Callable[[Any], bool], Callable[[Any], Any]]
#: Checked in order: an enum member may also be a string.
_CONVERSIONS: tuple[_Conversion, ...] = (
    (lambda value: isinstance(value, enum.Enum), lambda value: _to_json_value(value.value)),
    (lambda value: isinstance(value, str), str.__str__),
    (lambda value: isinstance(value, (int, float)), lambda value: value),
    (lambda value: isinstance(value, Mapping), _mapping_values),
    (lambda value: isinstance(value, (list, tuple)), lambda value: [_to_json_value(item) for item in value]),
    (_is_wire_object, lambda value: value.raw),
    (lambda value: attrs.has(type(value)), _attrs_values),
    (lambda value: hasattr(type(value), "__dataclass_fields__"), _dataclass_values),
    (lambda value: isinstance(value, os.PathLike), os.fspath),
    (lambda value: qualified_name(type(value)) == "uuid.UUID", str),
    (lambda value: hasattr(type(value), "isoformat"), lambda value: value.isoformat()),
)
