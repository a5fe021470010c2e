"""
One pump for all who wait: a leader reads, the others follow, and nobody is left behind.
"""
from __future__ import annotations

import sys
import threading
import time

import pytest
from helpers import in_thread, until
from memory import MemoryCLI, answer, together

from agent_sdk import BusyError, ControlError, ControlTimeoutError, ProcessError
from agent_sdk._protocol import connection as module
from agent_sdk._protocol.connection import Connection
from agent_sdk.testing import frames

SOON = 10.0


@pytest.fixture
def cli():
    """A CLI in memory."""
    return MemoryCLI()


@pytest.fixture
def connection(cli):
    """A started connection to it."""
    made = Connection(cli)
    made.start(wants_stderr=False)
    return made


def limit():
    """A deadline that no test reaches."""
    return time.monotonic() + SOON


def test_an_answer_settles_its_question(connection, cli):
    """`ask` returns the response of the request with its id."""
    cli.responses["mcp_status"] = {"mcpServers": []}
    assert connection.request("mcp_status", {"detail": 1}) == {"mcpServers": []}
    assert cli.asked("mcp_status")[0]["request"] == {"subtype": "mcp_status", "detail": 1}


def test_a_refusal_is_an_error_with_its_subtype(connection, cli):
    """A refused request raises `ControlError`, which names the subtype and the CLI's reason."""
    cli.responses["set_model"] = "no such model"
    with pytest.raises(ControlError, match="set_model: no such model") as caught:
        connection.request("set_model", {})
    assert caught.value.subtype == "set_model"


def test_silence_has_a_limit(connection, cli):
    """A request that is never answered ends with `ControlTimeoutError`; the connection goes on."""
    cli.responses["get_settings"] = None
    with pytest.raises(ControlTimeoutError, match=r"0\.05 seconds"):
        connection.request("get_settings", {}, timeout=0.05)
    assert connection.request("mcp_status", {}) == {}


def test_messages_wait_in_the_inbox_in_order(connection, cli):
    """What is no answer stays in the inbox, in order, while others ask."""
    cli.say(frames.assistant("a"), frames.assistant("b"))
    connection.request("mcp_status", {})
    texts = [connection.next_item(lambda: False, limit())[0]["message"]["content"][0]["text"] for _ in range(2)]
    assert texts == ["a", "b"]


def test_six_threads_ask_in_a_streaming_turn(connection, cli):
    """Forty requests of each of six threads are answered in a turn; one thread at a time reads."""
    turn = 600
    reading = threading.Event()

    def read():
        seen = 0
        while seen < turn:
            item = connection.next_item(lambda: False, limit())
            seen += item is not None
            reading.set()
        return seen

    def stream():
        for number in range(turn):
            cli.say(frames.text_delta(str(number)))

    def ask():
        assert reading.wait(SOON)
        return sum(connection.request("mcp_status", {"n": n}) == {} for n in range(40))

    assert together(read, stream, *[ask] * 6) == [turn, None, *[40] * 6]
    assert cli.most_readers == 1
    assert len(cli.asked("mcp_status")) == 240


def test_a_follower_is_served_by_the_leader(connection, cli):
    """A thread that finds another one reading gets its answer from it, without reading itself."""
    leading = [True]
    leader = in_thread(lambda: connection.wait(lambda: not leading, limit()))
    until(lambda: cli.readers)
    assert connection.request("mcp_status", {}) == {}
    leading.clear()
    cli.wake()
    leader.join(SOON)
    assert not leader.is_alive()


def test_a_follower_takes_over(connection, cli):
    """When the leader has what it waited for and leaves, a follower reads on."""
    cli.responses["slow"] = None
    first, _ = connection.protocol.request("first", {})
    leader = in_thread(lambda: connection.wait(lambda: first.done, limit()))
    until(lambda: cli.readers)
    follower = in_thread(lambda: connection.request("slow", {}))
    until(lambda: cli.asked("slow"))
    cli.say(answer("req_1"))
    leader.join(SOON)
    cli.say(answer("req_2"))
    follower.join(SOON)
    assert not leader.is_alive() and not follower.is_alive()


def test_a_follower_has_a_deadline_of_its_own(connection, cli):
    """A follower gives up at its own deadline, whatever the leader does."""
    cli.responses["slow"] = None
    leader = in_thread(lambda: connection.wait(lambda: connection.ended, limit()))
    until(lambda: cli.readers)
    with pytest.raises(ControlTimeoutError):
        connection.request("slow", {}, timeout=0.05)
    cli.end()
    leader.join(SOON)


def test_the_end_settles_all(connection, cli):
    """When the lines end, every thread that waits for an answer gets the same error, and so does who asks later."""
    cli.responses["slow"] = None

    def ask():
        connection.request("slow", {})

    threads = [ask] * 6
    ender = in_thread(lambda: (until(lambda: len(cli.asked("slow")) == 6), cli.end()))
    outcomes = together(*threads)
    ender.join()
    assert all(outcome is connection.ended for outcome in outcomes)
    assert isinstance(connection.ended, ProcessError)
    with pytest.raises(ProcessError):
        ask()


def test_the_same_thread_cannot_read_twice(connection, cli):
    """A call out of the pump itself, as from a signal handler, raises `BusyError`; asking without waiting works."""
    errors, posted = [], []

    def interrupting(timeout):
        cli.read_lines = plain
        posted.append(connection.send_request("interrupt", {}))
        with pytest.raises(BusyError) as caught:
            connection.request("mcp_status", {}, timeout=1)
        errors.append(caught.value)
        return plain(timeout)

    plain = cli.read_lines
    cli.read_lines = interrupting
    connection.request("set_model", {})
    assert len(errors) == 1
    connection.wait(lambda: posted[0].done, limit())
    assert posted[0].done


def test_post_reaches_a_cli_that_nobody_reads(connection, cli):
    """`post` gets the line out by itself where no thread is pumping, as while a callback sleeps."""
    connection.send_request("interrupt", {"cancel_queued": True})
    assert cli.asked("interrupt")


def test_the_cli_s_questions_are_served_while_we_ask(connection, cli):
    """A control request of the CLI that comes before our answer is answered past the messages before it."""
    question = {"type": "control_request", "request_id": "q1", "request": {"subtype": "no_such_subtype"}}
    cli.say(frames.assistant("earlier"), question)
    cli.responses["slow"] = None
    ender = in_thread(lambda: (until(lambda: cli.asked("control_response")), cli.say(answer("req_1"))))
    connection.request("slow", {})
    ender.join()
    reply = cli.asked("control_response")[0]["response"]
    assert (reply["request_id"], reply["subtype"]) == ("q1", "error")
    assert [item[0]["type"] for item in connection.inbox] == ["assistant"]


@pytest.mark.parametrize(("owner", "expected"), [("none", ["q1"]), ("this", ["q1"]), ("another", [])])
def test_requests_read_with_the_response_are_served(connection, cli, owner, expected):
    """A request of the CLI that is read together with our response is served before the call returns."""
    connection.owner = {"none": None, "this": threading.get_ident(), "another": -1}[owner]
    cli.responses["slow"] = None
    question = {"type": "control_request", "request_id": "q1", "request": {"subtype": "no_such_subtype"}}
    cli.say(answer("req_1"), question)
    connection.request("slow", {})
    connection.flush()
    assert expected == [frame["response"]["request_id"] for frame in cli.asked("control_response")]


def test_requests_of_an_ended_process_are_not_served(connection, cli):
    """After the end of the output, waiting requests of the CLI run no callback."""

    def end_error():
        connection.owner = None  # the turn ends with its process
        return ProcessError("the output ended")

    cli.end_error, cli.responses["slow"] = end_error, None
    cli.say({"type": "control_request", "request_id": "q1", "request": {"subtype": "no_such_subtype"}})
    connection.poll()
    cli.end()
    connection.owner = -1
    with pytest.raises(ProcessError):
        connection.request("slow", {})
    assert connection.protocol.has_waiting_request


def test_a_withdrawn_question_is_not_answered(connection, cli):
    """A question that the CLI took back gets no answer."""
    cli.say(
        {"type": "control_request", "request_id": "q1", "request": {"subtype": "elicitation"}},
        {"type": "control_cancel_request", "request_id": "q1"},
    )
    connection.poll()
    connection.request("mcp_status", {})
    connection.poll()
    assert cli.asked("control_response") == []


def test_questions_are_found_among_lines_of_stderr(connection, cli):
    """Lines of standard error in the inbox, empty ones too, do not hide a question of the CLI behind them."""
    connection.inbox.extend(["", "a line"])
    cli.say({"type": "control_request", "request_id": "q1", "request": {"subtype": "no_such_subtype"}})
    connection.poll()
    connection.request("mcp_status", {})
    connection.poll()
    assert [frame["response"]["request_id"] for frame in cli.asked("control_response")] == ["q1"]


def test_questions_of_a_turn_wait_for_its_thread(connection, cli):
    """While a turn runs, another thread that asks does not run the callbacks: they belong to the turn's thread."""
    connection.owner = threading.get_ident()
    cli.say({"type": "control_request", "request_id": "q1", "request": {"subtype": "no_such_subtype"}})
    assert together(lambda: connection.request("mcp_status", {})) == [{}]
    assert cli.asked("control_response") == []
    connection.request("mcp_status", {})
    connection.poll()
    assert len(cli.asked("control_response")) == 1


@pytest.mark.parametrize("usable", [True, False], ids=["open", "ended"])
def test_closing_is_idempotent(connection, cli, usable):
    """`close` ends the input, then the process, and may be called again."""
    if not usable:
        cli.end()
        assert connection.poll() is False
    connection.close(0.1)
    connection.close(0.1)
    assert "end_input" in cli.calls and "close" in cli.calls
    assert not connection.is_usable


def test_dropping_releases_the_waiters(connection, cli):
    """`drop` from one thread ends the wait of another with an error."""
    cli.responses["slow"] = None
    follower = in_thread(lambda: together(lambda: connection.request("slow", {})))
    until(lambda: cli.asked("slow"))
    connection.drop()
    follower.join(SOON)
    assert not follower.is_alive()


class Interrupter:
    """Raises KeyboardInterrupt before the *n*-th line that a thread runs in the connection's module."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


@pytest.mark.parametrize(
    "question",
    [lambda one: one.request("mcp_status", {}), lambda one: one.poll(), lambda one: one.send_request("interrupt", {})],
    ids=["ask", "look", "post"],
)
def test_a_keyboard_interrupt_on_any_line_leaves_nothing_stuck(cli, question):
    """Wherever Ctrl-C falls, the connection afterwards either works or calls itself unusable."""
    lines = 0
    while True:
        lines += 1
        connection = Connection(cli)
        connection.start(wants_stderr=False)
        tracer = Interrupter(lines)
        sys.settrace(tracer)
        try:
            question(connection)
        except KeyboardInterrupt:
            pass  # what this test is about
        finally:
            sys.settrace(None)
        if tracer.left > 0:
            break
        if connection.poll():
            assert connection.request("mcp_status", {}, timeout=5) == {}, f"stuck after line {lines}"
    assert lines > 5
