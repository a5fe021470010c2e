"""Transcripts that the real CLI wrote, offline, against a scripted model."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import agent_sdk
from agent_sdk import Client, Message
from agent_sdk.testing import ScriptedModel, isolated_env
from agent_sdk.transcripts import (
    SessionInfo,
    delete_session,
    export_session,
    fork_session,
    get_session_info,
    get_session_messages,
    get_subagent_messages,
    list_sessions,
    list_subagents,
    rename_session,
    search_sessions,
    session_figures,
    tag_session,
)

pytestmark = pytest.mark.e2e


@attrs.define
class World:
    """A CLI with a home, a project and a model of its own."""

    model: ScriptedModel
    project: Path
    env: dict[str, str | None]
    clients: list[Client] = attrs.field(factory=list)

    @property
    def config(self) -> str:
        """Its configuration folder."""
        return str(self.env["CLAUDE_CONFIG_DIR"])

    def client(self, **options: Any) -> Client:
        """Make a client; it is closed when the test ends."""
        given = {"env": self.env, "cwd": self.project, "allowed_tools": ["Read", "Edit", "Bash", "Task"], **options}
        self.clients.append(Client(permission_mode="accept_edits", **given))
        return self.clients[-1]

    def run(self, *prompts: str, **options: Any) -> str:
        """Run some turns in one process; returns the session's id."""
        with self.client(**options) as client:
            results = [client.query(prompt) for prompt in prompts]
        return str(results[-1].session_id)

    def info(self, session_id: str) -> SessionInfo:
        """What a listing tells of a session."""
        info = get_session_info(session_id, config_dir=self.config)
        assert info is not None
        return info

    def messages(self, session_id: str, **how: Any) -> list[Message]:
        """The messages of a session."""
        return get_session_messages(session_id, config_dir=self.config, **how)

    def texts(self, session_id: str) -> list[str]:
        """What was said in a session."""
        return [message.content for message in self.messages(session_id) if message.content]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world for one test; skips where there is no CLI."""
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    project = tmp_path / "projéct 🎉"
    project.mkdir()
    (project / "a.txt").write_text("hello\n")
    (project / "b.txt").write_text("world\n")
    with ScriptedModel() as model:
        made = World(model, project, {**isolated_env(tmp_path / "world"), **model.env})
        yield made
        for client in made.clients:
            client.close()


@pytest.mark.smoke
def test_a_session_of_the_cli_is_listed_and_read(world: World) -> None:
    """What the CLI wrote is found by its directory, in the words and messages of the run."""
    seen: list[Message] = []
    with world.client() as client:
        client.query("first prompt", on_message=seen.append)
        session_id = client.query("second prompt", on_message=seen.append).session_id
    [info] = list_sessions(world.project, config_dir=world.config)
    assert info.session_id == session_id
    assert (info.first_prompt, info.summary) == ("first prompt", "second prompt")
    assert info.cwd == str(world.project) and info.created_at is not None
    assert info.created_at <= info.last_modified
    said = ["first prompt", "echo: first prompt", "second prompt", "echo: second prompt"]
    assert world.texts(info.session_id) == said
    told = [message.uuid for message in world.messages(info.session_id) if message.is_assistant]
    assert told == [message.uuid for message in seen if message.is_assistant]


def test_a_long_directory_is_found(world: World, tmp_path: Path) -> None:
    """The CLI's own hash of a long path is none that we compute: the sessions are found all the same."""
    world.project = tmp_path / ("x" * 120) / ("y" * 120)
    world.project.mkdir(parents=True)
    session_id = world.run("hi")
    assert [info.session_id for info in list_sessions(world.project, config_dir=world.config)] == [session_id]


def test_a_branch_that_was_cut_is_not_told(world: World) -> None:
    """After `resume_session_at` the conversation is the one that the CLI goes on with."""
    seen: list[Message] = []
    with world.client() as client:
        for prompt in ("one", "two", "three"):
            client.query(prompt, on_message=seen.append)
        session_id = str(client.session_id)
    cut = next(message.uuid for message in seen if message.is_assistant)
    world.run("another way", resume=session_id, resume_session_at=cut)
    assert world.texts(session_id) == ["one", "echo: one", "another way", "echo: another way"]
    assert [hit.session_id for hit in search_sessions("three", config_dir=world.config)] == [session_id]


def test_a_compaction_is_told_as_its_summary(world: World) -> None:
    """What came before `/compact` is there when asked for, and in an export."""
    session_id = world.run("long ago", "/compact", "today")
    told = world.texts(session_id)
    assert "long ago" not in told and "A scripted summary" in told[0] and told[-2:] == ["today", "echo: today"]
    whole = world.messages(session_id, include_compacted=True, include_system_messages=True)
    assert whole[0].content == "long ago" and any(message.is_compact_boundary for message in whole)
    assert "long ago" in export_session(session_id, config_dir=world.config)
    assert session_figures(session_id, config_dir=world.config).compactions == 1


def test_parallel_tools_are_told_whole(world: World) -> None:
    """Every tool use of a reply has its result."""
    files = [("Read", {"file_path": str(world.project / name)}) for name in ("a.txt", "b.txt")]
    world.model.call_tools(*files, ("Bash", {"command": "echo three"}), text="all at once").reply("done")
    session_id = world.run("read both", "and then")
    messages = world.messages(session_id)
    uses = [block.id for message in messages if message.is_tool_use for block in message.tool_calls]
    results = [block.tool_use_id for message in messages if message.is_tool_result for block in message.tool_results]
    assert len(uses) == 3 and sorted(uses) == sorted(results)
    assert session_figures(session_id, config_dir=world.config).tools == {"Read": 2, "Bash": 1}


@pytest.mark.smoke
def test_a_subagent_is_read_and_exported(world: World) -> None:
    """An agent's messages name the tool use that started it, and an export nests them there."""
    world.model.when("look around").call_tool("Bash", {"command": "echo inside"}).reply("the agent's last word")
    task = {"description": "look", "prompt": "look around", "subagent_type": "general-purpose"}
    world.model.call_tool("Task", {**task, "run_in_background": False}).reply("main done")
    session_id = world.run("start an agent")
    [agent_id] = list_subagents(session_id, config_dir=world.config)
    messages = get_subagent_messages(session_id, agent_id, config_dir=world.config)
    [task_id] = [block.id for one in world.messages(session_id) if one.is_tool_use for block in one.tool_calls]
    assert {message.parent_tool_use_id for message in messages} == {task_id}
    assert (messages[0].content, messages[-1].content) == ("look around", "the agent's last word")
    page = export_session(session_id, format="html", config_dir=world.config)
    assert "the agent&#x27;s last word" in page and f"general-purpose {agent_id}" in page
    assert session_figures(session_id, config_dir=world.config).tools == {"Task": 1, "Bash": 1}


def test_an_edit_is_exported_as_a_diff(world: World) -> None:
    """The change that the tool reports is shown line by line."""
    path = str(world.project / "a.txt")
    world.model.call_tool("Read", {"file_path": path})
    world.model.call_tool("Edit", {"file_path": path, "old_string": "hello", "new_string": "</script>"})
    session_id = world.run("edit it")
    assert "```diff\n@@ -1,1 +1,1 @@\n-hello\n+</script>\n```" in export_session(session_id, config_dir=world.config)
    assert "<ins>+&lt;/script&gt;</ins>" in export_session(session_id, format="html", config_dir=world.config)


def test_the_cost_is_counted_once_over_resume_and_fork(world: World) -> None:
    """The figures of a session and its forks add up to what their runs cost."""
    session_id = world.run("one", "two")
    whole = world.run("three", resume=session_id)
    assert whole == session_id
    fork = world.run("forked", resume=session_id, fork_session=True)
    again = world.run("forked twice", resume=fork, fork_session=True)
    world.run("four", resume=session_id)
    figures = [session_figures(each, config_dir=world.config) for each in (session_id, fork, again)]
    assert [each.turns for each in figures] == [4, 1, 1]
    assert all(each.is_cost_complete and each.cost_usd is not None for each in figures)
    turn = (figures[0].cost_usd or 0.0) / 4
    assert turn > 0
    assert [each.cost_usd for each in figures[1:]] == pytest.approx([turn, turn])
    assert [each.inherited_cost_usd for each in figures] == pytest.approx([0.0, 3 * turn, 4 * turn])


def test_a_title_and_a_tag_hold_while_the_cli_has_the_session_open(world: World) -> None:
    """A change made during a run is neither lost nor in the way."""
    with world.client() as client:
        client.query("one")
        session_id = str(client.session_id)
        rename_session(session_id, "Mine", config_dir=world.config)
        tag_session(session_id, "good", config_dir=world.config)
        client.query("two")
        rename_session(session_id, "Mine now", config_dir=world.config)
        client.query("three")
    info = world.info(session_id)
    assert (info.custom_title, info.tag) == ("Mine now", "good")
    assert len(world.texts(session_id)) == 6
    world.run("four", resume=session_id)
    assert world.info(session_id).custom_title == "Mine now" and len(world.texts(session_id)) == 8


@pytest.mark.smoke
def test_a_copy_made_on_disk_is_resumed_by_the_cli(world: World) -> None:
    """The model knows in the copy what was said in its source, up to the message that was named."""
    world.model.call_tool("Bash", {"command": "echo tool"}).reply("answer one")
    session_id = world.run("prompt one", "prompt two")
    last = next(message.uuid for message in world.messages(session_id) if message.content == "answer one")
    whole = fork_session(session_id, world.project, config_dir=world.config)
    part = fork_session(session_id, up_to_message_id=last, title="Part", config_dir=world.config)
    for copy, knows in ((whole, True), (part, False)):
        assert world.run("go on", resume=copy) == copy
        sent = str(world.model.requests[-1].body)
        assert "prompt one" in sent and ("prompt two" in sent) is knows
        assert world.texts(copy)[-2:] == ["go on", "echo: go on"]
    assert world.info(part).custom_title == "Part"
    assert world.texts(session_id)[-1] == "echo: prompt two"


def test_a_copy_of_a_compacted_session_is_resumed(world: World) -> None:
    """The summary goes along into the copy."""
    session_id = world.run("long ago", "/compact", "today")
    copy = fork_session(session_id, config_dir=world.config)
    world.run("go on", resume=copy)
    sent = str(world.model.requests[-1].body)
    assert "A scripted summary" in sent and "today" in sent


def test_a_deleted_session_is_gone(world: World) -> None:
    """The CLI does not find it either."""
    session_id = world.run("one")
    delete_session(session_id, config_dir=world.config)
    assert list_sessions(config_dir=world.config) == []
    with pytest.raises(agent_sdk.SessionNotFoundError):
        world.run("two", resume=session_id)


def test_listing_needs_neither_the_client_nor_the_network(world: World) -> None:
    """The transcripts of another configuration folder are read in a fresh process, by `CLAUDE_CONFIG_DIR`."""
    session_id = world.run("one")
    program = "from agent_sdk.transcripts import list_sessions; print(list_sessions()[0].session_id)"
    env = {**os.environ, "CLAUDE_CONFIG_DIR": world.config, "PYTHONPATH": str(Path(agent_sdk.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == session_id


KINDS: dict[str, Callable[[World], str]] = {
    "failed": lambda world: world.run("will fail", "then fine"),
    "cleared": lambda world: world.run("before", "/clear", "after"),
    "context": lambda world: world.run("one", "/context"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_sessions_of_all_kinds_are_exported(world: World, kind: str) -> None:
    """Failures and commands are part of a session, and none keeps it from being written."""
    if kind == "failed":
        world.model.fail(400, message="bad <request>")
    session_id = KINDS[kind](world)
    for form in ("markdown", "html", "json"):
        assert session_id in export_session(session_id, format=form, config_dir=world.config)
