"""
One writer for a session, on the real CLI: a second turn in it waits, or is told; nothing is lost silently.
"""
from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers import in_thread, until

import agent_sdk
from agent_sdk import AbortError, AgentTimeoutError, SessionBusyError

OTHER = """
import json, sys
import agent_sdk
fields = json.loads(sys.argv[1])
result = agent_sdk.query("elsewhere", resume=fields["id"], cwd=fields["cwd"], env=fields["env"])
print(result.content)
"""


def locks(real):
    """The lock files in the home of a test."""
    return list(Path(real["env"]["CLAUDE_CONFIG_DIR"], "projects").rglob("*.lock"))


@pytest.fixture
def elsewhere(real):
    """Start a process that runs one turn in a session."""
    started = []

    def start(session_id):
        fields = {"id": session_id, "cwd": str(real["cwd"]), "env": real["env"]}
        argv = [sys.executable, "-c", OTHER, json.dumps(fields)]
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def held(model):
    """A reply that stops after its first word until the event is set."""
    event = threading.Event()
    model.when("slow").reply(chunks=["first", " second"], until=event)
    yield event
    event.set()


@pytest.mark.smoke
def test_another_process_waits_for_the_turn(client, elsewhere, real, model, held):
    """A turn in another process runs after ours, and the history has both; ours then goes on from there."""
    agent = client()
    agent.query("a")
    thread = in_thread(lambda: agent.query("slow"))
    model.wait_for_request(2, timeout=60)
    assert len(locks(real)) == 1
    process = elsewhere(agent.session_id)
    assert process.poll() is None
    held.set()
    assert process.communicate(timeout=60)[0] == "echo: elsewhere\n"
    thread.join(60)
    assert model.requests[-1].user_texts == ["a", "slow", "elsewhere"]
    agent.query("b")
    assert model.requests[-1].user_texts == ["a", "slow", "elsewhere", "b"]
    assert locks(real) == []


def test_a_session_is_waited_for_by_its_title_too(client, real, model, held):
    """Resumed by its title, a session is the same session: its running turn is not lost."""
    agent = client()
    agent.query("a")
    agent_sdk.rename_session(agent.session_id, "Mine", config_dir=real["env"]["CLAUDE_CONFIG_DIR"])
    agent.close()
    thread = in_thread(lambda: agent_sdk.query("slow", resume=agent.session_ids[0], **real))
    model.wait_for_request(2, timeout=60)
    with pytest.raises(SessionBusyError):
        agent_sdk.query("b", resume="Mine", session_wait=0, **real)
    held.set()
    thread.join(60)
    agent_sdk.query("b", resume="Mine", **real)
    assert model.requests[-1].user_texts == ["a", "slow", "b"]


def test_the_wait_has_an_end(client, real, model, held):
    """After *session_wait* seconds the second turn is refused, and the first is not disturbed."""
    agent, results = client(), []
    agent.query("a")
    thread = in_thread(lambda: results.append(agent.query("slow")))
    model.wait_for_request(2, timeout=60)
    with pytest.raises(SessionBusyError, match="another turn is running in it") as caught:
        agent_sdk.query("b", resume=agent.session_id, session_wait=0.1, **real)
    assert caught.value.session_id == agent.session_id
    assert len(model.requests) == 2
    held.set()
    thread.join(60)
    assert results[0].content == "first second"


def test_a_refused_turn_leaves_the_client_as_it_was(client, real, model, held):
    """A client whose turn was refused sees the foreign turn in its next one."""
    agent, began = client(), threading.Event()
    agent.query("a")
    pid = agent.pid

    def foreign():
        agent_sdk.query("slow", resume=agent.session_id, on_message=lambda m: began.set(), **real)

    thread = in_thread(foreign)
    assert began.wait(60)
    with pytest.raises(SessionBusyError):
        agent.query("b", session_wait=0)
    held.set()
    thread.join(60)
    agent.query("c")
    assert model.requests[-1].user_texts == ["a", "slow", "c"]
    assert agent.pid != pid


def test_abort_and_timeout_end_the_wait(client, real, model, held):
    """A turn that waits for another one can be aborted, and its timeout counts."""
    agent, waiting = client(), client()
    agent.query("a")
    thread = in_thread(lambda: agent.query("slow"))
    model.wait_for_request(2, timeout=60)
    waiting.resume(agent.session_id)
    in_thread(lambda: until(waiting.abort))
    with pytest.raises(AbortError):
        waiting.query("b")
    with pytest.raises(AgentTimeoutError):
        waiting.query("b", timeout=0.3)
    assert (len(model.requests), thread.is_alive()) == (2, True)
    held.set()
    thread.join(60)


def test_a_callback_is_refused_at_once_and_may_fork(client, real, model):
    """A turn in the session of the turn that calls it back would wait for itself; a copy of the session is free."""
    agent, texts = client(), []
    agent.query("a")

    def callback(message):
        if message.is_assistant:
            with pytest.raises(SessionBusyError, match="still running in this thread"):
                agent_sdk.query("inner", resume=agent.session_id, **real)
            texts.append(agent_sdk.query("fork", resume=agent.session_id, fork_session=True, **real).content)

    agent.query("b", on_message=callback)
    assert texts == ["echo: fork"]


def test_an_open_stream_holds_its_session(client, real):
    """Between two messages of a stream its turn is running; after the loop is left the session is free."""
    agent = client()
    agent.query("a")
    with agent.stream("b") as stream:
        next(stream)
        with pytest.raises(SessionBusyError):
            agent_sdk.query("c", resume=agent.session_id, **real)
    assert agent_sdk.query("c", resume=agent.session_id, **real).is_success


def test_a_new_session_is_held_from_its_first_message(real, held, model):
    """Whoever learns the id of a session in its first turn waits for that turn."""
    ids, began = [], threading.Event()

    def note(message):
        ids.append(message.session_id)
        began.set()

    thread = in_thread(lambda: agent_sdk.query("slow", on_message=note, **real))
    assert began.wait(60)
    with pytest.raises(SessionBusyError):
        agent_sdk.query("b", resume=ids[0], session_wait=0.1, **real)
    # The CLI writes the transcript a moment after the first message; what is not there cannot be gone on with.
    until(lambda: list(Path(real["env"]["CLAUDE_CONFIG_DIR"]).rglob(f"{ids[0]}.jsonl")))
    with pytest.raises(SessionBusyError):
        agent_sdk.query("b", continue_conversation=True, session_wait=0.1, **real)
    held.set()
    thread.join(60)
    agent_sdk.query("b", continue_conversation=True, **real)
    assert model.requests[-1].user_texts == ["slow", "b"]
    assert locks(real) == []
