"""
Change sessions on disk: set a title, set a tag, delete.

A title or tag is one line appended to the transcript in a single write. This is safe while a CLI has the session open:
the CLI reads such lines near the end of the file.
"""
from __future__ import annotations

import os
import shutil
import unicodedata
from typing import Any

from .._core import checks, json_lines
from . import paths
from .head_and_tail import all_records
from .marks import set_archived, set_mark
from .paths import Directory

#: Invisible characters: format, private use, unassigned.
_INVISIBLE = frozenset({"Cf", "Co", "Cn"})


def rename_session(
    session_id: str, title: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> None:
    """
    Set the title of a session, replacing an earlier one.

    Args:
        session_id: Its id.
        title: The title; surrounding whitespace is removed.
        directory: Look only under this working directory and its git worktrees; *None* looks everywhere.
        config_dir: As for `list_sessions`.

    Raises:
        SessionNotFoundError: There is no such session.
        ConfigurationError: The id is not a UUID, or the title is empty.
        OSError: The transcript cannot be written.
    """
    checked = _string("title", title).strip()
    if not checked:
        raise checks.invalid("title", title, "expected a non-empty string")
    _set(session_id, ("title", "custom-title", "customTitle"), checked, directory, config_dir)


def tag_session(
    session_id: str, tag: str | None, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> None:
    """
    Set the tag of a session, replacing an earlier one.

    Args:
        session_id: Its id.
        tag: The tag, which is normalized (Unicode NFKC, without invisible characters); *None* removes the tag.
        directory: As for `rename_session`.
        config_dir: As for `list_sessions`.

    Raises:
        SessionNotFoundError: There is no such session.
        ConfigurationError: The id is not a UUID, or the normalized tag is empty.
        OSError: The transcript cannot be written.
    """
    cleaned = "" if tag is None else clean_tag(tag)
    if tag is not None and not cleaned:
        raise checks.invalid("tag", tag, "expected visible characters, or None to remove the tag")
    _set(session_id, ("tag", "tag", "tag"), cleaned, directory, config_dir)


def archive_session(
    session_id: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> None:
    """
    Archive a session: `SessionInfo.archived` becomes true until the next prompt in the session.

    Args:
        session_id: The session id.
        directory: As for `rename_session`.
        config_dir: As for `list_sessions`.

    Raises:
        SessionNotFoundError: The session does not exist.
        ConfigurationError: The id is not a UUID.
        OSError: The mark cannot be written.
    """
    set_archived(paths.require_transcript(session_id, directory, config_dir), True)


def unarchive_session(
    session_id: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> None:
    """Undo `archive_session`; parameters and errors are the same."""
    set_archived(paths.require_transcript(session_id, directory, config_dir), False)


def clean_tag(tag: str) -> str:
    """Return *tag* normalized."""
    cleaned, before = _string("tag", tag), None
    # The remaining characters may compose after a removal; ten rounds, as in the official SDKs.
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


def _set(
    session_id: str,
    names: tuple[str, str, str],
    value: str,
    directory: Directory | None,
    config_dir: Directory | None,
) -> None:
    """
    Append an entry for the CLI, and write a mark that outlives a long turn of a CLI that has the session open. *names*
    are the mark, the type of the entry, and its key.
    """
    mark, kind, key = names
    path = paths.require_transcript(session_id, directory, config_dir)
    try:
        replaced = all_records(path, kind, key)
        _append(path, json_lines.encode({"type": kind, key: value, "sessionId": str(session_id)}))
    except FileNotFoundError as error:
        raise paths.not_found(session_id, directory, config_dir) from error
    set_mark(path, mark, value, replaced)


def _append(path: str, line: bytes) -> None:
    """Append a line in one write, and keep the modification time: the session has no newer turn."""
    # Without O_CREAT, so that a session deleted meanwhile is not created again with one line.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        before = os.fstat(descriptor)
        written = os.write(descriptor, line if _ends_with_newline(path) else b"\n" + line)
        if os.fstat(descriptor).st_size == before.st_size + written:  # no CLI has written meanwhile
            os.utime(descriptor, ns=(before.st_atime_ns, before.st_mtime_ns))
    finally:
        os.close(descriptor)


def _ends_with_newline(path: str) -> bool:
    """Return whether the file ends with a newline; a CLI that was killed may leave a partial line."""
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def delete_session(
    session_id: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> None:
    """
    Delete a session permanently: its transcript, its subagents and its stored tool results.

    Close a CLI that has the session open first: it would continue in a new file.

    Args:
        session_id: Its id.
        directory: As for `rename_session`.
        config_dir: As for `list_sessions`.

    Raises:
        SessionNotFoundError: There is no such session.
        ConfigurationError: The id is not a UUID.
        OSError: The transcript cannot be deleted.
    """
    path = paths.require_transcript(session_id, directory, config_dir)
    try:
        os.unlink(path)
    except FileNotFoundError as error:
        raise paths.not_found(session_id, directory, config_dir) from error
    # Most sessions have no such folder, and the session is deleted even if a part of the folder remains.
    shutil.rmtree(path[: -len(paths.SUFFIX)], ignore_errors=True)
