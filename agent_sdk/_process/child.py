"""
`Child`: one child process, its signals, its termination in escalating steps, and reaping.

It does not parse lines; while it waits for the process to end, it discards the output.
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

#: Polling interval in seconds for a process without a pidfd.
POLL_INTERVAL = 0.25
TERMINATE_TIMEOUT = 1.0
KILL_TIMEOUT = 0.5


class Child:
    """A started process. A marker in its environment identifies the processes that it starts."""

    def __init__(self, popen: subprocess.Popen[bytes], marker: str) -> None:
        self.popen = popen
        self.pid = popen.pid
        self.exit_code: int | None = None
        #: pidfd, readable when the process has ended; -1 if unavailable.
        self.pidfd = _pidfd_of(popen.pid)
        self._marker = marker

    def is_dead(self) -> bool:
        """Return whether the process has ended, and reap it if so."""
        if self.exit_code is None and has_ended(self.pid):
            orphan_guard.drop(self.pid)
            self.exit_code = self.popen.wait()
        return self.exit_code is not None

    def wait(self, seconds: float, pipes: Pipes | None) -> None:
        """Wait up to *seconds* for the process to end, and drain its pipes meanwhile."""
        deadline = time.monotonic() + seconds
        if pipes is None or self.is_dead():
            return
        watch = select.poll()  # not the reader's poll object: another thread may be using that one
        for descriptor in {pipes.stdout, pipes.stderr, self.pidfd} - {-1}:
            watch.register(descriptor, select.POLLIN)
        while not self.is_dead() and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in watch.poll(min(left, POLL_INTERVAL if self.pidfd >= 0 else 0.01) * 1000):
                if descriptor != self.pidfd and read(descriptor, CHUNK_SIZE) == b"":
                    watch.unregister(descriptor)

    # # --- termination in escalating steps

    def end(self, grace: float, pipes: Pipes) -> None:
        """Wait *grace* seconds for the process to end, then end it with SIGTERM and SIGKILL. Bounded in time."""
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
                continue  # continue with the next, harder step
        if self.is_dead() and self.exit_code == -signal.SIGKILL:
            # A killed CLI leaves its tools' processes running.
            tree.signal_all(tree.with_marker(self._marker), signal.SIGKILL)

    def _terminate(self, pipes: Pipes) -> None:
        """Send SIGTERM: the CLI then ends its own children."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a stopped process handles SIGTERM only after SIGCONT
        self.wait(TERMINATE_TIMEOUT, pipes)

    def _kill(self, pipes: Pipes) -> None:
        """Kill the process and its descendants."""
        below = tree.descendants(self.pid)
        self._signal(signal.SIGKILL)
        tree.signal_all(below, signal.SIGKILL)
        self.wait(KILL_TIMEOUT, pipes)

    def _signal(self, number: signal.Signals) -> None:
        if not self.is_dead():
            os.kill(self.pid, number)

    # # --- releasing

    def close_pidfd(self) -> None:
        """Stop watching."""
        pidfd, self.pidfd = self.pidfd, -1
        if pidfd >= 0:
            os.close(pidfd)

    def forget(self) -> None:
        """Release the process in a forked child: it belongs to the parent."""
        self.close_pidfd()
        self.popen.returncode = self.exit_code = 0


def has_ended(pid: int) -> bool:
    """Return whether a child has ended, without reaping it."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True  # reaped elsewhere, or the program ignores SIGCHLD


def _pidfd_of(pid: int) -> int:
    if not hasattr(os, "pidfd_open"):
        return -1
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1  # old kernel, or a sandbox that blocks pidfd_open: the process is polled instead
