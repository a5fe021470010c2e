"""
Type hints -> JSON Schema.

The schema of a class is inlined; a class that contains itself is placed in `$defs`. Every object is closed
(`additionalProperties: false`), so that a misspelt argument is reported instead of ignored.
"""
from __future__ import annotations

import enum
import types
import typing
from collections import abc
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ..errors import ConfigurationError
from . import docstrings
from .fields import MISSING, Field, fields_of, is_object
from .to_json import dump_json, qualified_name, to_json_value

Schema = dict[str, Any]

_SCALARS: Mapping[Any, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean", None: "null", type(None): "null",
}
#: Classes that are encoded as a string; the value is the schema's `format`.
STRING_FORMATS: Mapping[str, str] = {
    "datetime.datetime": "date-time",
    "datetime.date": "date",
    "datetime.time": "time",
    "uuid.UUID": "uuid",
    "pathlib.Path": "",
    "pathlib.PurePath": "",
}
#: Containers that are encoded as an array with one item type.
LISTS = frozenset({
    list, set, frozenset, abc.Sequence, abc.MutableSequence, abc.Set, abc.MutableSet, abc.Collection, abc.Iterable,
})
MAPPINGS = frozenset({dict, abc.Mapping, abc.MutableMapping})
#: Attributes of an `Annotated` note -> keywords.
_BOUNDS: Mapping[str, str] = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
}
_LIST_BOUNDS: Mapping[str, str] = {"min_length": "minItems", "max_length": "maxItems"}
#: Wrappers that do not change the type of a value; the names exist since Python 3.11 and 3.13.
_WRAPPERS = tuple(getattr(typing, name) for name in ("Required", "NotRequired", "ReadOnly") if hasattr(typing, name))


def schema_of(hint: Any) -> Schema:
    """
    Return the JSON Schema of a type hint or class; a hint that JSON cannot represent raises `ConfigurationError`.

    In `Annotated`, a string is the description, and an object with `ge`, `gt`, `le`, `lt`, `min_length` or `max_length`
    (as in the package annotated-types) is a bound: `Annotated[int, "How many", Ge(1)]`.
    """
    writer = _Writer()
    return writer.finish(writer.write(hint))


def schema_of_fields(fields: Iterable[Field], descriptions: Mapping[str, str]) -> Schema:
    """Return the JSON Schema of an object with *fields*; *descriptions* apply to fields without one of their own."""
    writer = _Writer()
    return writer.finish(writer.members(fields, descriptions))


def unwrap(hint: Any) -> Any:
    """Return the hint inside a `NewType`, a `type` alias, `Required`, `NotRequired` or `ReadOnly`."""
    while True:
        if hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":
            hint = hint.__value__
        elif get_origin(hint) in _WRAPPERS or str(get_origin(hint)).startswith("typing_extensions."):
            hint = get_args(hint)[0]
        else:
            return hint


class _Writer:
    """Writes one schema and tracks the classes that contain the current position."""

    def __init__(self) -> None:
        self._open: list[type] = []
        self._names: dict[type, str] = {}
        self._recursive: set[type] = set()
        self._defs: dict[str, Schema] = {}

    def finish(self, schema: Schema) -> Schema:
        """Add the definitions at the top level, which references point to."""
        if not self._defs:
            return schema
        if schema.keys() == {"$ref"}:
            # An input schema must have type "object" at the top level; the CLI rejects a bare reference.
            schema = self._defs[schema["$ref"].rsplit("/", 1)[1]]
        return {**schema, "$defs": self._defs}

    def write(self, hint: Any) -> Schema:
        hint = unwrap(hint)
        if hint is Any or hint is object:
            return {}
        if isinstance(hint, (str, typing.ForwardRef)):
            name = hint if isinstance(hint, str) else hint.__forward_arg__
            raise ConfigurationError(f"cannot resolve the quoted name {name!r}; quote the whole hint or nothing")
        for belongs, writer in _WRITERS:
            if belongs(hint):
                return writer(self, hint)
        raise ConfigurationError(
            f"{_hint_name(hint)} cannot be represented in JSON; use str, int, float, bool, Literal, Enum, list, dict, "
            "an attrs class, a dataclass or a TypedDict, or pass a JSON Schema"
        )

    def scalar(self, hint: Any) -> Schema:
        return {"type": _SCALARS[hint]}

    def formatted_string(self, hint: Any) -> Schema:
        form = STRING_FORMATS[qualified_name(hint)]
        return {"type": "string", "format": form} if form else {"type": "string"}

    def annotated(self, hint: Any) -> Schema:
        inner, *notes = get_args(hint)
        schema = self.write(inner)
        for note in notes:
            text = note if isinstance(note, str) else getattr(note, "documentation", None)
            if isinstance(text, str):
                schema = {**schema, "description": text}
            schema = {**schema, **_bound_keywords(note, schema)}
        return schema

    def union(self, hint: Any) -> Schema:
        members = [self.write(member) for member in get_args(hint)]
        if all(member.keys() == {"type"} for member in members):
            return {"type": [member["type"] for member in members]}
        return {"anyOf": members}

    def literal(self, hint: Any) -> Schema:
        return _enum_schema(hint, [to_json_value(value) for value in get_args(hint)])

    def enumeration(self, hint: type[enum.Enum]) -> Schema:
        return _enum_schema(hint, [member.value for member in hint])

    def sequence(self, hint: Any) -> Schema:
        items = [self.write(item) for item in get_args(hint)[:1]]
        return {"type": "array", "items": items[0]} if items and items[0] else {"type": "array"}

    def fixed_tuple(self, hint: Any) -> Schema:
        items = get_args(hint)
        if (len(items) == 2 and items[1] is Ellipsis) or not items:
            return self.sequence(hint)
        return {
            "type": "array",
            "prefixItems": [self.write(item) for item in items],
            "minItems": len(items),
            "maxItems": len(items),
        }

    def mapping(self, hint: Any) -> Schema:
        keys, values = get_args(hint) or (str, Any)
        if unwrap(keys) not in (str, Any):
            raise ConfigurationError(f"{_hint_name(hint)}: keys of a JSON object must be strings; use dict[str, ...]")
        inner = self.write(values)
        return {"type": "object", "additionalProperties": inner} if inner else {"type": "object"}

    def object(self, cls: type) -> Schema:
        reference = {"$ref": f"#/$defs/{self._definition_name(cls)}"}
        if cls in self._open:
            self._recursive.add(cls)
        if cls in self._recursive:
            return reference
        self._open.append(cls)
        try:
            # Use only a docstring that the user wrote: dataclasses generate one, and a TypedDict inherits that of dict.
            docstring = str(vars(cls).get("__doc__") or "")
            schema = self.members(fields_of(cls), docstrings.parameters(docstring))
        finally:
            self._open.pop()
        text = "" if docstring.startswith(f"{cls.__name__}(") else docstrings.summary(docstring)
        schema = {**schema, "description": text} if text else schema
        if cls not in self._recursive:
            return schema
        self._defs[self._definition_name(cls)] = schema
        return reference

    def members(self, fields: Iterable[Field], descriptions: Mapping[str, str]) -> Schema:
        properties: dict[str, Schema] = {}
        required = []
        for field in fields:
            properties[field.name] = self._write_member(field, descriptions.get(field.name, ""))
            if field.required:
                required.append(field.name)
        schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**schema, "required": required} if required else schema

    def _write_member(self, field: Field, description: str) -> Schema:
        try:
            schema = self.write(field.hint)
        except ConfigurationError as error:
            raise ConfigurationError(f"{field.name}: {error}") from error
        if description and "description" not in schema:
            schema = {**schema, "description": description}
        return {**schema, **_default_keyword(field.default)}

    def _definition_name(self, cls: type) -> str:
        if cls not in self._names:
            taken = sum(known.__name__ == cls.__name__ for known in self._names)
            self._names[cls] = f"{cls.__name__}{taken + 1}" if taken else cls.__name__
        return self._names[cls]


def _bound_keywords(note: Any, schema: Schema) -> Schema:
    names = _LIST_BOUNDS if schema.get("type") == "array" else _BOUNDS
    values = {keyword: getattr(note, name, None) for name, keyword in names.items()}
    return {keyword: value for keyword, value in values.items() if isinstance(value, (int, float))}


def _enum_schema(hint: Any, values: list[Any]) -> Schema:
    kinds = {_SCALARS.get(type(value)) for value in values}
    if None in kinds or not values:
        raise ConfigurationError(f"{_hint_name(hint)}: values must be strings, numbers, booleans or None")
    return {"type": kinds.pop(), "enum": values} if len(kinds) == 1 else {"enum": values}


def _default_keyword(value: Any) -> Schema:
    if value is MISSING:
        return {}
    try:
        default = to_json_value(value)
        dump_json(default)
    except (TypeError, ValueError):
        return {}  # the function still applies a default that the schema cannot show
    return {"default": default}


def _hint_name(hint: Any) -> str:
    return getattr(hint, "__qualname__", None) or str(hint)


def origin_class(hint: Any) -> Any:
    """Return the class of a hint: `list` for both `list[int]` and `list`."""
    return get_origin(hint) or hint


def is_string_class(hint: Any) -> bool:
    """Return whether values of *hint* are encoded as a string."""
    return isinstance(hint, type) and qualified_name(hint) in STRING_FORMATS


def is_enum(hint: Any) -> bool:
    """Return whether *hint* is an enumeration."""
    return isinstance(hint, type) and issubclass(hint, enum.Enum)


_WRITERS: tuple[tuple[Callable[[Any], bool], Callable[[_Writer, Any], Schema]], ...] = (
    (lambda hint: (hint is None or isinstance(hint, type)) and hint in _SCALARS, _Writer.scalar),
    (is_string_class, _Writer.formatted_string),
    (lambda hint: get_origin(hint) is Annotated, _Writer.annotated),
    (lambda hint: get_origin(hint) is Literal, _Writer.literal),
    (lambda hint: get_origin(hint) in (Union, types.UnionType), _Writer.union),
    (is_enum, _Writer.enumeration),
    (lambda hint: origin_class(hint) is tuple, _Writer.fixed_tuple),
    (lambda hint: origin_class(hint) in LISTS, _Writer.sequence),
    (lambda hint: origin_class(hint) in MAPPINGS, _Writer.mapping),
    (is_object, _Writer.object),
)
