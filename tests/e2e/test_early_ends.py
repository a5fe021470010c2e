"""
How a turn can end early: the promised error in time, nothing left behind, the session goes on.
"""
from __future__ import annotations

import gc
import os
import signal
import threading
import warnings

import pytest
from helpers import alive, in_thread, processes_with, until

import agent_sdk
from agent_sdk import AbortError, AgentTimeoutError, BusyError, ProcessError

SLEEP = "python3 -c 'import time; {mark} = 1; time.sleep(60)'"


@pytest.fixture
def held(model):
    """A reply that stops after its first word until the event is set."""
    event = threading.Event()
    model.reply(chunks=["first", " second"], until=event)
    yield event
    event.set()


def stop_soon(action):
    """Call *action* at the first stream event with text; returns the callback."""
    return lambda message: action() if message.is_stream_event and message.text else None


def goes_on(client, model, *earlier):
    """The session goes on, and no message of the stopped turn comes with the next one."""
    seen = []
    assert client.query("afterwards", on_message=seen.append).content == "echo: afterwards"
    assert [m.content for m in seen if m.is_assistant and not m.is_background] == ["echo: afterwards"]
    assert model.requests[-1].user_texts == [*earlier, "afterwards"]


@pytest.mark.smoke
def test_abort_from_a_thread(client, model, held):
    """`abort` from another thread ends the call while the model still writes; process and session stay usable."""
    agent, answers = client(include_partial_messages=True).start(), []
    pid = agent.pid
    with pytest.raises(AbortError) as caught:
        agent.query("slow", on_message=stop_soon(lambda: in_thread(lambda: answers.append(agent.abort())).join()))
    assert (answers, agent.pid, held.is_set()) == ([True], pid, False)
    assert caught.value.session_id == agent.session_id
    assert caught.value.result.is_aborted
    assert caught.value.messages[0].is_init
    goes_on(agent, model, "slow")


def test_abort_in_a_callback_silences_it(client, model, held):
    """After `abort` in a callback no further callback runs for that turn."""
    agent, after = client(include_partial_messages=True), []

    def callback(message):
        if after:
            after.append(message)
        elif message.is_stream_event:
            after.append(agent.abort())

    with pytest.raises(AbortError):
        agent.query("slow", on_message=callback)
    assert after == [True]
    goes_on(agent, model, "slow")


def test_abort_in_a_signal_handler(client, model, held):
    """`abort` in a signal handler waits on no lock, wherever the signal fell."""
    agent = client()
    before = signal.signal(signal.SIGUSR1, lambda *_: agent.abort())
    try:
        in_thread(lambda: (model.wait_for_request(1, timeout=60), os.kill(os.getpid(), signal.SIGUSR1)))
        with pytest.raises(AbortError):
            agent.query("slow")
    finally:
        signal.signal(signal.SIGUSR1, before)
    goes_on(agent, model, "slow")


def test_abort_before_the_first_message(client):
    """A turn that is still starting can be aborted, and the client is usable afterwards."""
    agent = client()
    thread = in_thread(lambda: until(agent.abort))
    with pytest.raises(AbortError) as caught:
        agent.query("early")
    thread.join()
    assert caught.value.result is None or caught.value.result.is_error
    assert agent.query("then").content == "echo: then"


@pytest.mark.smoke
def test_abort_in_a_tool_kills_the_tool(client, model, mark):
    """Aborting while a tool runs ends the tool's own process too."""
    agent = client(allowed_tools=["Bash"])
    model.call_tool("Bash", {"command": SLEEP.format(mark=mark)})
    in_thread(lambda: (until(lambda: processes_with(mark)), agent.abort()))
    with pytest.raises(AbortError):
        agent.query("run it")
    until(lambda: not processes_with(mark))
    assert agent.query("then").is_success


def test_abort_of_a_stopped_cli(client, model, held):
    """A CLI that does not move is ended, and the session goes on in a new process."""
    agent = client(include_partial_messages=True).start()
    pid = agent.pid

    def freeze():
        os.kill(pid, signal.SIGSTOP)
        agent.abort()

    with pytest.raises(AbortError):
        agent.query("slow", on_message=stop_soon(freeze))
    assert not alive(pid)
    session = agent.session_id
    assert agent.query("afterwards").session_id == session


def test_abort_without_a_turn(client):
    """`abort` with nothing running does nothing and says so."""
    agent = client()
    assert agent.abort() is False
    agent.query("hello")
    assert agent.abort() is False
    assert agent.query("again").is_success


@pytest.mark.smoke
def test_ctrl_c_reaches_the_caller(client, model, held):
    """A KeyboardInterrupt leaves `query` at once, no process stays, and the next query resumes."""
    agent = client().start()
    pid = agent.pid
    in_thread(lambda: (model.wait_for_request(1, timeout=60), os.kill(os.getpid(), signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        agent.query("slow")
    assert (alive(pid), held.is_set()) == (False, False)
    session = agent.session_id
    goes_on(agent, model, "slow")
    assert agent.session_id == session


def test_ctrl_c_in_a_one_shot_leaves_nothing(real, model, held):
    """Ctrl-C in a one-shot query, also raised inside the callback, leaves no process."""
    pids = []

    def callback(message):
        pids.extend(processes_with(str(real["cwd"].parent)))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        agent_sdk.query("slow", on_message=callback, extra_args={"debug-file": str(real["cwd"] / "d.log")}, **real)
    assert pids and not any(map(alive, pids))


@pytest.mark.smoke
def test_timeout_bounds_the_call(client, held):
    """`timeout` stops the turn and tells session, time and what came last; the session goes on."""
    agent = client().start()
    with pytest.raises(AgentTimeoutError) as caught:
        agent.query("slow", timeout=2)
    error = caught.value
    assert error.session_id == agent.session_id
    assert error.elapsed >= 2 and not held.is_set()
    assert error.last_message is error.messages[-1] and error.last_message.is_init
    assert agent.query("ok").is_success


@pytest.mark.parametrize("kind", ["tool", "hook", "permission"])
def test_a_callback_can_see_that_the_time_is_up(client, model, kind):
    """`timeout` cannot stop a callback, but sets its `cancelled`; the next turn's callbacks are not cancelled."""
    seen, patient = [], threading.Event()

    def wait(ctx):
        until(lambda: ctx.cancelled or patient.is_set())
        seen.append(ctx.cancelled)

    options = {
        "tool": {"custom_tools": [wait]},
        "hook": {"hooks": {"pre_tool_use": wait}, "allowed_tools": ["Bash"]},
        "permission": {"can_use_tool": lambda name, given, context: wait(context) or True},
    }[kind]
    call = ("mcp__sdk__wait", {}) if kind == "tool" else ("Bash", {"command": "touch made"})
    agent = client(**options)
    agent.query("warm up")
    model.call_tool(*call)
    with pytest.raises(AgentTimeoutError):
        agent.query("slow", timeout=3)
    assert seen == [True]
    patient.set()
    model.call_tool(*call).reply("done")
    assert agent.query("again").content == "done" and seen == [True, False]


def test_idle_timeout_does_not_count_the_callback(client, held):
    """Silence is measured between messages; the time a callback takes does not count."""
    agent, patient, after = client().start(), threading.Event(), []
    with pytest.raises(AgentTimeoutError):
        agent.query("slow", idle_timeout=1.5, on_message=lambda m: m.is_init and after.append(patient.wait(2)))
    assert after == [False]


def test_a_callback_s_exception_comes_through(client, model):
    """The exception of `on_message` leaves `query` unchanged; the session goes on."""
    agent, error = client(), RuntimeError("mine")

    def callback(message):
        if message.is_assistant:
            raise error

    with pytest.raises(RuntimeError) as caught:
        agent.query("x", on_message=callback)
    assert caught.value is error
    goes_on(agent, model, "x")


@pytest.mark.smoke
def test_leaving_a_stream_early_stops_the_turn(client, model, held):
    """Leaving the loop of a stream stops the turn; the next query finds the client free."""
    agent = client(include_partial_messages=True)
    for message in agent.stream("slow"):
        if message.is_stream_event and message.text:
            break
    goes_on(agent, model, "slow")


def test_an_open_stream_is_closed_by_the_next_query(client, model, held):
    """A stream that the same thread left open is closed by the next query, with a ResourceWarning."""
    agent = client(include_partial_messages=True)
    stream = agent.stream("slow")
    while not next(stream).is_stream_event:
        pass
    with pytest.warns(ResourceWarning):
        assert agent.query("next").content == "echo: next"
    stream.close()
    with pytest.raises(BusyError, match="another query of the client closed"):  # and not as if its turn had ended well
        next(stream)


def test_the_last_message_of_a_stream_may_lead_to_a_query(client):
    """Whoever queries on with the result in hand, in the loop of the stream, ends the loop and no more."""
    agent, seen = client(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for message in agent.stream("one"):
            if message.is_result:
                seen.append(agent.query("two").content)
    assert seen == ["echo: two"]


@pytest.mark.smoke
def test_sigkill_in_a_turn_is_a_process_error(client, model, held):
    """A CLI that dies in a turn raises with the signal's name and what was said; the session goes on."""
    agent = client(include_partial_messages=True)
    with pytest.raises(ProcessError) as caught:
        agent.query("slow", on_message=stop_soon(lambda: os.kill(agent.pid, signal.SIGKILL)))
    assert caught.value.signal == "SIGKILL"
    assert caught.value.session_id == agent.session_id
    assert caught.value.messages
    assert agent.query("again").session_id == caught.value.session_id


def test_sigkill_between_turns_goes_unseen(client, model):
    """A CLI that dies between turns is replaced without a word, with the session and its live state."""
    agent = client()
    agent.query("first")
    agent.set_permission_mode("plan")
    os.kill(agent.pid, signal.SIGKILL)
    modes = []
    agent.query("second", on_message=lambda m: modes.append(m.permission_mode) if m.is_init else None)
    assert modes == ["plan"]
    assert model.requests[-1].user_texts == ["first", "second"]


def test_a_turn_ends_at_close_from_another_thread(client, model, held):
    """`close` from another thread aborts the running turn and waits for nothing."""
    agent = client(include_partial_messages=True)
    closer = []
    with pytest.raises(AbortError):
        agent.query("slow", on_message=stop_soon(lambda: closer or closer.append(in_thread(agent.close))))
    closer[0].join(60)
    assert not closer[0].is_alive()
    assert agent.session_id is None and agent.pid is None


def test_interrupt_returns_the_aborted_result(client, model, held):
    """`interrupt` is no abort: the call returns the result that the CLI sends for it."""
    agent = client(include_partial_messages=True)
    result = agent.query("slow", on_message=stop_soon(lambda: agent.interrupt()))
    assert result.is_aborted and result.is_error and not result.is_success
    goes_on(agent, model, "slow")


def _by_break(stream):
    for message in stream:
        if message.is_init:
            break


def _by_return(stream):
    for message in stream:
        if message.is_init:
            return message
    return None


def _by_next(stream):
    next(message for message in stream if message.is_init)


@pytest.mark.parametrize(
    ("kind", "leave"),
    [("stream", _by_break), ("stream", _by_return), ("stream", _by_next), ("client", _by_break), ("session", _by_next)],
)
def test_leaving_a_stream_stops_its_turn_at_once(real, model, leave, kind):
    """However a loop is left, the turn is stopped there and then, not whenever garbage is collected."""
    model.when("slow").reply("late", delay=60)
    running = {
        "stream": lambda: agent_sdk.stream("slow", **real),
        "client": agent_sdk.client(**real).stream,
        "session": agent_sdk.Session(**real).stream,
    }[kind]
    gc.disable()
    try:
        leave(running("slow") if kind != "stream" else running())
        sessions = agent_sdk.list_sessions(config_dir=real["env"]["CLAUDE_CONFIG_DIR"])
        assert agent_sdk.query("next", resume=sessions[0].session_id, session_wait=0, **real).content == "echo: next"
    finally:
        gc.enable()
