"""
Small changes to sessions on disk: a title, a tag, an end.

A change is one line appended to the transcript, in a single write, which is safe while a CLI has the session open: the
CLI takes over what it finds near the end.
"""
from __future__ import annotations

import os
import shutil
import unicodedata
from typing import Any

from .._core import checks, json_lines
from . import paths
from .paths import Directory

#: Characters that are seen by no one: format, private use, unassigned.
_INVISIBLE = frozenset({"Cf", "Co", "Cn"})


def rename_session(
    session_id: str, title: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> None:
    """
    Give a session a title; the last one given counts.

    Args:
        session_id: Its id.
        title: The title; space around it is taken off.
        directory: Look only under this working directory and its git worktrees; *None* looks everywhere.
        config_dir: As for `list_sessions`.

    Raises:
        SessionNotFoundError: There is no such session.
        ConfigurationError: The id is no UUID, or the title is empty.
        OSError: The transcript cannot be written.
    """
    checked = _string("title", title).strip()
    if not checked:
        raise checks.invalid("title", title, "expected some text")
    _append(session_id, {"type": "custom-title", "customTitle": checked}, directory, config_dir)


def tag_session(
    session_id: str, tag: str | None, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> None:
    """
    Give a session a tag, in place of the one it had.

    Args:
        session_id: Its id.
        tag: The tag, written in one way only (Unicode's NFKC, without characters that cannot be seen); *None* takes the
            tag off.
        directory: As for `rename_session`.
        config_dir: As for `list_sessions`.

    Raises:
        SessionNotFoundError: There is no such session.
        ConfigurationError: The id is no UUID, or nothing is left of the tag.
        OSError: The transcript cannot be written.
    """
    cleaned = "" if tag is None else clean_tag(tag)
    if tag is not None and not cleaned:
        raise checks.invalid("tag", tag, "expected some text that can be seen; None takes the tag off")
    _append(session_id, {"type": "tag", "tag": cleaned}, directory, config_dir)


def clean_tag(tag: str) -> str:
    """Return *tag* as it is stored."""
    cleaned, before = _string("tag", tag), None
    # What is left after a removal may compose anew; ten rounds as the official SDKs do.
    for _ in range(10):
        before, cleaned = cleaned, unicodedata.normalize("NFKC", cleaned)
        cleaned = "".join(char for char in cleaned if unicodedata.category(char) not in _INVISIBLE)
        if cleaned == before:
            break
    return cleaned.strip()


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise checks.invalid(name, value, f"expected a string, got {type(value).__name__}")
    return value


def _append(
    session_id: str, entry: dict[str, Any], directory: Directory | None, config_dir: Directory | None
) -> None:
    path = paths.require_transcript(session_id, directory, config_dir)
    line = json_lines.encode({**entry, "sessionId": str(session_id)})
    try:
        # Without O_CREAT: a session that was deleted meanwhile does not come back as one line.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise paths.not_found(session_id, directory, config_dir) from error
    try:
        os.write(descriptor, line if _ends_with_newline(path) else b"\n" + line)
    finally:
        os.close(descriptor)


def _ends_with_newline(path: str) -> bool:
    """Tell whether the last line has its newline: a CLI that was killed may have left half of one."""
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def delete_session(
    session_id: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> None:
    """
    Delete a session for good: its transcript and the folder beside it, with its subagents and stored tool results.

    A CLI that has the session open writes on in a new file; close it first.

    Args:
        session_id: Its id.
        directory: As for `rename_session`.
        config_dir: As for `list_sessions`.

    Raises:
        SessionNotFoundError: There is no such session.
        ConfigurationError: The id is no UUID.
        OSError: The transcript cannot be deleted.
    """
    path = paths.require_transcript(session_id, directory, config_dir)
    try:
        os.unlink(path)
    except FileNotFoundError as error:
        raise paths.not_found(session_id, directory, config_dir) from error
    # Most sessions have no such folder, and the session is gone whether or not all of it could be removed.
    shutil.rmtree(path[: -len(paths.SUFFIX)], ignore_errors=True)
