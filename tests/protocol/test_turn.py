"""
A turn in memory: its messages, and every way in which it can end.
"""
from __future__ import annotations

import threading
from functools import partial

import pytest
from helpers import in_thread
from memory import MemoryCLI, together

import agent_sdk
from agent_sdk import AbortError, AgentTimeoutError, ProcessError
from agent_sdk._client.prompt import user_line
from agent_sdk._protocol.activity import ActivityTracker
from agent_sdk._protocol.connection import Connection
from agent_sdk._protocol.idle_turn import IdleTurn
from agent_sdk._protocol.turn import Turn
from agent_sdk._protocol.turn_state import TurnLimits
from agent_sdk.testing import frames


def started(cli, kind=Turn, **terms):
    """A turn of a started connection, its prompt sent."""
    connection = Connection(cli)
    connection.start(wants_stderr=False)
    turn = kind(TurnLimits(**terms))
    turn.open(connection, ActivityTracker())
    if kind is Turn:
        turn.send(user_line("hello", turn.state.uuid))
    return turn


def rest_of(turn):
    """The messages that are left."""
    return list(iter(turn.next_message, None))


def test_a_turn_ends_with_its_result():
    """Messages come in order, the result last; then there are none."""
    turn = started(MemoryCLI(frames.conversation("hello", "world")))
    assert [m.type for m in rest_of(turn)] == ["system", "assistant", "result"]
    assert (turn.state.is_over, turn.state.result.content, turn.next_message()) == (True, "world", None)


@pytest.mark.parametrize("kind", [Turn, IdleTurn])
def test_abort_ends_a_turn_and_a_watch(kind):
    """After `abort` no message comes but `AbortError`, also from a watch over a CLI that rests."""
    turn = started(MemoryCLI(), kind)
    assert turn.abort() is True
    outcome = together(turn.next_message, seconds=5)[0]
    assert isinstance(outcome, AbortError)
    assert turn.abort() is True


def test_abort_after_the_end_does_nothing():
    """A turn that has ended by itself cannot be aborted."""
    turn = started(MemoryCLI([frames.result()]))
    rest_of(turn)
    assert turn.abort() is False
    assert turn.next_message() is None


def at_once(*functions):
    """The functions, each of which waits for the others before it begins."""
    gate = threading.Barrier(len(functions))
    return [lambda function=one: (gate.wait(), function())[1] for one in functions]


class SlowEndToken(list):
    """Lets the other thread look while the decision is taken and nothing else is done yet."""

    def __init__(self, look):
        super().__init__([True])
        self.look = look

    def pop(self, *place):
        taken = super().pop(*place)
        self.look()
        return taken


def test_an_abort_under_way_is_not_the_end():
    """A turn whose abort has only begun is not over: its thread does not take it for one without a result."""
    turn, looks = started(MemoryCLI()), []
    turn.state._end_token = SlowEndToken(lambda: looks.append(turn.state.is_over))
    turn.abort()
    assert looks == [False]


def test_an_abort_and_the_result_exclude_each_other():
    """Whoever is first decides: either the result is delivered and `abort` is false, or `AbortError` comes."""
    for _ in range(100):
        turn = started(MemoryCLI(frames.conversation()))
        turn._connection.poll()
        aborted, seen = together(*at_once(turn.abort, partial(rest_of, turn)))
        assert isinstance(seen, AbortError) if aborted else seen[-1].is_result


def test_a_watch_calls_nobody_for_standard_error():
    """Coming to rest is no line of standard error."""
    lines = []
    turn = started(MemoryCLI(), IdleTurn, stderr=lines.append)
    assert (turn.next_message(), lines) == (None, [])


def test_a_watch_looks_before_it_rests():
    """What the CLI has said but nobody read is delivered before a watch ends."""
    cli = MemoryCLI()
    turn = started(cli, IdleTurn)
    cli.say(frames.assistant("by myself"))
    assert [m.content for m in rest_of(turn)] == ["by myself"]


@pytest.mark.parametrize("limit", ["timeout", "idle_timeout"])
def test_limits_end_a_turn(limit):
    """Both limits raise `AgentTimeoutError`, which names the one that passed."""
    turn = started(MemoryCLI([frames.init()]), **{limit: 0.05})
    assert turn.next_message().is_init
    with pytest.raises(AgentTimeoutError, match=f"[^_]{limit}=0.05" if limit == "timeout" else limit) as caught:
        turn.next_message()
    assert caught.value.last_message.is_init


def test_the_end_of_the_lines_is_an_error_with_what_was_said():
    """A turn without a result raises `ProcessError` with its messages and session."""
    cli = MemoryCLI([frames.init(), frames.assistant("half")])
    turn = started(cli)
    assert turn.next_message().is_init
    cli.end()
    with pytest.raises(ProcessError) as caught:
        rest_of(turn)
    assert [m.content for m in caught.value.messages if m.is_assistant] == ["half"]
    assert caught.value.session_id == frames.SESSION_ID


def test_stopping_reads_on_in_silence():
    """`stop` sends one interrupt and takes the turn's own result, so that the process can be kept."""
    ended = frames.error_result(terminal_reason="aborted_streaming", user_message_uuids=["$uuid"])
    turn = started(MemoryCLI([frames.init(), frames.assistant("half"), ended]))
    assert turn.next_message().is_init
    assert turn.stop() is True
    assert turn.state.result.is_aborted
    assert turn.state.is_over


def test_a_cli_that_does_not_stop_is_given_up_in_time():
    """`stop` waits no longer than its grace, for a result that never comes."""
    cli = MemoryCLI([frames.init()], {"interrupt": None})
    turn = started(cli)
    turn.next_message()
    assert turn.stop(timeout=0.1) is False
    assert len(cli.asked("interrupt")) == 1


def test_the_money_of_a_stopped_turn_is_counted():
    """What an aborted turn cost is in the client's total, though its results were not delivered."""
    other = frames.result("of a background agent", total_cost_usd=0.25, origin={"kind": "task-notification"})
    ended = frames.error_result(total_cost_usd=0.75, user_message_uuids=["$uuid"])
    cli = MemoryCLI([frames.init(), frames.assistant("half"), other, ended])
    client = agent_sdk.Client(transport=cli)
    with pytest.raises(AbortError) as caught:
        client.query("x", on_message=lambda message: client.abort())
    assert caught.value.result.total_cost_usd == 0.75
    assert client.total_cost_usd == 0.75
    client.close()


def test_the_money_of_an_interrupted_turn_is_counted():
    """After Ctrl-C too, as far as the CLI still tells."""

    def stop(message):
        raise KeyboardInterrupt

    cli = MemoryCLI([frames.init(), frames.error_result(total_cost_usd=0.25, user_message_uuids=["$uuid"])])
    client = agent_sdk.Client(transport=cli)
    with pytest.raises(KeyboardInterrupt):
        client.query("x", on_message=stop)
    assert client.total_cost_usd == 0.25


def test_nobody_reads_beside_a_torn_turn():
    """After Ctrl-C the turn's own thread reads on alone, whatever other threads want to send."""
    cli, over, threads = MemoryCLI([frames.init()], {"interrupt": None}), threading.Event(), []
    client = agent_sdk.Client(transport=cli)

    def nudge(connection):
        while not over.is_set():
            connection.flush()

    def stop(message):
        threads.append(in_thread(partial(nudge, client._conversation.process.connection)))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.query("x", on_message=stop)
    over.set()
    threads[0].join()
    assert cli.most_readers == 1
