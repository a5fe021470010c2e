"""
What end-to-end tests share: looks at processes, and waiting for what has no event.
"""
from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HAS_PROC = Path("/proc/self/stat").exists()  # macOS has none


def processes_with(word: str) -> list[int]:
    """The pids of live processes with *word* in their command line."""
    pids = map(int, filter(str.isdigit, os.listdir("/proc") if HAS_PROC else _ps("-A", "-o", "pid=").split()))
    return [pid for pid in pids if word.encode() in command_line(pid)]


def command_line(pid: int) -> bytes:
    """The command line of a live process; empty when it has ended."""
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
    """How many descriptors this process has open."""
    return len(os.listdir("/dev/fd"))


def until(done: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for something that has no event of its own."""
    limit = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    """Whether *pid* is a live process."""
    if not HAS_PROC:
        return _ps("-o", "stat=", "-p", str(pid)).strip()[:1] not in ("", "Z")
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def in_thread(function: Callable[[], Any]) -> threading.Thread:
    """Run *function* beside the test."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def told(model: Any) -> str:
    """What the model read in its newest request: tool results, contexts, prompts."""
    return str(model.requests[-1].messages)


def text_of(block: dict[str, Any]) -> str:
    """The text of a tool result."""
    content: Any = block["content"]
    return content if isinstance(content, str) else "\n".join(part.get("text", f"[{part['type']}]") for part in content)
