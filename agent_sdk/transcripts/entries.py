"""
The links of a transcript: of each entry only what its place in the conversation depends on.

A transcript of 200 MB has links of a few megabytes; the entries themselves are read again when they are wanted.
"""
from __future__ import annotations

import os
import re
from typing import Any, BinaryIO

import attrs

from .._core import json_lines
from .lines import CHAINED, lines

#: Entries from this many bytes of lines are kept as they were decoded; of a longer transcript, the rest is read twice.
KEPT = 4 * 1024 * 1024

_ATTACHMENT = re.compile(
    rb'\{"parentUuid":(?:null|"([^"\\]*)"),"isSidechain":(?:true|false),(?:"agentId":"[^"\\]*",)?"attachment":\{'
)
_ATTACHED = b'"type":"attachment","uuid":"'


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
    agent: Any = None
    #: The id of the API's reply, of which an assistant entry is a piece.
    reply: str | None = None
    #: Ids of the tool uses in it, and of those that it answers.
    uses: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    is_tool_result: bool = False
    #: The assistant entry whose tool use it answers, as the CLI notes it.
    source: str | None = None
    entry: dict[str, Any] | None = None

    @property
    def is_spoken(self) -> bool:
        """The user's or the model's."""
        return self.kind in ("user", "assistant")

    @property
    def is_shown(self) -> bool:
        """Meant for the reader of the main conversation."""
        return not (self.is_meta or self.is_sidechain or self.has_team)


class EntryLinks:
    """The links of one open transcript, in the order of the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.all: list[EntryLink] = []
        #: How many links there were before each damaged line.
        gaps: list[int] = []
        room = KEPT
        for position, line in lines(file):
            link = _attachment(line)
            if link is None:
                entry = json_lines.decode(line)
                gaps += [len(self.all)] if entry is None else []
                link = _link(entry)
            if link is None:
                continue
            link.position, link.length = position, len(line)
            room -= len(line) if link.is_spoken else 0
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


def _link(entry: dict[str, Any] | None) -> EntryLink | None:
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
        agent=entry.get("agentId"),
        source=_text(entry.get("sourceToolAssistantUUID")),
    )
    if link.is_spoken:
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
        link.reply = _text(message.get("id"))
        link.uses = _ids(blocks, "tool_use", "id")
    else:
        link.answers = _ids(blocks, "tool_result", "tool_use_id")
        has_result = any(block.get("type") == "tool_result" for block in blocks)
        link.is_tool_result = has_result and link.parent is not None


def _ids(blocks: list[dict[str, Any]], kind: str, field: str) -> tuple[str, ...]:
    return tuple(
        block[field] for block in blocks if block.get("type") == kind and isinstance(block.get(field), str)
    )
