"""
A CLI in memory: a `Transport` for tests that need no process.
"""
from __future__ import annotations

import collections
import json
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agent_sdk import ProcessError, Transport

Frame = dict[str, Any]
_END = b"the end of the lines"
_WAKE = b""


def line(frame: Mapping[str, Any] | bytes) -> bytes:
    """Encode a frame as a line without its newline; return bytes unchanged."""
    return frame if isinstance(frame, bytes) else json.dumps(frame).encode()


def answer(request_id: str, response: Mapping[str, Any] | None = None, error: str | None = None) -> bytes:
    """Return the control response to a control request, as a line."""
    body: Frame = {"subtype": "success", "request_id": request_id, "response": dict(response or {})}
    if error is not None:
        body = {"subtype": "error", "request_id": request_id, "error": error}
    return line({"type": "control_response", "response": body})


class MemoryCLI(Transport):
    """
    Answers every control request with success, and sends *turn* after each prompt.

    Args:
        turn: Frames, or lines as bytes. `$uuid` in a line is replaced with the uuid of the prompt.
        responses: The response for each subtype: a dict, the text of an error, or *None* to send no response.
    """

    def __init__(self, turn: Iterable[Any] = (), responses: Mapping[str, Any] | None = None) -> None:
        self.turn = list(turn)
        self.responses = dict(responses or {})
        self.received: list[Frame] = []
        self.calls: list[str] = []
        self.on_start: Callable[[], object] = lambda: None
        #: Threads in `read_lines`: the current number, and the maximum.
        self.readers = self.most_readers = 0
        self._out: collections.deque[bytes] = collections.deque()
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._has_ended = False

    # --- called by tests

    def say(self, *frames: Mapping[str, Any] | bytes) -> None:
        """Send lines to the SDK, from any thread."""
        for frame in frames:
            self._lines.put(line(frame))

    def end(self) -> None:
        """End the output."""
        self._lines.put(_END)

    def asked(self, kind: str) -> list[Frame]:
        """Return the received frames with this `type`, or with this `subtype` of a control request."""
        return [f for f in self.received if kind in (f["type"], f.get("request", {}).get("subtype"))]

    # --- the transport

    def start(self, on_stderr: Callable[[str], None] | None = None) -> None:
        self.calls.append("start")
        self._lines, self._has_ended = queue.SimpleQueue(), False
        self._out.clear()
        self.on_start()

    def send_line(self, sent: bytes) -> None:
        self._out.append(sent)

    def wake(self) -> None:
        self._lines.put(_WAKE)

    def end_input(self) -> None:
        self.calls.append("end_input")
        self._lines.put(_END)

    def close(self, grace: float = 1.0) -> None:
        self.calls.append("close")
        self._lines.put(_END)

    def end_error(self) -> ProcessError:
        return ProcessError("the output ended before the result")

    def read_lines(self, timeout: float | None) -> list[bytes]:
        self.readers += 1
        self.most_readers = max(self.most_readers, self.readers)
        try:
            while self._out:
                self._receive(json.loads(self._out.popleft()))
            if self._has_ended:
                raise EOFError
            return self._take(timeout)
        finally:
            self.readers -= 1

    def _take(self, timeout: float | None) -> list[bytes]:
        found = []
        try:
            found.append(self._lines.get(block=timeout is None or timeout > 0, timeout=timeout or None))
            while True:
                found.append(self._lines.get_nowait())
        except queue.Empty:
            pass  # no more lines
        self._has_ended = _END in found
        lines = [one for one in found if one not in (_END, _WAKE)]
        if self._has_ended and not lines:
            raise EOFError
        return lines

    def _receive(self, frame: Frame) -> None:
        self.received.append(frame)
        if frame["type"] == "user":
            self.say(*(line(one).replace(b"$uuid", frame["uuid"].encode()) for one in self.turn))
        elif frame["type"] == "control_request":
            self._answer(frame["request_id"], frame["request"]["subtype"])

    def _answer(self, request_id: str, subtype: str) -> None:
        response = self.responses.get(subtype, {})
        if isinstance(response, str):
            self.say(answer(request_id, error=response))
        elif response is not None:
            self.say(answer(request_id, response))


def together(*functions: Callable[[], object], seconds: float = 20.0) -> list[object]:
    """Run each function in its own thread; return the value or the exception of each."""
    outcomes: list[object] = [None] * len(functions)

    def run(place: int, function: Callable[[], object]) -> None:
        try:
            outcomes[place] = function()
        except BaseException as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a thread hangs"
    return outcomes
