"""
The examples of the Ruby page, line by line, on the real CLI.
"""
from __future__ import annotations

import uuid

import pytest

import agent_sdk


def test_session_id_is_captured_from_init(real):
    """Capturing Session ID: the init message carries the id that the result confirms."""
    seen = {}

    def show(msg):
        if msg.is_init:
            seen["id"] = msg.session_id
        if msg.is_assistant:
            seen["text"] = msg.content

    result = agent_sdk.query("Analyze the codebase", on_message=show, **real)
    assert seen == {"id": result.session_id, "text": "echo: Analyze the codebase"}


def test_an_id_as_it_is_spelled(real, model):
    """A session is resumed by its id as it is on disk, in capitals too, and by a `uuid.UUID`."""
    first = agent_sdk.query("one", session_id=str(uuid.uuid4()).upper(), **real)
    agent_sdk.query("two", resume=first.session_id, **real)
    assert first.session_id.isupper() and model.requests[-1].user_texts == ["one", "two"]
    other = agent_sdk.query("three", **real)
    agent_sdk.query("four", resume=uuid.UUID(other.session_id), **real)
    assert model.requests[-1].user_texts == ["three", "four"]


def test_resume_goes_on_with_full_context(real, model):
    """Resuming Sessions: a later call with the id sends the earlier turns to the model."""
    first = agent_sdk.query("Analyze the codebase", **real)
    second = agent_sdk.query("What did you find?", resume=first.session_id, **real)
    assert second.session_id == first.session_id
    assert model.requests[-1].user_texts == ["Analyze the codebase", "What did you find?"]


@pytest.mark.smoke
def test_client_carries_the_session(real, model):
    """Using the Client: three queries, one session, full context."""
    client = agent_sdk.client(model="sonnet", allowed_tools=["Read", "Glob", "Grep"], **real)
    assert client.session_id is None
    prompts = ["Read the User model", "What validations does it have?", "Add email format validation"]
    with client:
        ids = {client.query(prompt).session_id for prompt in prompts}
        assert ids == {client.session_id}
    assert model.requests[-1].user_texts == prompts
    assert "sonnet" in model.requests[-1].model


def test_fork_leaves_the_original_unchanged_while_its_client_is_open(real, model):
    """Forking Sessions: the fork has a new id, the original can be resumed, and no turn is lost to the client."""
    client = agent_sdk.client(**real)
    client.query("Analyze the authentication system")
    original = client.session_id
    fork = agent_sdk.query("Rewrite using JWT instead", resume=original, fork_session=True, **real)
    assert fork.session_id != original
    resumed = agent_sdk.query("Continue with the original approach", resume=original, **real)
    assert resumed.session_id == original
    assert "Rewrite using JWT instead" not in model.requests[-1].user_texts
    client.query("And now?")
    assert model.requests[-1].user_texts == [
        "Analyze the authentication system",
        "Continue with the original approach",
        "And now?",
    ]
    client.close()


@pytest.mark.smoke
def test_continue_takes_the_latest_session(real, model):
    """Continue Latest: no id is needed, in either spelling of the option."""
    first = agent_sdk.query("Begin", **real)
    second = agent_sdk.query("Continue where we left off", continue_conversation=True, **real)
    third = agent_sdk.query("And again", **{"continue": True}, **real)
    assert first.session_id == second.session_id == third.session_id
    assert model.requests[-1].user_texts == ["Begin", "Continue where we left off", "And again"]


@pytest.mark.smoke
def test_resume_at_a_message_forgets_what_came_after(real, model):
    """Resume at Specific Point: the history ends with the message whose uuid is given."""
    uuids = []
    with agent_sdk.client(**real) as client:
        for prompt in ("one", "two"):
            client.query(prompt, on_message=lambda msg: uuids.append(msg.uuid) if msg.is_assistant else None)
        session_id = client.session_id
    agent_sdk.query("Try a different approach", resume=session_id, resume_session_at=uuids[0], **real)
    assert model.requests[-1].user_texts == ["one", "Try a different approach"]


def test_session_info_is_read_off_init_and_result(real):
    """Session Info from Messages: every field of the page has its value."""
    messages = []
    agent_sdk.query("Hello", on_message=messages.append, permission_mode="accept_edits", **real)
    init = next(msg for msg in messages if msg.is_init)
    assert init.session_id and init.cwd == str(real["cwd"]) and init.model
    assert init.permission_mode == "acceptEdits"
    assert "Bash" in ", ".join(init.tools)
    assert [server.name for server in init.mcp_servers] == []
    result = next(msg for msg in messages if msg.is_result)
    assert (result.session_id, result.num_turns) == (init.session_id, 1)
    assert result.total_cost_usd > 0


def test_mcp_servers_of_init_have_names(real):
    """A server that is configured shows in init with its name, by attribute and by item."""
    config = '{"mcpServers":{"nowhere":{"command":"/nonexistent/server"}}}'
    seen = []
    agent_sdk.query(
        "Hello",
        on_message=lambda msg: seen.extend(msg.mcp_servers) if msg.is_init else None,
        extra_args={"mcp-config": config},
        **real,
    )
    assert [(server.name, server["name"], server.status) for server in seen] == [("nowhere", "nowhere", "failed")]


@pytest.mark.smoke
def test_compact_boundary_tells_trigger_and_tokens(real):
    """Compact Boundaries: the metadata names the trigger and the tokens before, by attribute and by item."""
    boundaries = []
    with agent_sdk.client(**real) as client:
        client.query("A long conversation")
        before = client.session_id
        result = client.query("/compact", on_message=lambda m: boundaries.append(m) if m.is_compact_boundary else None)
        assert client.session_id == before == result.session_id
    metadata = boundaries[0].compact_metadata
    assert (metadata.trigger, metadata["trigger"]) == ("manual", "manual")
    assert metadata.pre_tokens > 0 and metadata["pre_tokens"] == metadata.pre_tokens


def test_clean_up_starts_a_fresh_session(real, model):
    """Session Cleanup: close forgets the id, and the next query knows nothing of before."""
    client = agent_sdk.client(**real)
    client.query("Do some work")
    first = client.session_id
    assert client.abort() is False
    client.close()
    assert client.session_id is None
    client.query("Fresh start")
    assert model.requests[-1].user_texts == ["Fresh start"]
    assert client.session_ids == [first, client.session_id]
    client.close()
