"""
Elicitation: an MCP server asks the user for input, through the CLI.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from .._core import json_lines
from ..errors import HookError

if TYPE_CHECKING:
    from .callback_set import CallbackSet
    from .control_request import ControlRequest

_ACTIONS = ("accept", "decline", "cancel")


@attrs.frozen(kw_only=True)
class ElicitationRequest:
    """An MCP server's request for user input: a form to fill in, or a URL to visit."""

    mcp_server_name: str = ""
    message: str = ""
    #: Kind of request: `form` or `url`.
    mode: str | None = None
    url: str | None = None
    elicitation_id: str | None = None
    #: JSON Schema of the form.
    requested_schema: dict[str, Any] | None = None
    title: str | None = None
    display_name: str | None = None
    description: str | None = None
    #: The complete request as the CLI sent it.
    raw: dict[str, Any] = attrs.field(factory=dict, repr=False)


def record(callbacks: CallbackSet, fields: dict[str, Any], output: dict[str, Any]) -> None:
    """Record the hook's response: CLI 2.1 calls the elicitation callback even if a hook has responded."""
    specific = output.get("hookSpecificOutput")
    if isinstance(specific, dict) and specific.get("action") == "accept":
        callbacks.hook_elicitations = [*callbacks.hook_elicitations[-9:], (_key(fields), specific.get("content"))]


def recorded_answer(callbacks: CallbackSet, request: dict[str, Any]) -> dict[str, Any] | None:
    """Return and remove the hook's response to this request; *None* if there is no response."""
    for place, (about, content) in enumerate(callbacks.hook_elicitations):
        if about == _key(request):
            del callbacks.hook_elicitations[place]
            return {"action": "accept", "content": content}
    return None


def _key(fields: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(fields.get(name) for name in ("mcp_server_name", "message", "requested_schema", "url"))


def call_callback(request: ControlRequest, callback: Callable[[Any], Any]) -> dict[str, Any]:
    """
    Call the callback and return its response in the CLI's format; an invalid response declines.

    A callback returns a dict (the form's content: accepted), *True* (accepted), *None* or *False* (declined), or
    `"accept"`, `"decline"` or `"cancel"`.
    """
    fields = request.fields
    known = {field.name: fields[field.name] for field in attrs.fields(ElicitationRequest) if field.name in fields}
    try:
        answer = callback(ElicitationRequest(**known, raw=fields))
        wire = _wire(answer)
        json_lines.dumps(wire)
    except Exception as error:
        # Fail closed: the error is added to the result and not sent to the server.
        request.callbacks.add_error(error)
        return {"action": "decline"}
    return wire


def _wire(answer: object) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer if answer.get("action") in _ACTIONS else {"action": "accept", "content": answer}
    if isinstance(answer, str) and answer in _ACTIONS:
        return {"action": answer}
    if answer is None or isinstance(answer, bool):
        return {"action": "accept" if answer else "decline"}
    raise HookError(f"an elicitation callback returned a {type(answer).__name__}; return a dict, a bool or None")
