"""
Checks of user-supplied values: each check returns the normalized value or raises `ConfigurationError`.

The error contains the name, the value and the remedy. Used as converters of `Options` and by public functions.
"""
from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ..errors import ConfigurationError
from . import json_lines
from .text import did_you_mean, nearest, repr_value, truncate

Check = Callable[[Any], Any]


def invalid(name: str, value: object, remedy: str) -> ConfigurationError:
    """Return the error for *value* of *name*; *remedy* describes a valid value."""
    return ConfigurationError(f"{name}={truncate(repr_value(value), 100, '...')}: {remedy}")


def is_encodable(value: str) -> bool:
    """Whether *value* can be used in an argument, a variable or a path. Undecodable bytes of a path are accepted."""
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
            raise invalid(name, value, "must not contain a NUL character; remove it")
        if not is_encodable(value):
            raise invalid(name, value, "must not contain an unpaired surrogate; remove it")
        if not value and not empty:
            raise invalid(name, value, "must not be an empty string; omit it instead")
        return value

    return check


def one_of_remedy(value: object, words: Collection[str]) -> str:
    """Return the remedy for a *value* that is not one of *words*, with the most similar word."""
    hint = did_you_mean(value, words)
    return f"expected one of {', '.join(map(repr, words))}{hint and f'; {hint}'}"


def one_of(name: str, words: Iterable[str]) -> Check:
    """Accept one of *words*."""
    allowed = tuple(words)

    def check(value: object) -> str | None:
        if value is not None and value not in allowed:
            raise invalid(name, value, one_of_remedy(value, allowed))
        return None if value is None else str(value)

    return check


def boolean(name: str) -> Check:
    """Accept *True* or *False*."""

    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise invalid(name, value, "expected True or False")
        return value

    return check


def number(name: str, *, above: float | None = None, least: float | None = None, whole: bool = False) -> Check:
    """Accept a number greater than *above*, or at least *least*."""
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
    """Accept a list of strings, or a string as a list of one; return a tuple."""
    one, allowed = string(name), None if among is None else tuple(among)

    def check(value: object) -> tuple[str, ...] | None:
        if value is None:
            return None
        if isinstance(value, Mapping) or not isinstance(value, Iterable):
            raise invalid(name, value, "expected a list of strings")
        given = (value,) if isinstance(value, str) else tuple(value)
        for word in given:
            if one(word) is None:
                raise invalid(name, value, "expected a list of strings, but it contains None")
            if allowed is not None and word not in allowed:
                raise invalid(name, value, f"{word!r} must be one of {', '.join(allowed)}")
        return given

    return check


def mapping(name: str) -> Check:
    """Accept a mapping with string keys; return a new dict."""

    def check(value: object) -> dict[str, Any] | None:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise invalid(name, value, "expected a dict")
        for key in value:
            if not isinstance(key, str):
                raise invalid(name, value, f"expected strings as keys, got {key!r}")
        return dict(value)

    return check


def variables(name: str) -> Check:
    """Accept environment variables by name; *None* unsets one. Errors omit the value, which may be a secret."""
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
    """Accept a path, as a string or path object; return a string."""
    as_text = string(name)

    def check(value: object) -> str | None:
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        result: str | None = as_text(value)
        return result

    return check


def paths(name: str) -> Check:
    """Accept a list of paths, or one path; return a tuple of strings."""
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
    """Accept the path of an existing directory."""
    as_path = path(name)

    def check(value: object) -> str | None:
        result: str | None = as_path(value)
        if result is not None and not os.path.isdir(result):
            remedy = "not a directory;" if os.path.exists(result) else "no such directory; create it first or"
            raise invalid(name, value, f"{remedy} correct the path")
        return result

    return check


def json_serializable(name: str, value: object) -> None:
    """Check that *value* can be serialized to JSON."""
    try:
        json_lines.dumps(value)
    except (TypeError, ValueError) as error:
        raise invalid(name, value, str(error)) from error


def implements(name: str, *wanted: str, base: str = "Transport") -> Check:
    """Accept an object with the methods *wanted*; *base* is the SDK class to subclass, for the error."""

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
            raise invalid(name, value, f"method {method} is async and would not be awaited; make it a plain method")


def reject_typos(name: str, value: Mapping[str, Any], known: Iterable[str]) -> None:
    """Reject a key that is similar to a known key. Other unknown keys are accepted: a newer CLI may support them."""
    names = tuple(known)
    for key in value:
        if key in names:
            continue
        near = nearest(key, names, 0.75) or next((one for one in names if one.lower() == str(key).lower()), "")
        if near:
            raise invalid(name, key, f"no such key; did you mean {near!r}?")


def function(name: str) -> Check:
    """Accept a callable."""

    def check(value: object) -> object:
        if value is not None and not callable(value):
            raise invalid(name, value, "expected a function")
        return value

    return check


def is_uuid(value: object) -> bool:
    """Return whether *value* is a UUID in canonical form, as a string or a `uuid.UUID`."""
    import uuid

    try:
        return str(uuid.UUID(str(value))) == str(value).lower()
    except ValueError:
        return False


def session_uuid(name: str, remedy: str = "expected a UUID such as str(uuid.uuid4())") -> Check:
    """Accept a UUID in canonical form, as a string or a `uuid.UUID`; *remedy* is the text of the error."""

    def check(value: object) -> str | None:
        if value is None:
            return None
        if not is_uuid(value):
            raise invalid(name, value, remedy)
        return str(value)

    return check


def session(name: str) -> Check:
    """Accept a session id, as a string or a `uuid.UUID`, or a session title."""
    as_text = string(name)
    return lambda value: as_text(str(value) if is_uuid(value) else value)
