"""
Checks of values that people give: each returns the value in its one form or raises `ConfigurationError`.

The error names the thing, the value and the remedy. Used as converters of `Options` and by functions of the face.
"""
from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import ConfigurationError
from . import json_lines
from .text import nearest, truncate

Check = Callable[[Any], Any]


def invalid(name: str, value: object, remedy: str) -> ConfigurationError:
    """Build the error for *value* of *name*; *remedy* says what to give instead."""
    return ConfigurationError(f"{name}={truncate(repr(value), 100, '...')}: {remedy}")


def is_encodable(value: str) -> bool:
    """Whether the system can take *value* as a word, a variable or a path; odd bytes of a path are let through."""
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def string(name: str, *, empty: bool = False) -> Check:
    """Accept a string without NUL."""

    def check(value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise invalid(name, value, f"expected a string, got {type(value).__name__}")
        if "\0" in value:
            raise invalid(name, value, "a NUL character cannot be passed on; remove it")
        if not is_encodable(value):
            raise invalid(name, value, "half of a surrogate pair cannot be passed on; remove it")
        if not value and not empty:
            raise invalid(name, value, "an empty string means nothing here; leave the option out")
        return value

    return check


def one_of(name: str, words: Iterable[str]) -> Check:
    """Accept one of some words."""
    allowed = tuple(words)

    def check(value: object) -> str | None:
        if value is not None and value not in allowed:
            raise invalid(name, value, f"expected one of {', '.join(map(repr, allowed))}")
        return None if value is None else str(value)

    return check


def boolean(name: str) -> Check:
    """Accept true or false."""

    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise invalid(name, value, "expected True or False")
        return value

    return check


def number(name: str, *, above: float | None = None, least: float | None = None, whole: bool = False) -> Check:
    """Accept a number above, or at least, a bound."""
    kind = int if whole else (int, float)

    def check(value: object) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, kind) or math.isnan(value):
            raise invalid(name, value, "expected a whole number" if whole else "expected a number")
        if above is not None and not value > above:
            raise invalid(name, value, f"must be greater than {above}")
        if least is not None and not value >= least:
            raise invalid(name, value, f"must be at least {least}")
        return value

    return check


def string_list(name: str, *, among: Iterable[str] | None = None) -> Check:
    """Accept a list of strings, or one string for a list of one; gives a tuple."""
    one, allowed = string(name), None if among is None else tuple(among)

    def check(value: object) -> tuple[str, ...] | None:
        if value is None:
            return None
        if isinstance(value, Mapping) or not isinstance(value, Iterable):
            raise invalid(name, value, "expected a list of strings")
        given = (value,) if isinstance(value, str) else tuple(value)
        for word in given:
            if one(word) is None:
                raise invalid(name, value, "expected a list of strings, found None in it")
            if allowed is not None and word not in allowed:
                raise invalid(name, value, f"{word!r} is none of {', '.join(allowed)}")
        return given

    return check


def mapping(name: str) -> Check:
    """Accept a mapping with string keys; gives a dict of its own."""

    def check(value: object) -> dict[str, Any] | None:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise invalid(name, value, "expected a dict")
        for key in value:
            if not isinstance(key, str):
                raise invalid(name, value, f"expected strings as keys, found {key!r}")
        return dict(value)

    return check


def variables(name: str) -> Check:
    """Accept environment variables by name; *None* unsets one. An error shows no value, which may be a secret."""
    as_mapping = mapping(name)

    def check(value: object) -> dict[str, str | None] | None:
        given: dict[str, str | None] | None = as_mapping(value)
        for key, item in (given or {}).items():
            if item is not None and not isinstance(item, str):
                kind = type(item).__name__
                raise ConfigurationError(f"{name}[{key!r}]: expected a string, or None to unset it, got {kind}")
        return given

    return check


def path(name: str) -> Check:
    """Accept a path, as a string or path object; gives a string."""
    as_text = string(name)

    def check(value: object) -> str | None:
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        result: str | None = as_text(value)
        return result

    return check


def paths(name: str) -> Check:
    """Accept a list of paths, or one path; gives a tuple of strings."""
    one = path(name)

    def check(value: object) -> tuple[str, ...] | None:
        if value is None:
            return None
        if isinstance(value, (str, os.PathLike)):
            value = (value,)
        if not isinstance(value, Iterable):
            raise invalid(name, value, "expected a list of paths")
        return tuple(one(item) or "" for item in value)

    return check


def directory(name: str) -> Check:
    """Accept the path of a directory that exists."""
    as_path = path(name)

    def check(value: object) -> str | None:
        result: str | None = as_path(value)
        if result is not None and not os.path.isdir(result):
            raise invalid(name, value, "no such directory; create it first or correct the path")
        return result

    return check


def json_serializable(name: str, value: object) -> None:
    """Check that *value* can be written as JSON."""
    try:
        json_lines.dumps(value)
    except (TypeError, ValueError) as error:
        raise invalid(name, value, str(error)) from error


def implements(name: str, *wanted: str, base: str = "Transport") -> Check:
    """Accept an object with these methods; *base* is the class of ours to derive it from."""

    def check(value: object) -> object:
        missing = [one for one in wanted if value is not None and not callable(getattr(value, one, None))]
        if isinstance(value, type):
            raise invalid(name, value, "expected an instance, not the class itself")
        if missing:
            raise invalid(name, value, f"it has no method {missing[0]}; subclass agent_sdk.{base}")
        if value is not None:
            _reject_async(name, value, wanted)
        return value

    return check


def _reject_async(name: str, value: object, methods: Iterable[str]) -> None:
    import inspect

    for method in methods:
        if inspect.iscoroutinefunction(getattr(value, method)):
            raise invalid(name, value, f"its method {method} is asynchronous, and nobody would await it; make it plain")


def reject_typos(name: str, value: Mapping[str, Any], known: Iterable[str]) -> None:
    """Reject a key that is nearly a known one; other unknown keys may be of a newer CLI."""
    names = tuple(known)
    for key in value:
        if key in names:
            continue
        near = nearest(key, names, 0.75) or next((one for one in names if one.lower() == str(key).lower()), "")
        if near:
            raise invalid(name, key, f"no such key; did you mean {near!r}?")


def function(name: str) -> Check:
    """Accept something callable."""

    def check(value: object) -> object:
        if value is not None and not callable(value):
            raise invalid(name, value, "expected a function")
        return value

    return check


def is_uuid(value: object) -> bool:
    """Tell whether *value* is a UUID in its usual form, as a string or a `uuid.UUID`."""
    import uuid

    try:
        return str(uuid.UUID(str(value))) == str(value).lower()
    except ValueError:
        return False


def session_uuid(name: str) -> Check:
    """Accept a UUID in its usual form, as a string or a `uuid.UUID`."""

    def check(value: object) -> str | None:
        if value is None:
            return None
        if not is_uuid(value):
            raise invalid(name, value, "expected a UUID such as str(uuid.uuid4())")
        return str(value)

    return check


def session(name: str) -> Check:
    """Accept the id of a session, as a string or a `uuid.UUID`, or its title."""
    as_text = string(name)
    return lambda value: as_text(str(value) if is_uuid(value) else value)
