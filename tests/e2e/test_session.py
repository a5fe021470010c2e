"""
The `Session` class on the real CLI.
"""
from __future__ import annotations

import json
import os
import uuid
from datetime import datetime, timezone

import pytest

import agent_sdk
from agent_sdk import ConfigurationError, Session, SessionNotFoundError
from agent_sdk.testing import frames
from agent_sdk.transcripts.location import SessionLocation


def kinds(session):
    """What the messages of a session are."""
    return [message.type for message in session.messages]


@pytest.mark.smoke
def test_the_page_of_the_seed(real, model):
    """Session Class: id, created_at, messages, last_message, resume, fork, forked, parent."""
    session = Session(**real)
    assert str(uuid.UUID(session.id)) == session.id
    assert session.created_at.tzinfo is not None
    assert (session.messages, session.last_message, session.is_forked, session.parent_id) == ([], None, False, None)
    assert session.query("hello").session_id == session.id
    assert session.last_message.is_result
    fork = session.fork()
    assert (fork.is_forked, fork.parent_id) == (True, session.id)
    assert fork.id != session.id and fork.messages == session.messages
    assert fork.query("in the fork").session_id == fork.id
    assert model.requests[-1].user_texts == ["hello", "in the fork"]
    resumed = Session.resume(session.id, **real)
    resumed.query("in the original")
    assert model.requests[-1].user_texts == ["hello", "in the original"]
    for one in (session, fork, resumed):
        one.close()


def test_the_oldest_messages_are_dropped():
    """Beyond the limit the oldest messages go first."""
    from agent_sdk._converter import structure_message

    session = Session(max_messages=3)
    for number in range(5):
        session.add_message(structure_message(frames.assistant(str(number))))
    assert [message.content for message in session.messages] == ["2", "3", "4"]
    assert session.last_message.content == "4"


def test_prompts_and_messages_are_kept(real):
    """The prompt and what came are kept, stream events left out; a stream keeps them too."""
    with Session(include_partial_messages=True, tools=[], **real) as session:
        session.query("one")
        assert [m.type for m in session.messages if not m.is_status] == ["user", "system", "assistant", "result"]
        assert session.messages[0].content == "one"
        before = len(session.messages)
        assert [m.content for m in session.stream("two") if m.is_assistant] == ["echo: two"]
        assert session.messages[before].content == "two"


def test_a_fork_stands_where_it_was_made(real, model):
    """What the parent does after the fork is not in it; a fork of a fork, also of one never queried, works."""
    with Session(**real) as parent:
        parent.query("one")
        fork = parent.fork()
        parent.query("two")
        grandchild = fork.fork()
        grandchild.query("three")
        assert model.requests[-1].user_texts == ["one", "three"]
        assert grandchild.parent_id == fork.id
        fork.query("four")
        assert model.requests[-1].user_texts == ["one", "four"]
        last = fork.fork()
        last.query("five")
        assert model.requests[-1].user_texts == ["one", "four", "five"]
        for one in (fork, grandchild, last):
            one.close()


def test_a_session_that_was_not_queried_can_be_forked(real, model):
    """A child of a session without a query begins afresh."""
    with Session(**real).fork() as child:
        child.query("hello")
        assert model.requests[-1].user_texts == ["hello"]


def test_resume_reads_the_transcript(real):
    """A resumed session has its messages, its date and its directory."""
    with Session(**real) as session:
        session.query("one")
        session.query("two")
    closed, elsewhere = datetime.now(timezone.utc), {**real, "cwd": None}
    resumed = Session.resume(session.id, **elsewhere)
    assert [m.content for m in resumed.messages] == ["one", "echo: one", "two", "echo: two"]
    assert session.created_at <= resumed.created_at <= closed
    seen = []
    resumed.query("three", on_message=seen.append)
    assert seen[0].cwd == str(real["cwd"])
    resumed.close()


def test_close_and_go_on(real, model):
    """A session that was closed goes on with its next query."""
    session = Session(**real)
    session.query("one")
    session.close()
    session.query("two")
    assert model.requests[-1].user_texts == ["one", "two"]
    session.close()


def test_a_session_stays_in_its_place(real, tmp_path, monkeypatch):
    """The directory and the configuration folder are those it was made in."""
    for name in ("HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.setenv(name, real["env"][name])
    env = {name: value for name, value in real["env"].items() if name not in ("HOME", "CLAUDE_CONFIG_DIR")}
    monkeypatch.chdir(real["cwd"])
    session = Session(env=env)
    session.query("one")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path)
    session.close()
    assert session.query("two").session_id == session.id
    session.close()
    assert os.listdir(tmp_path / "world" / "config" / "projects")
    assert not (tmp_path / "other").exists()


@pytest.mark.smoke
def test_to_dict_and_back(real, model):
    """A session travels as plain values and goes on elsewhere."""
    session = Session(**real)
    session.query("one")
    session.close()
    fields = json.loads(json.dumps(session.to_dict()))
    back = Session.from_dict(fields, env=real["env"])
    assert (back.id, back.created_at, kinds(back)) == (session.id, session.created_at, kinds(session))
    assert back.to_dict() == session.to_dict()
    back.query("two")
    assert model.requests[-1].user_texts == ["one", "two"]
    back.close()


def test_a_fork_that_was_not_queried_travels(real, model):
    """A fork that was stored before its first query still forks its parent where it stood."""
    with Session(**real) as parent:
        parent.query("one")
        child = Session.from_dict(json.loads(json.dumps(parent.fork().to_dict())), env=real["env"])
        parent.query("two")
        with child:
            assert child.query("three").session_id == child.id != parent.id
    assert model.requests[-1].user_texts == ["one", "three"]


def test_what_is_no_session_is_refused():
    """A dict that `to_dict` did not give, and a message that is none, are told at once."""
    with pytest.raises(ConfigurationError, match="'id' is missing"):
        Session.from_dict({})
    with pytest.raises(ConfigurationError, match="expected a message"):
        Session().add_message("hello")


@pytest.mark.parametrize("wrong", ["../x", "a\0b", "x" * 10_000, 5, None, "not-a-uuid"])
def test_hostile_ids_are_refused(wrong):
    """Only a UUID names a session."""
    with pytest.raises(ConfigurationError):
        Session.resume(wrong)


def test_wrong_uses(real):
    """A session cannot be told to be another one; an unknown one is an error at its first query."""
    with pytest.raises(ConfigurationError, match=r"Session\.resume"):
        Session(resume=str(uuid.uuid4()))
    with pytest.raises(ConfigurationError, match="fork"):
        Session(**real).query("x", fork_session=True)
    with pytest.raises(ConfigurationError, match="max_messages"):
        Session(max_messages=0)
    with pytest.raises(SessionNotFoundError):
        Session.resume(str(uuid.uuid4()), **real).query("x")
    assert agent_sdk.Session is Session


def test_a_rename_outlives_a_long_turn_of_an_open_client(real, model):
    """A title and a tag that are set while a client has the session open are kept over a turn of any length."""
    location = SessionLocation.with_overrides(real["cwd"], real["env"])
    with agent_sdk.client(**real, extra_args={"name": "first title"}) as agent:
        session_id = agent.query("hello").session_id
        agent_sdk.rename_session(session_id, "mine", config_dir=location.config_folder)
        agent_sdk.tag_session(session_id, "urgent", config_dir=location.config_folder)
        for _ in range(2):
            model.reply("x" * 150_000)
            agent.query("go on")
        model.reply("short")
        agent.query("end")
    info = agent_sdk.get_session_info(session_id, config_dir=location.config_folder)
    assert (info.custom_title, info.tag) == ("mine", "urgent")
