"""
Structured output: the schema that is sent to the CLI, and the object that is built from the model's output.

The CLI accepts only the schema of an object. Any other type is wrapped as `{"value": …}` and unwrapped afterwards.
"""
from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from .._core.checks import invalid
from .._core.text import truncate
from ..errors import ConfigurationError, StructuredOutputError
from . import from_types, json_schema, to_python

#: The property that wraps an output that is not an object.
WRAPPER_KEY = "value"


def output_schema(target: Any) -> dict[str, Any]:
    """
    Return the JSON Schema to send to the CLI.

    *target* is an attrs class, a dataclass, a `TypedDict`, a type hint such as `list[Item]`, or a JSON Schema as a
    dict, with or without its envelope `{"type": "json_schema", "schema": …}`.
    """
    schema = _parse_target(target)
    return _wrap(schema) if _needs_wrapping(schema) else schema


def prepare(target: Any) -> None:
    """Load and build what `build` needs, so that its `ConfigurationError` is raised before the prompt is sent."""
    json_schema.compile_schema(_parse_target(target))
    if not isinstance(target, Mapping):
        _target_builder(target)


def build(target: Any, data: Any, *, result: Any = None) -> Any:
    """
    Convert the model's output to the type of *target*; with a JSON Schema the output is returned unchanged.

    A missing output (*data* is *None*) or an invalid one raises `StructuredOutputError` with *result*.
    """
    schema = _parse_target(target)
    if data is None:
        reply = truncate(str(getattr(result, "content", "") or ""), 500, "...")
        quote = f"the reply was: {reply}" if reply else "the reply was empty"
        raise StructuredOutputError(f"no structured output for {_target_name(target)}; {quote}", result=result)
    if _needs_wrapping(schema):
        data = data.get(WRAPPER_KEY) if isinstance(data, Mapping) else data
    problems = json_schema.compile_schema(schema)(data)
    if problems:
        raise StructuredOutputError(f"the output does not match {_target_name(target)}: {problems}", result=result)
    make = None if isinstance(target, Mapping) else _target_builder(target)
    try:
        return data if make is None else make(data)
    except ValueError as error:
        text = f"the output does not match {_target_name(target)}: {error}"
        raise StructuredOutputError(text, result=result) from error.__cause__


def _parse_target(target: Any) -> dict[str, Any]:
    if not isinstance(target, Mapping):
        return _parse_hint(target)
    bare = target.get("schema") if target.get("type") == "json_schema" else target
    if not isinstance(bare, Mapping) or not bare:
        raise ConfigurationError('output: expected a class, a JSON Schema or {"type": "json_schema", "schema": {...}}')
    schema = json_schema.parse_schema(bare, "output")
    if not json_schema.has_keywords(schema):
        raise invalid("output", target, 'it contains no JSON Schema keyword; use {"type": "object", ...}')
    return schema


def _parse_hint(target: Any) -> dict[str, Any]:
    if isinstance(target, str):
        raise invalid("output", target, "pass the class itself, not its name")
    if not isinstance(target, Hashable):
        raise invalid("output", target, "expected a class or a type hint, such as list[Report]")
    try:
        return from_types.schema_of(target)
    except ConfigurationError as error:
        raise ConfigurationError(f"output: {error}") from error


def _target_builder(target: Any) -> to_python.Build | None:
    try:
        return to_python.builder(target)
    except ConfigurationError as error:
        raise ConfigurationError(f"output: {error}") from error


def _needs_wrapping(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("type", "object" if "properties" in schema else None) != "object")


def _wrap(schema: dict[str, Any]) -> dict[str, Any]:
    # References are relative to the top level, so definitions must stay there.
    kept: dict[str, Any] = {key: schema[key] for key in ("$schema", "$defs", "definitions") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in kept}
    outer = {"type": "object", "properties": {WRAPPER_KEY: inner}, "required": [WRAPPER_KEY]}
    return {**kept, **outer, "additionalProperties": False}


def _target_name(target: Any) -> str:
    if isinstance(target, Mapping):
        return "the schema"
    return target.__name__ if isinstance(target, type) else str(target)
