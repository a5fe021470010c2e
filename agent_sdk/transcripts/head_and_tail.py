"""
The two ends of a transcript: what the first and last 64 KiB tell, without decoding them.

Strings are found by text search, as the official SDKs do, so that a listing costs two short reads for each session
however long it is (FEATURES.md, 7.2).
"""
from __future__ import annotations

import os
import re
import stat

import attrs

from .._core import json_lines
from .entries import decode_entry

#: Bytes that are read at each end.
SCAN_BYTES = 64 * 1024
#: Characters of a first prompt that are shown.
MAX_PROMPT_CHARS = 200

_QUOTE, _BACKSLASH = b'"', 0x5C
_COMMAND = re.compile(r"<command-name>(.*?)</command-name>")
#: Texts in a user's place that no user wrote.
_SYNTHETIC = re.compile(
    r"^(?:<local-command-stdout>|<session-start-hook>|<tick>|<goal>|"
    r"\[Request interrupted by user[^\]]*\]|"
    r"\s*<ide_opened_file>[\s\S]*</ide_opened_file>\s*$|"
    r"\s*<ide_selection>[\s\S]*</ide_selection>\s*$)"
)
_NOT_PROMPTS = tuple(
    mark for key in (b"isMeta", b"isCompactSummary") for mark in (b'"%s":true' % key, b'"%s": true' % key)
)


@attrs.define(frozen=True, eq=False)
class HeadTail:
    """The ends of one transcript."""

    #: Milliseconds since the epoch.
    modified: int
    size: int
    head: bytes
    #: The same object as *head* in a short file.
    tail: bytes


def read_head_and_tail(path: str) -> HeadTail | None:
    """Read the ends of the file at *path*; *None* where it is empty, gone, no file, or not ours to read."""
    try:
        # Not to wait for the other end of a pipe that somebody put there.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _read_ends(descriptor)
    except OSError:
        # A fault of the disk in one transcript does not keep the others from being listed.
        return None
    finally:
        os.close(descriptor)


def _read_ends(descriptor: int) -> HeadTail | None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    head = os.pread(descriptor, SCAN_BYTES, 0)
    if not head:
        return None
    tail = head if status.st_size <= SCAN_BYTES else os.pread(descriptor, SCAN_BYTES, status.st_size - SCAN_BYTES)
    return HeadTail(status.st_mtime_ns // 1_000_000, status.st_size, head, tail)


def first_string(text: bytes, key: bytes) -> str | None:
    """Return the first string that stands under *key*, or *None*."""
    for mark in _marks(key):
        at = text.find(mark)
        value = None if at < 0 else _string_at(text, at + len(mark))
        if value is not None:
            return value
    return None


def last_string(text: bytes, key: bytes) -> str | None:
    """Return the last string that stands under *key*, or *None*."""
    for mark in reversed(_marks(key)):
        at = text.rfind(mark)
        while at >= 0:
            value = _string_at(text, at + len(mark))
            if value is not None:
                return value
            at = text.rfind(mark, 0, at)
    return None


def _marks(key: bytes) -> tuple[bytes, bytes]:
    return b'"%s":"' % key, b'"%s": "' % key


def _string_at(text: bytes, start: int) -> str | None:
    """Return the string whose first character is at *start*; *None* when its end is cut off."""
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
        # Not JSON after all: shown as it stands.
        return text
    return read if isinstance(read, str) else text


def tag_of(tail: bytes) -> str | None:
    """Return the session's tag. Only lines that set one count: tools have inputs called `tag`."""
    at = tail.rfind(b'\n{"type":"tag"')
    if at < 0 and not tail.startswith(b'{"type":"tag"'):
        return None
    line = tail[at + 1 :].split(b"\n", 1)[0]
    return last_string(line, b"tag") or None


def first_prompt(head: bytes) -> str:
    """Return the first prompt that a user wrote, on one line and shortened; else the first slash command; else `""`."""
    command = ""
    for line in head.split(b"\n"):
        for text in _texts(line) if _may_be_prompt(line) else ():
            prompt = text.replace("\n", " ").strip()
            named = _COMMAND.search(prompt)
            if named:
                command = command or named[1]
            elif prompt and not _SYNTHETIC.match(prompt):
                return prompt if len(prompt) <= MAX_PROMPT_CHARS else prompt[:MAX_PROMPT_CHARS].rstrip() + "…"
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
