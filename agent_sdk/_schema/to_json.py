"""
Objects of Python -> values that JSON knows, for what tools return and for the defaults that schemas show.
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
    Write *value* as JSON: values of JSON, attrs objects, dataclasses, enums by value, dates, UUIDs and paths.

    What has no JSON form, such as a set, raises `TypeError`; a number that is not finite, or a value that contains
    itself, `ValueError`.
    """
    try:
        return dump_json(value)
    except TypeError:
        # What JSON knows goes the short way; everything else is turned into it first.
        return dump_json(to_json_value(value))


def dump_json(value: object) -> str:
    """Write a value of JSON; raises as `dump_object`."""
    try:
        return json_lines.dumps(value)
    except ValueError as error:
        raise ValueError("a number is NaN or infinite, or the value contains itself") from error


def to_json_value(value: Any) -> Any:
    """Return *value* made of dicts, lists and scalars; raises as `dump_object`."""
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
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def _attrs_values(value: Any) -> dict[str, Any]:
    return {field.name: _to_json_value(getattr(value, field.name)) for field in attrs.fields(type(value))}


def _dataclass_values(value: Any) -> dict[str, Any]:
    import dataclasses

    return {field.name: _to_json_value(getattr(value, field.name)) for field in dataclasses.fields(value)}


def _is_wire_object(value: object) -> bool:
    # Where there is a message its module is loaded; a mere definition of a tool does not load it.
    messages = sys.modules.get("agent_sdk.messages.base")
    return messages is not None and isinstance(value, messages.WireObject)


def qualified_name(cls: type) -> str:
    """Return the name of a class of the standard library: known by it, its module need not be imported here."""
    return f"{cls.__module__.partition('.')[0]}.{cls.__name__}"


def _mapping_values(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(_to_json_value(key)): _to_json_value(item) for key, item in value.items()}


_Conversion = tuple[Callable[[Any], bool], Callable[[Any], Any]]
#: Asked in order: an enum may be a string too.
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
