"""
The protocol without I/O: dispatches incoming lines, and encodes the SDK's control requests.

A response resolves its future; every other frame is added to the inbox, in order of arrival.
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

#: A frame with its line, a control request, a line of standard error, or an exception for the turn's thread.
InboxItem = tuple[Frame, bytes] | ControlRequest | str | BaseException


class Future:
    """The response to one control request."""

    __slots__ = ("done", "error", "response", "subtype")

    def __init__(self, subtype: str) -> None:
        self.subtype = subtype
        self.done = False
        self.response: Frame = {}
        self.error: AgentSDKError | None = None

    def settle(self, response: Frame) -> None:
        """Resolve the future with the CLI's response."""
        if response.get("subtype") == "error":
            text = str(response.get("error") or "no reason given by the CLI")
            self.error = ControlError(
                f"{self.subtype}: {text}", subtype=self.subtype, error_code=response.get("error_code")
            )
        answer = response.get("response")
        self.response = answer if isinstance(answer, dict) else {}
        self.done = True

    def fail(self, error: AgentSDKError) -> None:
        """Resolve the future with an error."""
        self.error = error
        self.done = True

    def result(self) -> Frame:
        """Return the response, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.response


class Protocol:
    """The protocol state of one process."""

    def __init__(
        self,
        accept_request: Callable[[Frame], ControlRequest | None] = lambda frame: None,
        mirror: Callable[[Frame, int], bool] | None = None,
    ) -> None:
        self.inbox: collections.deque[InboxItem] = collections.deque()
        #: Pending control requests of the CLI by id: waiting or being served.
        self.requests: dict[str, ControlRequest] = {}
        self._futures: dict[str, Future] = {}
        self._numbers = itertools.count(1)
        #: Creates the request of a frame; returns *None* if it was replied to at once.
        self._accept_request = accept_request
        #: Receives frames for the session store, with their bytes; returns true to request a flush by the turn.
        self._mirror = mirror

    # # --- incoming

    def process_line(self, line: bytes) -> None:
        """Decode one line and dispatch its frame."""
        frame = json_lines.decode(line)
        if frame is None:
            return
        kind = frame.get("type")
        handler = _FRAME_HANDLERS.get(kind) if type(kind) is str else None
        if handler is None:
            self.inbox.append((frame, line))
        else:
            handler(self, frame, line)

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
        """Whether the inbox contains a control request of the CLI."""
        return any(request.is_waiting for request in list(self.requests.values()))

    def take_request(self, wanted: Callable[[ControlRequest], bool] = lambda request: True) -> ControlRequest | None:
        """Remove and return the oldest *wanted* control request in the inbox, ahead of earlier messages."""
        for item in list(self.inbox):
            if isinstance(item, ControlRequest) and wanted(item) and item.claim():
                with contextlib.suppress(ValueError):  # another thread has removed it
                    self.inbox.remove(item)
                return item
        return None

    def cancel_requests(self) -> None:
        """Cancel the requests that are being served: the CLI is about to withdraw them."""
        for request in list(self.requests.values()):
            if not request.is_waiting:
                request.cancelled = True

    def close_request(self, request: ControlRequest) -> bool:
        """Close a request of the CLI; false if it was already replied to or withdrawn."""
        return self.requests.pop(request.key, None) is not None

    # # --- outgoing

    def request(self, subtype: str, fields: Frame) -> tuple[Future, bytes]:
        """Create a control request."""
        request_id = f"req_{next(self._numbers)}"
        line = json_lines.encode(
            {"type": "control_request", "request_id": request_id, "request": {"subtype": subtype, **fields}}
        )
        future = self._futures[request_id] = Future(subtype)
        return future, line

    def fail_all(self, error: AgentSDKError) -> None:
        """Resolve all open futures with *error*, at the end of the lines."""
        while self._futures:
            self._futures.popitem()[1].fail(error)


_FRAME_HANDLERS = {
    "control_request": Protocol._process_request,
    "control_response": Protocol._process_response,
    "control_cancel_request": Protocol._process_cancel,
    "keep_alive": Protocol._skip,
    "transcript_mirror": Protocol._process_mirror,
}
