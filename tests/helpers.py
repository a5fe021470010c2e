"""
Shared functions of end-to-end tests: list processes, and wait for conditions that have no event.
"""
from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HAS_PROC = Path("/proc/self/stat").exists()  # macOS has no /proc


def processes_with(word: str) -> list[int]:
    """Return the pids of live processes with *word* in their command line."""
    pids = map(int, filter(str.isdigit, os.listdir("/proc") if HAS_PROC else _ps("-A", "-o", "pid=").split()))
    return [pid for pid in pids if word.encode() in command_line(pid)]


def command_line(pid: int) -> bytes:
    """Return the command line of a live process, or `b""` if it has ended."""
    if not alive(pid):
        return b""
    if not HAS_PROC:
        return _ps("-ww", "-o", "command=", "-p", str(pid)).encode()
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout


def descriptors() -> int:
    """Return the number of open file descriptors of this process."""
    return len(os.listdir("/dev/fd"))


def until(done: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until *done* returns a true value, and return it."""
    limit = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < limit, f"the condition was not true within {seconds} s"
        time.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    """Return whether *pid* is a live process."""
    if not HAS_PROC:
        return _ps("-o", "stat=", "-p", str(pid)).strip()[:1] not in ("", "Z")
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def in_thread(function: Callable[[], Any]) -> threading.Thread:
    """Run *function* in a daemon thread."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def told(model: Any) -> str:
    """Return the messages of the latest model request: tool results, contexts, prompts."""
    return str(model.requests[-1].messages)


def text_of(block: dict[str, Any]) -> str:
    """Return the text of a tool result."""
    content: Any = block["content"]
    return content if isinstance(content, str) else "\n".join(part.get("text", f"[{part['type']}]") for part in content)
