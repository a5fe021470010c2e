"""
Processes that do not end as they should: every wait is bounded.
"""
from __future__ import annotations

import os

import pytest
from helpers import alive, in_thread, until

import agent_sdk
from agent_sdk import AbortError, CLINotFoundError, ConfigurationError, ProcessError
from agent_sdk.testing import FakeCLI, frames, steps


def test_close_ends_a_cli_that_ignores_everything(monkeypatch):
    """A CLI that ignores SIGTERM and the end of its input, with a child that holds stdout, is gone after close."""
    turn = [frames.init(), steps.ignore_sigterm(), steps.fork_grandchild(600), frames.result()]
    with FakeCLI([*turn, steps.delay(600)]) as fake:
        client = agent_sdk.client(cli_path=fake.path)
        client.query("x")
        pid = client.pid
        client.close()
        assert not alive(pid)
        client.close()


def test_a_grandchild_that_holds_stdout_does_not_hold_the_query():
    """The exit of the CLI ends a query, though a grandchild keeps its stdout open."""
    with FakeCLI([frames.init(), steps.fork_grandchild(600), frames.result("ok"), steps.exit(0)]) as fake:
        assert agent_sdk.query("x", cli_path=fake.path).content == "ok"


def test_an_exit_behind_a_grandchild_is_an_error():
    """The death of the CLI is noticed while a grandchild holds the pipe."""
    with FakeCLI([frames.init(), steps.fork_grandchild(60), steps.exit(7)]) as fake:
        with pytest.raises(ProcessError) as caught:
            agent_sdk.query("x", cli_path=fake.path)
    assert caught.value.exit_code == 7


def test_abort_while_the_cli_never_answers():
    """A CLI that answers nothing, not even the handshake, is ended by abort."""
    with FakeCLI(initialize=None) as fake:
        client = agent_sdk.client(cli_path=fake.path)
        in_thread(lambda: (fake.wait_for("initialize"), until(client.abort)))
        with pytest.raises(AbortError):
            client.query("x")
        until(lambda: not any(map(alive, fake.pids)))
        client.close()


def test_a_query_times_out_in_the_handshake():
    """The timeout bounds the start of the process too."""
    with FakeCLI(initialize=None) as fake:
        with pytest.raises(agent_sdk.AgentTimeoutError):
            agent_sdk.query("x", cli_path=fake.path, timeout=0.5)
        until(lambda: not any(map(alive, fake.pids)))


def test_two_thousand_turns_leave_nothing():
    """Turn after turn in one client leaves no descriptor behind, and answers match prompts."""
    with FakeCLI([frames.init(), frames.assistant("$prompt"), frames.result("$prompt")]) as fake:
        with agent_sdk.client(cli_path=fake.path) as client:
            client.query("warm up")
            before = len(os.listdir("/proc/self/fd"))
            for number in range(2000):
                assert client.query(f"turn {number}").content == f"turn {number}"
            assert len(os.listdir("/proc/self/fd")) <= before
            assert len(fake.pids) == 1


def test_forty_one_shots_leave_nothing():
    """Query after query leaves no descriptor and no process behind."""
    with FakeCLI() as fake:
        agent_sdk.query("warm up", cli_path=fake.path)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(40):
            agent_sdk.query("x", cli_path=fake.path)
        assert len(os.listdir("/proc/self/fd")) <= before
        assert not any(map(alive, fake.pids))


@pytest.mark.parametrize(
    ("overrides", "error", "words"),
    [
        ({"cli_path": "/nowhere/claude"}, CLINotFoundError, "no such file"),
        ({"cli_path": __file__}, CLINotFoundError, "not executable"),
        ({"cwd": "/nowhere"}, ConfigurationError, "no such directory"),
        ({"modle": "x"}, ConfigurationError, "did you mean 'model'"),
        ({"max_turns": "3"}, ConfigurationError, "whole number"),
        ({"max_turns": 0}, ConfigurationError, "at least 1"),
        ({"session_id": "abc"}, ConfigurationError, "UUID"),
        ({"resume": "x", "continue_conversation": True}, ConfigurationError, "exclusive"),
        ({"resume_session_at": "x"}, ConfigurationError, "requires resume"),
        ({"fork_session": True}, ConfigurationError, "session"),
        ({"resume": "x", "session_id": "8a0d1f9c-6f0e-4b58-9a53-0d4f3b1f5f11"}, ConfigurationError, "fork_session"),
        ({"model": "a", "fallback_model": "a"}, ConfigurationError, "differ"),
        ({"system_prompt": 5}, ConfigurationError, "system_prompt"),
        ({"system_prompt": {"type": "file", "path": "/nowhere"}}, ConfigurationError, "cannot read"),
        ({"env": {"A": 5}}, ConfigurationError, "env"),
        ({"extra_args": {"x": "y" * 9000}}, ConfigurationError, "command line"),
        ({"resume": "a\0b"}, ConfigurationError, "NUL"),
        ({"timeout": 0}, ConfigurationError, "greater"),
        ({"persistent": False}, ConfigurationError, "Client"),
    ],
    ids=lambda value: None if isinstance(value, (str, type)) else next(iter(value)),
)
def test_wrong_options_are_errors_before_a_process_starts(overrides, error, words):
    """Each wrong option has its own error, which names it and the remedy; nothing is started."""
    with FakeCLI() as fake:
        with pytest.raises(error, match=words):
            agent_sdk.query("x", **{"cli_path": fake.path, **overrides})
        assert fake.pids == []


@pytest.mark.parametrize("prompt", [5, None, b"bytes", {"type": "text"}, [5], [{"no": "type"}], ["x", None]])
def test_wrong_prompts_are_errors_before_a_process_starts(prompt):
    """The CLI would answer a prompt of the wrong type with silence: it is checked first."""
    with FakeCLI() as fake:
        with pytest.raises(ConfigurationError, match="prompt"):
            agent_sdk.query(prompt, cli_path=fake.path)
        assert fake.pids == []


def test_no_cli_lists_the_places_searched(monkeypatch):
    """Without a CLI the error lists every place and both ways to install one."""
    monkeypatch.delenv("AGENT_SDK_CLI", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("agent_sdk._process.locate.INSTALL_FOLDERS", ("/nowhere/else",))
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(CLINotFoundError, match="npm install") as caught:
        agent_sdk.query("x")
    assert caught.value.searched == ["/nowhere/claude", "/nowhere/else/claude"]
    assert agent_sdk.cli_available() is False
    assert agent_sdk.cli_version() is None
