"""
What all objects of the wire share: their raw form, access to fields that no class names, and one-line reprs.

`WireObject` is the base of content blocks and shared objects, `Message` that of messages. An object does not keep the
frame it came from: it keeps what no field holds, and which keys there were, and writes `raw` anew from them.
"""
from __future__ import annotations

import copy
import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from .._core import checks, log
from .._core.fields import KEPT, WIRE, camel
from .._core.formatters import representation
from .._core.text import truncate
from .kinds import Predicates
from .registry import message_type, wire_object

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:
    # `typing` has it from Python 3.11 on.
    def dataclass_transform(**_):
        return lambda cls: cls


_MISSING = object()


class Shape:
    """The keys that an object had on the wire, in order; one shape is shared by all objects that are alike."""

    __slots__ = ("fields",)

    def __init__(self, fields: tuple[tuple[str, str | None], ...]) -> None:
        #: Pairs of a wire name and the field that holds it; *None* when no field does.
        self.fields = fields


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(attrs.field,))
@wire_object
class WireObject:
    """
    An object of the wire with typed fields.

    A field that no class names can be read all the same, as an attribute (in snake_case or as the wire spells it) or as
    an item: `server.name`, `server["name"]`.
    """

    #: Fields whose value follows from the class, and is not read from the wire again.
    fixed: ClassVar[dict[str, str]] = {}
    #: Set by attrs, which type checkers cannot see.
    __attrs_attrs__: ClassVar[Any]

    _rest: dict[str, Any] | None = attrs.field(default=None, init=False, metadata={KEPT: "rest"})
    _shape: Shape | None = attrs.field(default=None, init=False, metadata={KEPT: "shape"})

    # An object with items is iterable by default, over 0, 1, 2 ...: nobody wants that.
    __iter__ = None

    @property
    def raw(self) -> dict[str, Any]:
        """The object as it was on the wire, as a new dict each time; fields changed since show their new value."""
        shape = self._shape
        if shape is None:
            return dict(_wire_items(self))
        rest = self._rest or {}
        return {
            key: rest.get(key) if name is None else _to_raw(getattr(self, name))
            for key, name in shape.fields
        }

    def to_dict(self) -> dict[str, Any]:
        """A copy of `raw` that shares nothing with this object."""
        return copy.deepcopy(self.raw)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name != "raw":
            raw = self.raw
            for key in (name, camel(name)):
                if key in raw:
                    return raw[key]
        raise AttributeError(f"{type(self).__name__} has no field {name!r}", name=name, obj=self)

    def __getitem__(self, name: str) -> Any:
        if isinstance(name, str) and not name.startswith("_"):
            value = getattr(self, name, _MISSING)
            if callable(value):
                value = self.raw.get(name, _MISSING)
            if value is not _MISSING:
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name, _MISSING) is not _MISSING

    def get(self, name: str, default: Any = None) -> Any:
        """The field *name*, or *default* when there is no such field."""
        try:
            return self[name]
        except KeyError:
            return default

    def __repr__(self) -> str:
        try:
            summary = self._summary()
        except Exception:
            # A repr stands in logs and tracebacks: it must not add a second failure to the first.
            log.debug("messages", "no summary of a %s", type(self).__name__)
            summary = ""
        return f"<{type(self).__name__}{' ' if summary else ''}{summary}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # IPython's own printer would write a long line for everything that has items.
        printer.text(repr(self))

    def _summary(self) -> str:
        """What the repr says after the class's name."""
        items = ((key, value) for key, value in _wire_items(self) if key != "type" and value not in ("", [], {}))
        return " ".join(f"{key}={shorten(value)}" for key, value in list(items)[:4])


def _wire_items(thing: WireObject) -> Iterator[tuple[str, Any]]:
    for field in attrs.fields(type(thing)):
        value = getattr(thing, field.name)
        if field.init and value is not None:
            yield wire_name(field), _to_raw(value)


def _to_raw(value: Any) -> Any:
    if isinstance(value, WireObject):
        return value.raw
    if type(value) is list:
        return [item.raw if isinstance(item, WireObject) else item for item in value]
    if type(value) is dict:
        return {key: item.raw if isinstance(item, WireObject) else item for key, item in value.items()}
    return value


def wire_name(field: attrs.Attribute[Any]) -> str:
    """What *field* is called on the wire."""
    name: str = field.metadata.get(WIRE, field.name)
    return name


def shorten(value: object, width: int = 40) -> str:
    """The repr of *value* on one line, cut at about *width* characters."""
    if isinstance(value, str):
        return repr(truncate(value, width))
    return truncate(" ".join(repr(value).split()), width)


@wire_object
class Message(WireObject, Predicates):
    """One message of the CLI. The base of all; what it is, its predicates and its class tell."""

    #: Wire fields that must be JSON objects; a frame without them becomes the generic class of its family.
    essential: ClassVar[tuple[str, ...]] = ()

    #: The kind of message: `assistant`, `user`, `result`, `system`, ...
    type: str = ""
    #: Its kind within the type, for `system` and `result`.
    subtype: str | None = None
    uuid: str | None = None
    session_id: str | None = None
    #: The tool use that this belongs to: of the Task call, in messages of a subagent.
    parent_tool_use_id: str | None = None
    #: Set by the SDK on what came between two turns.
    background: bool = attrs.field(default=False, init=False)

    _repr_markdown_ = representation("markdown")

    @property
    def content(self) -> str:
        """The message's text, or `""` when it has none."""
        rest = self._rest or {}
        for key in ("content", "text"):
            if isinstance(rest.get(key), str):
                return str(rest[key])
        return ""

    def keep_frame(self, frame: dict[str, Any]) -> None:
        """Keep *frame* whole, none of it in fields but the ids. For the SDK: the frame does not fit its class."""
        self._shape = Shape(tuple((key, None) for key in frame))
        self._rest = frame
        self.uuid = frame.get("uuid")
        self.session_id = frame.get("session_id")
        self.parent_tool_use_id = frame.get("parent_tool_use_id")

    @property
    def is_background(self) -> bool:
        """The CLI did this by itself, between two turns."""
        return self.background

    def _summary(self) -> str:
        return shorten(self.content) if self.content else _session_label(self)


def _session_label(message: Message) -> str:
    return f"session={str(message.session_id)[:8]}" if message.session_id else ""


@wire_object
class UnknownMessage(Message):
    """A message of a type that this version does not know, or that did not fit its class; `raw` has it whole."""

    kinds: ClassVar[frozenset[str]] = frozenset({"unknown"})

    def _summary(self) -> str:
        return shorten(self.type) if self.subtype is None else f"{shorten(self.type)} {shorten(self.subtype)}"


@message_type("system")
class SystemMessage(Message):
    """A message of the CLI itself. Subtypes that this version does not know come as this class."""

    @property
    def is_unknown(self) -> bool:
        """A subtype that this version does not know."""
        return type(self) is SystemMessage

    def _summary(self) -> str:
        known = super()._summary()
        return f"{shorten(self.subtype)} {known}".rstrip() if type(self) is SystemMessage else known


def parse(frame: Mapping[str, Any]) -> Message:
    """
    Turn one decoded frame of the CLI into its message.

    For frames from elsewhere than a query: a file of recorded lines, a test.

    Args:
        frame: One line of the CLI's output, decoded: `{"type": "system", "subtype": "init", ...}`. The message may keep
            parts of it.

    Returns:
        The message, of the class for its `type` and `subtype`. A frame that no class fits is an `UnknownMessage`, or a
        plain `SystemMessage` when its type is `system`.

    Raises:
        ConfigurationError: *frame* is not a dict with string keys.
    """
    checked = checks.mapping("frame")(frame)
    if checked is None:
        raise checks.invalid("frame", frame, "expected a dict")
    message: Message = importlib.import_module("agent_sdk._converter").structure_message(checked)
    return message
