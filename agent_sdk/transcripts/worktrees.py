"""The worktrees of a git repository. The one place outside of `_process` that starts a program: `git`, to be read."""
from __future__ import annotations

import subprocess
import unicodedata

from .._core import log

#: Seconds that git may take.
GIT_TIMEOUT = 5.0
_MARK = b"worktree "


def worktrees_of(directory: str) -> list[str]:
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
    paths = (line[len(_MARK) :].decode("utf-8", "surrogateescape") for line in lines if line.startswith(_MARK))
    return [unicodedata.normalize("NFC", path) for path in paths]
