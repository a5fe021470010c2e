"""
Read fields from the first and last 64 KiB of a transcript without decoding entries.

Strings are found by text search, as in the official SDKs, so that a listing takes two short reads for each session of
any length.
"""
from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterable
from datetime import timezone
from typing import Any

import attrs

from .._core import json_lines
from .entries import decode_entry
from .marks import Marks, archived_at, read_marks, resolve

#: Bytes to read at each end.
SCAN_BYTES = 64 * 1024
#: Maximum characters shown of a first prompt.
MAX_PROMPT_CHARS = 200
#: Bytes to search for the first prompt if the head contains none; a longer first line is read whole.
MAX_PROMPT_SCAN = 1024 * 1024

#: Values of `entrypoint` and `sessionKind` of sessions that no person ran in a terminal.
_SDK_ENTRYPOINTS, _DAEMONS = ("sdk-cli", "sdk-ts", "sdk-py"), ("daemon", "daemon-worker")
_QUOTE, _BACKSLASH = b'"', 0x5C
_COMMAND = re.compile(r"<command-name>(.*?)</command-name>")
#: Texts in user messages that the user did not write.
_SYNTHETIC = re.compile(
    r"^(?:<local-command-stdout>|<session-start-hook>|<tick>|<goal>|"
    r"\[Request interrupted by user[^\]]*\]|"
    r"\s*<ide_opened_file>[\s\S]*</ide_opened_file>\s*$|"
    r"\s*<ide_selection>[\s\S]*</ide_selection>\s*$)"
)
_NOT_PROMPTS = tuple(
    mark
    for key in (b"isMeta", b"isCompactSummary", b"isSidechain")
    for mark in (b'"%s":true' % key, b'"%s": true' % key)
)


@attrs.define(frozen=True, eq=False)
class HeadTail:
    """The first and last bytes of one transcript."""

    #: Milliseconds since the epoch.
    modified: int
    size: int
    head: bytes
    #: The same object as *head* if the file is short.
    tail: bytes
    #: Titles and tags that the SDK has set.
    marks: Marks


def read_head_and_tail(path: str) -> HeadTail | None:
    """Read both ends of the file at *path*; *None* if it is empty, missing, not a file or not readable."""
    try:
        # O_NONBLOCK, so that opening a named pipe does not block.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _read_ends(descriptor, path)
    except OSError:
        # A disk error in one transcript must not prevent listing the others.
        return None
    finally:
        os.close(descriptor)


def _read_ends(descriptor: int, path: str) -> HeadTail | None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    head = os.pread(descriptor, SCAN_BYTES, 0)
    if not head:
        return None
    tail = head if status.st_size <= SCAN_BYTES else os.pread(descriptor, SCAN_BYTES, status.st_size - SCAN_BYTES)
    return HeadTail(status.st_mtime_ns // 1_000_000, status.st_size, head, tail, read_marks(path))


def is_archived(ends: HeadTail, path: str) -> bool:
    """Return whether the session was archived, and has had no prompt since."""
    at = archived_at(path)
    if at is None:
        return False
    lines = (line for text in (ends.head, ends.tail) for line in text.split(b"\n") if _may_be_prompt(line))
    times = (first_string(line, b"timestamp") or "" for line in lines)
    # Both are UTC with a `Z`, so that they compare as text.
    mark = at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return not any(time.rstrip("Z") > mark for time in times)


def is_programmatic(ends: HeadTail) -> bool:
    """Return whether an SDK, the CLI without a terminal, or a daemon ran the session."""
    entrypoint = first_string(ends.head, b"entrypoint") or last_string(ends.tail, b"entrypoint")
    return entrypoint in _SDK_ENTRYPOINTS or first_string(ends.head, b"sessionKind") in _DAEMONS


def is_sidechain(ends: HeadTail) -> bool:
    """Return whether the transcript is a subagent's. CLI 2.0 also wrote sidechains into the sessions' own files."""
    begins = re.search(rb'"isSidechain": ?true', ends.head.split(b"\n", 1)[0]) is not None
    return begins and not any(re.search(rb'"isSidechain": ?false', text) for text in (ends.head, ends.tail))


def first_string(text: bytes, key: bytes) -> str | None:
    """Return the first string value of *key*, or *None*."""
    for mark in _marks(key):
        at = text.find(mark)
        value = None if at < 0 else _string_at(text, at + len(mark))
        if value is not None:
            return value
    return None


def last_string(text: bytes, key: bytes) -> str | None:
    """Return the last string value of *key*, or *None*."""
    for mark in reversed(_marks(key)):
        at = text.rfind(mark)
        while at >= 0:
            value = _string_at(text, at + len(mark))
            if value is not None:
                return value
            at = text.rfind(mark, 0, at)
    return None


def last_record(ends: HeadTail, kind: str, key: str) -> str | None:
    """
    Return the string under *key* in the last entry of the type *kind*, in the tail or else in the head.

    The input of a tool may contain the same key, so each line is decoded. A store may have reordered the keys.
    """
    for text in (ends.tail,) if ends.head is ends.tail else (ends.tail, ends.head):
        end = len(text)
        while (at := text.rfind(b'"%s"' % key.encode(), 0, end)) >= 0:
            end = text.rfind(b"\n", 0, at) + 1
            entry = json_lines.decode(text[end:].split(b"\n", 1)[0])
            value = _record(entry, kind, key)
            if value is not None:
                return value
    return None


def all_records(path: str, kind: str, key: str) -> list[str]:
    """Return the strings under *key* in all entries of the type *kind*."""
    mark = b'"%s"' % key.encode()
    with open(path, "rb") as file:
        values = [_record(json_lines.decode(line), kind, key) for line in file if mark in line]
    return [value for value in values if value is not None]


def _record(entry: dict[str, Any] | None, kind: str, key: str) -> str | None:
    value = entry.get(key) if entry is not None and entry.get("type") == kind else None
    return value if isinstance(value, str) else None


def tag_of(ends: HeadTail) -> str | None:
    """Return the session's tag."""
    return resolve(ends.marks, "tag", last_record(ends, "tag", "tag")) or None


def title_of(ends: HeadTail) -> str | None:
    """Return the title that a user set, else the title that the CLI made, else *None*."""
    title = resolve(ends.marks, "title", last_record(ends, "custom-title", "customTitle"))
    return title or last_record(ends, "ai-title", "aiTitle") or None


def _marks(key: bytes) -> tuple[bytes, bytes]:
    return b'"%s":"' % key, b'"%s": "' % key


def _string_at(text: bytes, start: int) -> str | None:
    """Return the string whose first character is at *start*; *None* if it is truncated."""
    end = text.find(_QUOTE, start)
    while end >= 0:
        back = end
        while back > start and text[back - 1] == _BACKSLASH:
            back -= 1
        if (end - back) % 2 == 0:
            return _unescaped(text[start:end])
        end = text.find(_QUOTE, end + 1)
    return None


def _unescaped(value: bytes) -> str:
    text = value.decode("utf-8", errors="replace")
    if "\\" not in text:
        return text
    try:
        read = json_lines.loads(f'"{text}"')
    except ValueError:
        # Not valid JSON: return the text unchanged.
        return text
    return read if isinstance(read, str) else text


def first_prompt(head: bytes) -> str:
    """Return the first prompt of the user, on one line and truncated; else the first slash command; else `""`."""
    return _first_prompt(head.split(b"\n"))


def first_prompt_of(ends: HeadTail, path: str) -> str:
    """Return the first prompt of the transcript at *path*. Reads on after the head only if the head contains none."""
    found = first_prompt(ends.head)
    if ends.head is ends.tail or (found and not found.startswith("/")):
        return found
    try:
        with open(path, "rb") as file:
            return _first_prompt(iter(file.readline, b""), MAX_PROMPT_SCAN) or found
    except OSError:
        # The transcript was deleted after its ends were read.
        return found


def _first_prompt(lines: Iterable[bytes], max_bytes: float = math.inf) -> str:
    command = ""
    for line in lines:
        max_bytes -= len(line)
        for text in _texts(line) if _may_be_prompt(line) else ():
            prompt = text.replace("\n", " ").strip()
            named = _COMMAND.search(prompt)
            if named:
                command = command or named[1]
            elif prompt and not _SYNTHETIC.match(prompt):
                return prompt if len(prompt) <= MAX_PROMPT_CHARS else prompt[:MAX_PROMPT_CHARS].rstrip() + "…"
        if max_bytes < 0:
            break
    return command


def _may_be_prompt(line: bytes) -> bool:
    if b'"type":"user"' not in line and b'"type": "user"' not in line:
        return False
    return b'"tool_result"' not in line and not any(mark in line for mark in _NOT_PROMPTS)


def _texts(line: bytes) -> list[str]:
    entry = decode_entry(line) or {}
    message = entry.get("message")
    if entry.get("type") != "user" or not isinstance(message, dict):
        return []
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    blocks = content if isinstance(content, list) else []
    texts = (block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text")
    return [text for text in texts if isinstance(text, str)]
