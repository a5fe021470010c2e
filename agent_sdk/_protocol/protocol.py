"""
The protocol without I/O: lines in, sorted frames out; control requests of ours as lines to send.

A response settles its future; everything else goes into the inbox, in the order in which it came.
"""
from __future__ import annotations

import collections
import contextlib
import itertools
from collections.abc import Callable

from .._core import json_lines, log
from .._core.json_lines import Frame
from ..errors import AgentSDKError, ControlError
from .control_request import ControlRequest

#: A frame with its line, a control request, a line of standard error, or what the turn's thread has to raise.
InboxItem = tuple[Frame, bytes] | ControlRequest | str | BaseException


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
        """Return the answer."""
        if self.error is not None:
            raise self.error
        return self.response


class Protocol:
    """The state of one conversation with one process."""

    def __init__(
        self,
        accept_request: Callable[[Frame], ControlRequest | None] = lambda frame: None,
        mirror: Callable[[Frame, int], bool] | None = None,
    ) -> None:
        self.inbox: collections.deque[InboxItem] = collections.deque()
        #: The control requests of the CLI that wait or are being served, by id.
        self.requests: dict[str, ControlRequest] = {}
        self._futures: dict[str, Future] = {}
        self._numbers = itertools.count(1)
        #: Makes the request of a frame; *None* when it was replied to at once.
        self._accept_request = accept_request
        #: Takes what goes to a session store, with its bytes; true asks the turn to flush.
        self._mirror = mirror

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
        request = self._accept_request(frame)
        if request is not None:
            self.requests[request.key] = request
            self.inbox.append(request)

    def _process_response(self, frame: Frame, line: bytes) -> None:
        response = frame.get("response")
        if isinstance(response, dict):
            future = self._futures.pop(str(response.get("request_id")), None)
            if future is not None:
                future.settle(response)

    def _process_cancel(self, frame: Frame, line: bytes) -> None:
        request = self.requests.pop(str(frame.get("request_id")), None)
        if request is not None:
            request.cancelled = True

    def _process_mirror(self, frame: Frame, line: bytes) -> None:
        if self._mirror is not None and self._mirror(frame, len(line)):
            self.inbox.append(({"type": "transcript_mirror"}, b""))

    def _skip(self, frame: Frame, line: bytes) -> None:
        log.debug("protocol", "plumbing: %s", frame.get("type"))

    @property
    def has_waiting_request(self) -> bool:
        """Whether a control request of the CLI waits in the inbox."""
        return any(request.is_waiting for request in list(self.requests.values()))

    def take_request(self, wanted: Callable[[ControlRequest], bool] = lambda request: True) -> ControlRequest | None:
        """Take the oldest *wanted* control request out of the inbox, past the messages before it."""
        for item in list(self.inbox):
            if isinstance(item, ControlRequest) and wanted(item) and item.claim():
                with contextlib.suppress(ValueError):  # another thread has taken it out, and skips it
                    self.inbox.remove(item)
                return item
        return None

    def cancel_requests(self) -> None:
        """Cancel the requests that are being served: the CLI is about to withdraw them."""
        for request in list(self.requests.values()):
            if not request.is_waiting:
                request.cancelled = True

    def close_request(self, request: ControlRequest) -> bool:
        """End a request of the CLI; false when it was replied to, or withdrawn, before."""
        return self.requests.pop(request.key, None) is not None

    # --- out

    def request(self, subtype: str, fields: Frame) -> tuple[Future, bytes]:
        """Make a control request."""
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


_HANDLERS = {
    "control_request": Protocol._process_request,
    "control_response": Protocol._process_response,
    "control_cancel_request": Protocol._process_cancel,
    "keep_alive": Protocol._skip,
    "transcript_mirror": Protocol._process_mirror,
}
