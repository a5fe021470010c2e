"""
Read the entries of a transcript, one per line, and the fields that determine their place in the conversation.

Most bytes of a transcript are the CLI's log of API requests. Such lines are recognized by their start and skipped
without decoding. The links of a transcript of 200 MB take a few megabytes; the entries are read again when needed.
"""
from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import attrs

from .._core import json_lines

#: Entries that carry a uuid and a parent: the tree of the conversation.
CHAINED = frozenset({"user", "assistant", "progress", "system", "attachment"})
#: Longer lines are read in chunks of this many bytes; the start decides whether the line is needed.
CHUNK_SIZE = 256 * 1024
#: Decoded entries are kept for this many bytes of lines; the rest of a longer transcript is read twice.
MAX_KEPT_BYTES = 4 * 1024 * 1024

#: What the CLI puts before a prompt that arrived while the model worked: the prompt is kept in an attachment.
QUEUED = "queued_command"
#: Takes the start of a line; returns whether the line is needed.
LineFilter = Callable[[bytes], bool]

_KIND = re.compile(rb'\{"type":"([a-z-]*)"')
_ATTACHMENT = re.compile(
    rb'\{"parentUuid":(?:null|"([^"\\]*)"),"isSidechain":(true|false),(?:"agentId":"([^"\\]*)",)?"attachment":\{'
)
_ATTACHED = b'"type":"attachment","uuid":"'
_TIMESTAMP = re.compile(rb'","timestamp":"([0-9T:.Z+-]*)"')
_QUEUED = b'"queued_command"'
#: The record in which the CLI notes the newest entry.
_LEAF_NOTE = "last-prompt"


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


def decode_entry(line: bytes) -> dict[str, Any] | None:
    """
    Decode one line of a transcript; *None* for a line that holds no record.

    Of a line with more behind its first record (NULs after a crash, a second record) the CLI reads the first record.
    """
    entry = json_lines.decode(line)
    return json_lines.decode_first(line) if entry is None else entry


def encode_entry(entry: dict[str, Any]) -> bytes:
    """Encode *entry* as a line; a number that is too large for JSON's readers is written as null, as the CLI does."""
    try:
        return json_lines.encode(entry)
    except ValueError:
        return json_lines.encode(finite(entry))


def finite(value: Any) -> Any:
    """Return *value* with *None* in place of numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in value]
    return {key: finite(item) for key, item in value.items()} if isinstance(value, dict) else value


def is_in_tree(entry: dict[str, Any]) -> bool:
    """Return whether *entry* has a place in the conversation's tree."""
    kind, uuid = entry.get("type"), entry.get("uuid")
    return isinstance(kind, str) and kind in CHAINED and isinstance(uuid, str) and bool(uuid)


def queued_prompt(entry: dict[str, Any]) -> str | list[Any] | None:
    """Return the prompt of an attachment that keeps a prompt sent while the model worked; *None* for other entries."""
    attachment = entry.get("attachment")
    if not isinstance(attachment, dict) or attachment.get("type") != QUEUED:
        return None
    prompt = attachment.get("prompt")
    return prompt if isinstance(prompt, (str, list)) else None


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
    #: The metadata of a compaction's boundary.
    compaction: dict[str, Any] | None = None
    #: An attachment that keeps a prompt.
    is_queued: bool = False
    #: The CLI noted it as the end of the conversation, in the last `last-prompt` record of the file.
    is_noted_leaf: bool = False
    #: Its parent is not in the file: `parent` is the entry before it.
    is_bridged: bool = False
    is_sidechain: bool = False
    is_meta: bool = False
    has_team: bool = False
    timestamp: str = ""
    agent_id: str | None = None
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
        """Whether the entry is a user or assistant message, or a prompt that was queued."""
        return self.kind in ("user", "assistant") or self.is_queued

    @property
    def is_visible(self) -> bool:
        """Whether the entry is a message of the main conversation."""
        return not (self.is_meta or self.is_sidechain or self.has_team)


def _is_linked(start: bytes) -> bool:
    return is_chained(start) or kind_of(start) == _LEAF_NOTE


class EntryLinks:
    """The links of one open transcript, in the order of the file, without progress entries."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        links: list[EntryLink] = []
        room, leaf = MAX_KEPT_BYTES, None
        for position, line in read_lines(file, _is_linked):
            link = _attachment(line)
            if link is None:
                entry = decode_entry(line)
                link = _link_of(entry)
                if link is None and entry is not None and entry.get("type") == _LEAF_NOTE:
                    leaf = entry.get("leafUuid")
            if link is None:
                continue
            link.position, link.length = position, len(line)
            room -= len(line) if link.is_message else 0
            if room < 0:
                link.entry = None
            links.append(link)
        for link in reversed(links):
            if link.uuid == leaf:
                link.is_noted_leaf = True
                break
        bridge(links)
        self.all = _without_progress(links)

    def entry(self, link: EntryLink) -> dict[str, Any]:
        """Return the whole entry of *link*; `{}` if the file was truncated since."""
        if link.entry is not None:
            return link.entry
        # Bypass the file's buffer, which each read would fill again.
        return decode_entry(os.pread(self._file.fileno(), link.length, link.position)) or {}


def bridge(links: Sequence[EntryLink]) -> None:
    """
    Let an entry whose parent is not among *links* follow the entry before it, as the CLI does.

    The parent may have been lost with a damaged line, or never written: all before it would be lost to the reader. Of
    the entries that the file holds before it, the one with the newest timestamp counts.
    """
    positions = {link.uuid: index for index, link in enumerate(links)}
    orphans = {link.uuid for link in links if link.parent and link.parent not in positions}
    if not orphans and all(link.compaction is None for link in links):
        return
    early = _early_children(links, positions, orphans)
    newest: dict[tuple[bool, str | None], EntryLink] = {}
    for link in links:
        # A CLI of 2025 wrote its subagents into the same file.
        writer = (link.is_sidechain, link.agent_id if link.is_sidechain else None)
        before = newest.get(writer)
        if link.uuid in orphans or link.uuid in early:
            link.parent, link.is_bridged = before.uuid if before else None, True
        if link.compaction is not None:
            if link.logical_parent not in positions:
                link.logical_parent = link.parent or (before.uuid if before else None)
            # The CLI reads on from the boundary, whatever its parent is.
            link.parent = None
        if before is None or link.timestamp >= before.timestamp:
            newest[writer] = link


def _early_children(links: Sequence[EntryLink], positions: dict[str, int], orphans: set[str]) -> set[str]:
    """Return the entries that were written before an ancestor without a parent: bridged, that would close a circle."""
    early = [link for link in links if positions.get(link.parent or "", -1) > positions[link.uuid]]
    if not early or not orphans:
        return set()
    tops: dict[str, str] = {}
    for link in early:
        path, current = [link.uuid], positions.get(link.parent or "")
        while current is not None and links[current].uuid not in tops and links[current].uuid not in path[:1]:
            path.append(links[current].uuid)
            tops[path[-1]] = ""
            current = positions.get(links[current].parent or "")
        top = path[-1] if current is None else tops.get(links[current].uuid, "")
        tops.update(dict.fromkeys(path, top))
    found = (link.uuid for link in early if positions.get(tops[link.uuid], -1) > positions[link.uuid])
    return {uuid for uuid in found if tops[uuid] in orphans}


def _without_progress(links: list[EntryLink]) -> list[EntryLink]:
    """Take progress entries out of the tree: what followed one follows its parent."""
    progress = {link.uuid: link.parent for link in links if link.kind == "progress"}
    if not progress:
        return links
    kept = [link for link in links if link.kind != "progress"]
    for link in kept:
        passed: set[str] = set()
        while link.parent in progress and link.parent not in passed:
            passed.add(link.parent)
            link.parent = progress[link.parent]
        # Each is walked once: the next child of these entries finds the end at once.
        progress.update(dict.fromkeys(passed, link.parent))
    return kept


def _attachment(line: bytes) -> EntryLink | None:
    """
    Return the link of an attachment without decoding it; each turn has several of 60 KB. *None* for other lines, and
    for an attachment that contains a prompt.

    Quotes inside strings are escaped, so a match can only be a key. A line with two matches is decoded.
    """
    match = _ATTACHMENT.match(line)
    at = -1 if match is None else line.find(_ATTACHED)
    if match is None or at < 0 or line.find(_ATTACHED, at + 1) >= 0 or _QUEUED in line or not line.endswith(b"}\n"):
        return None
    start = at + len(_ATTACHED)
    end = line.find(b'"', start)
    when = _TIMESTAMP.match(line, end)
    uuid, parent, agent = (
        (part or b"").decode("utf-8", "replace") or None for part in (line[start:end], match[1], match[3])
    )
    if uuid is None or when is None:
        return None
    link = EntryLink(uuid, parent, "attachment", is_sidechain=match[2] == b"true", agent_id=agent)
    link.timestamp = when[1].decode("ascii")
    return link


def _link_of(entry: dict[str, Any] | None) -> EntryLink | None:
    if entry is None or not is_in_tree(entry):
        return None
    parent = entry.get("parentUuid")
    link = EntryLink(
        entry["uuid"],
        # A parent that is no text is as good as one that is not in the file.
        parent if isinstance(parent, str) else repr(parent) if parent else None,
        entry["type"],
        logical_parent=_text(entry.get("logicalParentUuid")),
        is_sidechain=bool(entry.get("isSidechain")),
        is_meta=bool(entry.get("isMeta")),
        has_team=bool(entry.get("teamName")),
        timestamp=_text(entry.get("timestamp")) or "",
        agent_id=_text(entry.get("agentId")),
        source=_text(entry.get("sourceToolAssistantUUID")),
    )
    if link.kind == "attachment":
        link.is_queued = queued_prompt(entry) is not None
    elif link.kind == "system" and entry.get("subtype") == "compact_boundary":
        metadata = entry.get("compactMetadata")
        link.compaction = metadata if isinstance(metadata, dict) else {}
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
