"""
The keeper: one process for a client, and what happens when others come while it is being started.
"""
from __future__ import annotations

import os
import signal
import threading

import pytest
from helpers import in_thread
from memory import MemoryCLI, together

import agent_sdk
from agent_sdk import AbortError, BusyError, ProcessError
from agent_sdk.testing import FakeCLI, frames

TURN = frames.conversation()


def test_a_process_is_kept_for_the_next_turn():
    """Turns with the same options share one start."""
    cli = MemoryCLI(TURN)
    with agent_sdk.client(transport=cli) as client:
        assert [client.query("a").is_success, client.query("b").is_success] == [True, True]
        assert cli.calls == ["start"]


def test_live_changes_keep_it_and_others_replace_it():
    """Model and permission mode are set in the running process; another option starts a new one."""
    cli = MemoryCLI(TURN)
    with agent_sdk.client(transport=cli) as client:
        client.query("a")
        client.query("b", model="opus", permission_mode="plan")
        client.query("c")
        assert [frame["request"].get("model") for frame in cli.asked("set_model")] == ["opus", None]
        assert [frame["request"].get("mode") for frame in cli.asked("set_permission_mode")] == ["plan", "default"]
        assert cli.calls.count("start") == 1
        client.query("d", max_turns=3)
        assert cli.calls.count("start") == 2


def test_closing_while_a_process_starts_leaves_none():
    """`close` from another thread ends also a process whose start has only begun."""
    cli = MemoryCLI(TURN)
    client = agent_sdk.client(transport=cli)
    cli.on_start = lambda: together(client.close)
    with pytest.raises((AbortError, ProcessError)):
        client.query("x")
    assert cli.calls[-1] == "close"
    assert client.pid is None
    cli.on_start = lambda: None
    assert client.query("again").is_success
    client.close()


@pytest.mark.parametrize(
    "call",
    [lambda client: client.set_model("opus"), lambda client: client.query("x"), lambda client: client.start()],
    ids=["set_model", "query", "start"],
)
def test_a_call_out_of_the_start_itself_is_refused(call):
    """A signal handler that asks while this thread starts the process gets `BusyError`; it does not wait for itself."""
    cli, outcomes = MemoryCLI(TURN), []
    client = agent_sdk.client(transport=cli)

    def on_start():
        with pytest.raises(BusyError) as caught:
            call(client)
        outcomes.append(caught.value)

    cli.on_start = on_start
    assert together(client.start, seconds=5) == [client]
    assert len(outcomes) == 1
    client.close()


def test_a_second_thread_waits_for_the_start():
    """Control calls of two threads before the first query share one process."""
    cli = MemoryCLI(TURN, {"mcp_status": {"mcpServers": []}})
    client = agent_sdk.client(transport=cli)
    gate = threading.Barrier(4)

    def ask():
        gate.wait()
        return client.control("mcp_status")

    assert together(*[ask] * 4) == [{"mcpServers": []}] * 4
    assert cli.calls == ["start"]
    client.close()


def test_a_live_change_that_is_refused_is_the_error_of_the_call():
    """An override that the CLI refuses raises `ControlError`; the client stays usable."""
    cli = MemoryCLI(TURN, {"set_model": "no such model"})
    with agent_sdk.client(transport=cli) as client:
        client.query("a")
        with pytest.raises(agent_sdk.ControlError, match="no such model"):
            client.query("b", model="nonsense")
        assert client.query("c").is_success


@pytest.mark.parametrize("option", ["resume", "session_id"])
def test_a_session_set_by_a_builder_is_opened_once(option):
    """`with_resume` and its like move the client once; the turns after it go on in the same process."""
    cli = MemoryCLI(TURN)
    with agent_sdk.client(transport=cli) as client:
        getattr(client, f"with_{option}")(frames.SESSION_ID)
        client.query("a")
        client.query("b")
        assert cli.calls.count("start") == 1


def test_a_fork_while_a_process_starts_does_not_hang_the_child():
    """A process forked while another thread starts the CLI can use the client: it holds no lock of the parent."""
    with FakeCLI(initialize=None) as slow, FakeCLI() as fast:
        client = agent_sdk.client(cli_path=slow.path)
        starter = in_thread(lambda: together(client.start))
        slow.wait_for("initialize")
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            outcome = together(lambda: client.with_cli_path(fast.path).query("x", timeout=10).is_success)
            os._exit(0 if outcome == [True] else 1)
        assert os.waitpid(child, 0)[1] == 0
        client.close()
        starter.join(10)
        assert not starter.is_alive()
