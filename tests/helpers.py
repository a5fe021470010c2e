"""
What end-to-end tests share: looks at processes, and waiting for what has no event.
"""
from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def processes_with(word: str) -> list[int]:
    """The pids of live processes with *word* in their command line."""
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and word.encode() in _command_line(pid)]


def _command_line(pid: str) -> bytes:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return b"" if state == "Z" else Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def until(done: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for something that has no event of its own."""
    limit = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    """Whether *pid* is a live process."""
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
