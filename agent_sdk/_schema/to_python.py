"""
Values that fit a type hint -> objects of Python, by cattrs.

`json_schema` has validated the values: here nothing is refused but what the user's own class refuses (a validator, a
`__post_init__`), and hints that JSON has typed already cost nothing.
"""
from __future__ import annotations

import types
from collections import abc
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ..errors import ConfigurationError
from . import fields, from_types, json_schema

Build = Callable[[Any], Any]

_NATIVE_TYPES = (str, int, float, bool, None, type(None), Any, object, list, dict)
#: Containers that a plain list or dict serves as it is.
_LIST_TYPES = frozenset({list, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable})


def builder(hint: Any) -> Build | None:
    """
    Return the function that turns a value of JSON into what *hint* says; *None* when the value can stay as it is.

    The function raises `ValueError` with the problems in words where a class of the user's refuses its fields. A hint
    of which no objects can be made raises `ConfigurationError`.
    """
    hint = from_types.unwrap(hint)
    if get_origin(hint) is Annotated:
        return builder(get_args(hint)[0])
    if is_native(hint):
        return None
    from .. import _converter

    try:
        hook = _structuring_converter().get_structure_hook(hint)
    except RecursionError:
        raise  # a class that holds itself: cattrs takes it up again
    except Exception as error:
        # Whatever cattrs does not like, it has to be known before the model is asked.
        raise ConfigurationError(f"objects of {hint} cannot be made: {error}") from error

    def build(value: Any) -> Any:
        try:
            return hook(value, hint)
        except Exception as error:
            # Whatever a class of the user's raises, it is the value that did not fit.
            raise ValueError("; ".join(_converter.misfits(error))) from error

    return build


def is_native(hint: Any) -> bool:
    """Tell whether values of *hint* are what JSON makes of them."""
    hint = from_types.unwrap(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is None:
        return any(hint is known for known in _NATIVE_TYPES) or hint in _LIST_TYPES or hint in from_types.MAPPINGS
    if origin is Literal:
        return all(type(value) in _NATIVE_TYPES for value in inner)
    if origin is Annotated:
        return is_native(inner[0])
    plain = origin in (Union, types.UnionType) or origin in _LIST_TYPES or origin in from_types.MAPPINGS
    return plain and all(map(is_native, inner))


@cache
def _structuring_converter() -> Any:
    from .. import _converter

    converter = _converter.new_converter()
    converter.register_structure_hook_factory(from_types.is_string_class, _string_class_hook)
    converter.register_structure_hook_factory(_is_union, _union_hook)
    converter.register_structure_hook_factory(is_native, lambda _: _keep)
    converter.register_structure_hook_factory(_is_iterable, _list_hook)
    converter.register_structure_hook_factory(fields.is_typed_dict, _typed_dict_hook)
    return converter


def _string_class_hook(hint: Any) -> Callable[[Any, Any], Any]:
    if not hasattr(hint, "fromisoformat"):
        return lambda value, _: hint(value)
    # Python 3.10 does not read the "Z" that everybody writes.
    return lambda value, _: hint.fromisoformat(value[:-1] + "+00:00" if value[-1:] in ("Z", "z") else value)


def _keep(value: Any, _: Any) -> Any:
    return value


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _is_iterable(hint: Any) -> bool:
    origin: Any = get_origin(hint)
    return origin is abc.Iterable or origin is abc.Collection


def _union_hook(hint: Any) -> Callable[[Any, Any], Any]:
    """Let the schemas of the members choose among them: the first that accepts the value."""
    members = [(_member_validator(member), builder(member) or _identity) for member in get_args(hint)]

    def structure_union(value: Any, _: Any) -> Any:
        for find_problems, build in members:
            if not find_problems(value):
                return build(value)
        raise ValueError(f"fits none of {hint}")

    return structure_union


def _member_validator(member: Any) -> json_schema.Validate:
    return json_schema.compile_schema(from_types.schema_of(member), strict_integers=True)


def _typed_dict_hook(cls: Any) -> Callable[[Any, Any], Any]:
    """Build what the dict holds; cattrs takes a `NotRequired` behind a string annotation for required."""
    builders: dict[str, Build] = {}

    def structure_typed_dict(value: Any, _: Any) -> Any:
        if not builders:
            # Made when first needed: a TypedDict may hold itself.
            builders.update({field.name: builder(field.hint) or _identity for field in fields.fields_of(cls)})
        return {key: _build_member(builders[key], item, key) for key, item in value.items()}

    return structure_typed_dict


def _build_member(build: Build, value: Any, key: str) -> Any:
    try:
        return build(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _identity(value: Any) -> Any:
    return value


def _list_hook(hint: Any) -> Any:
    return _structuring_converter().get_structure_hook(list[get_args(hint)[0]])  # type: ignore[misc]

