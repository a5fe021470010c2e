"""
The running processes, and their cleanup when they were not closed: when the client is garbage-collected, Python
exits, or this process forks.

A finalizer takes no lock, does not wait and does not log: it can run at any line of any thread.
"""
from __future__ import annotations

import atexit
import os
import signal
import subprocess
import time
import weakref
from typing import Protocol

from . import orphan_guard
from .child import has_ended
from .command import Command
from .pipes import Pipes

#: Seconds that all processes together have to end at exit.
EXIT_TIMEOUT = 1.0


class _Process(Protocol):
    """The transport of a registered process."""

    pid: int | None

    def end_input(self) -> None: ...
    def close(self, grace: float) -> None: ...
    def forget(self) -> None: ...


_transports: weakref.WeakSet[_Process] = weakref.WeakSet()
_finalizers: dict[int, weakref.finalize[..., _Process]] = {}
#: Abandoned processes, with the command objects to keep alive until they have ended.
_unreaped: dict[subprocess.Popen[bytes], Command] = {}


def register_process(transport: _Process, popen: subprocess.Popen[bytes], pipes: Pipes, command: Command) -> None:
    """Register a started process for cleanup."""
    finalizer = weakref.finalize(transport, _abandon, os.getpid(), popen, pipes, command)
    finalizer.atexit = False
    _finalizers[popen.pid] = finalizer
    _transports.add(transport)


def unregister(transport: _Process) -> None:
    """Unregister a process that has ended and was reaped."""
    _transports.discard(transport)
    finalizer = _finalizers.pop(transport.pid or 0, None)
    if finalizer is not None:
        finalizer.detach()


def _abandon(owner: int, popen: subprocess.Popen[bytes], pipes: Pipes, command: Command) -> None:
    if os.getpid() != owner:
        return
    _finalizers.pop(popen.pid, None)
    pipes.close()
    if popen.returncode is None:
        _unreaped[popen] = command
        for number in (signal.SIGTERM, signal.SIGCONT):
            try:
                os.kill(popen.pid, number)
            except OSError:
                continue  # it ended first
    command.remove_files()


def reap() -> None:
    """Reap the abandoned processes that have ended."""
    for popen in list(_unreaped):
        if has_ended(popen.pid):
            orphan_guard.drop(popen.pid)
            popen.wait()
            _unreaped.pop(popen, None)


@atexit.register
def _close_all() -> None:
    transports = list(_transports)
    for transport in transports:
        transport.end_input()
    deadline = time.monotonic() + EXIT_TIMEOUT
    for transport in transports:
        transport.close(grace=max(0.0, deadline - time.monotonic()))
    _finish_abandoned()
    orphan_guard.stop()


def _finish_abandoned() -> None:
    deadline = time.monotonic() + EXIT_TIMEOUT
    while _unreaped and time.monotonic() < deadline:
        reap()
        time.sleep(0.01)
    for popen in _unreaped:
        popen.kill()
        orphan_guard.drop(popen.pid)
        popen.wait()
    _unreaped.clear()


def _after_fork() -> None:
    for transport in list(_transports):
        transport.forget()
    _transports.clear()
    for finalizer in _finalizers.values():
        finalizer.detach()
    _finalizers.clear()
    for popen in _unreaped:
        popen.returncode = 0  # the parent reaps it
    _unreaped.clear()
    orphan_guard.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
