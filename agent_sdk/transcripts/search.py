"""Find sessions by text, tag, git branch and time."""
from __future__ import annotations

import math
import os
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

import attrs

from .._core import checks
from . import paths
from .edits import clean_tag
from .entries import decode_entry, open_transcript, queued_prompt, read_lines
from .listing import MAX_TIME, MIN_TIME, SessionInfo, offset_and_limit, visible_sessions
from .paths import Directory

#: A datetime (aware, or naive in the local time zone), a date (its start), or seconds since the epoch.
When = datetime | date | int | float | str

#: Maximum excerpts of one session.
MAX_EXCERPTS = 5
#: Characters before and after a match.
CONTEXT_CHARS = 60
#: Length of a date without a time, such as `2026-01-31`.
DATE_CHARS = 10

_WORD = re.compile(r"[a-z0-9]+")


@attrs.define(frozen=True)
class Excerpt:
    """A match of the text in a session."""

    #: The text around the match, on one line.
    text: str
    #: The part that contains the match: `title`, `prompt`, `reply`, `thinking`, `tool use` or `tool result`.
    where: str
    #: The uuid of the message, for `fork_session(up_to_message_id=)`; *None* for the title.
    uuid: str | None = None
    #: Time of the message, in ISO 8601.
    timestamp: str | None = None


@attrs.define(frozen=True)
class SearchHit:
    """A matching session."""

    info: SessionInfo
    #: The first matches, at most 5; empty without a search text.
    excerpts: list[Excerpt] = attrs.field(factory=list)

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self.info.session_id


def search_sessions(
    text: str | None = None,
    *,
    tag: str | None = None,
    branch: str | None = None,
    since: When | None = None,
    until: When | None = None,
    directory: Directory | None = None,
    limit: int | None = None,
    config_dir: Directory | None = None,
) -> list[SearchHit]:
    """
    Find sessions that match all given criteria, newest first.

    Args:
        text: Text in the title, a message or a tool use, ignoring case. Abandoned branches are searched, subagents are
        not.
        tag: The session's tag.
        branch: The last git branch of the session.
        since: The session was last used at this time or later.
        until: The session began at this time or earlier; a date includes the whole day.
        directory: Search only the sessions of this working directory and its git worktrees.
        limit: Maximum number of sessions; *None* or 0 for all.
        config_dir: As for `list_sessions`.

    Raises:
        ConfigurationError: An argument is invalid.
    """
    checks.string("text")(text)
    count = offset_and_limit(limit, 0)[1]
    began, ended = _stamp("since", _parse_time("since", since)), _end_stamp(_parse_time("until", until))
    criteria = _Criteria(tag and clean_tag(tag), checks.string("branch")(branch), began, ended)
    hits: list[SearchHit] = []
    for info in visible_sessions(directory, config_dir=config_dir):
        if count is not None and len(hits) >= count:
            break
        excerpts = _excerpts(info, text) if text and criteria.matches(info) else []
        if excerpts or (not text and criteria.matches(info)):
            hits.append(SearchHit(info, excerpts))
    return hits


@attrs.define
class _Criteria:
    tag: str | None
    branch: str | None
    since: int | None
    until: int | None

    def matches(self, info: SessionInfo) -> bool:
        began = info.last_modified if info.created_at is None else info.created_at
        return (
            self.tag in (None, info.tag)
            and self.branch in (None, info.git_branch)
            and (self.since is None or info.last_modified >= self.since)
            and (self.until is None or began <= self.until)
        )


def _stamp(name: str, when: Any) -> int | None:
    """Return *when* in milliseconds since the epoch."""
    if when is None:
        return None
    if isinstance(when, date) and not isinstance(when, datetime):
        when = datetime.combine(when, time.min)
    if isinstance(when, datetime):
        try:
            return int(when.timestamp() * 1000)
        except (OverflowError, ValueError):  # the first or the last day of all, in some zones
            return int((MIN_TIME if when.year == 1 else MAX_TIME) * 1000)
    if isinstance(when, bool) or not isinstance(when, (int, float)) or not math.isfinite(when):
        raise checks.invalid(name, when, "expected a datetime, a date or seconds since the epoch")
    return int(when * 1000)


def _parse_time(name: str, when: Any) -> Any:
    """Return *when* with ISO 8601 text parsed to a date or datetime."""
    if not isinstance(when, str):
        return when
    try:
        parsed = datetime.fromisoformat(when.strip().replace("Z", "+00:00"))  # Python 3.10 rejects the `Z`
    except ValueError:
        raise checks.invalid(name, when, "expected a time such as '2026-01-31' or '2026-01-31T14:05'") from None
    return parsed.date() if len(when.strip()) <= DATE_CHARS else parsed


def _end_stamp(until: Any) -> int | None:
    if isinstance(until, date) and not isinstance(until, datetime):
        until = datetime.combine(until, time.max)
    return _stamp("until", until)


def _excerpts(info: SessionInfo, text: str) -> list[Excerpt]:
    text = unicodedata.normalize("NFC", text)
    pattern = re.compile(r"\s+".join(map(re.escape, re.split(r"\s+", text))), re.IGNORECASE)
    title = info.custom_title and _excerpt_around(pattern, info.custom_title)
    found = [Excerpt(title, "title")] if title else []
    for excerpt in _search_transcript(info.path, text, pattern):
        found.append(excerpt)
        if len(found) >= MAX_EXCERPTS:
            break
    return found


def _search_transcript(path: str, text: str, pattern: re.Pattern[str]) -> Iterator[Excerpt]:
    needle = _needle(text)
    try:
        file = open_transcript(path)
    except OSError:
        # Deleted after it was listed.
        return
    with file:
        for _, line in read_lines(file, _is_searched):
            entry = decode_entry(line) if needle in line.lower() else None
            if entry is None or entry.get("isMeta") or entry.get("isSidechain"):
                continue
            for where, part in _parts(entry):
                shown = _excerpt_around(pattern, part)
                if shown:
                    yield Excerpt(shown, where, entry.get("uuid"), entry.get("timestamp"))


def _is_searched(start: bytes) -> bool:
    # Of attachments, only prompts that were queued; their entries have the key `attachment` before `type`.
    if start.startswith(b'{"type":"'):
        return False
    return b'"attachment":{' not in start[:200] or b'"queued_command"' in start


def _needle(text: str) -> bytes:
    """Return the longest part of *text* that JSON never escapes; lines without it need not be decoded."""
    ascii_only = text.lower() if text.isascii() else "".join(c if c.isascii() else " " for c in text.lower())
    words: list[str] = _WORD.findall(ascii_only)
    # Ignoring case, the Kelvin sign matches `k` and the long s matches `s`.
    safe = [part for word in words for part in re.split("[ks]", word)]
    return max(safe, key=len, default="").encode("ascii")


def _parts(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of an entry, each with the name of its part."""
    message = entry.get("message")
    content = message.get("content") if isinstance(message, dict) else queued_prompt(entry)
    speaker = "reply" if entry.get("type") == "assistant" else "prompt"
    if isinstance(content, str):
        yield speaker, content
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict):
            yield from _texts(block, speaker)


def _texts(block: dict[str, Any], speaker: str) -> Iterator[tuple[str, str]]:
    kind = block.get("type")
    if kind in ("text", "thinking"):
        yield (speaker if kind == "text" else "thinking"), str(block.get(kind) or "")
    elif kind == "tool_use":
        yield from (("tool use", text) for text in _strings(block.get("input")))
    elif kind == "tool_result":
        inner = block.get("content")
        blocks = inner if isinstance(inner, list) else [{"text": inner}]
        texts = (item.get("text") for item in blocks if isinstance(item, dict))
        yield from (("tool result", text) for text in texts if isinstance(text, str))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _excerpt_around(pattern: re.Pattern[str], text: str) -> str | None:
    text = unicodedata.normalize("NFC", text)
    found = pattern.search(text)
    if found is None:
        return None
    start, end = max(0, found.start() - CONTEXT_CHARS), found.end() + CONTEXT_CHARS
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"


def session_ids(projects: str, prefix: str) -> list[str]:
    """Return the session ids of all projects that begin with *prefix*, without reading transcripts."""
    entries = (entry for folder in paths.all_folders(projects) for entry in paths.transcripts_in(folder, projects))
    names = (os.path.splitext(entry.name)[0] for entry in entries)
    return sorted({name for name in names if name.startswith(prefix)})
