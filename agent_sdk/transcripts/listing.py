"""Which sessions there are, from the names and the ends of their transcripts."""
from __future__ import annotations

import html
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, SupportsIndex, overload

import attrs

from .._core import checks
from .._core.text import join_surrogates, sanitize_line, table
from . import paths
from .head_and_tail import HeadTail, first_prompt, first_string, last_string, read_head_and_tail, tag_of
from .paths import Directory


@attrs.define(frozen=True, kw_only=True)
class SessionInfo:
    """What a listing tells about a session."""

    session_id: str
    #: What to show for it: its title, else its last prompt, else its first.
    summary: str
    #: The title: given by `rename_session`, `--name` or `/rename`, else the one that the CLI made up.
    custom_title: str | None = None
    #: The first prompt, on one line, at most 200 characters and `…`.
    first_prompt: str | None = None
    tag: str | None = None
    #: The working directory it began in.
    cwd: str | None = None
    git_branch: str | None = None
    #: Milliseconds since the epoch.
    created_at: int | None = None
    #: Milliseconds since the epoch.
    last_modified: int = 0
    #: Bytes.
    file_size: int = 0
    #: Where the transcript lies.
    path: str = attrs.field(default="", repr=False)

    def to_dict(self) -> dict[str, object]:
        """Return the fields as a dict."""
        return attrs.asdict(self)

    def _repr_markdown_(self) -> str:
        return SessionList([self])._repr_markdown_()


class SessionList(list[SessionInfo]):
    """A list of sessions; a notebook shows it as a table."""

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        for info in self:
            yield short_time(info.last_modified), info.summary, info.tag or "", info.session_id

    @overload
    def __getitem__(self, index: SupportsIndex) -> SessionInfo: ...

    @overload
    def __getitem__(self, index: slice) -> SessionList: ...

    def __getitem__(self, index: SupportsIndex | slice) -> SessionInfo | SessionList:
        # A part of the list shows itself as the whole does.
        return SessionList(super().__getitem__(index)) if isinstance(index, slice) else super().__getitem__(index)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("\n".join(table_lines(self)) if self else "no sessions")

    def _repr_html_(self) -> str:
        # Notebooks align cells to the right, which suits numbers only.
        left = ' style="text-align: left"'
        cells = ("".join(f"<td{left}>{html.escape(cell)}</td>" for cell in row) for row in self._rows())
        rows = "".join(f"<tr>{row}</tr>" for row in cells)
        titles = "".join(f"<th{left}>{title}</th>" for title in ("changed", "session", "tag", "id"))
        return join_surrogates(f"<table><tr>{titles}</tr>{rows}</table>")

    def _repr_markdown_(self) -> str:
        inert = str.maketrans({"|": "\\|", "<": "&lt;", "`": "\\`", "[": "\\[", "\n": " "})
        rows = ["| " + " | ".join(cell.translate(inert) for cell in row) + " |" for row in self._rows()]
        return join_surrogates("\n".join(["| changed | session | tag | id |", "|---|---|---|---|", *rows]))


def table_lines(infos: Iterable[SessionInfo]) -> list[str]:
    """Return the lines of a table of sessions, cut to the terminal's width."""
    import shutil  # loads the modules of all archives

    width = max(60, shutil.get_terminal_size((120, 24)).columns)
    return table([("ID", "CHANGED", "SIZE", "SESSION"), *map(_row, infos)], right={2}, width=width)


def _row(info: SessionInfo) -> tuple[str, ...]:
    tag = f"[{info.tag}] " if info.tag else ""
    shown = sanitize_line(f"{tag}{info.summary}")
    return info.session_id[:8], short_time(info.last_modified), _size(info.file_size), shown


def _size(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def short_time(milliseconds: int) -> str:
    """Write a time as `2026-01-31 14:05`, in the local zone."""
    return datetime.fromtimestamp(milliseconds / 1000).strftime("%Y-%m-%d %H:%M")


def list_sessions(
    directory: Directory | None = None,
    limit: int | None = None,
    offset: int = 0,
    include_worktrees: bool = True,
    *,
    config_dir: Directory | None = None,
) -> SessionList:
    """
    List sessions, newest first, without a CLI process.

    Reads the first and last 64 KiB of each transcript at most, and with a *limit* only of those that are shown.

    Args:
        directory: The working directory whose sessions are listed; *None* lists those of all projects.
        limit: At most so many; *None* or 0 for all.
        offset: Leave out so many of the newest.
        include_worktrees: List also the sessions of the other git worktrees of *directory*.
        config_dir: The CLI's configuration folder; default `CLAUDE_CONFIG_DIR`, else `~/.claude`, of this process.

    Returns:
        The sessions, each id once. Sessions without a title and without a prompt are not shown, nor are sidechains.

    Raises:
        ConfigurationError: An argument is wrong.
    """
    first, count = offset_and_limit(limit, offset)
    shown = visible_sessions(directory, include_worktrees, config_dir)
    return SessionList(islice(shown, first, None if count is None else first + count))


def offset_and_limit(limit: int | None, offset: int) -> tuple[int, int | None]:
    """Return *offset* and *limit*, checked; no limit is *None*."""
    checks.number("limit", least=0, whole=True)(limit)
    checks.number("offset", least=0, whole=True)(offset)
    return offset or 0, limit or None


def visible_sessions(
    directory: Directory | None, include_worktrees: bool = True, config_dir: Directory | None = None
) -> Iterator[SessionInfo]:
    """Yield sessions, newest first, each id once; a transcript is read only when its turn comes."""
    projects = paths.projects_folder(config_dir)
    seen: set[str] = set()
    for _, path, place in sorted(_candidates(directory, projects, include_worktrees), reverse=True):
        info = None if _id_of(path) in seen else read_info(path, place or None)
        if info is not None:
            seen.add(info.session_id)
            yield info


def _candidates(directory: Directory | None, projects: str, worktrees: bool) -> Iterator[tuple[int, str, str]]:
    for folder, place in paths.search_folders(directory, projects, worktrees):
        for entry in paths.transcripts_in(folder, projects):
            try:
                yield entry.stat().st_mtime_ns, entry.path, place or ""
            except OSError:
                # Deleted between the look at its folder and the look at itself.
                continue


def _id_of(path: str) -> str:
    return os.path.basename(path)[: -len(paths.SUFFIX)]


def get_session_info(
    session_id: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> SessionInfo | None:
    """
    Return what a listing tells about one session, or *None* when there is no such session to be shown.

    Args:
        session_id: Its id.
        directory: Look only under this working directory and its git worktrees; *None* looks everywhere.
        config_dir: As for `list_sessions`.

    Raises:
        ConfigurationError: The id is no UUID.
    """
    found = paths.find(session_id, directory, config_dir)
    return None if found is None else read_info(*found)


def read_info(path: str, place: str | None = None) -> SessionInfo | None:
    """
    Read the ends of the transcript at *path*; *place* is the directory of a session that does not name its own.

    Returns *None* for a sidechain, for a transcript without anything to show, and for one that cannot be read.
    """
    ends = read_head_and_tail(path)
    if ends is None:
        return None
    head, tail = ends.head, ends.tail
    first_line = head.split(b"\n", 1)[0]
    if b'"isSidechain":true' in first_line or b'"isSidechain": true' in first_line:
        return None
    title, prompt = title_of(ends), first_prompt(head) or None
    summary = title or last_string(tail, b"lastPrompt") or last_string(tail, b"summary") or prompt
    if not summary:
        return None
    return SessionInfo(
        session_id=_id_of(path),
        summary=summary,
        custom_title=title,
        first_prompt=prompt,
        tag=tag_of(tail),
        cwd=first_string(head, b"cwd") or place,
        git_branch=last_string(tail, b"gitBranch") or first_string(head, b"gitBranch") or None,
        created_at=milliseconds(first_string(head, b"timestamp")),
        last_modified=ends.modified,
        file_size=ends.size,
        path=path,
    )


def title_of(ends: HeadTail) -> str | None:
    """Return the title that was given, else the one the CLI made up, else *None*."""
    for key in (b"customTitle", b"aiTitle"):
        title = last_string(ends.tail, key)
        if not title and ends.head is not ends.tail:
            title = last_string(ends.head, key)
        if title:
            return title
    return None


def milliseconds(timestamp: str | None) -> int | None:
    """Turn an ISO 8601 time into milliseconds since the epoch; *None* where it is none."""
    if not timestamp:
        return None
    try:
        # Python 3.10 does not read the `Z`.
        return int(datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
