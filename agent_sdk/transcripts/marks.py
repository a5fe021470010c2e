"""
Titles and tags that the SDK has set, in a file beside the transcript.

A CLI that has the session open keeps its own title and tag. It adopts a change that it finds in the last 64 KiB;
after a longer turn it appends its old values again, behind the change. The file lists the values that a change
replaced, so that a reader ignores them. A value that the file does not list is newer than the change. A rename
in the CLI back to a replaced value is therefore ignored.
"""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from .._core import json_lines, log
from .paths import SUFFIX

#: Name of the file, in the session's own folder.
FILE_NAME = "agent-sdk-marks.json"
#: Replaced values that are kept for each mark.
MAX_REPLACED = 50

Marks = Mapping[str, Any]


def marks_path(transcript: str) -> str:
    """Return the path of the file with the marks of a session."""
    return os.path.join(transcript.removesuffix(SUFFIX), FILE_NAME)


def read_marks(transcript: str) -> Marks:
    """Return the marks of a session; most sessions have none."""
    try:
        with open(marks_path(transcript), "rb") as file:
            marks = json_lines.loads(file.read())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        # The transcript holds the same changes, unless a long turn has hidden them.
        log.debug("transcripts", "cannot read the marks of %s: %s", transcript, error)
        return {}
    given = marks.items() if isinstance(marks, dict) else ()
    return {kind: mark for kind, mark in given if _is_mark(mark)}


def _is_mark(mark: object) -> bool:
    return isinstance(mark, dict) and isinstance(mark.get("value"), str) and isinstance(mark.get("replaced"), list)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def archived_path(transcript: str) -> str:
    """Return the path of the file with which the CLI and the SDKs archive a session."""
    return os.path.join(transcript.removesuffix(SUFFIX), "archived.json")


def archived_at(transcript: str) -> datetime | None:
    """Return when a session was archived; *None* if it is not archived."""
    try:
        with open(archived_path(transcript), "rb") as file:
            mark = json_lines.loads(file.read())
        return datetime.fromisoformat(mark["at"].replace("Z", "+00:00")) if mark["archived"] is True else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        # As in the CLI, a damaged file archives nothing.
        log.debug("transcripts", "cannot read whether %s is archived: %s", transcript, error)
        return None


def set_archived(transcript: str, archived: bool) -> None:
    """Archive a session, or undo it."""
    at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _write(archived_path(transcript), {"archived": archived, "at": at})


def resolve(marks: Marks, kind: str, found: str | None) -> str | None:
    """Return the current value of a mark; *found* is the last value in the part of the transcript that was read."""
    mark = marks.get(kind)
    return found if mark is None or (found is not None and found not in mark["replaced"]) else mark["value"]


def set_mark(transcript: str, kind: str, value: str, found: Iterable[str]) -> None:
    """Write a mark that replaces *found*, the values in the transcript. A failure is logged."""
    marks = dict(read_marks(transcript))
    earlier = marks.get(kind, {"value": "", "replaced": []})
    replaced = dict.fromkeys([*filter(_is_text, earlier["replaced"]), earlier["value"], *found])
    kept = [old for old in replaced if old and old != value]
    marks[kind] = {"value": value, "replaced": kept[-MAX_REPLACED:]}
    try:
        _write(marks_path(transcript), marks)
    except OSError as error:
        # The entry in the transcript is written; only a long turn of a CLI that is open could hide it.
        log.debug("transcripts", "cannot write the marks of %s: %s", transcript, error)


def _write(path: str, content: dict[str, Any]) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    scratch = f"{path}.{os.getpid()}"
    with open(os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(json_lines.encode(content))
    os.replace(scratch, path)
