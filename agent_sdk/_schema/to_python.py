"""
Convert validated JSON values to the Python objects of a type hint, with cattrs.

The values have passed `json_schema`. Only the user's own class (a validator, a `__post_init__`) can still reject them.
Hints whose values JSON represents directly need no conversion.
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
#: Hints for which a plain list is returned unchanged.
_LIST_TYPES = frozenset({list, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable})


def builder(hint: Any) -> Build | None:
    """
    Return the function that converts a JSON value to *hint*, or *None* if the value needs no conversion.

    The function raises `ValueError` with a readable text if a user's class rejects its fields. A hint that cattrs does
    not support raises `ConfigurationError`.
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
        raise  # a class that contains itself: cattrs handles this error
    except Exception as error:
        # cattrs raises many types; report them before the prompt is sent.
        raise ConfigurationError(f"cannot build objects of {hint}: {error}") from error

    def build(value: Any) -> Any:
        try:
            return hook(value, hint)
        except Exception as error:
            # Any exception of a user's class means that it rejected the value.
            raise ValueError("; ".join(_converter.conversion_errors(error))) from error

    return build


def is_native(hint: Any) -> bool:
    """Return whether the decoded JSON value is already a value of *hint*."""
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
    # Python 3.10 does not parse the suffix "Z".
    return lambda value, _: hint.fromisoformat(value[:-1] + "+00:00" if value[-1:] in ("Z", "z") else value)


def _keep(value: Any, _: Any) -> Any:
    return value


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _is_iterable(hint: Any) -> bool:
    origin: Any = get_origin(hint)
    return origin is abc.Iterable or origin is abc.Collection


def _union_hook(hint: Any) -> Callable[[Any, Any], Any]:
    """Build the first member of a union whose schema accepts the value."""
    members = [(_member_validator(member), builder(member) or _identity) for member in get_args(hint)]

    def structure_union(value: Any, _: Any) -> Any:
        for find_problems, build in members:
            if not find_problems(value):
                return build(value)
        raise ValueError(f"matches no member of {hint}")

    return structure_union


def _member_validator(member: Any) -> json_schema.Validate:
    return json_schema.compile_schema(from_types.schema_of(member), strict_integers=True)


def _typed_dict_hook(cls: Any) -> Callable[[Any, Any], Any]:
    """Build the values of the dict; cattrs treats a `NotRequired` in a string annotation as required."""
    builders: dict[str, Build] = {}

    def structure_typed_dict(value: Any, _: Any) -> Any:
        if not builders:
            # Built on first use: a TypedDict may contain itself.
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

