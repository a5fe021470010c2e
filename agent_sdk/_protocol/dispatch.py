"""
Handlers of the CLI's control requests: one function per subtype, registered with `@handles`.

Other subtypes get an error reply, so that the CLI does not wait forever. Only this module runs user code;
`reply_inline` serves the requests that need none.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._core import log
from .._core.json_lines import Frame
from .callback_set import CallbackSet
from .control_request import ControlRequest
from .hook_timer import HookTimer

if TYPE_CHECKING:
    from ..mcp.call import ToolCall
    from ..permissions.context import PermissionContext
    from ..permissions.decisions import Decision

#: Seconds that a permission request waits for the PermissionRequest hook of the same tool use.
HOOK_TIMEOUT = 0.05
#: Response to MCP notifications: the CLI expects one even for messages without a result.
_NOTHING: Frame = {"mcp_response": {"jsonrpc": "2.0", "result": {}, "id": 0}}


RequestHandler = Callable[[ControlRequest], "Frame | None"]
_HANDLERS: dict[str, RequestHandler] = {}


def handles(subtype: str) -> Callable[[RequestHandler], RequestHandler]:
    """Register the handler of *subtype*. It returns the response, or *None* if the response is sent later."""

    def register(function: RequestHandler) -> RequestHandler:
        _HANDLERS[subtype] = function
        return function

    return register


def serve(request: ControlRequest) -> None:
    """Serve a control request of the CLI."""
    handler = _HANDLERS.get(request.subtype)
    if handler is None:
        log.debug("control", "refused the control request %s", request.subtype)
        request.refuse(f"{request.subtype} is not supported by this SDK")
        return
    try:
        response = handler(request)
    except BaseException:
        # Ctrl-C in a callback, or an SDK bug: without a reply the CLI would wait for a day.
        request.refuse("the host sent no response")
        raise
    if response is not None:
        request.reply(response)


def reply_inline(request: ControlRequest) -> Frame | None:
    """
    Return the response to a request that needs no user code, else *None*. Called by the pump.

    A tool call is only planned; it runs when it is served, because its cancellation may arrive first.
    """
    if request.fields.get("subtype") != "mcp_message":
        return None
    return _plan_mcp_message(request)


@handles("hook_callback")
def _hook(request: ControlRequest) -> Frame | None:
    callbacks = request.callbacks
    if callbacks.hooks is None:
        return {}
    callback_id, fields = str(request.fields.get("callback_id")), request.object("input")
    if callbacks.is_retry and fields.get("hook_event_name") == "UserPromptSubmit":
        return {}
    timer = HookTimer(callbacks.watchdog, request.reply_now)
    outcome = callbacks.hooks.run(callback_id, fields, cancellation=request, timer=timer)
    for error in outcome.errors:
        callbacks.add_error(error)
    record = _RECORDERS.get(str(fields.get("hook_event_name")))
    if record is not None:
        record(callbacks, fields, outcome.output)
    return None if outcome.is_answered else outcome.output


def _record_elicitation(callbacks: CallbackSet, fields: Frame, output: Frame) -> None:
    from . import elicitation

    elicitation.record(callbacks, fields, output)


def _record_hook_decision(callbacks: CallbackSet, fields: Frame, output: Frame) -> None:
    specific = output.get("hookSpecificOutput")
    if isinstance(specific, dict) and specific.get("decision"):
        decision = (str(fields.get("tool_name")), fields.get("tool_input"))
        callbacks.hook_decisions = [*callbacks.hook_decisions[-9:], decision]


#: Hook events whose responses affect other requests of the CLI.
_RECORDERS = {"Elicitation": _record_elicitation, "PermissionRequest": _record_hook_decision}


@handles("can_use_tool")
def _can_use_tool(request: ControlRequest) -> Frame | None:
    callbacks = request.callbacks
    if callbacks.can_use_tool is None:
        return {"behavior": "deny", "message": "No permission callback is configured."}
    name, given = str(request.fields.get("tool_name")), request.object("input")
    if callbacks.hooks is not None and callbacks.hooks.has("permission_request"):
        request.connection.serve_first(_is_hook_about(name, given), HOOK_TIMEOUT)
        if (name, given) in callbacks.hook_decisions:
            # The CLI withdraws this request; a hook has decided, so the callback is not called.
            callbacks.hook_decisions.remove((name, given))
            return None
    if request.cancelled:
        return {"behavior": "deny", "message": "The permission request was withdrawn."}
    make_context, decide = _permission_functions()
    decision = decide(callbacks.can_use_tool, name, given, make_context(request.fields, request.key, request))
    if decision.error is not None:
        callbacks.add_error(decision.error)
    return decision.wire


@functools.cache
def _permission_functions() -> tuple[Callable[..., PermissionContext], Callable[..., Decision]]:
    """Import what permission requests need, only in programs with a callback."""
    from ..permissions.context import PermissionContext
    from ..permissions.decisions import decide

    return PermissionContext.from_request, decide


def _is_hook_about(name: str, given: Frame) -> Callable[[ControlRequest], bool]:
    def is_hook(request: ControlRequest) -> bool:
        fields = request.object("input")
        return (
            fields.get("hook_event_name") == "PermissionRequest"
            and (fields.get("tool_name"), fields.get("tool_input")) == (name, given)
        )

    return is_hook


@handles("mcp_message")
def _mcp_message(request: ControlRequest) -> Frame | None:
    response = None if request.tool_call is not None else _plan_mcp_message(request)
    call = request.tool_call
    if call is None:
        return response
    if request.callbacks.tool_workers > 1:
        request.callbacks.workers().submit(_run_in_worker, request, call)
        return None
    return _run_call(request, call)


def _run_call(request: ControlRequest, call: ToolCall) -> Frame:
    response = call.run(request.deadline)
    if call.error is not None:
        request.callbacks.add_error(call.error)
    return {"mcp_response": response}


def _run_in_worker(request: ControlRequest, call: ToolCall) -> None:
    try:
        request.reply_now(_run_call(request, call))
    except BaseException as error:
        # SystemExit in a tool: it propagates to the thread that called `query`, as from any callback.
        request.refuse("the host sent no response")
        request.connection.raise_in_turn(error)


def _plan_mcp_message(request: ControlRequest) -> Frame | None:
    """Return the response to an MCP message; *None* for a tool call, which is stored in the request."""
    message, name = request.fields.get("message"), str(request.fields.get("server_name"))
    server = request.callbacks.servers.get(name)
    if server is None:
        request_id = message.get("id") if isinstance(message, dict) else None
        error = {"code": -32601, "message": f"unknown server {name!r}"}
        return {"mcp_response": {"jsonrpc": "2.0", "id": request_id, "error": error}}
    planned = server.dispatch(message, request.callbacks.calls[name], server_name=name)
    if planned is None:
        return _NOTHING
    if isinstance(planned, dict):
        return {"mcp_response": planned}
    request.tool_call = planned
    return None


@handles("elicitation")
def _elicitation(request: ControlRequest) -> Frame | None:
    from . import elicitation

    recorded = elicitation.recorded_answer(request.callbacks, request.fields)
    if recorded is not None:
        return recorded
    callback = request.callbacks.on_elicitation
    return {"action": "decline"} if callback is None else elicitation.call_callback(request, callback)
