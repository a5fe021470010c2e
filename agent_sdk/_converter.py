"""
Converts frames to messages and values to shared objects. The only module that imports `cattrs`.

The converter is created on first use. One hook factory handles all attrs classes of the SDK: it reads the `wire` names
and generates a reader for each set of keys, because the CLI sends few different sets. Values are never coerced or
rejected: a value that does not fit its field is kept unchanged, and a frame that does not fit its class becomes the
generic class of its type.
"""
from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from functools import cache
from sys import intern
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from ._core import log
from ._core.fields import KEPT, camel
from .messages import base, blocks, conversation, registry

T = TypeVar("T")
W = TypeVar("W", bound=base.WireObject)
Hook = Callable[[Any, Any], Any]
Reader = Callable[[dict[str, Any]], Any]

#: Fields with frequently repeated values: objects with equal values share one string.
INTERNED = frozenset({"session_id", "model", "role", "parent_tool_use_id", "agent_id", "name"})
#: Maximum number of readers per class. The CLI sends a few dozen sets of keys; the limit bounds unexpected input.
MAX_READERS = 256
#: Maximum number of keys that a reader unpacks at once; keys of larger objects are read one by one.
MAX_KEYS = 200

#: Frames that use the classes needed in every turn.
_COMMON: tuple[dict[str, Any], ...] = (
    {"type": "system", "subtype": "init", "mcp_servers": [{}], "plugins": [{}]},
    {"type": "assistant", "message": {"content": [{"type": "text"}, {"type": "tool_use"}], "usage": {}}},
    {"type": "user", "message": {"content": [{"type": "tool_result"}]}},
    {"type": "result", "usage": {}, "modelUsage": {"": {}}, "permission_denials": [{}]},
)

_logged_kinds: set[tuple[str, str]] = set()


def structure_message(frame: dict[str, Any], line: bytes | None = None) -> base.Message:
    """
    Convert one decoded frame to a message. Never raises, even for invalid frames.

    The message may keep parts of *frame*; a stream event keeps *line*, from which it was decoded, in its place.
    """
    try:
        if frame.get("type") == "stream_event" and type(frame.get("event")) is dict:
            event = _new_event(conversation.StreamEvent)
            _read_event(event, frame, line)
            return event
        return _message(frame)
    except Exception:
        # An invalid frame must not end a stream. The only known case is a frame that is nested too deep.
        return _generic(frame)


def structure(value: Any, cls: type[T]) -> T:
    """
    Convert *value*, a part of a control response, to *cls*: a class of `messages`, or a list or dict of such classes.

    Values that do not fit are kept unchanged.
    """
    structured: T = _hook(cls)(value, cls)
    return structured


def structurer(cls: type[W]) -> Callable[[dict[str, Any]], W]:
    """Return a function that converts decoded objects to *cls*; faster than `structure` for many objects."""
    return cast("Callable[[dict[str, Any]], W]", _hook(cls))


def prepare() -> None:
    """Create the converter and the hooks that every turn needs. Called while the CLI starts."""
    for frame in _COMMON:
        structure_message(frame)


def _message(frame: dict[str, Any]) -> base.Message:
    cls = registry.message_class(frame.get("type"), frame.get("subtype"))
    if cls is None:
        return _structure_as(base.UnknownMessage, frame)
    for key in cls.essential:
        if type(frame.get(key)) is not dict:
            return _generic(frame)
    return _structure_as(cls, frame)


def _structure_as(cls: type[base.Message], frame: dict[str, Any]) -> base.Message:
    message: base.Message = _hook(cls)(frame, cls)
    return message


def _generic(frame: dict[str, Any]) -> base.Message:
    kind = (str(frame.get("type"))[:80], str(frame.get("subtype"))[:80])
    if kind not in _logged_kinds and len(_logged_kinds) < MAX_READERS:
        _logged_kinds.add(kind)
        log.debug("converter", "a frame of type %s, subtype %s does not fit its class", *kind)
    cls = base.SystemMessage if frame.get("type") == "system" else base.UnknownMessage
    message = _structure_as(cls, {key: frame[key] for key in ("type", "subtype") if key in frame})
    message.keep_frame(frame)
    return message


# Looked up once, because attribute access on message classes is slow: they define `__getattr__`.
_new_event, _read_event = conversation.StreamEvent.__new__, conversation.StreamEvent.read_frame


def _pass_through(value: Any, _: Any) -> Any:
    """The hook of all types that need no conversion from JSON."""
    return value


@cache
def _converter() -> cattrs.Converter:
    # cattrs tries hooks in reverse order of registration.
    converter = cattrs.Converter()
    for scalar in (str, int, float, bool):
        converter.register_structure_hook(scalar, _pass_through)
    converter.register_structure_hook_func(lambda _: True, _pass_through)
    converter.register_structure_hook_factory(_is_container, _container_hook)
    converter.register_structure_hook_factory(_is_union, _union_hook)
    converter.register_structure_hook_factory(_is_wire_object, _object_hook)
    converter.register_structure_hook_func(lambda cls: cls is blocks.ContentBlock, _block)
    return converter


_hooks: dict[Any, Hook] = {}


def _hook(cls: Any) -> Hook:
    found = _hooks.get(cls)
    if found is None:
        found = _hooks[cls] = _converter().get_structure_hook(cls)
    return found


def _is_container(cls: Any) -> bool:
    return get_origin(cls) in (list, dict)


def _is_union(cls: Any) -> bool:
    return get_origin(cls) in (Union, types.UnionType)


def _is_wire_object(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, base.WireObject)


def _container_hook(cls: Any) -> Hook:
    container, inner = get_origin(cls), get_args(cls)[-1]
    hook = _hook(inner)
    if hook is _pass_through:
        return _pass_through

    def structure_list(value: Any, _: Any) -> Any:
        return [hook(item, inner) for item in value] if type(value) is list else value

    def structure_dict(value: Any, _: Any) -> Any:
        return {key: hook(item, inner) for key, item in value.items()} if type(value) is dict else value

    return structure_list if container is list else structure_dict


def _union_hook(cls: Any) -> Hook:
    """Select the member of the union by the type of the value: all members have different JSON types."""
    members = [member for member in get_args(cls) if _hook(member) is not _pass_through]
    hooks = {get_origin(member) or dict: _hook(member) for member in members}
    if not hooks:
        return _pass_through
    if len(hooks) == 1:
        # A hook returns values that do not fit unchanged, so it can handle the whole union.
        return next(iter(hooks.values()))

    def structure_union(value: Any, inner: Any) -> Any:
        return hooks.get(type(value), _pass_through)(value, inner)

    return structure_union


_block_hooks: dict[str, Hook] = {}


def _block(value: Any, inner: Any) -> Any:
    if type(value) is not dict:
        return value
    kind = value.get("type")
    hook = _block_hooks.get(kind) if type(kind) is str else None
    return (hook or _block_hook(kind))(value, inner)


def _block_hook(kind: Any) -> Hook:
    cls = registry.block_class(kind)
    if cls is None:
        return _hook(blocks.UnknownBlock)
    hook = _block_hooks[kind] = _hook(cls)
    return hook


def _object_hook(cls: type[base.WireObject]) -> Hook:
    readers: dict[tuple[str, ...], Reader] = {}

    def structure_object(raw: Any, _: Any = None) -> Any:
        if type(raw) is not dict:
            return raw
        keys = tuple(raw)
        reader = readers.get(keys)
        if reader is None:
            if len(readers) >= MAX_READERS:
                readers.clear()
            reader = readers[keys] = _reader(cls, keys)
        return reader(raw)

    return structure_object


def _reader(cls: type[base.WireObject], keys: tuple[str, ...], nulls: frozenset[str] = frozenset()) -> Reader:
    """
    Generate the function that creates a *cls* from an object with these *keys*.

    The function sets every field itself instead of calling `__init__`, which takes half the time, and reads the values
    by position instead of by key. A null in a field that is never *None* leaves the field at its default; a separate
    function handles such objects.
    """
    attrs.resolve_types(cls)
    held = {key: field for key, field in _held_fields(cls, keys) if key not in nulls}
    unheld = [key for key in keys if key not in held and key not in nulls]
    filled = [key for key, field in held.items() if field.default is not None and field.name not in cls.fixed]
    shape = base.Shape(tuple((key, held[key].name if key in held else None) for key in keys))
    known = {"cls": cls, "new": cls.__new__, "intern": intern, "unheld": unheld, "shape": shape}
    known["with_nulls"] = _null_reader(cls, keys, nulls, filled)
    is_usual = 0 < len(keys) <= MAX_KEYS
    values = {key: f"value_{number}" if is_usual else f"raw[{key!r}]" for number, key in enumerate(keys)}
    value_of = {field.name: values[key] for key, field in held.items()}
    lines = ["def read(raw):"]
    if is_usual:
        lines.append(f"    {', '.join(values.values())}, = raw.values()")
    if filled:
        lines.append(f"    if {' or '.join(f'{values[key]} is None' for key in filled)}: return with_nulls(raw)")
    lines.append("    made = new(cls)")
    kept = {"shape": "shape", "rest": _rest_expression(unheld, values) if is_usual or not unheld else _LONG_REST}
    for field in attrs.fields(cls):
        value = kept.get(field.metadata.get(KEPT)) or _value_expression(field, value_of.get(field.name), known)
        lines.append(f"    made.{field.name} = {value}")
    exec("\n".join([*lines, "    return made"]), known)
    return cast(Reader, known["read"])


#: Code for an object with more than the maximum number of keys.
_LONG_REST = "{key: raw[key] for key in unheld if raw[key] is not None} or None"


def _rest_expression(unheld: list[str], values: dict[str, str]) -> str:
    """Return code for the dict of values that no field holds, or for *None* when all are null."""
    if not unheld:
        return "None"
    all_null = " and ".join(f"{values[key]} is None" for key in unheld)
    return f"None if {all_null} else {{{', '.join(f'{key!r}: {values[key]}' for key in unheld)}}}"


def _null_reader(
    cls: type[base.WireObject], keys: tuple[str, ...], nulls: frozenset[str], filled: list[str]
) -> Reader:
    readers: dict[frozenset[str], Reader] = {}

    def read(raw: dict[str, Any]) -> Any:
        found = nulls.union(key for key in filled if raw[key] is None)
        if found not in readers:
            readers[found] = _reader(cls, keys, found)
        return readers[found](raw)

    return read


def _value_expression(field: attrs.Attribute[Any], value: str | None, known: dict[str, Any]) -> str:
    """Return the expression for *field*, given the expression *value* of its key; adds the names it uses to *known*."""
    name, fixed = field.name, known["cls"].fixed
    if value is None or name in fixed:
        default = fixed.get(name, field.default)
        factory = getattr(default, "factory", None)
        if factory in (None, dict, list):
            return repr(factory() if factory else default)  # a literal is faster than a name
        known[f"default_{name}"] = factory
        return f"default_{name}()"
    if _hook(field.type) is not _pass_through:
        known[f"hook_{name}"], known[f"type_{name}"] = _hook(field.type), field.type
        return f"hook_{name}({value}, type_{name})"
    if name in INTERNED:
        return f"intern({value}) if type({value}) is str else {value}"
    return value


def _held_fields(cls: type[base.WireObject], keys: tuple[str, ...]) -> Iterator[tuple[str, attrs.Attribute[Any]]]:
    """Yield the keys that a field holds. Control responses use camelCase where messages use snake_case."""
    for field in attrs.fields(cls):
        wire = base.wire_name(field)
        key = wire if wire in keys else camel(field.name)
        if field.init and key in keys:
            yield key, field


def new_converter() -> cattrs.Converter:
    """Return a converter with the default rules of cattrs, for classes of users: tool arguments, structured outputs."""
    converter = cattrs.Converter()
    converter.register_structure_hook_factory(
        attrs.has, lambda cls: make_dict_structure_fn(cls, converter, _cattrs_use_alias=True)
    )
    return converter


def conversion_errors(error: Exception) -> list[str]:
    """Return `path: text` for each value that a converter of `new_converter` rejected."""
    lines = (line.rsplit(" @ ", 1) for line in cattrs.transform_error(error, "", lambda inner, _: str(inner)))
    return [f"{path.lstrip('.')}: {text}" if path else text for text, path in lines]
