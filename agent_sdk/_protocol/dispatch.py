"""
What we answer when the CLI asks: one function for each verb, marked with `@answers`.

A verb that nobody answers here is refused, so that the CLI never waits for us in vain. User code runs only in here, and
`answer_at_once` tells what needs none.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core import log
from .._core.callbacks import Cancellation
from . import elicitation, protocol
from .callback_set import CallbackSet
from .hook_timer import HookTimer

if TYPE_CHECKING:
    from ..mcp.call import ToolCall
    from ..permissions.context import PermissionContext
    from ..permissions.decisions import Decision
    from .connection import Connection

Frame = dict[str, Any]
#: Seconds that a permission question waits for the PermissionRequest hook of the same tool use to come.
HOOK_TIMEOUT = 0.05
#: An answer for messages of MCP that want none: the CLI waits for one all the same.
_NOTHING: Frame = {"mcp_response": {"jsonrpc": "2.0", "result": {}, "id": 0}}


class ControlRequest(Cancellation):
    """One control request of the CLI, on its way to an answer; cancelled when the CLI withdraws it."""

    __slots__ = ("connection", "host", "id", "key", "request")

    def __init__(self, connection: Connection, frame: Frame) -> None:
        request = frame.get("request")
        self.connection = connection
        self.host = connection.callbacks
        self.id = frame.get("request_id")
        self.key = str(self.id)
        self.request: Frame = request if type(request) is dict else {}
        self._is_set = False
        self.deadline = connection.callbacks.deadline

    def field(self, name: str) -> Any:
        """Return an object of the request; an empty one when it is missing or something else."""
        value = self.request.get(name)
        return value if type(value) is dict else {}

    def reply(self, response: Frame) -> None:
        """Answer, unless the question was withdrawn. What cannot be written as JSON becomes a refusal."""
        try:
            line = protocol.reply(self.id, response)
        except (TypeError, ValueError) as error:
            self.host.add_error(error)
            line = protocol.refuse(self.id, f"the host's answer cannot be written as JSON: {error}")
        self.connection.answer(self, line)

    def reply_now(self, response: Frame) -> None:
        """Answer from another thread than the one that pumps."""
        self.reply(response)
        self.connection.flush()


Handler = Callable[[ControlRequest], "Frame | None"]
_HANDLERS: dict[str, Handler] = {}


def handles(subtype: str) -> Callable[[Handler], Handler]:
    """Register the function that answers the verb *subtype*; it returns the response, or *None* if one will come."""

    def register(function: Handler) -> Handler:
        _HANDLERS[subtype] = function
        return function

    return register


def answer(question: ControlRequest) -> None:
    """Answer a control request of the CLI."""
    subtype = str(question.request.get("subtype"))
    function = _HANDLERS.get(subtype)
    if function is None:
        log.debug("control", "refused the control request %s", subtype)
        refusal = protocol.refuse(question.id, f"{subtype} is not supported by this host")
        question.connection.answer(question, refusal)
        return
    try:
        response = function(question)
    except BaseException:
        # Ctrl-C in a callback, or a bug of ours: the CLI must not wait for the rest of the day.
        question.connection.answer(question, protocol.refuse(question.id, "the host gave no answer"))
        raise
    if response is not None:
        question.reply(response)


def reply_inline(host: CallbackSet, frame: Frame) -> bytes | None:
    """
    Return the line that answers a request for which no user code has to run, else *None*; called by the pump.

    A call of a tool is planned here and run when it is served: what cancels it may be read before that.
    """
    request = frame.get("request")
    if type(request) is not dict or request.get("subtype") != "mcp_message":
        return None
    planned = _pending_tool_call(host, request)
    if isinstance(planned, dict):
        return protocol.reply(frame.get("request_id"), planned)
    host.pending_tool_calls[str(frame.get("request_id"))] = planned
    return None


@handles("hook_callback")
def _hook(question: ControlRequest) -> Frame | None:
    hooks, request = question.host.hooks, question.request
    if hooks is None:
        return {}
    callback_id, fields = str(request.get("callback_id")), question.field("input")
    if question.host.is_retry and fields.get("hook_event_name") == "UserPromptSubmit":
        return {}
    timer = HookTimer(question.host.watchdog, question.reply_now)
    outcome = hooks.run(callback_id, fields, cancellation=question, timer=timer)
    for error in outcome.errors:
        question.host.add_error(error)
    note = _RECORDERS.get(str(fields.get("hook_event_name")))
    if note is not None:
        note(question.host, fields, outcome.output)
    return None if outcome.is_answered else outcome.output


def _record_hook_decision(host: CallbackSet, fields: Frame, output: Frame) -> None:
    specific = output.get("hookSpecificOutput")
    if isinstance(specific, dict) and specific.get("decision"):
        host.hook_decisions = [*host.hook_decisions[-9:], (str(fields.get("tool_name")), fields.get("tool_input"))]


#: What a hook answers that other questions of the CLI are about too.
_RECORDERS = {"Elicitation": elicitation.record, "PermissionRequest": _record_hook_decision}


@handles("can_use_tool")
def _can_use_tool(question: ControlRequest) -> Frame | None:
    host, request = question.host, question.request
    if host.can_use_tool is None:
        return {"behavior": "deny", "message": "Nobody is here to ask."}
    name, given = str(request.get("tool_name")), question.field("input")
    if host.hooks is not None and host.hooks.has("permission_request"):
        question.connection.serve_first(_asks_hook_about(name, given), HOOK_TIMEOUT)
        if (name, given) in host.hook_decisions:
            # The CLI withdraws this question; the person is not asked what a hook has decided.
            host.hook_decisions.remove((name, given))
            return None
    if question.cancelled:
        return {"behavior": "deny", "message": "The question was withdrawn."}
    context_of, decide = _deciding()
    context = context_of(request, question.key, question)
    decision = decide(host.can_use_tool, name, given, context)
    if decision.error is not None:
        host.add_error(decision.error)
    return decision.wire


@functools.cache
def _deciding() -> tuple[Callable[..., PermissionContext], Callable[..., Decision]]:
    """Load what permission questions need; a program without a callback does not."""
    from ..permissions.context import PermissionContext
    from ..permissions.decisions import decide

    return PermissionContext.from_request, decide


def _asks_hook_about(name: str, given: Frame) -> Callable[[Frame], bool]:
    def asks(frame: Frame) -> bool:
        request = frame.get("request")
        fields = request.get("input") if isinstance(request, dict) else None
        return (
            isinstance(fields, dict)
            and fields.get("hook_event_name") == "PermissionRequest"
            and (fields.get("tool_name"), fields.get("tool_input")) == (name, given)
        )

    return asks


@handles("mcp_message")
def _mcp_message(question: ControlRequest) -> Frame | None:
    host = question.host
    planned = host.pending_tool_calls.pop(question.key, None) or _pending_tool_call(host, question.request)
    if isinstance(planned, dict):
        return planned
    if host.tool_workers > 1:
        host.workers().submit(_run_in_worker, question, planned)
        return None
    _run_call(question, planned, question.reply)
    return None


def _run_call(question: ControlRequest, call: ToolCall, reply: Callable[[Frame], None]) -> None:
    response = call.run(question.deadline)
    if call.error is not None:
        question.host.add_error(call.error)
    reply({"mcp_response": response})


def _run_in_worker(question: ControlRequest, call: ToolCall) -> None:
    try:
        _run_call(question, call, question.reply_now)
    except BaseException as error:
        # SystemExit in a tool: it belongs to the thread that called `query`, as from any other callback.
        question.connection.answer(question, protocol.refuse(question.id, "the host gave no answer"))
        question.connection.raise_in_turn(error)


def _pending_tool_call(host: CallbackSet, request: Frame) -> Frame | ToolCall:
    """Return the response to a message of MCP, or a call of a tool that is yet to be run."""
    message, name = request.get("message"), str(request.get("server_name"))
    server = host.servers.get(name)
    if server is None:
        request_id = message.get("id") if isinstance(message, dict) else None
        error = {"code": -32601, "message": f"there is no server {name!r} here"}
        return {"mcp_response": {"jsonrpc": "2.0", "id": request_id, "error": error}}
    planned = server.dispatch(message, host.calls[name], server_name=name)
    if planned is None:
        return _NOTHING
    return {"mcp_response": planned} if isinstance(planned, dict) else planned


@handles("elicitation")
def _elicitation(question: ControlRequest) -> Frame | None:
    answered = elicitation.recorded_answer(question.host, question.request)
    if answered is not None:
        return answered
    callback = question.host.on_elicitation
    return {"action": "decline"} if callback is None else elicitation.ask(question, callback)
