"""
The lock beside a transcript: one turn at a time in a session, for all processes of this machine.

`<session id>.lock` is locked with `flock` while a turn of ours runs, and removed after it; the system frees the lock of
a process that dies. The CLI knows nothing of it.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
import weakref
from collections.abc import Callable
from io import FileIO

from .._core import log
from ..errors import SessionBusyError
from .paths import SUFFIX

#: Seconds between two attempts: at first, and at most.
MIN_INTERVAL = 0.005
MAX_INTERVAL = 0.1

#: Path of a lock that this process holds -> the thread whose turn it is.
_threads: dict[str, int] = {}
_locks: weakref.WeakSet[TurnLock] = weakref.WeakSet()


class TurnLock:
    """The lock of one session, held."""

    def __init__(self, path: str, file: FileIO) -> None:
        self.path = path
        self._file = file
        _threads[path] = threading.get_ident()
        _locks.add(self)

    @classmethod
    def take(cls, transcript: str, wait: float, check: Callable[[], object] = lambda: None) -> TurnLock | None:
        """
        Wait for the lock beside *transcript*; *None* when no file can be created in its folder.

        With *wait* 0 there is one attempt. *check* is called between two attempts and may raise.

        Raises:
            SessionBusyError: It was not free in time, or this very thread holds it (at once).
        """
        path = transcript.removesuffix(SUFFIX) + ".lock"
        begun, pause = time.monotonic(), MIN_INTERVAL
        while True:
            try:
                file = _lock_file(path)
            except OSError as error:
                log.debug("transcripts", "no lock at %s: %s", path, error)
                return None
            if file is not None:
                return cls(path, file)
            waited = time.monotonic() - begun
            if _threads.get(path) == threading.get_ident() or waited >= wait:
                raise _busy(path, waited)
            check()
            time.sleep(min(pause, wait - waited))
            pause = min(2 * pause, MAX_INTERVAL)

    def release(self) -> None:
        """Free the session; a second call does nothing."""
        if self._file.closed:
            return
        _threads.pop(self.path, None)
        with contextlib.suppress(OSError):  # the session was deleted meanwhile
            os.unlink(self.path)  # first: whoever locks this file afterwards sees that it is no longer there
        self._file.close()


def _lock_file(path: str) -> FileIO | None:
    """Return the file at *path*, locked, or *None* when somebody else has locked it."""
    while True:
        file = _open_lock_file(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        except BaseException:
            file.close()
            raise
        if _is_at(path, file):
            os.pwrite(file.fileno(), b"%d\n" % os.getpid(), 0)
            return file
        file.close()  # its last holder has removed it: the next one is another file


def _open_lock_file(path: str) -> FileIO:
    """Open the file of a lock, and follow no link to it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return FileIO(os.open(path, flags, 0o600), "r+")


def _is_at(path: str, file: FileIO) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _busy(path: str, waited: float) -> SessionBusyError:
    session_id = os.path.basename(path).removesuffix(".lock")
    if _threads.get(path) == threading.get_ident():
        text = "its turn is still running in this thread; let it end first, or use fork_session=True"
    else:
        text = f"another turn is running in it (process {_holder(path)}); waited {waited:.1f} seconds (session_wait)"
    return SessionBusyError(f"session {session_id}: {text}", session_id=session_id, waited=waited)


def _holder(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read(20).strip() or "unknown"
    except (OSError, ValueError):
        return "unknown"  # it ended this moment


def _after_fork() -> None:
    _threads.clear()
    for lock in list(_locks):
        lock._file.close()  # our copy; the parent's lock stays


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
