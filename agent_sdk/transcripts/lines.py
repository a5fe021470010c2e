"""
The lines of a transcript, one at a time, whatever its size.

Most of a transcript's bytes are the CLI's log of its API requests. Lines that nobody wants are known by their start,
and passed over without being held in memory or decoded.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

#: Entries that carry a uuid and a parent: the tree of the conversation.
CHAINED = frozenset({"user", "assistant", "progress", "system", "attachment"})
#: A longer line is read in pieces of this many bytes; its start decides whether it is wanted.
PIECE = 256 * 1024

_KIND = re.compile(rb'\{"type":"([a-z-]*)"')

#: Told the start of a line, says whether it is wanted.
Wanted = Callable[[bytes], bool]


def kind_of(start: bytes) -> str | None:
    """Return the type of the entry whose line begins with *start*, where that is written first."""
    match = _KIND.match(start)
    return None if match is None else match[1].decode("ascii")


def is_chained(start: bytes) -> bool:
    """Tell whether a line may be an entry of the conversation's tree."""
    kind = kind_of(start)
    return kind is None or kind in CHAINED


def open_transcript(path: str) -> BinaryIO:
    """Open the transcript at *path* to read its lines."""
    return open(path, "rb", buffering=PIECE)


def lines(file: BinaryIO, wanted: Wanted = is_chained) -> Iterator[tuple[int, bytes]]:
    """
    Yield the wanted lines of *file*, each with the position it starts at.

    Ends where the file ended when the reading began: a CLI may be writing to it. The last line may lack its newline.
    """
    end, position = os.fstat(file.fileno()).st_size, 0
    while position < end:
        start = position
        line = file.readline(PIECE)
        if not line:
            return
        position += len(line)
        is_wanted = wanted(line)
        if len(line) == PIECE and not line.endswith(b"\n"):
            line, length = _rest(file, line, is_wanted)
            position += length
        if is_wanted:
            yield start, line


def _rest(file: BinaryIO, start: bytes, keep: bool) -> tuple[bytes, int]:
    """Read a long line to its end; returns it, where it is to be kept, and how many bytes there were."""
    pieces, length = [start], 0
    while piece := file.readline(PIECE):
        length += len(piece)
        if keep:
            pieces.append(piece)
        if piece.endswith(b"\n"):
            break
    return b"".join(pieces), length
