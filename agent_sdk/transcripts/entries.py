"""
Read the entries of a transcript, one per line, and the fields that determine their place in the conversation.

Most bytes of a transcript are the CLI's log of API requests. Such lines are recognized by their start and skipped
without decoding. The links of a transcript of 200 MB take a few megabytes; the entries are read again when needed.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import attrs

from .._core import json_lines

#: Entries that carry a uuid and a parent: the tree of the conversation.
CHAINED = frozenset({"user", "assistant", "progress", "system", "attachment"})
#: Longer lines are read in chunks of this many bytes; the start decides whether the line is needed.
CHUNK_SIZE = 256 * 1024
#: Decoded entries are kept for this many bytes of lines; the rest of a longer transcript is read twice.
MAX_KEPT_BYTES = 4 * 1024 * 1024

#: Takes the start of a line; returns whether the line is needed.
LineFilter = Callable[[bytes], bool]

_KIND = re.compile(rb'\{"type":"([a-z-]*)"')
_ATTACHMENT = re.compile(
    rb'\{"parentUuid":(?:null|"([^"\\]*)"),"isSidechain":(?:true|false),(?:"agentId":"[^"\\]*",)?"attachment":\{'
)
_ATTACHED = b'"type":"attachment","uuid":"'


def kind_of(start: bytes) -> str | None:
    """Return the type of the entry whose line begins with *start*, if it is the first key."""
    match = _KIND.match(start)
    return None if match is None else match[1].decode("ascii")


def is_chained(start: bytes) -> bool:
    """Return whether a line may be an entry of the conversation's tree."""
    kind = kind_of(start)
    return kind is None or kind in CHAINED


def open_transcript(path: str) -> BinaryIO:
    """Open the transcript at *path* to read its lines."""
    return open(path, "rb", buffering=CHUNK_SIZE)


def read_lines(file: BinaryIO, wanted: LineFilter = is_chained) -> Iterator[tuple[int, bytes]]:
    """
    Yield the needed lines of *file*, each with its start position.

    Stops at the size that the file had at the start, as a CLI may be writing to it. The last line may have no newline.
    """
    end, position = os.fstat(file.fileno()).st_size, 0
    while position < end:
        start = position
        line = file.readline(CHUNK_SIZE)
        if not line:
            return
        position += len(line)
        is_wanted = wanted(line)
        if len(line) == CHUNK_SIZE and not line.endswith(b"\n"):
            line, length = _read_rest(file, line, is_wanted)
            position += length
        if is_wanted:
            yield start, line


def _read_rest(file: BinaryIO, start: bytes, is_wanted: bool) -> tuple[bytes, int]:
    """Read the rest of a long line. Return the line, if needed, and the number of bytes read."""
    chunks, length = [start], 0
    while chunk := file.readline(CHUNK_SIZE):
        length += len(chunk)
        if is_wanted:
            chunks.append(chunk)
        if chunk.endswith(b"\n"):
            break
    return b"".join(chunks), length


@attrs.define(eq=False, repr=False)
class EntryLink:
    """The place of an entry in the conversation."""

    uuid: str
    parent: str | None
    kind: str
    #: Start position and length of its line, in bytes.
    position: int = 0
    length: int = 0
    #: The parent of the entry before a compaction.
    logical_parent: str | None = None
    is_sidechain: bool = False
    is_meta: bool = False
    has_team: bool = False
    timestamp: str = ""
    agent_id: Any = None
    #: The id of the API reply that contains an assistant entry.
    reply_id: str | None = None
    #: Ids of the tool uses in the entry, and of the tool uses whose results it contains.
    tool_use_ids: tuple[str, ...] = ()
    tool_result_ids: tuple[str, ...] = ()
    is_tool_result: bool = False
    #: The assistant entry with the tool use of this result, as recorded by the CLI.
    source: str | None = None
    entry: dict[str, Any] | None = None

    @property
    def is_message(self) -> bool:
        """Whether the entry is a user or assistant message."""
        return self.kind in ("user", "assistant")

    @property
    def is_visible(self) -> bool:
        """Whether the entry is a message of the main conversation."""
        return not (self.is_meta or self.is_sidechain or self.has_team)


class EntryLinks:
    """The links of one open transcript, in the order of the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.all: list[EntryLink] = []
        #: Number of links before each damaged line.
        gaps: list[int] = []
        room = MAX_KEPT_BYTES
        for position, line in read_lines(file):
            link = _attachment(line)
            if link is None:
                entry = json_lines.decode(line)
                gaps += [len(self.all)] if entry is None else []
                link = _link_of(entry)
            if link is None:
                continue
            link.position, link.length = position, len(line)
            room -= len(line) if link.is_message else 0
            if room < 0:
                link.entry = None
            self.all.append(link)
        if gaps:
            self._bridge(gaps)

    def _bridge(self, gaps: list[int]) -> None:
        """Attach entries after a damaged line to the entry before it, as the CLI does, to keep the earlier entries."""
        known = {link.uuid for link in self.all}
        for index, link in enumerate(self.all):
            before = [gap for gap in gaps if gap <= index]
            if before and link.parent and link.parent not in known and not link.is_sidechain:
                earlier = (one.uuid for one in reversed(self.all[: before[-1]]) if not one.is_sidechain)
                link.parent = next(earlier, None)

    def entry(self, link: EntryLink) -> dict[str, Any]:
        """Return the whole entry of *link*; `{}` if the file was truncated since."""
        if link.entry is not None:
            return link.entry
        # Bypass the file's buffer, which each read would fill again.
        return json_lines.decode(os.pread(self._file.fileno(), link.length, link.position)) or {}


def _attachment(line: bytes) -> EntryLink | None:
    """
    Return the link of an attachment without decoding it; each turn has several of 60 KB.

    Quotes inside strings are escaped, so a match can only be a key. A line with two matches is decoded.
    """
    match = _ATTACHMENT.match(line)
    at = -1 if match is None else line.find(_ATTACHED)
    if match is None or at < 0 or line.find(_ATTACHED, at + 1) >= 0:
        return None
    start = at + len(_ATTACHED)
    uuid, parent = line[start : line.find(b'"', start)], match[1] or b""
    return EntryLink(uuid.decode("utf-8", "replace"), parent.decode("utf-8", "replace") or None, "attachment")


def _link_of(entry: dict[str, Any] | None) -> EntryLink | None:
    if entry is None or entry.get("type") not in CHAINED or not isinstance(entry.get("uuid"), str):
        return None
    link = EntryLink(
        entry["uuid"],
        _text(entry.get("parentUuid")),
        entry["type"],
        logical_parent=_text(entry.get("logicalParentUuid")),
        is_sidechain=bool(entry.get("isSidechain")),
        is_meta=bool(entry.get("isMeta")),
        has_team=bool(entry.get("teamName")),
        timestamp=_text(entry.get("timestamp")) or "",
        agent_id=entry.get("agentId"),
        source=_text(entry.get("sourceToolAssistantUUID")),
    )
    if link.is_message:
        link.entry = entry
        _note_tools(link, entry.get("message"))
    return link


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _note_tools(link: EntryLink, message: Any) -> None:
    if not isinstance(message, dict):
        return
    content = message.get("content")
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    if link.kind == "assistant":
        link.reply_id = _text(message.get("id"))
        link.tool_use_ids = _ids(blocks, "tool_use", "id")
    else:
        link.tool_result_ids = _ids(blocks, "tool_result", "tool_use_id")
        has_result = any(block.get("type") == "tool_result" for block in blocks)
        link.is_tool_result = has_result and link.parent is not None


def _ids(blocks: list[dict[str, Any]], kind: str, field: str) -> tuple[str, ...]:
    return tuple(
        block[field] for block in blocks if block.get("type") == kind and isinstance(block.get(field), str)
    )
