"""
The descendants of a process, for the last step of its termination.

A killed CLI leaves the children of its tools running, because they have sessions of their own. While the CLI runs,
they are found by their parents; afterwards by a marker in their environment.
"""
from __future__ import annotations

import os
import signal


def descendants(pid: int) -> list[int]:
    """Return the pids of all descendants of *pid*, children first; empty if the system does not provide them."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    level = children.get(pid, [])
    while level:
        found += level
        level = [below for one in level for below in children.get(one, [])]
    return found


def with_marker(marker: str) -> list[int]:
    """Return the pids of processes that were started with *marker* in their environment (Linux only)."""
    wanted = marker.encode()
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    found = []
    for name in names:
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if wanted in file.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            continue  # it ended, or belongs to another user
    return found


def _parents() -> list[tuple[int, int]]:
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return _parents_by_ps()
    return [(int(name), parent) for name in names if (parent := _parent_of(name)) is not None]


def _parent_of(name: str) -> int | None:
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            # The program name, in parentheses, can contain any characters.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None  # it ended in the meantime


def _parents_by_ps() -> list[tuple[int, int]]:
    import subprocess

    try:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, timeout=1, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = (line.split() for line in listed.split(b"\n"))
    return [(int(row[0]), int(row[1])) for row in rows if len(row) == 2]


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to each running process of *pids*."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue  # it ended first
