"""
The protocol without I/O: lines in, sorted frames out; questions and replies as lines to send.

An answer settles its future; everything else goes into the inbox, in the order in which it came.
"""
from __future__ import annotations

import collections
import itertools
from collections.abc import Callable
from typing import Any

from .._core import json_lines, log
from .._core.callbacks import Cancellation
from ..errors import AgentSDKError, ControlError

Frame = dict[str, Any]
#: A frame with the line it came in, or a line of standard error as text.
Item = tuple[Frame, bytes] | str
#: The type of a frame of our own: what a callback in another thread raised, and the turn has to raise.
RAISE = "agent_sdk_leaving"


#: Withdrawn questions that are remembered: some were answered already, and never come.
MAX_WITHDRAWN = 200


class Future:
    """The answer to one control request, once it is there."""

    __slots__ = ("done", "error", "response", "subtype")

    def __init__(self, subtype: str) -> None:
        self.subtype = subtype
        self.done = False
        self.response: Frame = {}
        self.error: AgentSDKError | None = None

    def settle(self, response: Frame) -> None:
        """Take the CLI's answer."""
        if response.get("subtype") == "error":
            text = str(response.get("error") or "the CLI gave no reason")
            self.error = ControlError(
                f"{self.subtype}: {text}", subtype=self.subtype, error_code=response.get("error_code")
            )
        answer = response.get("response")
        self.response = answer if isinstance(answer, dict) else {}
        self.done = True

    def fail(self, error: AgentSDKError) -> None:
        """Settle without an answer."""
        self.error = error
        self.done = True

    def result(self) -> Frame:
        """
        Return the answer.

        Raises:
            ControlError: The CLI refused.
            AgentSDKError: The CLI ended first.
        """
        if self.error is not None:
            raise self.error
        return self.response


class Protocol:
    """The state of one conversation with one process."""

    def __init__(
        self,
        answers_at_once: Callable[[Frame], bool] = lambda frame: False,
        mirror: Callable[[Frame, int], bool] | None = None,
    ) -> None:
        self.inbox: collections.deque[Item] = collections.deque()
        #: The control requests of the CLI among them.
        self.requests: collections.deque[Frame] = collections.deque()
        self._futures: dict[str, Future] = {}
        self._numbers = itertools.count(1)
        self._answers_at_once = answers_at_once
        #: Takes what goes to a session store, with its bytes; true asks the turn to flush.
        self._mirror = mirror
        #: Questions of the CLI that are being answered, and those that were withdrawn before.
        self._open: dict[str, Cancellation] = {}
        self._withdrawn: collections.deque[str] = collections.deque(maxlen=MAX_WITHDRAWN)

    # --- in

    def process_frame(self, line: bytes) -> None:
        """Decode one line and put its frame where it belongs."""
        frame = json_lines.decode(line)
        if frame is None:
            return
        kind = frame.get("type")
        sorter = _HANDLERS.get(kind) if type(kind) is str else None
        if sorter is None:
            self.inbox.append((frame, line))
        else:
            sorter(self, frame, line)

    def _process_request(self, frame: Frame, line: bytes) -> None:
        if not self._answers_at_once(frame):
            self.requests.append(frame)
            self.inbox.append((frame, line))

    def _process_response(self, frame: Frame, line: bytes) -> None:
        response = frame.get("response")
        if isinstance(response, dict):
            future = self._futures.pop(str(response.get("request_id")), None)
            if future is not None:
                future.settle(response)

    def _process_cancel(self, frame: Frame, line: bytes) -> None:
        request_id = str(frame.get("request_id"))
        cancellation = self._open.pop(request_id, None)
        if cancellation is not None:
            cancellation.cancelled = True
        else:
            self._withdrawn.append(request_id)

    def _process_mirror(self, frame: Frame, line: bytes) -> None:
        if self._mirror is not None and self._mirror(frame, len(line)):
            self.inbox.append(({"type": "transcript_mirror"}, b""))

    def _skip(self, frame: Frame, line: bytes) -> None:
        log.debug("protocol", "plumbing: %s", frame.get("type"))

    def take_request(self, wanted: Callable[[Frame], bool] = lambda frame: True) -> Frame | None:
        """Take the oldest *wanted* control request out of the inbox, past the messages before it."""
        for frame in list(self.requests):
            if wanted(frame) and self.taken(frame):
                item = next((item for item in list(self.inbox) if item and item[0] is frame), None)
                if item is not None:
                    self.inbox.remove(item)
                return frame
        return None

    def taken(self, frame: Frame) -> bool:
        """Note that a control request is about to be answered; false when somebody else has taken it."""
        try:
            self.requests.remove(frame)  # in one step: two threads may be here
        except ValueError:
            return False
        return True

    def open(self, request_id: str, cancellation: Cancellation) -> bool:
        """Begin to answer a question of the CLI; false when it was withdrawn before."""
        if self._withdrawn and request_id in self._withdrawn:
            self._withdrawn.remove(request_id)
            return False
        self._open[request_id] = cancellation
        return True

    def cancel_open(self) -> None:
        """Tell the callbacks that run that nobody waits any more."""
        for cancellation in list(self._open.values()):
            cancellation.cancelled = True

    def close(self, request_id: str) -> bool:
        """End a question of the CLI; false when it is answered or withdrawn already."""
        return self._open.pop(request_id, None) is not None

    # --- out

    def request(self, subtype: str, fields: Frame) -> tuple[Future, bytes]:
        """
        Make a control request.

        Raises:
            ValueError, TypeError: A field cannot be written as JSON.
        """
        request_id = f"req_{next(self._numbers)}"
        line = json_lines.encode(
            {"type": "control_request", "request_id": request_id, "request": {"subtype": subtype, **fields}}
        )
        future = self._futures[request_id] = Future(subtype)
        return future, line

    def fail_all(self, error: AgentSDKError) -> None:
        """Settle every open question: the lines have ended."""
        while self._futures:
            self._futures.popitem()[1].fail(error)


def reply(request_id: object, response: Frame) -> bytes:
    """Make the line that answers a control request of the CLI."""
    body = {"subtype": "success", "request_id": request_id, "response": response}
    return json_lines.encode({"type": "control_response", "response": body})


def refuse(request_id: object, reason: str) -> bytes:
    """Make the line that answers a control request of the CLI with an error."""
    body = {"subtype": "error", "request_id": request_id, "error": reason}
    return json_lines.encode({"type": "control_response", "response": body})


_HANDLERS = {
    "control_request": Protocol._process_request,
    "control_response": Protocol._process_response,
    "control_cancel_request": Protocol._process_cancel,
    "keep_alive": Protocol._skip,
    "transcript_mirror": Protocol._process_mirror,
}
