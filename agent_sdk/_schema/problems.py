"""
Convert the errors of `jsonschema` into one text for the model or the user.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._core.text import did_you_mean, truncate

TYPE_PHRASES: Mapping[str, str] = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_VALUE_PHRASES: Mapping[type, str] = {
    str: "the string",
    int: "the number",
    float: "the number",
    bool: "the boolean",
    list: "the list",
    dict: "the object",
}
_BOUND_PHRASES: Mapping[str, str] = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}
#: A value that no type, enum or const accepts, so that its errors list everything a schema accepts.
_NO_VALUE = object()


def describe(errors: Iterable[Any], validator: Any) -> str:
    """Return the texts of the errors of one value, outermost first, joined by `; `."""
    found = list(errors)
    return "; ".join(_texts(found, validator)) if found else ""


def describe_value(value: object) -> str:
    """Return the type of *value* and the value itself, cut at 60 characters."""
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"{_VALUE_PHRASES.get(type(value), type(value).__name__)} {truncate(text, 60, '...')}"


def _texts(errors: Iterable[Any], validator: Any) -> list[str]:
    by_place: dict[tuple[Any, ...], list[Any]] = {}
    for error in errors:
        by_place.setdefault(tuple(error.absolute_path), []).append(error)
    texts: list[str] = []
    for place in sorted(by_place, key=len):
        # For a value of the wrong type, only the type is reported.
        decisive = [error for error in by_place[place] if _expected(error)][-1:]
        for error in decisive or by_place[place]:
            texts += _error_texts(error, validator)
    return list(dict.fromkeys(texts))


def _error_texts(error: Any, validator: Any) -> list[str]:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    list_members = _MEMBER_TEXTS.get(error.validator)
    if list_members is not None and error.validator_value is not True:
        prefix = f"{place}." if place else ""
        return [f"{prefix}{text}" for text in list_members(error, validator)]
    expected = _expected(error)
    if error.context and not expected:
        # The problems in a branch that accepts the value's type are more specific than a list of all branches.
        near = [branch for branch in _branches(error) if not _branch_expected(branch)]
        return _texts(sorted(near, key=len)[0], validator)
    text = _text(error, " or ".join(dict.fromkeys(expected)))
    return [f"{place}: {text}" if place else text]


def _text(error: Any, expected: str) -> str:
    got = describe_value(error.instance)
    if error.validator is None:
        return f"no value is allowed, got {got}"
    if error.validator in _BOUND_PHRASES:
        expected = _BOUND_PHRASES[error.validator].format(error.validator_value)
    if not expected:
        return truncate(error.message, 300, "...")
    hint = did_you_mean(error.instance, _choices(error)) if isinstance(error.instance, str) else ""
    return f"expected {expected}, got {got}" + (f"; {hint}" if hint else "")


def _missing(error: Any, validator: Any) -> list[str]:
    properties = error.schema.get("properties", {})
    names = [name for name in error.validator_value if name not in error.instance]
    return [f"{name}: missing; expected {_accepted(properties.get(name, True), validator)}" for name in names]


def _unknown(error: Any, _: Any) -> list[str]:
    known = list(error.schema.get("properties", {}))
    patterns = error.schema.get("patternProperties", {})
    names = [n for n in error.instance if n not in known and not any(re.search(pattern, n) for pattern in patterns)]
    listed = f"the arguments are {', '.join(known)}" if known else "no arguments are accepted"
    return [f"{name}: unknown argument; {did_you_mean(name, known, listed)}" for name in names]


#: Keywords whose errors are about the members of an object.
_MEMBER_TEXTS: Mapping[str, Callable[[Any, Any], list[str]]] = {"required": _missing, "additionalProperties": _unknown}


def _accepted(schema: Any, validator: Any) -> str:
    errors = list(validator.evolve(schema=schema).iter_errors(_NO_VALUE))
    return " or ".join(dict.fromkeys(_branch_expected(errors))) or "a value"


def _expected(error: Any) -> list[str]:
    """Return the types and values that a type, enum or const error expected; empty for other errors."""
    if error.validator == "type":
        types = error.validator_value
        return [TYPE_PHRASES.get(name, name) for name in ([types] if isinstance(types, str) else types)]
    if error.validator in ("enum", "const"):
        values = error.validator_value if error.validator == "enum" else [error.validator_value]
        return [("one of " if len(values) > 1 else "") + ", ".join(map(_json_repr, values))]
    parts = [_branch_expected(branch) for branch in _branches(error)]
    return [text for part in parts for text in part] if all(parts) else []


def _branches(error: Any) -> list[list[Any]]:
    """Return the errors of each schema in an `anyOf` or `oneOf`."""
    branches: dict[Any, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    return list(branches.values())


def _branch_expected(errors: Sequence[Any]) -> list[str]:
    found = [expected for error in errors if not error.relative_path for expected in [_expected(error)] if expected]
    return found[-1] if found else []


def _choices(error: Any) -> list[str]:
    """Return the strings that the enums of an error accept."""
    own = error.validator_value if error.validator == "enum" else []
    return [value for value in own if isinstance(value, str)] + [c for inner in error.context for c in _choices(inner)]


def _json_repr(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else repr(value)
