"""
The client on the real CLI: its process, its session, overrides, background work, live changes.
"""
from __future__ import annotations

import os
import threading

import pytest
from helpers import in_thread

import agent_sdk
from agent_sdk import BusyError, ConfigurationError, ControlError, SessionNotFoundError


def modes(messages):
    """The permission modes of the init messages."""
    return [m.permission_mode for m in messages if m.is_init]


def test_one_process_serves_all_turns(client):
    """Turns of one client share a process; `close` ends it and forgets the session, `start` begins without a prompt."""
    agent = client().start()
    pid = agent.pid
    assert pid is not None and agent.session_id is None
    assert [agent.query("a").is_success, agent.query("b").is_success, agent.pid] == [True, True, pid]
    agent.close()
    agent.close()
    assert (agent.pid, agent.session_id) == (None, None)


def test_a_client_that_is_not_persistent_has_no_process_between_turns(client, model):
    """`persistent=False` starts one process for each turn and keeps the session."""
    agent = client(persistent=False)
    agent.query("a")
    assert agent.pid is None
    agent.query("b")
    assert model.requests[-1].user_texts == ["a", "b"]


def test_the_first_session_can_be_named(client):
    """`session_id=` is the id of the first session, known before the first query."""
    name = "8a0d1f9c-6f0e-4b58-9a53-0d4f3b1f5f11"
    agent = client(session_id=name)
    assert agent.session_id == name
    assert agent.query("hello").session_id == name
    agent.query("again")
    assert agent.session_ids == [name]


@pytest.mark.smoke
def test_live_overrides_hold_for_one_call(client, model):
    """Model and permission mode are set for one call in the same process, and set back for the next."""
    agent, seen = client(), []
    agent.query("a", on_message=seen.append)
    pid, usual = agent.pid, model.requests[-1].model
    agent.query("b", on_message=seen.append, model="sonnet", permission_mode="plan")
    assert "sonnet" in model.requests[-1].model
    agent.query("c", on_message=seen.append)
    assert model.requests[-1].model == usual
    assert modes(seen) == ["default", "plan", "default"]
    assert agent.pid == pid


@pytest.mark.smoke
def test_other_overrides_take_a_new_process(client, model):
    """An override that the CLI cannot take live runs the turn in a new process that resumes the session."""
    agent = client()
    agent.query("a")
    pid = agent.pid
    agent.query("b", system_prompt="You are a pirate.")
    assert agent.pid != pid
    assert "You are a pirate." in model.requests[-1].system
    assert model.requests[-1].user_texts == ["a", "b"]
    agent.query("c")
    assert "You are a pirate." not in model.requests[-1].system


def test_a_changed_system_prompt_counts_on_resume(real, model):
    """The CLI records a session's prompt; a new one given with resume takes effect all the same."""
    first = agent_sdk.query("a", system_prompt="Speak French.", **real)
    agent_sdk.query("b", system_prompt="Speak German.", resume=first.session_id, **real)
    assert "Speak German." in model.requests[-1].system
    assert "Speak French." not in model.requests[-1].system


def test_set_model_and_mode_last(client, model):
    """What is set on the client lasts: in its process, and in the next one."""
    agent, seen = client(), []
    agent.query("a")
    agent.set_model("haiku")
    agent.set_permission_mode("accept_edits")
    agent.query("b", on_message=seen.append)
    assert "haiku" in model.requests[-1].model
    agent.query("c", on_message=seen.append, additional_directories=["/tmp"])
    assert "haiku" in model.requests[-1].model
    assert modes(seen) == ["acceptEdits", "acceptEdits"]
    agent.set_model(None)
    agent.query("d")
    assert "haiku" not in model.requests[-1].model


def test_builders_change_the_next_turn(client, model):
    """`with_*` returns the client and changes its next turns."""
    agent = client()
    assert agent.with_model("haiku").with_tools("Read", "Grep") is agent
    agent.query("a")
    assert "haiku" in model.requests[-1].model
    assert agent.capabilities == {"tools": ["Read", "Grep"], "permission_mode": None, "max_turns": None, "model": "haiku"}


@pytest.mark.smoke
def test_fork_and_resume_of_a_client(client, model):
    """`fork` gives a client in a copy of the session; `resume` moves a client to another session."""
    agent = client()
    agent.query("a")
    fork = agent.fork()
    fork.query("b")
    assert model.requests[-1].user_texts == ["a", "b"]
    assert fork.session_id != agent.session_id
    other = client()
    other.query("x")
    other.resume(agent.session_id).query("c")
    assert other.session_id == agent.session_id
    assert model.requests[-1].user_texts == ["a", "c"]
    fork.close()


def test_overrides_of_the_session_move_the_client(client, model):
    """`fork_session` and `resume` for one call move the client for good: `session_id` follows."""
    agent = client()
    agent.query("a")
    first = agent.session_id
    agent.query("b", fork_session=True)
    assert agent.session_id != first
    agent.query("c")
    assert model.requests[-1].user_texts == ["a", "b", "c"]
    agent.query("d", resume=first)
    assert agent.session_id == first
    assert model.requests[-1].user_texts == ["a", "d"]
    assert len(agent.session_ids) == 2


def test_a_foreign_turn_is_not_lost(client, real, model):
    """A turn that somebody else ran in the session is there in the client's next one; without one the process is kept."""
    agent = client()
    agent.query("a")
    agent.query("b")
    pid = agent.pid
    agent_sdk.query("foreign", resume=agent.session_id, **real)
    agent.query("c")
    assert model.requests[-1].user_texts == ["a", "b", "foreign", "c"]
    assert agent.pid != pid


def test_clear_moves_the_session_id(client):
    """After `/clear` the session has a new id, and the client knows it."""
    agent = client()
    agent.query("a")
    first = agent.session_id
    agent.query("/clear")
    agent.query("b")
    assert agent.session_id != first
    assert agent.session_ids == [first, agent.session_id]


def test_an_interrupt_of_nothing_starts_nothing(client):
    """Where no process runs there is nothing to interrupt, and none is started for it."""
    agent = client()
    assert agent.interrupt() == {} and agent.pid is None
    agent.query("a")
    agent.close()
    assert agent.interrupt() == {} and agent.pid is None


def test_callbacks_by_kind(client):
    """`on` calls back for one kind of message in every turn; an unknown kind is an error."""
    agent, seen = client(), []
    agent.on("text", lambda m: seen.append(m.content))

    @agent.on("result")
    def _(message):
        seen.append(message.num_turns)

    agent.query("a")
    assert seen == ["echo: a", 1]
    with pytest.raises(ConfigurationError, match="unknown kind"):
        agent.on("nothing", seen.append)


def test_busy_in_a_callback_and_in_a_thread(client):
    """A second turn, from a callback or another thread, is refused at once; the first goes on."""
    agent, errors = client(), []

    def attempt():
        try:
            agent.query("inner")
        except BusyError as error:
            errors.append(error)

    def callback(message):
        if message.is_init:
            attempt()
            in_thread(attempt).join(60)

    assert agent.query("outer", on_message=callback).is_success
    assert len(errors) == 2


@pytest.mark.smoke
def test_control_calls_from_a_callback_and_a_thread(client, model):
    """Control calls work between turns, inside a callback, and from another thread while a callback sleeps."""
    agent, seen = client(), []

    def callback(message):
        if message.is_assistant:
            agent.set_permission_mode("plan")
            done = threading.Event()
            in_thread(lambda: (seen.append(agent.control("mcp_status")), done.set()))
            assert done.wait(60)

    agent.query("a", on_message=callback)
    assert seen == [{"mcpServers": []}]
    assert any(info.value == "default" for info in agent.supported_models())
    assert "compact" in [command.name for command in agent.supported_commands()]
    assert "Explore" in [info.name for info in agent.supported_agents()]
    assert agent.account_info().api_provider == "firstParty"
    assert agent.context_usage("summary").total_tokens >= 0
    with pytest.raises(ControlError, match="Unsupported"):
        agent.control("no_such_subtype")


@pytest.mark.smoke
def test_a_background_agent_reports_before_query_returns(client, model):
    """The report of a background agent is part of the run: delivered, and the result that is returned."""
    model.when("subtask").reply("sub done")
    model.call_tool("Task", {"description": "d", "prompt": "subtask", "subagent_type": "general-purpose"})
    model.reply("launched").reply("final")
    agent, seen = client(), []
    result = agent.query("delegate", on_message=seen.append)
    assert [r.content for r in result.results] == ["launched", "final"]
    assert result.content == "final"
    assert any(m.is_subagent for m in seen)


def test_without_waiting_the_first_result_returns(client, model):
    """`wait_for_background=False` returns at the first result; `wait_idle` sees the rest."""
    hold = threading.Event()
    model.when("subtask").reply(chunks=["sub", " done"], until=hold)
    model.call_tool("Task", {"description": "d", "prompt": "subtask", "subagent_type": "general-purpose"})
    model.reply("launched").reply("final")
    agent, seen = client(), []
    assert agent.query("delegate", wait_for_background=False).content == "launched"
    hold.set()
    assert agent.wait_idle(timeout=20, on_message=seen.append) is True
    assert [m.content for m in seen if m.is_result] == ["final"]
    assert all(m.is_background for m in seen)


def test_a_shell_that_ends_between_turns_is_not_the_next_result(client, model, tmp_path):
    """What the CLI did by itself comes first, marked, and is never the next call's result."""
    os.mkfifo(tmp_path / "gate")
    command = f"""python3 -c 'open("{tmp_path}/gate").read()'"""
    model.call_tool("Bash", {"command": command, "run_in_background": True})
    model.reply("started")
    model.when("<task-notification>").reply("noticed")
    agent, seen = client(allowed_tools=["Bash"]), []
    assert agent.query("run").content == "started"
    (tmp_path / "gate").write_text("go on")
    model.wait_for_request(3, timeout=60)
    result = agent.query("second", on_message=seen.append)
    assert result.content == "echo: second"
    assert [(m.content, m.is_background) for m in seen if m.is_result] == [("noticed", True), ("echo: second", False)]


def test_cost_is_counted_once(client, real):
    """The CLI's totals are cumulative, also over resume; the client counts each turn once."""
    first = agent_sdk.query("before", **real)
    agent = client(resume=first.session_id)
    last = [agent.query("a"), agent.query("b")][-1]
    assert last.total_cost_usd == pytest.approx(3 * first.total_cost_usd)
    assert agent.total_cost_usd == pytest.approx(2 * first.total_cost_usd)
    assert (agent.usage.input_tokens, agent.usage.output_tokens) == (24, 14)


def test_a_session_that_does_not_exist(client):
    """Resuming an unknown session names the id and the directory, before and in a query; the client stays usable."""
    agent = client(resume="12345678-1234-4123-8123-123456789abc")
    for call in (agent.start, lambda: agent.query("a")):
        with pytest.raises(SessionNotFoundError) as caught:
            call()
        assert caught.value.session_id == "12345678-1234-4123-8123-123456789abc"
        assert caught.value.found == []
    agent.close()
    assert agent.query("fresh").is_success


def test_resume_from_another_directory(real, tmp_path, model):
    """A session is found from any directory."""
    first = agent_sdk.query("a", **real)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    agent_sdk.query("b", resume=first.session_id, **{**real, "cwd": elsewhere})
    assert model.requests[-1].user_texts == ["a", "b"]


@pytest.mark.smoke
def test_the_text_is_streamed_as_it_is_written(client, real, model):
    """`text_stream` gives the pieces of the answer and asks for stream events by itself."""
    model.reply("one two three")
    assert list(agent_sdk.stream("count", **real).text_stream) == ["one", " two", " three"]
    agent = client()
    agent.query("first")
    model.reply("four five")
    with agent.stream("count on") as stream:
        assert "".join(stream.text_stream) == "four five"
    assert stream.result.content == "four five"


def test_text_stream_has_no_errors_in_it(real, model):
    """What the CLI says of a failure is no text of the answer; the result tells."""
    model.fail(400)
    with agent_sdk.stream("count", **real) as stream:
        assert list(stream.text_stream) == [] and stream.result.is_error


def test_dropped_streams_give_the_text_once(real, model):
    """After a fault in the stream the text that counts comes whole."""
    model.drop("half of it").reply("all of it")
    texts = list(agent_sdk.stream("count", **real).text_stream)
    assert "".join(texts).endswith("all of it")
