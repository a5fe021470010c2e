"""
The fields of a class and the parameters of a function, with their type hints resolved.
"""
from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import attrs

from ..errors import ConfigurationError

#: Marks a default that is absent, or that a schema cannot represent.
MISSING: Any = type("MISSING", (), {"__repr__": lambda self: "MISSING"})()


@attrs.frozen
class Field:
    """One member of an object: a field of a class or a parameter of a function."""

    #: Its name in JSON.
    name: str
    hint: Any
    required: bool = True
    default: Any = MISSING


def is_typed_dict(cls: Any) -> bool:
    """Return whether *cls* is a `TypedDict`, of `typing` or of `typing_extensions`."""
    return isinstance(cls, type) and issubclass(cls, dict) and hasattr(cls, "__required_keys__")


def is_object(cls: Any) -> bool:
    """Return whether *cls* is an attrs class, a dataclass or a `TypedDict`."""
    return isinstance(cls, type) and (attrs.has(cls) or hasattr(cls, "__dataclass_fields__") or is_typed_dict(cls))


def fields_of(cls: type) -> Iterator[Field]:
    """Yield the fields of a class for which `is_object` is true."""
    hints = hints_of(cls)
    if attrs.has(cls):
        return _attrs_fields(cls, hints)
    return _typed_dict_fields(cls, hints) if is_typed_dict(cls) else _dataclass_fields(cls, hints)


def hints_of(thing: Any) -> dict[str, Any]:
    """
    Return the resolved type hints of a function or class, including `Annotated`.

    Names are looked up in its module and, if it is defined inside a function, in the calling functions of that module.
    An unknown name raises `ConfigurationError`.
    """
    try:
        return _resolve_hints(thing, None)
    except NameError:
        callers = _caller_names(thing)
    except TypeError as error:
        raise ConfigurationError(f"cannot read the type hints of {thing!r}: {error}") from error
    try:
        return _resolve_hints(thing, callers)
    except NameError as error:
        name = getattr(thing, "__qualname__", repr(thing))
        raise ConfigurationError(
            f"cannot resolve a type hint of {name}: {error}; define the type at the top of its module, or pass the "
            "JSON Schema instead"
        ) from error


def _resolve_hints(thing: Any, local: dict[str, Any] | None) -> dict[str, Any]:
    """
    Resolve the hints and store them in the class.

    The local names may no longer exist when objects are built, and cattrs does not resolve the name in `list["Item"]`.
    """
    hints = typing.get_type_hints(thing, localns=local, include_extras=True)
    if attrs.has(thing):
        attrs.resolve_types(thing, localns=local)
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            field.type = hints.get(field.name, field.type)
    return hints


def _caller_names(thing: Any) -> dict[str, Any]:
    module, names = getattr(thing, "__module__", None), dict[str, Any]()
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == module:
            names = {**frame.f_locals, **names}
        frame = frame.f_back  # type: ignore[assignment]
    return names


def _attrs_fields(cls: type, hints: dict[str, Any]) -> Iterator[Field]:
    for field in attrs.fields(cls):
        if not field.init:
            continue
        known = field.default
        default = MISSING if known is attrs.NOTHING or hasattr(known, "factory") else known
        hint = hints.get(field.name, Any if field.type is None else field.type)
        yield Field(field.alias or field.name, hint, known is attrs.NOTHING, default)


def _dataclass_fields(cls: type, hints: dict[str, Any]) -> Iterator[Field]:
    absent = dataclasses.MISSING
    for field in dataclasses.fields(cls):
        if field.init:
            required = field.default is absent and field.default_factory is absent
            default = MISSING if field.default is absent else field.default
            yield Field(field.name, hints[field.name], required, default)


def _typed_dict_fields(cls: Any, hints: dict[str, Any]) -> Iterator[Field]:
    for name, hint in hints.items():
        yield Field(name, hint, _is_required(cls, name, hint))


def _is_required(cls: Any, name: str, hint: Any) -> bool:
    # With string annotations `__required_keys__` ignores `NotRequired`; the resolved hint contains it.
    while get_origin(hint) is not None:
        mark = str(get_origin(hint)).rsplit(".", 1)[-1]
        if mark in ("Required", "NotRequired"):
            return mark == "Required"
        if mark != "ReadOnly" and not hasattr(hint, "__metadata__"):
            break
        hint = get_args(hint)[0]
    return name in cls.__required_keys__
