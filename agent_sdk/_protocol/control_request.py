"""
`ControlRequest`: one control request of the CLI, from its frame to its reply.

It is made when its frame is read, waits in the inbox, and is cancelled when the CLI withdraws it.
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
    """What a control request needs of the connection that it came by."""

    def send_reply(self, request: ControlRequest, line: bytes, now: bool = False) -> None:
        """Send the reply, unless *request* is closed; *now*: from another thread than the one that pumps."""

    def serve_first(self, wanted: Callable[[ControlRequest], bool], seconds: float) -> None:
        """Serve a request before those ahead of it in the inbox; wait so long for it to come."""

    def raise_in_turn(self, error: BaseException) -> None:
        """Raise *error* in the thread of the turn."""


class ControlRequest(Cancellation):
    """One control request of the CLI. `cancelled` when the CLI has withdrawn it, or its turn has no time left."""

    __slots__ = ("_unclaimed", "callbacks", "connection", "fields", "id", "key", "tool_call")

    def __init__(self, frame: Frame, connection: Requester, callbacks: CallbackSet) -> None:
        super().__init__()
        request = frame.get("request")
        self.connection = connection
        self.callbacks = callbacks
        self.id = frame.get("request_id")
        self.key = str(self.id)
        self.fields: Frame = request if type(request) is dict else {}
        #: The call of a tool that it asks for, planned when it was read: it may be cancelled before it runs.
        self.tool_call: ToolCall | None = None
        self._unclaimed = [True]

    @property
    def subtype(self) -> str:
        """What the CLI asks for, such as `can_use_tool`."""
        return str(self.fields.get("subtype"))

    @property
    def is_waiting(self) -> bool:
        """Whether nothing serves it yet."""
        return bool(self._unclaimed)

    def claim(self) -> bool:
        """Take the request for the caller alone; false when it was taken before. Atomic."""
        try:
            return self._unclaimed.pop()
        except IndexError:
            return False

    def object(self, name: str) -> Frame:
        """Return the object under *name*; an empty one when it is missing or no object."""
        value = self.fields.get(name)
        return value if type(value) is dict else {}

    def reply(self, response: Frame) -> None:
        """Send the response. One that cannot be written as JSON becomes a refusal, and an error of the turn."""
        self.connection.send_reply(self, self._line(response))

    def reply_now(self, response: Frame) -> None:
        """Send the response from another thread than the one that pumps."""
        self.connection.send_reply(self, self._line(response), now=True)

    def refuse(self, reason: str) -> None:
        """Send an error; a planned tool call is dropped."""
        if self.tool_call is not None:
            self.tool_call.discard()
        self.connection.send_reply(self, refusal_line(self.id, reason))

    def _line(self, response: Frame) -> bytes:
        try:
            return response_line(self.id, response)
        except (TypeError, ValueError) as error:
            self.callbacks.add_error(error)
            return refusal_line(self.id, f"the host's answer cannot be written as JSON: {error}")


def response_line(request_id: object, response: Frame) -> bytes:
    """Return the line that replies to a control request of the CLI."""
    body = {"subtype": "success", "request_id": request_id, "response": response}
    return json_lines.encode({"type": "control_response", "response": body})


def refusal_line(request_id: object, reason: str) -> bytes:
    """Return the line that replies to a control request of the CLI with an error."""
    body = {"subtype": "error", "request_id": request_id, "error": reason}
    return json_lines.encode({"type": "control_response", "response": body})
