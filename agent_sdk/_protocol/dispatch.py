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
from .callback_set import Host
from .hook_timer import HookTimer

if TYPE_CHECKING:
    from ..mcp.call import ToolCall
    from ..permissions.context import PermissionContext
    from ..permissions.decisions import Decision
    from .connection import Connection

Frame = dict[str, Any]
#: Seconds that a permission question waits for the PermissionRequest hook of the same tool use to come.
HOOK_WAIT = 0.05
#: An answer for messages of MCP that want none: the CLI waits for one all the same.
_NOTHING: Frame = {"mcp_response": {"jsonrpc": "2.0", "result": {}, "id": 0}}


class Question(Cancellation):
    """One control request of the CLI, on its way to an answer; cancelled when the CLI withdraws it."""

    __slots__ = ("connection", "host", "id", "key", "request")

    def __init__(self, connection: Connection, frame: Frame) -> None:
        request = frame.get("request")
        self.connection = connection
        self.host = connection.host
        self.id = frame.get("request_id")
        self.key = str(self.id)
        self.request: Frame = request if type(request) is dict else {}
        self._is_set = False
        self.deadline = connection.host.deadline

    def field(self, name: str) -> Any:
        """Return an object of the request; an empty one when it is missing or something else."""
        value = self.request.get(name)
        return value if type(value) is dict else {}

    def reply(self, response: Frame) -> None:
        """Answer, unless the question was withdrawn. What cannot be written as JSON becomes a refusal."""
        try:
            line = protocol.reply(self.id, response)
        except (TypeError, ValueError) as error:
            self.host.failed(error)
            line = protocol.refuse(self.id, f"the host's answer cannot be written as JSON: {error}")
        self.connection.answer(self, line)

    def reply_now(self, response: Frame) -> None:
        """Answer from another thread than the one that pumps."""
        self.reply(response)
        self.connection.nudge()


Handler = Callable[[Question], "Frame | None"]
_ANSWERS: dict[str, Handler] = {}


def answers(subtype: str) -> Callable[[Handler], Handler]:
    """Register the function that answers the verb *subtype*; it returns the response, or *None* if one will come."""

    def register(function: Handler) -> Handler:
        _ANSWERS[subtype] = function
        return function

    return register


def answer(question: Question) -> None:
    """Answer a control request of the CLI."""
    subtype = str(question.request.get("subtype"))
    function = _ANSWERS.get(subtype)
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


def answer_at_once(host: Host, frame: Frame) -> bytes | None:
    """
    Return the line that answers a request for which no user code has to run, else *None*; called by the pump.

    A call of a tool is planned here and run when it is served: what cancels it may be read before that.
    """
    request = frame.get("request")
    if type(request) is not dict or request.get("subtype") != "mcp_message":
        return None
    planned = _planned(host, request)
    if isinstance(planned, dict):
        return protocol.reply(frame.get("request_id"), planned)
    host.planned[str(frame.get("request_id"))] = planned
    return None


@answers("hook_callback")
def _hook(question: Question) -> Frame | None:
    hooks, request = question.host.hooks, question.request
    if hooks is None:
        return {}
    callback_id, fields = str(request.get("callback_id")), question.field("input")
    if question.host.asks_again and fields.get("hook_event_name") == "UserPromptSubmit":
        return {}
    timer = HookTimer(question.host.watchdog, question.reply_now)
    outcome = hooks.run(callback_id, fields, cancellation=question, timer=timer)
    for error in outcome.errors:
        question.host.failed(error)
    note = _NOTES.get(str(fields.get("hook_event_name")))
    if note is not None:
        note(question.host, fields, outcome.output)
    return None if outcome.is_answered else outcome.output


def _note_settled(host: Host, fields: Frame, output: Frame) -> None:
    specific = output.get("hookSpecificOutput")
    if isinstance(specific, dict) and specific.get("decision"):
        host.settled = [*host.settled[-9:], (str(fields.get("tool_name")), fields.get("tool_input"))]


#: What a hook answers that other questions of the CLI are about too.
_NOTES = {"Elicitation": elicitation.note, "PermissionRequest": _note_settled}


@answers("can_use_tool")
def _can_use_tool(question: Question) -> Frame | None:
    host, request = question.host, question.request
    if host.can_use_tool is None:
        return {"behavior": "deny", "message": "Nobody is here to ask."}
    name, given = str(request.get("tool_name")), question.field("input")
    if host.hooks is not None and host.hooks.has("permission_request"):
        question.connection.serve_first(_asks_hook_about(name, given), HOOK_WAIT)
        if (name, given) in host.settled:
            # The CLI withdraws this question; the person is not asked what a hook has decided.
            host.settled.remove((name, given))
            return None
    if question.cancelled:
        return {"behavior": "deny", "message": "The question was withdrawn."}
    context_of, decide = _deciding()
    context = context_of(request, question.key, question)
    decision = decide(host.can_use_tool, name, given, context)
    if decision.error is not None:
        host.failed(decision.error)
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


@answers("mcp_message")
def _mcp_message(question: Question) -> Frame | None:
    host = question.host
    planned = host.planned.pop(question.key, None) or _planned(host, question.request)
    if isinstance(planned, dict):
        return planned
    if host.tool_workers > 1:
        host.workers().submit(_run_in_worker, question, planned)
        return None
    _run_call(question, planned, question.reply)
    return None


def _run_call(question: Question, call: ToolCall, reply: Callable[[Frame], None]) -> None:
    response = call.run(question.deadline)
    if call.error is not None:
        question.host.failed(call.error)
    reply({"mcp_response": response})


def _run_in_worker(question: Question, call: ToolCall) -> None:
    try:
        _run_call(question, call, question.reply_now)
    except BaseException as error:
        # SystemExit in a tool: it belongs to the thread that called `query`, as from any other callback.
        question.connection.answer(question, protocol.refuse(question.id, "the host gave no answer"))
        question.connection.raise_in_turn(error)


def _planned(host: Host, request: Frame) -> Frame | ToolCall:
    """Return the response to a message of MCP, or a call of a tool that is yet to be run."""
    message, name = request.get("message"), str(request.get("server_name"))
    server = host.servers.get(name)
    if server is None:
        request_id = message.get("id") if isinstance(message, dict) else None
        error = {"code": -32601, "message": f"there is no server {name!r} here"}
        return {"mcp_response": {"jsonrpc": "2.0", "id": request_id, "error": error}}
    planned = server.plan(message, host.calls[name], server_name=name)
    if planned is None:
        return _NOTHING
    return {"mcp_response": planned} if isinstance(planned, dict) else planned


@answers("elicitation")
def _elicitation(question: Question) -> Frame | None:
    answered = elicitation.noted(question.host, question.request)
    if answered is not None:
        return answered
    callback = question.host.on_elicitation
    return {"action": "decline"} if callback is None else elicitation.ask(question, callback)
