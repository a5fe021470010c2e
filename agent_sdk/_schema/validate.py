"""
JSON Schema -> a function that says what does not fit, in words that a model can act on.

Compiled once, with closures: a call that fits costs about a microsecond. Knows the keywords that tools use (types,
properties, required, items, enum, const, anyOf, bounds, references); a schema that says more is left to the library
`jsonschema`, imported only then. Where that is not installed, the keywords known here are checked and the rest is not.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._core import log
from .._core.text import did_you_mean, truncate
from ..errors import ConfigurationError
from .check import check_schema, needs_library, resolve_reference

#: Gives the problems of a value, joined by `; `: an empty string when it fits.
Validate = Callable[[Any], str]
#: Looks at a value at a path and adds what does not fit to the list.
_Check = Callable[[Any, str, list[str]], None]

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_TYPE_PHRASES: Mapping[str, str] = {
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
_NO_TYPES: frozenset[type] = frozenset()


def validator(schema: Mapping[str, Any], name: str, *, strict_integers: bool = False) -> Validate:
    """
    Compile *schema*; one that is no JSON Schema raises `ConfigurationError`, which calls it *name*.

    *strict_integers* refuses 5.0 for a whole number, which JSON Schema accepts.
    """
    check_schema(schema, name)
    if needs_library(schema):
        library = _library_validator(schema, name)
        if library is not None:
            return library
        log.debug("mcp", "%s is checked in part only: jsonschema is not installed", name)
    check = _Compiler(schema, strict_integers).check(schema)

    def validate(value: Any) -> str:
        problems: list[str] = []
        check(value, "", problems)
        return "; ".join(problems) if problems else ""

    return validate


def _library_validator(schema: Mapping[str, Any], name: str) -> Validate | None:
    try:
        import jsonschema
    except ImportError:
        return None
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ConfigurationError(f"{name} is no JSON Schema: {error.message}") from error
    compiled = kind(schema)

    def validate(value: Any) -> str:
        errors = sorted(compiled.iter_errors(value), key=lambda error: [str(step) for step in error.path])
        return "; ".join(_format_error(error.path, error.message) for error in errors)

    return validate


def _format_error(path: Any, message: str) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    message = truncate(message, 300, "...")
    return f"{place}: {message}" if place else message


def describe_value(value: object) -> str:
    """Say what *value* is, for an error: its kind and the value itself, cut at 60 characters."""
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"{_VALUE_PHRASES.get(type(value), type(value).__name__)} {truncate(text, 60, '...')}"


def _with_path(path: str, text: str) -> str:
    return f"{path}: {text}" if path else text


class _Compiler:
    """Turns the parts of one schema into checks."""

    def __init__(self, root: Mapping[str, Any], whole: bool) -> None:
        self._root = root
        self._strict_integers = whole
        self._references: dict[str, _Check] = {}

    def check(self, schema: Any) -> _Check:
        if isinstance(schema, bool):
            return _accept if schema else _refuse
        parts = [make(self, schema) for keywords, make in _CHECK_BUILDERS if not keywords.isdisjoint(schema)]
        if len(parts) == 1:
            return parts[0]

        def check_parts(value: Any, path: str, problems: list[str]) -> None:
            before = len(problems)
            for part in parts:
                part(value, path, problems)
                # The first problem of a value is the one to solve: a string has no bounds of a number.
                if len(problems) != before:
                    return

        return check_parts if parts else _accept

    def exact_types(self, schema: Any) -> frozenset[type]:
        """Return the classes whose values fit *schema* without a look at the value."""
        if not isinstance(schema, Mapping) or not _KNOWN_KEYWORDS.isdisjoint(schema.keys() - {"type"}):
            return _NO_TYPES
        names = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ())
        return frozenset(cls for name in names for cls in _PYTHON_TYPES[name])

    def reference(self, schema: Mapping[str, Any]) -> _Check:
        pointer = schema["$ref"]

        def check_reference(value: Any, path: str, problems: list[str]) -> None:
            # Compiled when first met: a schema may contain itself.
            found = self._references.get(pointer)
            if found is None:
                found = self._references[pointer] = self.check(resolve_reference(pointer, self._root))
            found(value, path, problems)

        return check_reference

    def type(self, schema: Mapping[str, Any]) -> _Check:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        classes = tuple(cls for name in names for cls in _PYTHON_TYPES[name])
        exact, boolean = frozenset(classes), bool in classes
        round_float = "integer" in names and not self._strict_integers
        expected = " or ".join(_TYPE_PHRASES[name] for name in names)

        def check_type(value: Any, path: str, problems: list[str]) -> None:
            if type(value) in exact or (isinstance(value, classes) and (boolean or not isinstance(value, bool))):
                return
            if round_float and isinstance(value, float) and value.is_integer():
                return
            problems.append(_with_path(path, f"expected {expected}, got {describe_value(value)}"))

        return check_type

    def choice(self, schema: Mapping[str, Any]) -> _Check:
        values = list(schema["enum"]) if "enum" in schema else [schema["const"]]
        expected = ("one of " if len(values) > 1 else "") + ", ".join(_json_repr(value) for value in values)

        def check_choice(value: Any, path: str, problems: list[str]) -> None:
            if not any(_json_equal(value, allowed) for allowed in values):
                problems.append(_with_path(path, f"expected {expected}, got {describe_value(value)}"))

        return check_choice

    def members(self, schema: Mapping[str, Any]) -> _Check:
        declared: Mapping[str, Any] = schema.get("properties", {})
        properties = {name: (self.exact_types(part), self.check(part)) for name, part in declared.items()}
        required = {name: _describe_schema(declared.get(name, True)) for name in schema.get("required", ())}
        others = self._additional_check(schema.get("additionalProperties", True), list(declared))

        def check_members(value: Any, path: str, problems: list[str]) -> None:
            if not isinstance(value, dict):
                return
            prefix = f"{path}." if path else ""
            for name, expected in required.items():
                if name not in value:
                    problems.append(f"{prefix}{name}: missing; expected {expected}")
            for name, item in value.items():
                found = properties.get(name)
                if found is None:
                    if others is not None:
                        others(item, f"{prefix}{name}", problems)
                elif type(item) not in found[0]:
                    found[1](item, f"{prefix}{name}", problems)

        return check_members

    def _additional_check(self, schema: Any, declared: list[str]) -> _Check | None:
        if schema is not False:
            return None if schema is True else self.check(schema)
        known = ", ".join(declared)

        def check_unknown(value: Any, path: str, problems: list[str]) -> None:
            hint = did_you_mean(path.rsplit(".", 1)[-1], declared, f"there are {known}" if known else "there are none")
            problems.append(f"{path}: no such argument; {hint}")

        return check_unknown

    def items(self, schema: Mapping[str, Any]) -> _Check:
        first = [self.check(part) for part in schema.get("prefixItems", ())]
        at_once, rest = self.exact_types(schema.get("items", True)), self.check(schema.get("items", True))

        def check_items(value: Any, path: str, problems: list[str]) -> None:
            if not isinstance(value, list):
                return
            for number, item in enumerate(value):
                if number < len(first):
                    first[number](item, f"{path}[{number}]", problems)
                elif type(item) not in at_once:
                    rest(item, f"{path}[{number}]", problems)

        return check_items

    def any_of(self, schema: Mapping[str, Any]) -> _Check:
        members = schema["anyOf"]
        checks = [(self._type_test(member), self.check(member)) for member in members]
        expected = " or ".join(dict.fromkeys(_describe_schema(member) for member in members))

        def check_any(value: Any, path: str, problems: list[str]) -> None:
            near: list[list[str]] = []
            for of_type, check in checks:
                found: list[str] = []
                check(value, path, found)
                if not found:
                    return
                if of_type(value):
                    near.append(found)
            # Where a member has the type of the value, what is wrong inside says more than what else there is.
            fewest = min(map(len, near), default=0)
            least = next((found for found in near if len(found) == fewest), None)
            problems.extend(least or [_with_path(path, f"expected {expected}, got {describe_value(value)}")])

        return check_any

    def _type_test(self, schema: Any) -> Callable[[Any], bool]:
        while isinstance(schema, Mapping) and "$ref" in schema:
            schema = resolve_reference(schema["$ref"], self._root)
        names = schema["type"] if isinstance(schema, Mapping) and "type" in schema else ()
        classes = tuple(self.exact_types({"type": names}))
        return lambda value: isinstance(value, classes)

    def bounds(self, schema: Mapping[str, Any]) -> _Check:
        limits = [(*_BOUNDS[keyword], schema[keyword]) for keyword in _BOUNDS if keyword in schema]

        def check_bounds(value: Any, path: str, problems: list[str]) -> None:
            for classes, holds, text, limit in limits:
                if isinstance(value, classes) and not isinstance(value, bool) and not holds(value, limit):
                    problems.append(_with_path(path, f"expected {text.format(limit)}, got {describe_value(value)}"))

        return check_bounds


def _accept(value: Any, path: str, problems: list[str]) -> None:
    """The check of a schema that says nothing."""


def _refuse(value: Any, path: str, problems: list[str]) -> None:
    problems.append(_with_path(path, f"nothing is accepted here, got {describe_value(value)}"))


def _json_equal(one: Any, other: Any) -> bool:
    # To Python True is 1; to JSON it is not.
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _json_repr(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else repr(value)


def _describe_schema(schema: Any) -> str:
    """Say in a few words what *schema* accepts."""
    if not isinstance(schema, Mapping):
        return "a value"
    if "enum" in schema or "const" in schema:
        return " or ".join(_json_repr(value) for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_describe_schema(member) for member in schema["anyOf"]))
    names = schema.get("type", ("object",) if "$ref" in schema or "properties" in schema else ())
    return " or ".join(_TYPE_PHRASES[name] for name in ([names] if isinstance(names, str) else names)) or "a value"


_Bound = tuple[tuple[type, ...], Callable[[Any, Any], bool], str]
#: keyword -> whose values it bounds, whether the bound holds, and in words.
_BOUNDS: Mapping[str, _Bound] = {
    "minimum": ((int, float), lambda value, limit: value >= limit, "at least {}"),
    "maximum": ((int, float), lambda value, limit: value <= limit, "at most {}"),
    "exclusiveMinimum": ((int, float), lambda value, limit: value > limit, "more than {}"),
    "exclusiveMaximum": ((int, float), lambda value, limit: value < limit, "less than {}"),
    "minLength": ((str,), lambda value, limit: len(value) >= limit, "at least {} characters"),
    "maxLength": ((str,), lambda value, limit: len(value) <= limit, "at most {} characters"),
    "minItems": ((list,), lambda value, limit: len(value) >= limit, "at least {} items"),
    "maxItems": ((list,), lambda value, limit: len(value) <= limit, "at most {} items"),
}

#: The keywords of a check, and what makes it. The type comes first: nothing else is worth saying of a wrong one.
_CHECK_BUILDERS: tuple[tuple[frozenset[str], Callable[[_Compiler, Mapping[str, Any]], _Check]], ...] = (
    (frozenset({"type"}), _Compiler.type),
    (frozenset({"$ref"}), _Compiler.reference),
    (frozenset({"enum"}), _Compiler.choice),
    (frozenset({"const"}), lambda compiler, schema: compiler.choice({"const": schema["const"]})),
    (frozenset({"properties", "required", "additionalProperties"}), _Compiler.members),
    (frozenset({"items", "prefixItems"}), _Compiler.items),
    (frozenset({"anyOf"}), _Compiler.any_of),
    (frozenset(_BOUNDS), _Compiler.bounds),
)
_KNOWN_KEYWORDS = frozenset().union(*(keywords for keywords, _ in _CHECK_BUILDERS))
