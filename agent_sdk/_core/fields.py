"""
Field markers: metadata on attrs fields that describes how each field is encoded.

Messages use `wire`; options use `argv`, `initialize`, `environ`, `custom` and `local`. One module reads each marker:
`_converter`, `_process.command` or `_protocol.handshake`.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

WIRE = "wire"
TARGET = "travels"
#: Part of the wire object that a field keeps: its `shape`, or the `rest` that no other field contains.
KEPT = "kept"

Encode = Callable[[Any], Any] | None


@attrs.frozen
class OptionTarget:
    """How an option is passed to the CLI."""

    #: `argv`, `initialize`, `environ`, `custom` or `local`.
    by: str
    #: Flag, handshake key or variable name; empty if *encode* returns complete flags, or if the option is not sent.
    name: str = ""
    #: Encodes the value; *None* sends it unchanged.
    encode: Encode = None


def wire(name: str, default: Any = None) -> Any:
    """Declare a field whose name on the wire differs from its Python name."""
    return attrs.field(default=default, metadata={WIRE: name})


def argv(flag: str, encode: Encode = None, **field: Any) -> Any:
    """Declare an option that is passed as `--flag=value` (*True*: only the flag; a list: one flag per item)."""
    return _option(OptionTarget("argv", flag, encode), field)


def initialize(key: str, encode: Encode = None, **field: Any) -> Any:
    """Declare an option that is sent in the handshake, which has no size limit."""
    return _option(OptionTarget("initialize", key, encode), field)


def environ(name: str, encode: Encode = None, **field: Any) -> Any:
    """Declare an option that is passed as an environment variable of the CLI."""
    return _option(OptionTarget("environ", name, encode), field)


def custom(**field: Any) -> Any:
    """Declare an option that `_process.command` or `_protocol` handles in code of its own."""
    return _option(OptionTarget("custom"), field)


def local(**field: Any) -> Any:
    """Declare an option that is not passed to the CLI."""
    return _option(OptionTarget("local"), field)


def _option(target: OptionTarget, field: dict[str, Any]) -> Any:
    field.setdefault("default", None)
    return attrs.field(metadata={TARGET: target}, kw_only=True, **field)


def camel(name: str) -> str:
    """Return the camelCase form of *name*."""
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)
