"""
One child process: watched, signalled, ended by the ladder, and reaped.

Knows nothing of lines; what its pipes bring while its end is waited for is thrown away.
"""
from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable

from . import orphan_guard, tree
from .pipes import CHUNK_SIZE, Pipes, read

#: Seconds between two looks at a process whose death no descriptor tells.
POLL_INTERVAL = 0.25
TERMINATE_TIMEOUT = 1.0
KILL_TIMEOUT = 0.5


class Child:
    """A process that was just started, with the marker of all that it starts itself."""

    def __init__(self, popen: subprocess.Popen[bytes], marker: str) -> None:
        self.popen = popen
        self.pid = popen.pid
        self.exit_code: int | None = None
        #: Readable when it has ended; -1 where there is no such thing.
        self.pidfd = _pidfd_of(popen.pid)
        self._marker = marker

    def is_dead(self) -> bool:
        """Tell whether it has ended, and reap it."""
        if self.exit_code is None and has_ended(self.pid):
            orphan_guard.drop(self.pid)
            self.exit_code = self.popen.wait()
        return self.exit_code is not None

    def wait(self, seconds: float, pipes: Pipes | None) -> None:
        """Wait for its end, and keep its pipes from filling up."""
        deadline = time.monotonic() + seconds
        if pipes is None or self.is_dead():
            return
        watch = select.poll()  # not the reader's: another thread may be in that one
        for descriptor in {pipes.stdout, pipes.stderr, self.pidfd} - {-1}:
            watch.register(descriptor, select.POLLIN)
        while not self.is_dead() and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in watch.poll(min(left, POLL_INTERVAL if self.pidfd >= 0 else 0.01) * 1000):
                if descriptor != self.pidfd and read(descriptor, CHUNK_SIZE) == b"":
                    watch.unregister(descriptor)

    # --- the closing ladder

    def end(self, grace: float, pipes: Pipes) -> None:
        """Wait *grace* seconds for its end, then end it, step by step; bounded."""
        ladder: tuple[Callable[[], None], ...] = (
            lambda: self.wait(grace, pipes),
            lambda: self._terminate(pipes),
            lambda: self._kill(pipes),
        )
        for step in ladder:
            try:
                if self.is_dead():
                    break
                step()
            except OSError:
                continue  # the next, harder step does not need this one
        if self.is_dead() and self.exit_code == -signal.SIGKILL:
            # A killed CLI leaves its tools running.
            tree.signal_all(tree.with_marker(self._marker), signal.SIGKILL)

    def _terminate(self, pipes: Pipes) -> None:
        """Ask it to end: the CLI then ends its own children."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a stopped process takes no SIGTERM before
        self.wait(TERMINATE_TIMEOUT, pipes)

    def _kill(self, pipes: Pipes) -> None:
        """End it, and what is below it."""
        below = tree.descendants(self.pid)
        self._signal(signal.SIGKILL)
        tree.signal_all(below, signal.SIGKILL)
        self.wait(KILL_TIMEOUT, pipes)

    def _signal(self, number: signal.Signals) -> None:
        if not self.is_dead():
            os.kill(self.pid, number)

    # --- letting go

    def close_pidfd(self) -> None:
        """Stop watching."""
        pidfd, self.pidfd = self.pidfd, -1
        if pidfd >= 0:
            os.close(pidfd)

    def forget(self) -> None:
        """Leave it to the parent of this forked process."""
        self.close_pidfd()
        self.popen.returncode = self.exit_code = 0


def has_ended(pid: int) -> bool:
    """Tell whether a child has ended, and leave it to be reaped."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True  # reaped elsewhere, or SIGCHLD is ignored in this program


def _pidfd_of(pid: int) -> int:
    if not hasattr(os, "pidfd_open"):
        return -1
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1  # an old kernel, or a sandbox that forbids it: looked at in intervals instead
