"""
Is it a JSON Schema? Checked when a tool is made, so that no model ever meets a tool that cannot be called.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._core.text import did_you_mean
from ..errors import ConfigurationError
from .to_json import dump_json

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")

#: Keywords that hold one schema, a list of schemas, or schemas by name.
_SCHEMA_KEYWORDS = (
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties",
)
_SCHEMA_LIST_KEYWORDS = ("anyOf", "allOf", "oneOf", "prefixItems")
_SCHEMA_MAP_KEYWORDS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")

#: Keywords that `validate` leaves to the library `jsonschema`.
LIBRARY_KEYWORDS = frozenset({
    "allOf", "oneOf", "not", "if", "then", "else", "contains", "minContains", "maxContains", "propertyNames", "pattern",
    "patternProperties", "uniqueItems", "multipleOf", "minProperties", "maxProperties", "dependentSchemas",
    "dependencies", "dependentRequired", "unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$anchor", "$id",
})

_Predicate = Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_string_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value)


def _is_type(value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    return _is_string_list(names) and bool(names) and all(name in TYPES for name in names)


def _is_nonempty_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > 0


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


#: keyword -> what its value must be, and in words.
_RULES: Mapping[str, tuple[_Predicate, str]] = {
    "type": (_is_type, f"must be one of {', '.join(TYPES)}, or a list of these"),
    "required": (_is_string_list, "must be a list of names"),
    "enum": (_is_nonempty_list, "must be a list of values, with one at least"),
    "$ref": (lambda value: _is_string(value) and value.startswith("#"), "must stay inside the schema: '#/$defs/...'"),
    **dict.fromkeys(("description", "title", "pattern", "format", "$schema"), (_is_string, "must be a string")),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), (_is_number, "must be a number")),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), (_is_count, "must be a whole number from 0")),
    **dict.fromkeys(_SCHEMA_LIST_KEYWORDS, (_is_nonempty_list, "must be a list of schemas")),
    **dict.fromkeys(_SCHEMA_MAP_KEYWORDS, (_is_mapping, "must be a dict of schemas by name")),
}

#: All that is known to mean something in a schema.
KEYWORDS = frozenset({*_RULES, *_SCHEMA_KEYWORDS, *LIBRARY_KEYWORDS, "const", "default"})


def check_schema(schema: Any, name: str) -> None:
    """Raise `ConfigurationError` for what is no JSON Schema, with *name* and the place: `properties/city/type`."""
    try:
        dump_json(schema)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{name} is no JSON Schema: {error}") from error
    for place, part in iter_schemas(schema):
        problem = _find_problem(part, schema)
        if problem:
            raise ConfigurationError(f"{name} is no JSON Schema: {'/'.join(place) or 'at its top'}: {problem}")


def iter_schemas(schema: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give *schema* and every schema in it, each with its place."""
    yield place, schema
    if not isinstance(schema, Mapping):
        return
    for keyword, value in schema.items():
        if keyword in _SCHEMA_KEYWORDS:
            yield from iter_schemas(value, (*place, keyword))
        elif keyword in _SCHEMA_LIST_KEYWORDS and isinstance(value, (list, tuple)):
            for number, part in enumerate(value):
                yield from iter_schemas(part, (*place, keyword, str(number)))
        elif keyword in _SCHEMA_MAP_KEYWORDS and isinstance(value, Mapping):
            for key, part in value.items():
                yield from iter_schemas(part, (*place, keyword, str(key)))


def needs_library(schema: Any) -> bool:
    """Tell whether *schema* uses keywords that only the library `jsonschema` checks."""
    return any(isinstance(part, Mapping) and _part_needs_library(part) for _, part in iter_schemas(schema))


def _part_needs_library(part: Mapping[str, Any]) -> bool:
    values = [*part.get("enum", ()), part.get("const")]
    return not LIBRARY_KEYWORDS.isdisjoint(part) or any(isinstance(value, (list, dict)) for value in values)


def _find_problem(part: Any, root: Any) -> str:
    if isinstance(part, bool):
        return ""
    if not isinstance(part, Mapping):
        return f"expected a schema (a dict), got {part!r}"
    for keyword, value in part.items():
        fits, text = _RULES.get(keyword, (None, ""))
        if fits is not None and not fits(value):
            suggestion = did_you_mean(value, TYPES) if isinstance(value, str) else ""
            return "; ".join(filter(None, (f"{keyword!r} {text}, got {value!r}", suggestion)))
    return _reference_problem(part, root) if "$ref" in part else ""


def _reference_problem(part: Any, root: Any) -> str:
    """Follow a reference: it must end at a schema, and not at itself."""
    followed: list[str] = []
    while isinstance(part, Mapping) and "$ref" in part:
        if part["$ref"] in followed:
            return f"'$ref' leads back to itself: {part['$ref']!r}"
        followed.append(part["$ref"])
        part = resolve_reference(part["$ref"], root) if isinstance(part["$ref"], str) else None
    return f"'$ref' leads nowhere: {followed[-1]!r}" if part is None else ""


def resolve_reference(pointer: str, root: Any) -> Any:
    """Return the schema that *pointer* (`#/$defs/Item`) names in *root*, or *None*."""
    found = root
    for step in pointer.lstrip("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, (list, tuple)) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, (Mapping, bool)) else None
