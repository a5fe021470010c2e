"""List sessions, using the names, heads and tails of their transcripts."""
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
from .head_and_tail import (
    first_prompt_of,
    first_string,
    is_archived,
    is_programmatic,
    is_sidechain,
    last_record,
    last_string,
    read_head_and_tail,
    tag_of,
    title_of,
)
from .paths import Directory

#: The earliest and latest times that are shown, in seconds since the epoch: days that exist in every zone.
MIN_TIME, MAX_TIME = -62135510400.0, 253402214400.0


@attrs.define(frozen=True, kw_only=True)
class SessionInfo:
    """Information about a session in a listing."""

    session_id: str
    #: A summary: the title, else the last prompt, else the first prompt.
    summary: str
    #: The title set with `rename_session`, `--name` or `/rename`, else the title that the CLI generated.
    custom_title: str | None = None
    #: The first prompt on one line, truncated to 200 characters and `…`.
    first_prompt: str | None = None
    tag: str | None = None
    #: The working directory in which the session began.
    cwd: str | None = None
    git_branch: str | None = None
    #: Milliseconds since the epoch.
    created_at: int | None = None
    #: Milliseconds since the epoch.
    last_modified: int = 0
    #: Size of the transcript in bytes.
    file_size: int = 0
    #: Path of the transcript.
    path: str = attrs.field(default="", repr=False)
    #: The session was archived with `archive_session`, and has had no prompt since.
    archived: bool = False
    #: The session was run by an SDK or by a CLI without a terminal.
    programmatic: bool = attrs.field(default=False, repr=False)

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
        # A slice is displayed as a table too.
        return SessionList(super().__getitem__(index)) if isinstance(index, slice) else super().__getitem__(index)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("\n".join(table_lines(self)) if self else "no sessions")

    def _repr_html_(self) -> str:
        # Notebooks right-align cells, which is suitable only for numbers.
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
    """Return the lines of a table of sessions, truncated to the terminal's width."""
    import shutil  # imports the modules of all archive formats

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
    """Format a time as `2026-01-31 14:05` in the local time zone."""
    seconds = min(max(milliseconds / 1000, MIN_TIME), MAX_TIME)
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def list_sessions(
    directory: Directory | None = None,
    limit: int | None = None,
    offset: int = 0,
    include_worktrees: bool = True,
    *,
    include_programmatic: bool = True,
    config_dir: Directory | None = None,
) -> SessionList:
    """
    List sessions, newest first, without a CLI process.

    It reads at most the first and last 64 KiB of each transcript. With a *limit* it reads only the returned ones.

    Args:
        directory: List the sessions of this working directory; *None* for all projects.
        limit: Maximum number of sessions; *None* or 0 for all.
        offset: Number of newest sessions to skip.
        include_worktrees: Also list the sessions of the other git worktrees of *directory*.
        include_programmatic: Also list the sessions of SDKs, such as this one, and of CLIs without a terminal.
        config_dir: The CLI's configuration folder; defaults to `CLAUDE_CONFIG_DIR` of this process, else `~/.claude`.

    Returns:
        The sessions, each id once, without sidechains and without sessions that have neither a title nor a prompt.

    Raises:
        ConfigurationError: An argument is invalid.
    """
    first, count = offset_and_limit(limit, offset)
    found = visible_sessions(directory, include_worktrees, config_dir)
    shown = (info for info in found if include_programmatic or not info.programmatic)
    return SessionList(islice(shown, first, None if count is None else first + count))


def offset_and_limit(limit: int | None, offset: int) -> tuple[int, int | None]:
    """Return *offset* and *limit*, validated; *None* for no limit."""
    checks.number("limit", least=0, whole=True)(limit)
    checks.number("offset", least=0, whole=True)(offset)
    return offset or 0, limit or None


def visible_sessions(
    directory: Directory | None, include_worktrees: bool = True, config_dir: Directory | None = None
) -> Iterator[SessionInfo]:
    """Yield sessions, newest first, each id once; transcripts are read lazily."""
    projects = paths.projects_folder(config_dir)
    if directory is not None and not os.path.isdir(directory) and not paths.project_folders(directory, projects):
        raise checks.invalid("directory", directory, "no such directory, and no sessions of it")
    seen: set[str] = set()
    for _, path, place in sorted(_candidates(directory, projects, include_worktrees), reverse=True):
        info = None if _id_of(path) in seen else read_info(path, place or None)
        if info is not None and not (place and paths.is_foreign(info.cwd, place)):
            seen.add(info.session_id)
            yield info


def _candidates(directory: Directory | None, projects: str, worktrees: bool) -> Iterator[tuple[int, str, str]]:
    for folder, place in paths.search_folders(directory, projects, worktrees):
        for entry in paths.transcripts_in(folder, projects):
            try:
                yield entry.stat().st_mtime_ns, entry.path, place or ""
            except OSError:
                # Deleted after its folder was listed.
                continue


def _id_of(path: str) -> str:
    return os.path.basename(path)[: -len(paths.SUFFIX)]


def get_session_info(
    session_id: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> SessionInfo | None:
    """
    Return the information about one session, or *None* if it does not exist or is not listed.

    Args:
        session_id: Its id.
        directory: Look only under this working directory and its git worktrees; *None* looks everywhere.
        config_dir: As for `list_sessions`.

    Raises:
        ConfigurationError: The id is not a UUID.
    """
    found = paths.find(session_id, directory, config_dir)
    return None if found is None else read_info(*found)


def read_info(path: str, place: str | None = None) -> SessionInfo | None:
    """
    Read both ends of the transcript at *path*; *place* is the working directory if the transcript contains none.

    Returns *None* for a sidechain, and for a transcript that has neither title nor prompt or cannot be read.
    """
    ends = read_head_and_tail(path)
    if ends is None:
        return None
    head, tail = ends.head, ends.tail
    if is_sidechain(ends):
        return None
    title, prompt = title_of(ends), first_prompt_of(ends, path) or None
    summary = title or last_record(ends, "last-prompt", "lastPrompt")
    summary = summary or last_record(ends, "summary", "summary") or prompt
    if not summary:
        return None
    return SessionInfo(
        session_id=_id_of(path),
        summary=summary,
        custom_title=title,
        first_prompt=prompt,
        tag=tag_of(ends),
        cwd=first_string(head, b"cwd") or (paths.first_cwd(path) if head is not tail else None) or place,
        git_branch=last_string(tail, b"gitBranch") or first_string(head, b"gitBranch") or None,
        created_at=milliseconds(first_string(head, b"timestamp")),
        last_modified=ends.modified,
        file_size=ends.size,
        path=path,
        archived=is_archived(ends, path),
        programmatic=is_programmatic(ends),
    )


def milliseconds(timestamp: str | None) -> int | None:
    """Convert an ISO 8601 time to milliseconds since the epoch; *None* if it is invalid."""
    if not timestamp:
        return None
    try:
        # Python 3.10 does not parse the suffix `Z`.
        return int(datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
