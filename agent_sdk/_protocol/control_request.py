"""
`ControlRequest`: one control request of the CLI, from its frame to the reply.

Created when its frame is read; waits in the inbox; cancelled when the CLI withdraws it.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from .._core import json_lines
from .._core.callbacks import Cancellation
from .._core.json_lines import Frame

if TYPE_CHECKING:
    from ..mcp.call import ToolCall
    from .callback_set import CallbackSet



class Requester(Protocol):
    """The part of a connection that a control request uses."""

    def send_reply(self, request: ControlRequest, line: bytes, now: bool = False) -> None:
        """Send the reply, unless *request* is closed; *now* if the caller is not the thread that pumps."""

    def serve_first(self, wanted: Callable[[ControlRequest], bool], seconds: float) -> None:
        """Serve a request ahead of earlier ones in the inbox; wait up to *seconds* for it."""

    def raise_in_turn(self, error: BaseException) -> None:
        """Raise *error* in the turn's thread."""


class ControlRequest(Cancellation):
    """One control request of the CLI. `cancelled` when the CLI has withdrawn it or the turn's deadline has passed."""

    __slots__ = ("_unclaimed", "callbacks", "connection", "fields", "id", "key", "tool_call")

    def __init__(self, frame: Frame, connection: Requester, callbacks: CallbackSet) -> None:
        super().__init__()
        request = frame.get("request")
        self.connection = connection
        self.callbacks = callbacks
        self.id = frame.get("request_id")
        self.key = str(self.id)
        self.fields: Frame = request if type(request) is dict else {}
        #: The requested tool call, planned when the request was read, so that it can be cancelled before it runs.
        self.tool_call: ToolCall | None = None
        self._unclaimed = [True]

    @property
    def subtype(self) -> str:
        """The subtype of the request, such as `can_use_tool`."""
        return str(self.fields.get("subtype"))

    @property
    def is_waiting(self) -> bool:
        """Whether no thread has claimed the request."""
        return bool(self._unclaimed)

    def claim(self) -> bool:
        """Claim the request for the caller; false if it was already claimed. Atomic."""
        try:
            return self._unclaimed.pop()
        except IndexError:
            return False

    def object(self, name: str) -> Frame:
        """Return the object under *name*; an empty one if it is missing or not an object."""
        value = self.fields.get(name)
        return value if type(value) is dict else {}

    def reply(self, response: Frame) -> None:
        """Send the response. One that cannot be written as JSON becomes an error reply and an error of the turn."""
        self.connection.send_reply(self, self._line(response))

    def reply_now(self, response: Frame) -> None:
        """Send the response from a thread that does not pump."""
        self.connection.send_reply(self, self._line(response), now=True)

    def refuse(self, reason: str) -> None:
        """Send an error reply, and discard the planned tool call."""
        if self.tool_call is not None:
            self.tool_call.discard()
        self.connection.send_reply(self, refusal_line(self.id, reason))

    def _line(self, response: Frame) -> bytes:
        try:
            return response_line(self.id, response)
        except (TypeError, ValueError) as error:
            self.callbacks.add_error(error)
            return refusal_line(self.id, f"the host's response cannot be written as JSON: {error}")


def response_line(request_id: object, response: Frame) -> bytes:
    """Return the line with the reply to a control request of the CLI."""
    body = {"subtype": "success", "request_id": request_id, "response": response}
    return json_lines.encode({"type": "control_response", "response": body})


def refusal_line(request_id: object, reason: str) -> bytes:
    """Return the line with the error reply to a control request of the CLI."""
    body = {"subtype": "error", "request_id": request_id, "error": reason}
    return json_lines.encode({"type": "control_response", "response": body})
