"""
What the CLI asks, from its line to our answer: planned when read, cancelled in time, answered once.
"""
from __future__ import annotations

import json
import time

import pytest
from helpers import in_thread, until
from memory import MemoryCLI

from agent_sdk import Options, tool
from agent_sdk._core.callbacks import Cancellation
from agent_sdk._protocol.callback_set import CallbackSet
from agent_sdk._protocol.connection import Connection
from agent_sdk.hooks import Matcher


def asking(request_id, **request):
    """A control request of the CLI."""
    return {"type": "control_request", "request_id": request_id, "request": request}


def to_server(request_id, method, message_id=None, **params):
    """A message of the CLI to the server of our custom tools."""
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    if message_id is not None:
        message["id"] = message_id
    return asking(request_id, subtype="mcp_message", server_name="sdk", message=message)


@pytest.fixture
def cli():
    """A CLI in memory."""
    return MemoryCLI()


@pytest.fixture
def connect(cli):
    """Make a connection with callbacks."""

    def make(**options):
        made = Connection(cli, CallbackSet(Options(**options)))
        made.start(wants_stderr=False)
        return made

    return make


def answered(cli):
    """The answers that the CLI got, by the id of its request."""
    frames = (frame["response"] for frame in cli.asked("control_response"))
    return {frame["request_id"]: frame.get("response", frame.get("error")) for frame in frames}


def test_a_call_that_was_cancelled_in_the_queue_does_not_run(cli, connect):
    """A call of a tool that waits behind a message is cancelled by what is read meanwhile."""
    ran = []
    connection = connect(custom_tools=[tool(name="look", handler=lambda: ran.append(1), description="Look.")])
    cli.say(to_server("q1", "tools/call", 7, name="look"), to_server("q2", "notifications/cancelled", requestId=7))
    connection.poll()
    connection.serve_waiting()
    connection.poll()
    assert ran == []
    assert "cancelled" in json.dumps(answered(cli)["q1"])
    assert "q2" in answered(cli)
    assert (connection.protocol.requests, connection.callbacks.calls["sdk"]) == ({}, {})


def test_a_call_of_no_tool_is_answered_by_the_pump(cli, connect):
    """What needs no code of the user's is answered when it is read, whoever reads."""
    connection = connect(custom_tools=[tool(name="look", handler=lambda: 1, description="Look.")])
    cli.say(to_server("q1", "tools/call", 1, name="nothing"), to_server("q2", "tools/list", 2))
    connection.poll()
    connection.poll()
    assert list(answered(cli)) == ["q1", "q2"]
    assert not connection.inbox


def test_a_refused_call_leaves_nothing_behind(cli, connect):
    """A call that a stopped turn refuses is forgotten."""
    connection = connect(custom_tools=[tool(name="look", handler=lambda: 1, description="Look.")])
    cli.say(to_server("q1", "tools/call", 1, name="look"))
    connection.poll()
    connection.protocol.take_request().refuse("the turn was stopped")
    connection.poll()
    assert answered(cli) == {"q1": "the turn was stopped"}
    assert (connection.protocol.requests, connection.callbacks.calls["sdk"]) == ({}, {})


def test_an_interrupt_cancels_what_runs(cli, connect):
    """When we interrupt, running callbacks learn of it at once: nobody may be reading while they run."""
    seen = {}

    def wait(ctx):
        connection.send_request("interrupt", {})
        seen[type(ctx).__name__] = ctx.cancelled
        return True

    def decide(name, given, context):
        return wait(context)

    connection = connect(
        custom_tools=[tool(name="look", handler=lambda ctx: wait(ctx) and "late", description="Look.")],
        hooks={"pre_tool_use": wait},
        can_use_tool=decide,
    )
    fields = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {}}
    cli.say(
        to_server("q1", "tools/call", 1, name="look"),
        asking("q2", subtype="hook_callback", callback_id="hook_pre_tool_use", input=fields),
        asking("q3", subtype="can_use_tool", tool_name="Bash", input={}),
    )
    connection.poll()
    connection.serve_waiting()
    assert seen == {"ToolContext": True, "PreToolUse": True, "PermissionContext": True}


def test_a_withdrawn_question_is_not_answered(cli, connect):
    """A question that the CLI takes back while its callback runs, or before, gets no answer."""

    def decide(name, given, context):
        cli.say({"type": "control_cancel_request", "request_id": "q1"})
        in_thread(lambda: connection.request("mcp_status", {})).join(10)
        assert context.cancelled
        return True

    connection = connect(can_use_tool=decide)
    connection.owner = -1
    cli.say(asking("q1", subtype="can_use_tool", tool_name="Bash", input={}))
    connection.poll()
    connection.serve_waiting()
    cli.say(
        asking("q2", subtype="can_use_tool", tool_name="Bash", input={}),
        {"type": "control_cancel_request", "request_id": "q2"},
    )
    connection.poll()
    connection.serve_waiting()
    connection.poll()
    assert answered(cli) == {}


def test_a_late_hook_is_answered_from_another_thread(cli, connect):
    """The answer for a hook that is late goes out while it sleeps, and its own is dropped."""

    def slow(ctx):
        until(lambda: "q1" in answered(cli))
        return True

    connection = connect(hooks={"pre_tool_use": Matcher(None, slow, timeout=0.05)})
    fields = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {}}
    cli.say(asking("q1", subtype="hook_callback", callback_id="hook_pre_tool_use", input=fields))
    connection.poll()
    connection.serve_waiting()
    connection.poll()
    assert len(cli.asked("control_response")) == 1
    assert answered(cli)["q1"]["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_preparing_makes_what_first_calls_need():
    """Builders of tools and hooks are made before the first call, and preparing twice does no harm."""

    def add(a: int, b: int) -> int:
        return a + b

    host = CallbackSet(Options(custom_tools=[add], hooks={"pre_tool_use": print}, can_use_tool=lambda *about: True))
    host.prepare()
    host.prepare()
    assert host.servers["sdk"].tools["add"].call({"a": 1, "b": 2}) == 3


def test_what_outlives_its_turn_has_no_deadline():
    """A tool that still runs when its turn has ended well is not told that the time is up, then or in a later turn."""
    host = CallbackSet()
    host.begin_turn(time.monotonic() + 0.01)
    running = Cancellation(host.deadline)
    host.begin_turn(None)
    host.begin_turn(time.monotonic() - 1)
    until(lambda: Cancellation(host.deadline).cancelled)
    assert running.deadline.at is None and not running.cancelled
