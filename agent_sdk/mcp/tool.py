"""
A tool: a plain function that the model may call, with its name, description and schema.
"""
from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, overload

from .._core import checks as check
from .._core.text import did_you_mean, function_name
from .._schema import docstrings, forms, json_schema, to_python
from .._schema.fields import is_object
from .._schema.to_json import dump_json
from ..errors import ConfigurationError
from . import signature
from .context import ToolContext

P = ParamSpec("P")
R = TypeVar("R")

ALWAYS_LOAD = "anthropic/alwaysLoad"
_MAX_RESULT_CHARS = "anthropic/maxResultSizeChars"
#: Annotations in snake_case -> MCP name. The suffixes `_hint` and `Hint` are optional.
_ANNOTATIONS: Mapping[str, str] = {
    "title": "title",
    "read_only": "readOnlyHint",
    "destructive": "destructiveHint",
    "idempotent": "idempotentHint",
    "open_world": "openWorldHint",
}
_ANNOTATION_SPELLINGS = {
    spelling: wire
    for name, wire in _ANNOTATIONS.items()
    for spelling in (name, f"{name}_hint", wire, wire.removesuffix("Hint"))
}


class ArgumentsError(ConfigurationError):
    """The arguments of a tool call do not match its schema."""


class Tool(Generic[P, R]):
    """
    A tool that the model may call. Made by `tool`; calling the object calls the original function.

    Without *input_schema*, the schema comes from the type hints and the function receives keyword arguments. With it,
    the function receives one dict. A parameter named `ctx` or annotated `ToolContext` receives the context.
    """

    #: The tool's name; the model sees `mcp__<server>__<name>`.
    name: str
    #: The description for the model.
    description: str
    #: JSON Schema of the arguments.
    input_schema: dict[str, Any]
    #: The function.
    handler: Callable[P, R]
    #: MCP annotations, such as `readOnlyHint`.
    annotations: dict[str, Any]
    #: Metadata, sent as `_meta`.
    meta: dict[str, Any]
    #: True when the handler has a parameter for the `ToolContext`.
    wants_context: bool
    #: True for a method that is not bound to an object.
    is_unbound: bool

    def __init__(
        self,
        handler: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        input_schema: Any = None,
        annotations: Mapping[str, Any] | None = None,
        meta: Mapping[str, Any] | None = None,
        always_load: bool = False,
        max_result_chars: int | None = None,
    ) -> None:
        if not callable(handler) or isinstance(handler, type):
            raise check.invalid("handler", handler, "expected a function")
        functools.update_wrapper(self, handler)
        self.handler = handler
        self.name = _parse_name(handler, name)
        docstring = getattr(handler, "__doc__", None) if _has_own_docstring(handler) else None
        text = check.string("description", empty=True)(description)
        self.description = docstrings.summary(docstring) if text is None else text
        self.annotations = _parse_annotations(annotations)
        self.meta = _build_meta(meta, always_load, max_result_chars)
        self._read_handler(input_schema, docstring)

    def _read_handler(self, given: Any, docstring: str | None) -> None:
        """Set the schema, and how arguments are passed to the handler."""
        parsed = signature.read_signature(self.handler, self.name)
        where = f"tool {self.name!r}: input_schema"
        self._context_parameter = parsed.context_parameter if parsed else None
        self.wants_context = self._context_parameter is not None
        self.is_unbound = parsed is not None and parsed.is_unbound
        self._takes_keywords = given is None
        #: Type hints of the arguments, by name; the key `""` is for all arguments as one object.
        self._hints: dict[str, Any] = {"": given} if is_object(given) else {}
        # Set by `prepare`: they need cattrs and jsonschema, which the definition of a tool must not load.
        self._builders: dict[str, to_python.Build] = {}
        self._validate: json_schema.Validate | None = None
        if given is not None:
            if parsed is not None:
                signature.check_takes_one_dict(parsed, self.name)
            self.input_schema = forms.input_schema(given, where)
        elif parsed is None:
            raise ConfigurationError(f"tool {self.name!r}: cannot read its signature; pass input_schema")
        else:
            self.input_schema = signature.arguments_schema(parsed, docstring, self.name)
            self._hints = {p.name: parsed.hints.get(p.name, Any) for p in parsed.model_parameters}
        self._is_typed = self._takes_keywords or is_object(given)

    @property
    def definition(self) -> dict[str, Any]:
        """The tool in the format of `tools/list`."""
        made: dict[str, Any] = {"name": self.name, "description": self.description, "inputSchema": self.input_schema}
        if self.annotations:
            made["annotations"] = self.annotations
        if self.meta:
            made["_meta"] = self.meta
        return made

    def call(self, arguments: Mapping[str, Any] | None = None, ctx: ToolContext | None = None) -> R:
        """
        Validate JSON arguments and run the tool, as for a call by the model.

        Args:
            arguments: The arguments by name; defaults to no arguments.
            ctx: The context for a handler that uses it; defaults to an empty one.

        Returns:
            The return value of the handler.

        Raises:
            ConfigurationError: The arguments are invalid; the handler was not called.
        """
        given: Any = {} if arguments is None else arguments
        problems = self.prepare()(given)
        if problems:
            raise ArgumentsError(f"wrong arguments for {self.name}: {problems}")
        if self._builders:
            given = self._build_arguments(given, self._builders)
        handler: Any = self.handler
        if self._context_parameter is None:
            result = handler(**given) if self._takes_keywords else handler(given)
        else:
            context = {self._context_parameter: ToolContext(tool_name=self.name) if ctx is None else ctx}
            result = handler(**given, **context) if self._takes_keywords else handler(given, **context)
        return result  # type: ignore[no-any-return]

    def prepare(self) -> json_schema.Validate:
        """Build the validator and the converters of the arguments, unless that is done. The first call does it too."""
        if self._validate is None:
            built = {name: to_python.builder(hint) for name, hint in self._hints.items()}
            self._builders = {name: build for name, build in built.items() if build is not None}
            # Assigned last, so that another thread that sees the validator also sees the builders.
            self._validate = json_schema.compile_schema(self.input_schema, strict_integers=self._is_typed)
        return self._validate

    def _build_arguments(self, given: Mapping[str, Any], builders: dict[str, to_python.Build]) -> Any:
        if "" in builders:
            return self._build_argument(builders[""], given, "")
        return {name: self._build_argument(builders.get(name), value, f"{name}: ") for name, value in given.items()}

    def _build_argument(self, build: to_python.Build | None, value: Any, place: str) -> Any:
        try:
            return value if build is None else build(value)
        except ValueError as error:
            raise ArgumentsError(f"wrong arguments for {self.name}: {place}{error}") from error.__cause__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.handler(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Tool[..., R]:
        # A tool defined in a class is a method: attribute access on an object binds the handler.
        if instance is None or not self.is_unbound:
            return self
        bound = copy.copy(self)
        bound.handler = self.handler.__get__(instance, owner)
        bound.is_unbound = False
        return bound

    def __repr__(self) -> str:
        return f"<Tool {self.name}({', '.join(self.input_schema.get('properties', ()))})>"


def _parse_name(handler: Any, given: str | None) -> str:
    name = given if given is not None else getattr(handler, "__name__", None)
    if name is None or name == "<lambda>":
        raise ConfigurationError(f"tool: {function_name(handler)} has no name; use tool(name=..., handler=...)")
    checked: str = check.string("name")(name)
    return checked


def _parse_annotations(given: object) -> dict[str, Any]:
    """Return annotations with their MCP names."""
    named = check.mapping("annotations")(given) or {}
    return dict(_parse_annotation(name, value) for name, value in named.items() if value is not None)


def _parse_annotation(name: str, value: Any) -> tuple[str, Any]:
    wire = _ANNOTATION_SPELLINGS.get(name)
    if wire is None:
        hint = did_you_mean(name, _ANNOTATIONS, f"use one of {', '.join(_ANNOTATIONS)}")
        raise check.invalid("annotations", {name: value}, hint)
    test = check.string if wire == "title" else check.boolean
    return wire, test(f"annotations[{name!r}]")(value)


def _build_meta(given: object, always_load: bool, max_result_chars: int | None) -> dict[str, Any]:
    meta = check.mapping("meta")(given) or {}
    if check.boolean("always_load")(always_load):
        meta[ALWAYS_LOAD] = True
    if check.number("max_result_chars", least=1, whole=True)(max_result_chars) is not None:
        meta[_MAX_RESULT_CHARS] = max_result_chars
    try:
        dump_json(meta)
    except (TypeError, ValueError) as error:
        raise check.invalid("meta", given, f"cannot be written as JSON: {error}") from error
    return meta


def _has_own_docstring(handler: Any) -> bool:
    # The docstring of a callable object or a partial is that of its class.
    return hasattr(handler, "__name__") and not isinstance(handler, functools.partial)


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(
    *,
    handler: Callable[P, R],
    name: str | None = None,
    description: str | None = None,
    input_schema: Any = None,
    annotations: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
    always_load: bool = False,
    max_result_chars: int | None = None,
) -> Tool[P, R]: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    input_schema: Any = None,
    annotations: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
    always_load: bool = False,
    max_result_chars: int | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(function: Any = None, /, *, handler: Any = None, **fields: Any) -> Any:
    """
    Make a tool from a plain function: `@tool`, `@tool(name=...)` or `tool(name=..., handler=...)`.

    Args:
        handler: The function; omit it when using a decorator.
        name: Defaults to the function's name.
        description: The description for the model; defaults to the first paragraph of the docstring.
        input_schema: A JSON Schema, the short form `{"city": "string", "days": int}` (all required), or a class; the
        handler then receives one dict, or one object of the class. By default the schema comes from the type
        hints, and the handler receives keyword arguments.
        annotations: `title`, `read_only`, `destructive`, `idempotent`, `open_world`. The CLI may call `read_only` tools
        concurrently.
        meta: Further metadata, sent as `_meta`.
        always_load: Include the schema in the first model call. By default the CLI sends only the name, and the model
        requests the schema when it needs it.
        max_result_chars: Maximum length of a result; the CLI writes longer ones to a file.

    Raises:
        ConfigurationError: The function cannot be a tool, or a value is invalid.
    """
    if isinstance(function, Tool) or (function is not None and not callable(function)):
        raise check.invalid("tool", function, "expected a function; pass the rest by name: tool(name=..., handler=...)")
    if handler is not None or function is not None:
        return Tool(handler if function is None else function, **fields)
    return lambda decorated: Tool(decorated, **fields)
