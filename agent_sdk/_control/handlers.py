"""
What we answer when the CLI asks: one function for each verb, marked with `@answers`.

A verb that nobody answers here is refused, so that the CLI never waits for us in vain.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import _log
from . import protocol

Frame = dict[str, Any]
_ANSWERS: dict[str, Callable[[Frame], Frame]] = {}


def answers(subtype: str) -> Callable[[Callable[[Frame], Frame]], Callable[[Frame], Frame]]:
    """Register the function that answers the verb *subtype*: the request in, the response out."""

    def register(function: Callable[[Frame], Frame]) -> Callable[[Frame], Frame]:
        _ANSWERS[subtype] = function
        return function

    return register


def answer(frame: Frame) -> bytes:
    """Return the line that answers a control request."""
    request = frame.get("request")
    request = request if isinstance(request, dict) else {}
    function = _ANSWERS.get(str(request.get("subtype")))
    if function is None:
        _log.debug("control", "refused the control request %s", request.get("subtype"))
        return protocol.refuse(frame.get("request_id"), f"{request.get('subtype')} is not supported by this host")
    return protocol.reply(frame.get("request_id"), function(request))


@answers("elicitation")
def _decline(request: Frame) -> Frame:
    return {"action": "decline"}
