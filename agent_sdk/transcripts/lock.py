"""
The lock file of a transcript: allows one turn at a time in a session, for all processes of this machine.

The SDK locks `<session id>.lock` with `flock` during a turn and removes the file afterwards. The system releases the
lock of a process that dies. The CLI does not use this lock.
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

#: Seconds between two attempts: initial and maximum.
MIN_INTERVAL = 0.005
MAX_INTERVAL = 0.1

#: Path of a lock that this process holds -> the thread that holds it.
_threads: dict[str, int] = {}
_locks: weakref.WeakSet[TurnLock] = weakref.WeakSet()


class TurnLock:
    """A held lock of one session."""

    def __init__(self, path: str, file: FileIO) -> None:
        self.path = path
        self._file = file
        _threads[path] = threading.get_ident()
        _locks.add(self)

    @classmethod
    def take(cls, transcript: str, wait: float, check: Callable[[], object] = lambda: None) -> TurnLock | None:
        """
        Acquire the lock of *transcript*; returns *None* if the lock file cannot be created.

        With *wait* 0 it makes one attempt. *check* is called between attempts and may raise.

        Raises:
            SessionBusyError: It was not released in time, or this thread holds it already.
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
        """Release the lock; a second call does nothing."""
        if self._file.closed:
            return
        _threads.pop(self.path, None)
        with contextlib.suppress(OSError):  # the session was deleted meanwhile
            os.unlink(self.path)  # before the release: a process that then locks the file detects the removal
        self._file.close()


def _lock_file(path: str) -> FileIO | None:
    """Return the locked file at *path*, or *None* if another holder has locked it."""
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
        file.close()  # its last holder removed the file; a new one must be opened


def _open_lock_file(path: str) -> FileIO:
    """Open a lock file without following symbolic links."""
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
        text = "its turn is still running in this thread; wait for it to end, or use fork_session=True"
    else:
        text = f"another turn is running in it (process {_holder(path)}); waited {waited:.1f} seconds (session_wait)"
    return SessionBusyError(f"session {session_id}: {text}", session_id=session_id, waited=waited)


def _holder(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read(20).strip() or "unknown"
    except (OSError, ValueError):
        return "unknown"  # it has just ended


def _after_fork() -> None:
    _threads.clear()
    for lock in list(_locks):
        lock._file.close()  # the child's copy; the parent keeps the lock


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
