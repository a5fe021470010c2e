"""
Paths of transcripts: `<config folder>/projects/<project key>/<session id>.jsonl`.

The project key is derived from the working directory as in the CLI: each character but letters and digits becomes a
dash. Keys over 200 characters end in a hash that only the CLI can compute, so they are matched by prefix. If the
directory is unknown, transcripts are found by session id. Symbolic links that lead out of the projects folder are
ignored. `git` lists the worktrees of a repository.
"""
from __future__ import annotations

import os
import re
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._core import checks, json_lines, log
from ..errors import SessionNotFoundError

#: A path as a string or path object.
Directory = str | os.PathLike[str]

#: Longer keys are truncated to this length, and a hash is appended.
MAX_KEY_CHARS = 200
SUFFIX = ".jsonl"

# Compiled on first use, because `import agent_sdk` loads this module.
_OTHER = "[^a-zA-Z0-9]"
#: The file name of a transcript.
SESSION_FILE = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\.jsonl"
#: Maximum seconds for `git worktree list`.
GIT_TIMEOUT = 5.0
_WORKTREE = b"worktree "
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def config_folder(env: Mapping[str, str] | None = None) -> str:
    """Return the CLI's configuration folder for the environment *env*, which defaults to that of this process."""
    env = os.environ if env is None else env
    home = env.get("HOME") or os.path.expanduser("~")
    return unicodedata.normalize("NFC", env.get("CLAUDE_CONFIG_DIR") or os.path.join(home, ".claude"))


def projects_folder(config_dir: Directory | None = None) -> str:
    """Return the folder of all projects in *config_dir*, which defaults to that of this process."""
    given = checks.path("config_dir")(config_dir)
    return os.path.join(config_folder() if given is None else given, "projects")


def check_id(session_id: Any) -> str:
    """
    Return *session_id* as a string that is safe in a path.

    Raises:
        ConfigurationError: It is not a UUID.
    """
    checked = checks.session_uuid("session_id", "expected a UUID; list_sessions() returns the ids")(session_id)
    if checked is None:
        raise checks.invalid("session_id", session_id, "expected a session id, which is a UUID")
    return str(checked)


def canonical(directory: Directory) -> str:
    """Return *directory* as the CLI uses it: with links resolved, in Unicode NFC."""
    return real_path(checks.path("directory")(directory))


def real_path(directory: str) -> str:
    """Return *directory* as `canonical` does, without validation."""
    return unicodedata.normalize("NFC", os.path.realpath(directory))


def project_key(directory: Directory) -> str:
    """Return the project key of *directory*; the module docstring describes long keys."""
    return encode_path(canonical(directory))


def encode_path(path: str) -> str:
    """Return the project key of a canonical path."""
    key = _dashed(path)
    return key if len(key) <= MAX_KEY_CHARS else f"{key[:MAX_KEY_CHARS]}-{_hash(path)}"


def _dashed(path: str) -> str:
    # One dash for each UTF-16 code unit, which is a character in JavaScript.
    return re.sub(_OTHER, lambda match: "--" if ord(match[0]) > 0xFFFF else "-", path)


def _hash(path: str) -> str:
    """Return the hash of the official SDKs: `h * 31 + unit` in 32 bits, its absolute value in base 36."""
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
    """Return the folders with the transcripts of *directory*: at most one, unless long keys have the same prefix."""
    exact = os.path.join(projects, project_key(directory))
    key = _dashed(canonical(directory))
    if os.path.isdir(exact) or len(key) <= MAX_KEY_CHARS:
        return [exact] if os.path.isdir(exact) and is_within(exact, projects) else []
    start = key[:MAX_KEY_CHARS] + "-"
    return [folder for folder in all_folders(projects) if os.path.basename(folder).startswith(start)]


def is_foreign(cwd: str | None, directory: str) -> bool:
    """
    Return whether a session that began in *cwd* belongs to another directory whose key is that of *directory*.

    The keys of `shop.eu` and `shop-eu` are equal. A *cwd* with another key is that of a directory that was moved. The
    CLI decides in the same way.
    """
    if not cwd or cwd == directory:
        return False
    own, began = real_path(directory), unicodedata.normalize("NFC", cwd)
    if began == own or _dashed(began)[:MAX_KEY_CHARS] != _dashed(own)[:MAX_KEY_CHARS]:
        return False
    return real_path(cwd) != own


def first_cwd(path: str) -> str | None:
    """Return the directory in which the session at *path* began; *None* if no entry has one."""
    try:
        with open(path, "rb") as file:
            return cwd_of(json_lines.decode(line) for line in file if b'"cwd"' in line)
    except OSError:
        # The transcript was deleted meanwhile, or belongs to another user.
        return None


def cwd_of(entries: Iterable[dict[str, Any] | None]) -> str | None:
    """Return the directory of the first of *entries* that has one."""
    found = (entry.get("cwd") for entry in entries if entry)
    return next((cwd for cwd in found if cwd and isinstance(cwd, str)), None)


def all_folders(projects: str) -> list[str]:
    """Return the folders of all projects, by name."""
    try:
        with os.scandir(projects) as entries:
            folders = [entry.path for entry in entries if entry.is_dir() and _is_inside_projects(entry, projects)]
    except OSError:
        # No CLI has run with this configuration folder yet, or it is not readable.
        return []
    return sorted(folders)


def transcripts_in(folder: str, projects: str) -> Iterator[os.DirEntry[str]]:
    """Yield the directory entries in *folder* with the name of a transcript."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if re.fullmatch(SESSION_FILE, entry.name) and _is_inside_projects(entry, projects):
                    yield entry
    except OSError:
        # Removed meanwhile, or not readable.
        log.debug("transcripts", "cannot read the folder %s", folder)


def _is_inside_projects(entry: os.DirEntry[str], projects: str) -> bool:
    return not entry.is_symlink() or is_within(entry.path, projects)


def is_within(path: str, projects: str) -> bool:
    """Return whether *path*, with all links resolved, is inside *projects*."""
    root = os.path.realpath(projects)
    inside = os.path.realpath(path).startswith(os.path.join(root, ""))
    if not inside:
        log.debug("transcripts", "ignored %s: it is outside of %s", path, root)
    return inside


def search_folders(
    directory: Directory | None, projects: str, worktrees: bool = True
) -> Iterator[tuple[str, str | None]]:
    """
    Yield the folders to search with their working directories, that of *directory* first.

    Without a *directory*, all projects are searched, and their directories are unknown. Git runs only if the caller
    continues after the first folder.
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
    """Return the worktrees of the repository that contains *directory*, the main one first."""
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
        # git is missing or hangs, or the directory was removed; the directory's own sessions are still listed.
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
    Return the path of the transcript of *session_id* and its working directory, or *None*.

    Empty files are ignored. Without a directory, the newest transcript is returned if several projects have the id.
    """
    name, projects = check_id(session_id) + SUFFIX, projects_folder(config_dir)
    candidates = ((os.path.join(folder, name), place) for folder, place in search_folders(directory, projects))
    found = (
        (path, place)
        for path, place in candidates
        if file_size(path) and is_within(path, projects) and (place is None or not is_foreign(first_cwd(path), place))
    )
    if directory is not None:
        return next(found, None)
    return max(found, key=lambda pair: os.stat(pair[0]).st_mtime_ns, default=None)


def require_transcript(session_id: str, directory: Directory | None, config_dir: Directory | None) -> str:
    """
    Return the path of the transcript of *session_id*.

    Raises:
        SessionNotFoundError: The session does not exist.
        ConfigurationError: The id is not a UUID.
    """
    found = find(session_id, directory, config_dir)
    if found is None:
        raise not_found(session_id, directory, config_dir)
    return found[0]


def not_found(session_id: str, directory: Directory | None, config_dir: Directory | None) -> SessionNotFoundError:
    """Return the error for a session that does not exist, with the other places that contain its id."""
    projects = projects_folder(config_dir)
    elsewhere = [folder for folder, _ in search_folders(None, projects)]
    paths = [os.path.join(folder, session_id + SUFFIX) for folder in elsewhere]
    found = [path for path in paths if file_size(path)]
    where = f"in the projects of {projects}" if directory is None else f"for the directory {canonical(directory)}"
    hint = f"; found at {found[0]}: pass its directory, or no directory" if found else ""
    tried = None if directory is None else os.fspath(directory)
    text = f"no session {session_id} {where}{hint}"
    return SessionNotFoundError(text, session_id=session_id, directory=tried, found=found)


def file_size(path: str) -> int:
    """Return the size of the file at *path*; 0 if it does not exist."""
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
