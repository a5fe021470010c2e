"""
The protocol without I/O: lines in, sorted frames out; questions and replies as lines to send.

An answer settles its future; everything else goes into the inbox, in the order in which it came.
"""
from __future__ import annotations

import collections
import itertools
from typing import Any

from .. import _codec, _log
from ..errors import AgentSDKError, ControlError

Frame = dict[str, Any]
#: A frame with the line it came in, or a line of standard error as text.
Item = tuple[Frame, bytes] | str


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

    def __init__(self) -> None:
        self.inbox: collections.deque[Item] = collections.deque()
        #: Control requests of the CLI that wait in the inbox, or did: no less than there are.
        self.requests = 0
        self._futures: dict[str, Future] = {}
        self._numbers = itertools.count(1)
        self._cancelled: set[str] = set()

    # --- in

    def sort(self, line: bytes) -> None:
        """Decode one line and put its frame where it belongs."""
        frame = _codec.decode(line)
        if frame is None:
            return
        kind = frame.get("type")
        sorter = _SORTERS.get(kind) if type(kind) is str else None
        if sorter is None:
            self.inbox.append((frame, line))
        else:
            sorter(self, frame, line)

    def _sort_request(self, frame: Frame, line: bytes) -> None:
        self.inbox.append((frame, line))
        self.requests += 1

    def _sort_response(self, frame: Frame, line: bytes) -> None:
        response = frame.get("response")
        if isinstance(response, dict):
            future = self._futures.pop(str(response.get("request_id")), None)
            if future is not None:
                future.settle(response)

    def _sort_cancel(self, frame: Frame, line: bytes) -> None:
        self._cancelled.add(str(frame.get("request_id")))

    def _skip(self, frame: Frame, line: bytes) -> None:
        _log.debug("protocol", "plumbing: %s", frame.get("type"))

    def take_request(self) -> Frame | None:
        """Take the oldest control request out of the inbox, past the messages before it."""
        self.requests = 0 if not self.inbox else self.requests
        for item in list(self.inbox):
            if not isinstance(item, str) and item[0].get("type") == "control_request":
                try:
                    self.inbox.remove(item)
                except ValueError:
                    continue  # another thread took it
                self.requests -= 1
                return item[0]
        return None

    def was_cancelled(self, request_id: str) -> bool:
        """Tell whether the CLI has withdrawn this request, and forget that it did."""
        if request_id not in self._cancelled:
            return False
        self._cancelled.discard(request_id)
        return True

    # --- out

    def ask(self, subtype: str, fields: Frame) -> tuple[Future, bytes]:
        """
        Make a control request.

        Raises:
            ValueError, TypeError: A field cannot be written as JSON.
        """
        request_id = f"req_{next(self._numbers)}"
        line = _codec.encode(
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
    return _codec.encode({"type": "control_response", "response": body})


def refuse(request_id: object, reason: str) -> bytes:
    """Make the line that answers a control request of the CLI with an error."""
    body = {"subtype": "error", "request_id": request_id, "error": reason}
    return _codec.encode({"type": "control_response", "response": body})


_SORTERS = {
    "control_request": Protocol._sort_request,
    "control_response": Protocol._sort_response,
    "control_cancel_request": Protocol._sort_cancel,
    "keep_alive": Protocol._skip,
    "transcript_mirror": Protocol._skip,
}
