"""
Check the JSON Schemas that users write, and compile schemas into validators.

Both use the library `jsonschema`. It is imported on first use, because it takes longer to import than the whole SDK.
`problems` writes the error texts.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..errors import ConfigurationError
from . import problems
from .to_json import dump_json, to_json_value

#: Returns the problems of a value, joined by `; `, or an empty string when the value is valid.
Validate = Callable[[Any], str]


def parse_schema(given: Any, name: str) -> dict[str, Any]:
    """
    Return a JSON Schema as plain dicts and lists; *name* is its name in errors.

    The schema follows Draft 2020-12 unless its `$schema` names another draft. An invalid schema, and a reference that
    does not resolve inside the schema, raise `ConfigurationError`.
    """
    try:
        schema = to_json_value(given)
        dump_json(schema)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{name} is not a JSON Schema: {error}") from error
    found = _schema_problems(schema)
    if found:
        raise ConfigurationError(f"{name} is not a JSON Schema: {found}")
    return dict(schema)


def compile_schema(schema: Mapping[str, Any], *, strict_integers: bool = False) -> Validate:
    """
    Return a function that validates values against *schema*, which must be valid.

    *strict_integers* rejects 5.0 as an integer; JSON Schema accepts it.
    """
    from referencing import Registry

    # With an explicit registry jsonschema downloads no references.
    validator = _validator_class(schema, strict_integers)(schema, registry=Registry())

    def validate(value: Any) -> str:
        try:
            return problems.describe(validator.iter_errors(value), validator)
        except RecursionError:
            return "the value is nested too deeply"

    return validate


def has_keywords(schema: Mapping[str, Any]) -> bool:
    """Return whether *schema* contains a keyword that constrains values."""
    return not _validator_class(schema).VALIDATORS.keys().isdisjoint(schema)


def _validator_class(schema: Any, strict_integers: bool = False) -> Any:
    from jsonschema.validators import Draft202012Validator, validator_for

    found = validator_for(schema, default=Draft202012Validator)
    return _strict(found) if strict_integers else found


@cache
def _strict(validator_class: Any) -> Any:
    from jsonschema.validators import extend

    def is_integer(_: Any, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    return extend(validator_class, type_checker=validator_class.TYPE_CHECKER.redefine("integer", is_integer))


def _schema_problems(schema: Any) -> str:
    if not isinstance(schema, Mapping):
        return f"expected a dict, got {problems.describe_value(schema)}"
    if not isinstance(schema.get("$schema", ""), str):
        return f"$schema: expected a string, got {problems.describe_value(schema['$schema'])}"
    found = _metaschema_validator(_validator_class(schema))(schema)
    return found or _reference_problem(schema)


@cache
def _metaschema_validator(validator_class: Any) -> Validate:
    from referencing import Registry

    checker = validator_class.FORMAT_CHECKER
    validator = validator_class(validator_class.META_SCHEMA, registry=Registry(), format_checker=checker)
    return lambda schema: problems.describe(validator.iter_errors(schema), validator)


def _reference_problem(schema: Mapping[str, Any]) -> str:
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012, specification_with

    specification = specification_with(schema.get("$schema", ""), default=DRAFT202012)
    resolver = Registry().resolver_with_root(specification.create_resource(schema))
    parts, visited = [schema], set[int]()
    while parts:
        part = parts.pop()
        if not isinstance(part, Mapping) or id(part) in visited:
            continue
        visited.add(id(part))
        parts.extend(specification.subresources_of(part))
        try:
            # The target may be outside every known keyword: `definitions` has no meaning in Draft 2020-12.
            parts.append(_resolve(part, resolver))
        except ValueError as error:
            return str(error)
    return ""


def _resolve(part: Any, resolver: Any) -> Any:
    """Return the schema at the end of a chain of references."""
    from referencing.exceptions import Unresolvable

    followed: list[str] = []
    while isinstance(part, Mapping) and "$ref" in part:
        reference = part["$ref"]
        if reference in followed:
            raise ValueError(f"$ref {reference!r} refers to itself")
        followed.append(reference)
        try:
            resolved = resolver.lookup(reference)
        except Unresolvable as error:
            raise ValueError(
                f"$ref {reference!r} cannot be resolved; refer to a part of the schema, such as '#/$defs/Item'"
            ) from error
        part, resolver = resolved.contents, resolved.resolver
    return part
