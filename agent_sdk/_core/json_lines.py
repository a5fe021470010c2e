"""
One line <-> one frame. The only importer of `ujson`.

Knows no message: bytes in, dict out, and back. Who gets *None* from `decode` has junk in hand.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ujson

from . import log

#: One decoded line.
Frame = dict[str, Any]

#: Above this many bytes the standard library's decoder takes half the memory of `ujson`, for ASCII.
MAX_UJSON_BYTES = 256 * 1024
#: Arguments of `ujson.dumps`: ensure_ascii, encode_html_chars, escape_forward_slashes, sort_keys. By place, as `indent`
#: and `allow_nan` behind them: read by name, they take as long as writing a short answer does.
_DUMPS_ARGUMENTS = (True, False, False, False)


def decode(line: bytes) -> dict[str, Any] | None:
    """
    Decode one line into a frame.

    Returns:
        The frame, or *None* for a line that is no JSON object; such junk is logged at DEBUG.
    """
    try:
        frame = ujson.loads(line) if len(line) < MAX_UJSON_BYTES else _decode_huge(line)
    except (ValueError, RecursionError):
        frame = _decode_damaged(line)
    if type(frame) is dict:
        return frame
    if line.strip():
        log.debug("codec", "skipped a line of %d bytes on stdout that is no frame", len(line))
    return None


def _decode_huge(line: bytes) -> Any:
    if not line.isascii():
        return ujson.loads(line)
    import json

    return json.loads(str(line, "ascii"))


def _decode_damaged(line: bytes) -> Any:
    # A byte that is no UTF-8 spoils one character, not the message around it.
    try:
        return ujson.loads(line.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return None


def encode(frame: object) -> bytes:
    """
    Encode one frame into its line, newline included.

    Raises:
        ValueError: A float is not finite: a NaN on its stdin ends the CLI.
        TypeError: A value has no JSON form.
    """
    return dumps(frame).encode("ascii") + b"\n"


def encode_all(frames: Iterable[object]) -> bytes:
    """Encode frames into their lines; raises as `encode`."""
    lines = [ujson.dumps(frame, *_DUMPS_ARGUMENTS, 0, False) for frame in frames]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def dumps(value: object, *, indent: int = 0) -> str:
    """
    Write *value* as JSON, ASCII only: a lone surrogate travels as its escape.

    Raises:
        ValueError: A float is not finite, or the value contains itself.
        TypeError: A value has no JSON form.
    """
    try:
        return ujson.dumps(value, *_DUMPS_ARGUMENTS, indent, False)
    except (OverflowError, RecursionError) as error:
        raise ValueError(f"cannot be written as JSON: {error}") from error


def loads(text: str | bytes) -> Any:
    """
    Read one JSON value.

    Raises:
        ValueError: *text* is not JSON.
    """
    return ujson.loads(text)
