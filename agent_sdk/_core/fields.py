"""
Field markers: what an interpreter needs to know of a field stands on the field itself.

Messages use `wire`; options use `argv`, `initialize`, `environ`, `spawn` and `local`, each read by one interpreter
(`_converter`, `_process.command`, `_protocol.handshake`) and by nobody else.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

WIRE = "wire"
TARGET = "travels"
#: What a field keeps of the object on the wire: its `shape`, or the `rest` that no other field holds.
KEPT = "kept"

Encode = Callable[[Any], Any] | None


@attrs.frozen
class OptionTarget:
    """How the value of an option reaches the CLI."""

    #: `argv`, `initialize`, `environ`, `spawn` or `local`.
    by: str
    #: The flag, the key in the handshake or the variable; empty where *encode* gives whole pairs, or nothing travels.
    name: str = ""
    #: Turns the value into what travels; *None* leaves it as it is.
    encode: Encode = None


def wire(name: str, default: Any = None) -> Any:
    """Declare a field whose name on the wire differs from its Python name."""
    return attrs.field(default=default, metadata={WIRE: name})


def argv(flag: str, encode: Encode = None, **field: Any) -> Any:
    """Declare an option that travels as `--flag=value` (true: the bare flag; a list: the flag once for each)."""
    return _option(OptionTarget("argv", flag, encode), field)


def initialize(key: str, encode: Encode = None, **field: Any) -> Any:
    """Declare an option that travels in the handshake, off the command line, whatever its size."""
    return _option(OptionTarget("initialize", key, encode), field)


def environ(name: str, encode: Encode = None, **field: Any) -> Any:
    """Declare an option that travels as a variable of the CLI's environment."""
    return _option(OptionTarget("environ", name, encode), field)


def custom(**field: Any) -> Any:
    """Declare an option that says how the process is started, by code of its own in `_process.command`."""
    return _option(OptionTarget("spawn"), field)


def local(**field: Any) -> Any:
    """Declare an option that never reaches the process."""
    return _option(OptionTarget("local"), field)


def _option(target: OptionTarget, field: dict[str, Any]) -> Any:
    field.setdefault("default", None)
    return attrs.field(metadata={TARGET: target}, kw_only=True, **field)


def camel(name: str) -> str:
    """How the wire spells *name* when it writes camelCase."""
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)
