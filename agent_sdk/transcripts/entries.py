"""
The entries of a transcript, one line each, and of each entry only what its place in the conversation depends on.

Most of a transcript's bytes are the CLI's log of its API requests. Lines that are not wanted are recognized by their
start, and skipped without being decoded or held in memory. A transcript of 200 MB has links of a few megabytes; the
entries themselves are read again when they are wanted.
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
#: A longer line is read in chunks of this many bytes; its start decides whether it is wanted.
CHUNK_SIZE = 256 * 1024
#: Entries from this many bytes of lines are kept as they were decoded; of a longer transcript, the rest is read twice.
MAX_KEPT_BYTES = 4 * 1024 * 1024

#: Takes the start of a line; returns whether the line is wanted.
LineFilter = Callable[[bytes], bool]

_KIND = re.compile(rb'\{"type":"([a-z-]*)"')
_ATTACHMENT = re.compile(
    rb'\{"parentUuid":(?:null|"([^"\\]*)"),"isSidechain":(?:true|false),(?:"agentId":"[^"\\]*",)?"attachment":\{'
)
_ATTACHED = b'"type":"attachment","uuid":"'


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
    return open(path, "rb", buffering=CHUNK_SIZE)


def read_lines(file: BinaryIO, wanted: LineFilter = is_chained) -> Iterator[tuple[int, bytes]]:
    """
    Yield the wanted lines of *file*, each with the position it starts at.

    Ends where the file ended when the reading began: a CLI may be writing to it. The last line may lack its newline.
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
    """Read a long line to its end. Return it, when it is wanted, and how many bytes were read."""
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
    """One entry's place in the conversation."""

    uuid: str
    parent: str | None
    kind: str
    #: Where its line starts, and how long it is, in bytes.
    position: int = 0
    length: int = 0
    #: What the entry followed before a compaction cut the chain.
    logical_parent: str | None = None
    is_sidechain: bool = False
    is_meta: bool = False
    has_team: bool = False
    timestamp: str = ""
    agent_id: Any = None
    #: The id of the API's reply, of which an assistant entry is a piece.
    reply_id: str | None = None
    #: Ids of the tool uses in it, and of those that it answers.
    tool_use_ids: tuple[str, ...] = ()
    tool_result_ids: tuple[str, ...] = ()
    is_tool_result: bool = False
    #: The assistant entry whose tool use it answers, as the CLI notes it.
    source: str | None = None
    entry: dict[str, Any] | None = None

    @property
    def is_message(self) -> bool:
        """The user's or the model's."""
        return self.kind in ("user", "assistant")

    @property
    def is_visible(self) -> bool:
        """Meant for the reader of the main conversation."""
        return not (self.is_meta or self.is_sidechain or self.has_team)


class EntryLinks:
    """The links of one open transcript, in the order of the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.all: list[EntryLink] = []
        #: How many links there were before each damaged line.
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
        """Let what followed a damaged line follow the entry before it, as the CLI does: or all before it is lost."""
        known = {link.uuid for link in self.all}
        for index, link in enumerate(self.all):
            before = [gap for gap in gaps if gap <= index]
            if before and link.parent and link.parent not in known and not link.is_sidechain:
                earlier = (one.uuid for one in reversed(self.all[: before[-1]]) if not one.is_sidechain)
                link.parent = next(earlier, None)

    def entry(self, link: EntryLink) -> dict[str, Any]:
        """Return the whole entry of *link*; `{}` where the file was cut since."""
        if link.entry is not None:
            return link.entry
        # Past the file's buffer, which would be filled anew for each.
        return json_lines.decode(os.pread(self._file.fileno(), link.length, link.position)) or {}


def _attachment(line: bytes) -> EntryLink | None:
    """
    Link an attachment without decoding it: each turn has some of 60 KB, and nobody reads them here.

    Inside a string every quote is escaped, so that what is searched for can only be a key; where it stands twice the
    line is decoded.
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
