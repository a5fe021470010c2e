"""
The class decorators, and the registry of classes by message type, system subtype and content block type.

The decorators define the attrs class; `message_type` and `block_type` also register it for the converter. Modules of
less common families are imported when a message or block arrives that no imported class handles.
"""
from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

T = TypeVar("T")

#: Modules of this package that are imported, one by one, when no imported class handles a message. Most frequent first:
#: nearly every run has a title message, and every run with shell hooks has hook messages.
MESSAGE_FAMILIES = ("state", "notices", "tasks")
#: The same for content blocks.
BLOCK_FAMILIES = ("rare_blocks",)

_messages: dict[tuple[str, str | None], type[Any]] = {}
_blocks: dict[str, type[Any]] = {}
_imported: set[str] = set()


def wire_object(cls: type[T]) -> type[T]:
    """Define a class of wire objects: an attrs class with slots and keyword-only fields."""
    defined: type[T] = attrs.define(eq=False, repr=False, kw_only=True)(cls)
    return defined


def message_type(type: str, subtype: str | None = None, *kinds: str) -> Callable[[type[T]], type[T]]:
    """
    Define a message class and register it.

    Args:
        type: The `type` of the frame.
        subtype: The `subtype` of the frame, for `system`; *None* handles every subtype that has no class of its own.
        kinds: Additional kinds that the predicates test, such as `progress`.
    """
    def register(cls: Any) -> Any:
        cls = wire_object(cls)
        tags = {"type": type} if subtype is None else {"type": type, "subtype": subtype}
        cls.kinds = cls.kinds.union(tags.values(), kinds)
        _set_tags(cls, tags)
        _messages[type, subtype] = cls
        return cls

    return register


def block_type(type: str) -> Callable[[type[T]], type[T]]:
    """Define a content block class and register it for blocks of *type*."""
    def register(cls: Any) -> Any:
        cls = wire_object(cls)
        _set_tags(cls, {"type": type})
        _blocks[type] = cls
        return cls

    return register


def _set_tags(cls: Any, tags: dict[str, str]) -> None:
    # Sets the default in the generated signature: an object created in Python has its type, and objects from the wire
    # share one string instead of each keeping a copy.
    vars(cls)["__init__"].__kwdefaults__.update(tags)
    cls.fixed = tags


def message_class(type: object, subtype: object) -> type[Any] | None:
    """Return the class for a type and subtype, else the class for all subtypes of the type, else *None*."""
    if not isinstance(type, str):
        return None
    # Only system messages have a class per subtype: the subtype of a result is its outcome.
    kind = (type, subtype if type == "system" and isinstance(subtype, str) else None)
    return _messages.get(kind) or _find_in_families(_messages, kind, MESSAGE_FAMILIES) or _messages.get((type, None))


def block_class(type: object) -> type[Any] | None:
    """Return the class for the type of a content block, or *None*."""
    if not isinstance(type, str):
        return None
    return _blocks.get(type) or _find_in_families(_blocks, type, BLOCK_FAMILIES)


def _find_in_families(table: dict[Any, type[Any]], kind: object, families: tuple[str, ...]) -> type[Any] | None:
    for name in families:
        if name not in _imported:
            importlib.import_module(f"{__package__}.{name}")
            _imported.add(name)
            if kind in table:
                break
    return table.get(kind)
