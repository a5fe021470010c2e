"""
Where transcripts lie: `<config folder>/projects/<key of the directory>/<session id>.jsonl`.

The key of a directory is computed as the CLI does (PROTOCOL.md, 5); keys over 200 characters end in a hash that the CLI
computes in a way of its own, so that those are found by their start. A transcript whose directory is not known is found
by its id. What a symbolic link leads to outside of the projects folder is nobody's session here. The worktrees of a
repository are asked of `git`.
"""
from __future__ import annotations

import os
import re
import subprocess
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from .._core import checks, log
from ..errors import SessionNotFoundError

#: A path, as a string or path object.
Directory = str | os.PathLike[str]

#: Keys longer than this are cut here and get a hash behind.
MAX_KEY_CHARS = 200
SUFFIX = ".jsonl"

# Compiled when first used: this module is part of `import agent_sdk`.
_OTHER = "[^a-zA-Z0-9]"
#: The name of a transcript.
SESSION_FILE = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\.jsonl"
#: Seconds that `git worktree list` may take.
GIT_TIMEOUT = 5.0
_WORKTREE = b"worktree "
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def config_folder(env: Mapping[str, str] | None = None) -> str:
    """Return the CLI's configuration folder, for a process with the environment *env* (default: this one's)."""
    env = os.environ if env is None else env
    home = env.get("HOME") or os.path.expanduser("~")
    return unicodedata.normalize("NFC", env.get("CLAUDE_CONFIG_DIR") or os.path.join(home, ".claude"))


def projects_folder(config_dir: Directory | None = None) -> str:
    """Return the folder of all projects, in *config_dir* or in this process's own configuration folder."""
    given = checks.path("config_dir")(config_dir)
    return os.path.join(config_folder() if given is None else given, "projects")


def check_id(session_id: Any) -> str:
    """
    Return *session_id*, which becomes part of a path, as a string.

    Raises:
        ConfigurationError: It is no UUID.
    """
    checked = checks.session_uuid("session_id")(session_id)
    if checked is None:
        raise checks.invalid("session_id", session_id, "expected the id of a session, a UUID")
    return str(checked)


def canonical(directory: Directory) -> str:
    """Return *directory* as the CLI sees it: links resolved, in Unicode's composed form."""
    return real_path(checks.path("directory")(directory))


def real_path(directory: str) -> str:
    """Return a directory that needs no check, as `canonical` does."""
    return unicodedata.normalize("NFC", os.path.realpath(directory))


def project_key(directory: Directory) -> str:
    """Return the name of the folder that holds the transcripts of *directory*; see the module for long ones."""
    return encode_path(canonical(directory))


def encode_path(path: str) -> str:
    """Return the name of the folder for a canonical path."""
    key = _dashed(path)
    return key if len(key) <= MAX_KEY_CHARS else f"{key[:MAX_KEY_CHARS]}-{_hash(path)}"


def _dashed(path: str) -> str:
    # One dash for each UTF-16 unit: what JavaScript counts as a character.
    return re.sub(_OTHER, lambda match: "--" if ord(match[0]) > 0xFFFF else "-", path)


def _hash(path: str) -> str:
    """Hash as the official SDKs do: `h * 31 + unit` in 32 bits, its absolute value in base 36."""
    total = 0
    units = memoryview(path.encode("utf-16-le", "surrogatepass")).cast("H")
    for unit in units:
        total = (total * 31 + unit) & 0xFFFFFFFF
    number, digits = abs(total - (1 << 32) if total >> 31 else total), ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def project_folders(directory: Directory, projects: str) -> list[str]:
    """Return the folders with the transcripts of *directory*: one or none; several only where long keys collide."""
    exact = os.path.join(projects, project_key(directory))
    key = _dashed(canonical(directory))
    if os.path.isdir(exact) or len(key) <= MAX_KEY_CHARS:
        return [exact] if os.path.isdir(exact) and is_within(exact, projects) else []
    start = key[:MAX_KEY_CHARS] + "-"
    return [folder for folder in all_folders(projects) if os.path.basename(folder).startswith(start)]


def all_folders(projects: str) -> list[str]:
    """Return the folders of all projects, by name."""
    try:
        with os.scandir(projects) as entries:
            folders = [entry.path for entry in entries if entry.is_dir() and _is_inside_projects(entry, projects)]
    except OSError:
        # No CLI has run with this configuration folder yet, or it is another user's: nothing to be seen here.
        return []
    return sorted(folders)


def transcripts_in(folder: str, projects: str) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of *folder* that are named like transcripts."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if re.fullmatch(SESSION_FILE, entry.name) and _is_inside_projects(entry, projects):
                    yield entry
    except OSError:
        # Removed while we looked, or not ours to read.
        log.debug("transcripts", "cannot read the folder %s", folder)


def _is_inside_projects(entry: os.DirEntry[str], projects: str) -> bool:
    return not entry.is_symlink() or is_within(entry.path, projects)


def is_within(path: str, projects: str) -> bool:
    """Tell whether *path*, with all links followed, lies under *projects*."""
    root = os.path.realpath(projects)
    inside = os.path.realpath(path).startswith(os.path.join(root, ""))
    if not inside:
        log.debug("transcripts", "refused %s: it leads out of %s", path, root)
    return inside


def search_folders(
    directory: Directory | None, projects: str, worktrees: bool = True
) -> Iterator[tuple[str, str | None]]:
    """
    Yield the folders to look in, the directory's own first, each with the directory it stands for.

    Without a *directory*, all projects are searched, and their directories are not known. Git is asked only when the
    caller goes on past the directory's own folder.
    """
    if directory is None:
        yield from ((folder, None) for folder in all_folders(projects))
        return
    own, seen = canonical(directory), set()
    for folder in project_folders(own, projects):
        seen.add(folder)
        yield folder, own
    for tree in _worktrees_of(own) if worktrees else ():
        for folder in project_folders(tree, projects):
            if folder not in seen:
                seen.add(folder)
                yield folder, tree


def _worktrees_of(directory: str) -> list[str]:
    """Return the worktrees of the repository that holds *directory*, the main one first; none without a repository."""
    try:
        done = subprocess.run(
            ["git", "worktree", "list", "--porcelain"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=GIT_TIMEOUT,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # No git, no such directory any more, or git hangs: the directory's own sessions are listed all the same.
        log.debug("transcripts", "no worktrees of %s: %s", directory, error)
        return []
    if done.returncode:
        return []
    lines = done.stdout.split(b"\n")
    paths = (line[len(_WORKTREE) :].decode("utf-8", "surrogateescape") for line in lines if line.startswith(_WORKTREE))
    return [unicodedata.normalize("NFC", path) for path in paths]


def find(
    session_id: str, directory: Directory | None, config_dir: Directory | None
) -> tuple[str, str | None] | None:
    """
    Find the transcript of *session_id*: its path and the directory it was found for, or *None*.

    An empty file is not a session. Where no directory is given and several projects have the id, the newest counts.
    """
    name, projects = check_id(session_id) + SUFFIX, projects_folder(config_dir)
    candidates = ((os.path.join(folder, name), place) for folder, place in search_folders(directory, projects))
    found = ((path, place) for path, place in candidates if file_size(path) and is_within(path, projects))
    if directory is not None:
        return next(found, None)
    return max(found, key=lambda pair: os.stat(pair[0]).st_mtime_ns, default=None)


def require_transcript(session_id: str, directory: Directory | None, config_dir: Directory | None) -> str:
    """
    Return the path of the transcript of *session_id*.

    Raises:
        SessionNotFoundError: There is none.
        ConfigurationError: The id is no UUID.
    """
    found = find(session_id, directory, config_dir)
    if found is None:
        raise not_found(session_id, directory, config_dir)
    return found[0]


def not_found(session_id: str, directory: Directory | None, config_dir: Directory | None) -> SessionNotFoundError:
    """Build the error for a session that does not exist, with the places where its id was found."""
    projects = projects_folder(config_dir)
    elsewhere = [folder for folder, _ in search_folders(None, projects)]
    paths = [os.path.join(folder, session_id + SUFFIX) for folder in elsewhere]
    found = [path for path in paths if file_size(path)]
    where = f"in the projects of {projects}" if directory is None else f"for the directory {canonical(directory)}"
    hint = f"; there is one at {found[0]}: give its directory, or none" if found else ""
    tried = None if directory is None else os.fspath(directory)
    text = f"no session {session_id} {where}{hint}"
    return SessionNotFoundError(text, session_id=session_id, directory=tried, found=found)


def file_size(path: str) -> int:
    """Return the size of the file at *path*; 0 when there is none."""
    try:
        return os.path.getsize(path) if os.path.isfile(path) else 0
    except OSError:
        return 0


def transcripts_of(session_id: str, projects: str) -> list[str]:
    """Return the paths of all transcripts with this id, under any directory."""
    if not session_id or os.sep in session_id or "\0" in session_id:
        return []
    try:
        folders = sorted(os.listdir(projects))
    except OSError:
        return []
    paths = (os.path.join(projects, folder, session_id + SUFFIX) for folder in folders)
    return [path for path in paths if os.path.isfile(path)]
