"""
Read the signature of a tool's function: the schema of its parameters, and its context parameter.
"""
from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Optional, Union, get_args, get_origin

import attrs

from .._schema import docstrings, fields, from_types
from ..errors import ConfigurationError
from .context import ToolContext

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@attrs.frozen
class Signature:
    """The parameters of a function that becomes a tool."""

    parameters: list[inspect.Parameter]
    hints: dict[str, Any]
    #: The name of the parameter that receives the `ToolContext`.
    context_parameter: str | None
    #: True for a method that is not bound to an object.
    is_unbound: bool

    @property
    def model_parameters(self) -> list[inspect.Parameter]:
        """The parameters that the model provides."""
        return [parameter for parameter in self.parameters if parameter.name != self.context_parameter]


def read_signature(function: Callable[..., Any], name: str) -> Signature | None:
    """
    Return the signature of *function*; *None* for built-in functions without one.

    A coroutine function or a generator raises `ConfigurationError`.
    """
    plain, called = _annotated_function(function), _invoked_function(function)
    if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
        raise ConfigurationError(f"tool {name!r}: an async function cannot be a tool; use a plain function")
    if inspect.isgeneratorfunction(called):
        raise ConfigurationError(f"tool {name!r}: a generator cannot be a tool; return a list")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    unbound = bool(parameters) and parameters[0].name in ("self", "cls") and parameters[0].kind in _POSITIONAL
    hints = fields.hints_of(plain)
    parameters = parameters[1:] if unbound else parameters
    for parameter in parameters:
        if parameter.default is None and parameter.name in hints:
            hints[parameter.name] = _optional(hints[parameter.name])
    context = next((p.name for p in parameters if p.name == "ctx" or _is_context(hints.get(p.name))), None)
    return Signature(parameters, hints, context, unbound)


def _optional(hint: Any) -> Any:
    """Accept null for `n: int = None`: models often send the default that the schema shows."""
    members = [member for member in get_args(hint) if member is not type(None)]
    if get_origin(hint) is Union and len(members) == 1:
        hint = members[0]  # Python 3.10 made it optional already
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        parts = (_optional(inner), *notes)  # not in the brackets: mypy takes that for syntax of Python 3.11
        return Annotated[parts]
    return Optional[hint]  # noqa: UP045  # at run time, and of any hint


def _invoked_function(function: Any) -> Any:
    """Return the function that is called, without following decorators."""
    function = function.func if isinstance(function, functools.partial) else function
    return function if inspect.isroutine(function) else type(function).__call__


def _annotated_function(function: Any) -> Any:
    """Return the function inside wrappers, partials and callable objects, which has the hints."""
    while True:
        unwrapped = inspect.unwrap(function.func if isinstance(function, functools.partial) else function)
        if unwrapped is function:
            return function if inspect.isroutine(function) or isinstance(function, type) else type(function).__call__
        function = unwrapped


def _is_context(hint: Any) -> bool:
    return hint is ToolContext or ToolContext in get_args(hint)


def arguments_schema(signature: Signature, docstring: str | None, name: str) -> from_types.Schema:
    """Return the schema of the arguments; a parameter that cannot be passed by name raises `ConfigurationError`."""
    given = [_field(parameter, signature.hints, name) for parameter in signature.model_parameters]
    try:
        return from_types.schema_of_fields(given, docstrings.parameters(docstring))
    except ConfigurationError as error:
        raise ConfigurationError(f"tool {name!r}: {error}") from error


def _field(parameter: inspect.Parameter, hints: dict[str, Any], name: str) -> fields.Field:
    if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
        raise ConfigurationError(
            f"tool {name!r}: {parameter} has no parameter names; name each parameter, or pass input_schema"
        )
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise ConfigurationError(f"tool {name!r}: {parameter.name!r} is positional-only; remove the '/'")
    required = parameter.default is inspect.Parameter.empty
    default = fields.MISSING if required else parameter.default
    return fields.Field(parameter.name, hints.get(parameter.name, Any), required, default)


def check_takes_one_dict(signature: Signature, name: str) -> None:
    """Raise `ConfigurationError` for a function that cannot be called with one dict."""
    positional = [p for p in signature.model_parameters if p.kind in _POSITIONAL]
    variable = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in signature.model_parameters)
    needed = [p for p in signature.model_parameters if p.default is inspect.Parameter.empty and p not in positional[:1]]
    needed = [p for p in needed if p.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)]
    if needed or not (positional or variable):
        listed = ", ".join(str(p) for p in signature.parameters)
        raise ConfigurationError(
            f"tool {name!r}: with input_schema the handler must accept one argument, a dict, but its parameters are "
            f"({listed}); change them, or remove input_schema"
        )
