"""
The orphan guard: one `sh` per Python process, which ends the CLI processes when the Python process is killed.

It reads pids until its standard input ends. Without it, an orphaned CLI would finish its turn and run its tools.
A parent-death signal does not work: it fires when the thread that spawned the CLI ends.
"""
from __future__ import annotations

import os
import subprocess
import threading

_SCRIPT = """
while read -r what pid; do
  case $what in
    add) pids="$pids $pid" ;;
    drop) left=; for one in $pids; do [ "$one" = "$pid" ] || left="$left $one"; done; pids=$left ;;
  esac
done
[ -z "$pids" ] || { kill -TERM $pids; kill -CONT $pids; }
"""


class _OrphanGuard:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.pipe: int | None = None

    def send(self, what: str, pid: int) -> None:
        if self.pipe is None:
            return
        try:
            os.write(self.pipe, b"%s %d\n" % (what.encode(), pid))
        except OSError:
            self.pipe = None  # the guard was killed: CLIs still end at exit, but not if this process is killed

    def start(self) -> None:
        with self.lock:
            if self.process is not None:
                return
            read_end, pipe = os.pipe()
            try:
                self.process = subprocess.Popen(
                    ["/bin/sh", "-c", _SCRIPT],
                    stdin=read_end,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    cwd="/",
                    start_new_session=True,
                )
                self.pipe = pipe
            finally:
                os.close(read_end)
                if self.pipe is None:
                    os.close(pipe)

    def stop(self) -> None:
        process, pipe, self.process, self.pipe = self.process, self.pipe, None, None
        if pipe is not None:
            os.close(pipe)
        if process is not None:
            try:
                process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                return  # a process forked without Python's fork hooks holds the pipe; the guard ends with it

    def forget(self) -> None:
        # In a forked child: its copy of the pipe would keep the parent's guard running.
        if self.pipe is not None:
            os.close(self.pipe)
        if self.process is not None:
            self.process.returncode = 0  # not a child of this process, which cannot reap it
        self.__init__()  # type: ignore[misc]


_guard = _OrphanGuard()
start, stop, forget = _guard.start, _guard.stop, _guard.forget


def add(pid: int) -> None:
    """Watch *pid*."""
    _guard.send("add", pid)


def drop(pid: int) -> None:
    """Stop watching *pid*. Call this before reaping the process; afterwards the pid may be reused."""
    _guard.send("drop", pid)
