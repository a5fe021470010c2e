"""
The base classes of all objects from the wire: the raw form, access to undeclared fields, and one-line reprs.

`WireObject` is the base class of content blocks and shared objects, `Message` that of messages. An object does not
keep its frame: it keeps the order of the keys and the values that no field holds, and rebuilds `raw` from them.
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
    # `typing` provides it since Python 3.11.
    def dataclass_transform(**_):
        return lambda cls: cls


_MISSING = object()


class Shape:
    """The keys of an object on the wire, in order. Objects with the same keys share one shape."""

    __slots__ = ("fields",)

    def __init__(self, fields: tuple[tuple[str, str | None], ...]) -> None:
        #: Pairs of a wire name and the field that holds its value; *None* when no field holds it.
        self.fields = fields


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(attrs.field,))
@wire_object
class WireObject:
    """
    An object from the wire with typed fields.

    Fields that the class does not declare are readable too. Every field can be read as an attribute, in snake_case or
    in the wire's spelling, or as an item: `server.name`, `server["name"]`.
    """

    #: Fields whose value is fixed by the class and not read from the wire.
    fixed: ClassVar[dict[str, str]] = {}
    #: Set by attrs, which type checkers cannot see.
    __attrs_attrs__: ClassVar[Any]

    _rest: dict[str, Any] | None = attrs.field(default=None, init=False, metadata={KEPT: "rest"})
    _shape: Shape | None = attrs.field(default=None, init=False, metadata={KEPT: "shape"})

    # Without this, `__getitem__` would make the object iterable over the items 0, 1, 2 ...
    __iter__ = None

    @property
    def raw(self) -> dict[str, Any]:
        """The object as received, as a new dict on each access. Fields that were changed have their new value."""
        shape = self._shape
        if shape is None:
            return dict(_wire_items(self))
        rest = self._rest or {}
        return {
            key: rest.get(key) if name is None else _to_raw(getattr(self, name))
            for key, name in shape.fields
        }

    def to_dict(self) -> dict[str, Any]:
        """Return a deep copy of `raw`."""
        return copy.deepcopy(self.raw)

    if not TYPE_CHECKING:  # to which a name that the class does not declare is a mistake

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
        """Return the field *name*, or *default* when the object has no such field."""
        try:
            return self[name]
        except KeyError:
            return default

    def __repr__(self) -> str:
        try:
            summary = self._summary()
        except Exception:
            # Logs and tracebacks call the repr: an exception here would hide the original one.
            log.debug("messages", "no summary of a %s", type(self).__name__)
            summary = ""
        return f"<{type(self).__name__}{' ' if summary else ''}{summary}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # IPython's default printer would write a long line for an object with items.
        printer.text(repr(self))

    def _summary(self) -> str:
        """Return the text of the repr after the class name."""
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
    """Return the name of *field* on the wire."""
    name: str = field.metadata.get(WIRE, field.name)
    return name


def shorten(value: object, width: int = 40) -> str:
    """Return the repr of *value* on one line, truncated to about *width* characters."""
    if isinstance(value, str):
        return repr(truncate(value, width))
    return truncate(" ".join(repr(value).split()), width)


@wire_object
class Message(WireObject, Predicates):
    """A message from the CLI. Base class of all messages; the class and the predicates identify the kind."""

    #: Wire fields that must be JSON objects; a frame without them is read as the generic class of its type.
    essential: ClassVar[tuple[str, ...]] = ()

    #: The kind of message: `assistant`, `user`, `result`, `system`, ...
    type: str = ""
    #: The kind within the type, for `system` and `result`.
    subtype: str | None = None
    uuid: str | None = None
    session_id: str | None = None
    #: The tool use that this message belongs to; in messages of a subagent, the Task tool use.
    parent_tool_use_id: str | None = None
    #: Set by the SDK on messages that arrived between two turns.
    background: bool = attrs.field(default=False, init=False)

    _repr_markdown_ = representation("markdown")

    @property
    def content(self) -> str:
        """The text of the message, or `""`."""
        rest = self._rest or {}
        for key in ("content", "text"):
            if isinstance(rest.get(key), str):
                return str(rest[key])
        return ""

    if TYPE_CHECKING:
        # Predicates do not narrow the class: `if message.is_tool_use: message.tool_name`.
        def __getattr__(self, name: str) -> Any: ...

    def keep_frame(self, frame: dict[str, Any]) -> None:
        """Keep *frame* unparsed and set only the id fields. Used by the SDK for a frame that does not fit its class."""
        self._shape = Shape(tuple((key, None) for key in frame))
        self._rest = frame
        self.uuid = frame.get("uuid")
        self.session_id = frame.get("session_id")
        self.parent_tool_use_id = frame.get("parent_tool_use_id")

    @property
    def is_background(self) -> bool:
        """The CLI sent this message on its own, between two turns."""
        return self.background

    def _summary(self) -> str:
        return shorten(self.content) if self.content else _session_label(self)


def _session_label(message: Message) -> str:
    return f"session={str(message.session_id)[:8]}" if message.session_id else ""


if TYPE_CHECKING:

    class KnownMessage(Message):
        """A message whose class declares all its fields: a type checker accepts no other attribute."""

        __getattr__: ClassVar[int]  # type: ignore[assignment, misc]  # hides the base's, since it cannot be called
else:
    KnownMessage = Message


@wire_object
class UnknownMessage(Message):
    """A message of an unknown type, or one that does not fit its class. `raw` contains the whole frame."""

    kinds: ClassVar[frozenset[str]] = frozenset({"unknown"})

    def _summary(self) -> str:
        return shorten(self.type) if self.subtype is None else f"{shorten(self.type)} {shorten(self.subtype)}"


@message_type("system")
class SystemMessage(KnownMessage):
    """A message from the CLI itself. Unknown subtypes are parsed as this class."""

    @property
    def is_unknown(self) -> bool:
        """This version of the SDK does not know the subtype."""
        return type(self) is SystemMessage

    def _summary(self) -> str:
        known = super()._summary()
        return f"{shorten(self.subtype)} {known}".rstrip() if type(self) is SystemMessage else known


def parse(frame: Mapping[str, Any]) -> Message:
    """
    Convert one decoded frame of the CLI to a message.

    Use it for frames that do not come from a query, such as lines of a recorded file or a test.

    Args:
        frame: One decoded line of the CLI's output: `{"type": "system", "subtype": "init", ...}`. The message may keep
            references to parts of it.

    Returns:
        A message of the class for its `type` and `subtype`. A frame that fits no class becomes an `UnknownMessage`, or
        a plain `SystemMessage` when its type is `system`.

    Raises:
        ConfigurationError: *frame* is not a dict with string keys.
    """
    checked = checks.mapping("frame")(frame)
    if checked is None:
        raise checks.invalid("frame", frame, "expected a dict")
    message: Message = importlib.import_module("agent_sdk._converter").structure_message(checked)
    return message
