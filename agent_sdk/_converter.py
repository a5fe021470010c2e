"""
Frames -> messages, values -> shared objects. The only importer of `cattrs`.

One converter, built on first use. One hook factory serves all our attrs classes: it reads the `wire` names and writes a
reader for each set of keys that comes, since the CLI sends few different ones. Nothing is coerced and nothing is
refused: what does not fit its field is kept as it came, and a frame that does not fit its class becomes the generic
class of its family.
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

#: Fields whose values come again and again: one string serves all the objects that hold it.
INTERNED = frozenset({"session_id", "model", "role", "parent_tool_use_id", "agent_id", "name"})
#: The CLI sends a few dozen sets of keys; this only bounds what a stranger could send.
MAX_READERS = 256
#: Keys of one object; a stranger's with more is read one by one.
MAX_KEYS = 200

#: Frames that use the classes of every turn.
_COMMON: tuple[dict[str, Any], ...] = (
    {"type": "system", "subtype": "init", "mcp_servers": [{}], "plugins": [{}]},
    {"type": "assistant", "message": {"content": [{"type": "text"}, {"type": "tool_use"}], "usage": {}}},
    {"type": "user", "message": {"content": [{"type": "tool_result"}]}},
    {"type": "result", "usage": {}, "modelUsage": {"": {}}, "permission_denials": [{}]},
)

_logged_kinds: set[tuple[str, str]] = set()


def structure_message(frame: dict[str, Any], line: bytes | None = None) -> base.Message:
    """
    Turn one decoded frame into its message. Never raises, whatever the frame holds.

    The message may keep parts of *frame*; a stream event keeps *line*, from which it was decoded, in its place.
    """
    try:
        if frame.get("type") == "stream_event" and type(frame.get("event")) is dict:
            event = _new_event(conversation.StreamEvent)
            _read_event(event, frame, line)
            return event
        return _message(frame)
    except Exception:
        # One bad frame never ends a stream. Only a frame nested too deep is known to come here.
        return _generic(frame)


def structure(value: Any, cls: type[T]) -> T:
    """
    Turn *value*, a part of a control response, into *cls*: a class of `messages`, or a list or dict of such.

    What does not fit is kept as it came.
    """
    structured: T = _hook(cls)(value, cls)
    return structured


def structurer(cls: type[W]) -> Callable[[dict[str, Any]], W]:
    """Return what makes a *cls* out of a decoded object, for who makes many."""
    return cast("Callable[[dict[str, Any]], W]", _hook(cls))


def prepare() -> None:
    """Build the converter and the hooks that every turn needs, while there is time: as the CLI starts."""
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


# Looked up once: attributes of messages are slow to find, since the class has a `__getattr__`.
_new_event, _read_event = conversation.StreamEvent.__new__, conversation.StreamEvent.read_frame


def _pass_through(value: Any, _: Any) -> Any:
    """The hook of everything that JSON has already typed."""
    return value


@cache
def _converter() -> cattrs.Converter:
    # The later a hook is registered, the earlier it is asked.
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
    """Let the value's container choose among the members: no two of ours are written alike."""
    members = [member for member in get_args(cls) if _hook(member) is not _pass_through]
    hooks = {get_origin(member) or dict: _hook(member) for member in members}
    if not hooks:
        return _pass_through
    if len(hooks) == 1:
        # A hook keeps what does not fit it, so that it can stand for the whole union.
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
    Write the function that makes a *cls* out of an object with these *keys*.

    It stores every field in turn, in the place of `__init__`: half the time, and nothing is looked for: the values come
    in the order of the keys. A null in a field that is never *None* leaves the field at its default, in a function of
    its own for such objects.
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


#: Code for an object of too many keys to name each.
_LONG_REST = "{key: raw[key] for key in unheld if raw[key] is not None} or None"


def _rest_expression(unheld: list[str], values: dict[str, str]) -> str:
    """Return code for the dict of what no field holds, or for *None* when it is all null."""
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
    """What *field* is set to, from the *value* of its key, if that came: an expression whose names are in *known*."""
    name, fixed = field.name, known["cls"].fixed
    if value is None or name in fixed:
        default = fixed.get(name, field.default)
        factory = getattr(default, "factory", None)
        if factory in (None, dict, list):
            return repr(factory() if factory else default)  # a literal takes less time than a name
        known[f"default_{name}"] = factory
        return f"default_{name}()"
    if _hook(field.type) is not _pass_through:
        known[f"hook_{name}"], known[f"type_{name}"] = _hook(field.type), field.type
        return f"hook_{name}({value}, type_{name})"
    if name in INTERNED:
        return f"intern({value}) if type({value}) is str else {value}"
    return value


def _held_fields(cls: type[base.WireObject], keys: tuple[str, ...]) -> Iterator[tuple[str, attrs.Attribute[Any]]]:
    """Which of *keys* a field holds. Answers to control requests spell in camelCase what messages do not."""
    for field in attrs.fields(cls):
        wire = base.wire_name(field)
        key = wire if wire in keys else camel(field.name)
        if field.init and key in keys:
            yield key, field


def new_converter() -> cattrs.Converter:
    """Return a converter with the rules of cattrs alone, for the classes of users: arguments of tools, outputs."""
    converter = cattrs.Converter()
    converter.register_structure_hook_factory(
        attrs.has, lambda cls: make_dict_structure_fn(cls, converter, _cattrs_use_alias=True)
    )
    return converter


def conversion_errors(error: Exception) -> list[str]:
    """Say what a converter of `new_converter` did not accept: `path: text` for each value."""
    lines = (line.rsplit(" @ ", 1) for line in cattrs.transform_error(error, "", lambda inner, _: str(inner)))
    return [f"{path.lstrip('.')}: {text}" if path else text for text, path in lines]
