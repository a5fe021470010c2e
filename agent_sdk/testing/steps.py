"""
Steps of a `FakeCLI` besides writing frames. A turn may contain steps between its frames.

    FakeCLI([frames.init(), steps.delay(0.1), frames.assistant("hi"), steps.exit(1)])
"""
from __future__ import annotations

import base64
import signal
from collections.abc import Mapping
from typing import Any

import attrs

__all__ = [
    "Step",
    "ask",
    "delay",
    "exit",
    "fork_grandchild",
    "ignore_sigterm",
    "kill_self",
    "one_byte_at_a_time",
    "stderr",
    "wait_for",
]


@attrs.frozen
class Step:
    """One action of the fake, created by the functions of this module."""

    #: The name of a method of the fake's program.
    do: str
    #: Its arguments, all JSON.
    arguments: dict[str, Any] = attrs.field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the step in the format of the fake's program."""
        return {"do": self.do, **self.arguments}


def delay(seconds: float) -> Step:
    """Wait. Control requests are answered meanwhile, and an interrupt ends the turn."""
    return Step("delay", {"seconds": float(seconds)})


def exit(code: int = 0) -> Step:  # noqa: A001 (written `steps.exit`)
    """End the process with this exit code."""
    return Step("exit", {"code": code})


def ask(request: Mapping[str, Any], *, request_id: str | None = None) -> Step:
    """
    Send a control request and wait for the SDK's response, which is added to `FakeCLI.received`.

    Args:
        request: The request with its `subtype`, such as `{"subtype": "can_use_tool", "tool_name": "Bash", …}`.
        request_id: Defaults to a new id.
    """
    return Step("ask", {"request": dict(request), "request_id": request_id})


def wait_for(kind: str) -> Step:
    """
    Wait until the SDK has sent a frame of this `type`, or a control request of this `subtype`.

    Each frame ends one wait: a frame that arrived since the last wait for its kind counts, the turn's own user
    message does not. The end of stdin ends the wait and the turn.
    """
    return Step("wait_for", {"kind": kind})


def stderr(text: str | bytes, *, repeat: int = 1) -> Step:
    """Write *text* to stderr, *repeat* times, unchanged."""
    return Step("stderr", {"base64": _base64(text), "repeat": repeat})


def ignore_sigterm() -> Step:
    """Ignore SIGTERM from now on."""
    return Step("ignore_sigterm")


def fork_grandchild(seconds: float) -> Step:
    """Start a grandchild that keeps stdout and stderr open for *seconds*, even after the fake has exited."""
    return Step("fork_grandchild", {"seconds": float(seconds)})


def one_byte_at_a_time(*frames: Mapping[str, Any] | bytes) -> Step:
    """Write frames (or raw bytes) with one system call per byte."""
    return Step("one_byte_at_a_time", {"frames": [encode(frame) for frame in frames]})


def kill_self(signal_number: int = signal.SIGKILL) -> Step:
    """End the process with a signal, or stop it with SIGSTOP."""
    return Step("kill_self", {"signal": int(signal_number)})


def encode(item: Step | Mapping[str, Any] | bytes) -> dict[str, Any]:
    """
    Return one item of a turn in the format of the fake's program.

    Raises:
        TypeError: It is not a frame, bytes or a step.
    """
    if isinstance(item, Step):
        return item.to_dict()
    if isinstance(item, Mapping):
        return {"do": "frame", "frame": dict(item)}
    if isinstance(item, (bytes, bytearray)):
        return {"do": "raw", "base64": _base64(bytes(item))}
    raise TypeError(f"expected a frame (dict), bytes or a step in a turn, got {type(item).__name__}: {item!r:.80}")


def _base64(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.b64encode(raw).decode("ascii")
