"""
The class decorators, and which class stands for which message type, system subtype and content block.

The decorators define the attrs class themselves; `message_type` and `block_type` register it for the converter too.
Families that most runs never meet are imported when the first kind comes that no imported class stands for.
"""
from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

T = TypeVar("T")

#: Modules beside this one that are imported, one by one, when a message comes that no class stands for yet. In the
#: order of need: titles come in nearly every run, messages of shell hooks in every run of those who have such hooks.
MESSAGE_FAMILIES = ("state", "notices", "tasks")
#: The same for content blocks.
BLOCK_FAMILIES = ("block_kinds",)

_messages: dict[tuple[str, str | None], type[Any]] = {}
_blocks: dict[str, type[Any]] = {}
_imported: set[str] = set()


def wire_object(cls: type[T]) -> type[T]:
    """Define an object of the wire: an attrs class with slots, whose fields are given by name."""
    defined: type[T] = attrs.define(eq=False, repr=False, kw_only=True)(cls)
    return defined


def message_type(type: str, subtype: str | None = None, *families: str) -> Callable[[type[T]], type[T]]:
    """
    Define a message class and register it.

    Args:
        type: The frame's `type`.
        subtype: Its `subtype`, for `system`; *None* takes every subtype that has no class of its own.
        families: Further kinds that the predicates ask for, such as `progress`.
    """
    def register(cls: Any) -> Any:
        cls = wire_object(cls)
        tags = {"type": type} if subtype is None else {"type": type, "subtype": subtype}
        cls.kinds = cls.kinds.union(tags.values(), families)
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
    # The default in the generated signature: an object made by hand knows its type, and one from the wire shares the
    # string instead of keeping a copy of its own.
    vars(cls)["__init__"].__kwdefaults__.update(tags)
    cls.fixed = tags


def message_class(type: object, subtype: object) -> type[Any] | None:
    """The class for a frame's type and subtype: the exact one, else the one for all subtypes, else *None*."""
    if not isinstance(type, str):
        return None
    # Only system messages have classes by subtype: a result's is an outcome.
    kind = (type, subtype if type == "system" and isinstance(subtype, str) else None)
    return _messages.get(kind) or _find_in_families(_messages, kind, MESSAGE_FAMILIES) or _messages.get((type, None))


def block_class(type: object) -> type[Any] | None:
    """The class for a content block's type, or *None*."""
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
