"""
Encodes and decodes frames, one JSON object per line. Only this module imports `ujson`.

It does not interpret messages. `decode` returns *None* for a line that is not a JSON object.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ujson

from . import log

#: One decoded line.
Frame = dict[str, Any]

#: Above this size in bytes the standard library's decoder needs half the memory of `ujson`, for ASCII text.
MAX_UJSON_BYTES = 256 * 1024
#: Arguments of `ujson.dumps`: ensure_ascii, encode_html_chars, escape_forward_slashes, sort_keys; `indent` and
#: `allow_nan` follow. Passed by position: parsing keyword arguments takes as long as encoding a short response.
_DUMPS_ARGUMENTS = (True, False, False, False)


def decode(line: bytes) -> dict[str, Any] | None:
    """
    Decode one line into a frame.

    Returns:
        The frame, or *None* for a line that is not a JSON object; such lines are logged at DEBUG.
    """
    try:
        frame = ujson.loads(line) if len(line) < MAX_UJSON_BYTES else _decode_huge(line)
    except (ValueError, RecursionError):
        frame = _decode_damaged(line)
    if type(frame) is dict:
        return frame
    if line.strip():
        log.debug("codec", "skipped a line of %d bytes on stdout that is not a frame", len(line))
    return None


def _decode_huge(line: bytes) -> Any:
    if not line.isascii():
        return ujson.loads(line)
    import json

    return json.loads(str(line, "ascii"))


def _decode_damaged(line: bytes) -> Any:
    # An invalid UTF-8 byte corrupts one character, not the whole message.
    try:
        return ujson.loads(line.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return None


def decode_first(line: bytes) -> dict[str, Any] | None:
    """Decode the JSON object at the start of *line*, whatever follows it; *None* if there is none."""
    if not line.lstrip().startswith(b"{"):
        return None
    import json

    try:
        value, _ = json.JSONDecoder().raw_decode(line.decode("utf-8", errors="replace").lstrip())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def encode(frame: object) -> bytes:
    """
    Encode one frame as a line, including the newline.

    Raises:
        ValueError: A float is not finite: the CLI exits when it reads a NaN.
        TypeError: A value cannot be represented in JSON.
    """
    return dumps(frame).encode("ascii") + b"\n"


def encode_all(frames: Iterable[object]) -> bytes:
    """Encode frames as lines; raises the same errors as `encode`."""
    lines = [ujson.dumps(frame, *_DUMPS_ARGUMENTS, 0, False) for frame in frames]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def dumps(value: object, *, indent: int = 0) -> str:
    """
    Serialize *value* to ASCII-only JSON; a lone surrogate is written as an escape.

    Raises:
        ValueError: A float is not finite, or the value contains itself.
        TypeError: A value cannot be represented in JSON.
    """
    try:
        return ujson.dumps(value, *_DUMPS_ARGUMENTS, indent, False)
    except (OverflowError, RecursionError) as error:
        raise ValueError(f"cannot be written as JSON: {error}") from error


def loads(text: str | bytes) -> Any:
    """
    Parse one JSON value.

    Raises:
        ValueError: *text* is not valid JSON.
    """
    return ujson.loads(text)
