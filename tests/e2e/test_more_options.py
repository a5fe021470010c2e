"""
The options beyond the Ruby SDK's, and the control requests with reports, on the real CLI.
"""
from __future__ import annotations

import pytest

import agent_sdk
from agent_sdk import Agent, ConfigurationError, ControlError, mcp
from agent_sdk.mcp import ToolServer


def run(real, **overrides):
    """The messages of one run."""
    messages = []
    agent_sdk.query("hello", on_message=messages.append, **{**real, **overrides})
    return messages


def test_agents_as_a_class_and_the_leading_one(real, model):
    """An agent can be an `Agent`; one of them can lead the session."""
    agents = {"poet": Agent(description="Writes poems.", prompt="You are a poet.", disallowed_tools=["Bash"])}
    messages = run(real, agents=agents, agent="poet")
    assert "poet" in messages[0].agents
    assert "You are a poet." in model.requests[-1].system


ACCEPTED = [
    {"permission_mode": "accept_edits", "memory": "project", "background": True},
    {"tools": "Read", "disallowed_tools": "Bash", "skills": "one"},
    {"effort": "xhigh", "max_turns": 1, "model": "inherit", "initial_prompt": ""},
    {"effort": 3, "mcp_servers": [{"x": mcp.stdio("nosuch", timeout=5)}, "y"]},
    {"mcp_servers": {"x": {"command": "nosuch"}}},
]


def test_what_an_agent_may_have(real):
    """Every value of an agent that is accepted here is accepted by the CLI: it knows the agent."""
    agents = {}
    for number, values in enumerate(ACCEPTED):
        agents[f"class{number}"] = Agent(description="d", prompt="p", **values)
        agents[f"dict{number}"] = {"description": "d", "prompt": "p", **values}
    assert set(agents) <= set(run(real, agents=agents, agent="class0")[0].agents)


def test_an_agent_that_the_cli_refuses(real, model):
    """A definition that the CLI leaves out, and a leader that it does not know, are errors before a prompt is sent."""
    unknown = {"description": "d", "prompt": "p", "observer": 5}
    with pytest.raises(ConfigurationError, match=r"agents\['x'\]: the CLI rejected"):
        run(real, agents={"x": unknown})
    with pytest.raises(ConfigurationError, match="agent='Exlore': unknown agent; did you mean 'Explore'"):
        run(real, agent="Exlore")
    with pytest.raises(ConfigurationError, match="agent='nobody'"):  # also when something else comes before
        run(real, agent="nobody", stderr=lambda line: None, extra_args={"debug-to-stderr": None})
    assert model.requests == []


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (5, "description and prompt"),
        ({"prompt": "x"}, "a description"),
        ({"description": "x"}, "a prompt"),
        ({"description": "x", "prompt": {1}}, "prompt={1}"),
        ({"description": "", "prompt": "p"}, "description=''"),
        ({"description": "d", "prompt": "p", "tools": [5]}, r"tools=5: expected a string"),
        ({"description": "d", "prompt": "p", "permissionMode": "acceptEdit"}, "permission_mode='acceptEdit'"),
        ({"description": "d", "prompt": "p", "effort": "hgh"}, "effort='hgh'"),
        ({"description": "d", "prompt": "p", "max_turns": 0}, "max_turns=0"),
        ({"description": "d", "prompt": "p", "memory": "usr"}, "memory='usr'"),
        ({"description": "d", "prompt": "p", "background": "yes"}, "background='yes'"),
        ({"description": "d", "prompt": "p", "mcp_servers": 5}, "mcp_servers=5"),
        ({"description": "d", "prompt": "p", "mcp_servers": [5]}, "mcp_servers=5"),
        ({"description": "d", "prompt": "p", "mcp_servers": {"x": {"comand": "y"}}}, "mcp_servers"),
        ({"description": "d", "prompt": "p", "mcp_servers": {"x": ToolServer("x", [])}}, "option mcp_servers"),
    ],
)
def test_wrong_agents(agent, text):
    """The CLI leaves a wrong agent out and says nothing; here it is an error that names the agent and the value."""
    with pytest.raises(ConfigurationError, match=r"agents\['x'\]") as caught:
        agent_sdk.Options(agents={"x": agent})
    assert text in str(caught.value)


def test_an_agents_secrets_are_masked():
    """The environments of an agent's servers are in no repr."""
    agent = Agent(description="d", prompt="p", mcp_servers={"x": mcp.stdio("y", env={"TOKEN": "sekret"})})
    assert "sekret" not in repr(agent) + repr(agent_sdk.Options(agents={"a": agent})) and "'x'" in repr(agent)


def test_effort_and_thinking(real, model):
    """Effort and thinking are in the request to the API."""
    run(real, effort="low")
    assert model.requests[-1].body["output_config"]["effort"] == "low"
    run(real, model="claude-haiku-4-5", thinking=2000)
    assert model.requests[-1].body["thinking"]["budget_tokens"] == 2000
    run(real, model="claude-haiku-4-5", thinking="disabled")
    assert model.requests[-1].body.get("thinking", {"type": "disabled"})["type"] == "disabled"
    run(real, thinking={"type": "adaptive", "display": "summarized"})
    assert model.requests[-1].body["thinking"]["display"] == "summarized"


def test_title_and_task_budget(real, model):
    """A title is told by a message; a task budget is in the request to the API."""
    assert any(m.is_session_title and m.title == "My title" for m in run(real, title="My title"))
    run(real, task_budget=50_000)
    assert "50000" in str(model.requests[-1].body)


def test_verbatim_prompts(real, model):
    """A verbatim prompt names no file and no command."""
    (real["cwd"] / "secret.txt").write_text("the secret")
    agent_sdk.query("see @secret.txt", **real)
    assert "the secret" in str(model.requests[-1].body)
    agent_sdk.query("see @secret.txt", verbatim_prompts=True, **real)
    assert "the secret" not in str(model.requests[-1].body)


def test_sessions_that_are_not_saved(real):
    """Without persistence nothing can be resumed."""
    result = agent_sdk.query("hello", persist_session=False, **real)
    with pytest.raises(agent_sdk.SessionNotFoundError):
        agent_sdk.query("again", resume=result.session_id, **real)


def test_bare_and_debug(real, tmp_path):
    """`bare` leaves few tools; `debug` writes to standard error, `debug_file` to a file."""
    assert len(next(m for m in run(real, bare=True) if m.is_init).tools) < 6
    lines, file = [], tmp_path / "debug.log"
    run(real, debug=True, stderr=lines.append)
    assert lines
    run(real, debug_file=file)
    assert file.stat().st_size > 0


def test_hook_messages_of_settings(real):
    """Shell hooks of settings show as messages when asked for."""
    hooks = {"PreToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}
    hooks = {"UserPromptSubmit": [{"hooks": [{"type": "command", "command": "echo noted"}]}], **hooks}
    assert any(m.is_hook for m in run(real, settings={"hooks": hooks}, include_hook_events=True))


def test_skills_are_allowed_by_name(real):
    """A skill that is named may be used; a name that would break the rule is refused."""
    folder = real["cwd"] / ".claude" / "skills" / "greet"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: greet\ndescription: Greets.\n---\nSay hello.\n")
    assert "greet" in next(m for m in run(real, skills=["greet"]) if m.is_init).skills
    for name in ("a(b", "a,b", "/a", " a", "*"):
        with pytest.raises(ConfigurationError, match="skills"):
            agent_sdk.Options(skills=[name])


def test_subagents_text_is_forwarded(real, model):
    """What a foreground subagent says arrives when asked for."""
    model.when("subtask").reply("I say this")
    task = {"description": "d", "prompt": "subtask", "subagent_type": "general-purpose", "run_in_background": False}
    model.call_tool("Task", task)
    messages = run(real, forward_subagent_text=True)
    assert "I say this" in [m.content for m in messages if m.is_subagent and m.is_assistant]


def test_plan_instructions_and_aliases_are_accepted(real, model):
    """Instructions for plan mode reach the model; aliases of tools are taken."""
    run(real, permission_mode="plan", plan_mode_instructions="Plan in rhymes.", tool_aliases={"Shell": "Bash"})
    assert "Plan in rhymes." in str(model.requests[-1].body)


def test_summaries_and_config_root(real, tmp_path):
    """Summaries of background agents and another root of the configuration are taken."""
    (tmp_path / "root").mkdir()
    assert run(real, agent_progress_summaries=True, project_config_root=tmp_path / "root")[-1].is_success


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"effort": "bogus"}, "effort"),
        ({"thinking": "sometimes"}, "thinking"),
        ({"thinking": 0}, "greater"),
        ({"thinking": 5, "max_thinking_tokens": 5}, "set the same value"),
        ({"can_use_tool": lambda a, b, c: True, "permission_prompt_tool_name": "x"}, "exclusive"),
        ({"can_use_tool": lambda a, b, c: True, "permission_prompts": "none"}, "never called"),
        ({"task_budget": -1}, "greater"),
        ({"project_config_root": "/nowhere"}, "no such directory"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_wrong_values(options, words):
    """Each wrong value has its error."""
    with pytest.raises(ConfigurationError, match=words):
        agent_sdk.Options(**options)


@pytest.mark.smoke
def test_mcp_servers_live(client):
    """Servers are listed, turned off and on, and replaced while the client lives; unknown ones are errors."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    agent = client(mcp_servers={"calc": agent_sdk.create_sdk_mcp_server(name="calc", tools=[add])})
    agent.query("hello")
    assert [(s.name, s.status) for s in agent.mcp_status()] == [("calc", "connected")]
    agent.toggle_mcp_server("calc", False)
    assert agent.mcp_status()[0].status == "disabled"
    agent.toggle_mcp_server("calc", True)
    for wrong in (lambda: agent.toggle_mcp_server("nope", True), lambda: agent.reconnect_mcp_server("nope")):
        with pytest.raises(ControlError, match="nope"):
            wrong()
    other = agent_sdk.create_sdk_mcp_server(name="other", tools=[add])
    change = agent.set_mcp_servers({"other": other, "outside": mcp.stdio("/nonexistent")})
    assert (set(change.added), change.removed) == ({"other", "outside"}, ["calc"]) or "other" in change.added
    assert "other" in [s.name for s in agent.mcp_status()]


def test_new_tools_of_a_replaced_server_work(client, model):
    """A tool of a server that was added live can be called, in this process and in the next."""

    def shout(text: str) -> str:
        """Shout."""
        return text.upper()

    agent = client(allowed_tools=["mcp__loud"])
    agent.query("hello")
    agent.set_mcp_servers({"loud": agent_sdk.create_sdk_mcp_server(name="loud", tools=[shout])})
    model.call_tool("mcp__loud__shout", {"text": "hey"})
    assert agent.query("shout").content == "done: HEY"
    model.call_tool("mcp__loud__shout", {"text": "ho"})
    assert agent.query("shout", additional_directories=["/tmp"]).content == "done: HO"


@pytest.mark.smoke
def test_rewind_tells_what_it_changed(client, model, real):
    """A dry run lists the files; a rewind puts them back, and lists them too; an unknown message is an error."""
    file = real["cwd"] / "new.txt"
    model.call_tool("Write", {"file_path": str(file), "content": "hi"})
    agent = client(enable_file_checkpointing=True, permission_mode="accept_edits")
    uuid = agent.query("write it").user_message_uuids[0]
    assert agent.rewind_files(uuid, dry_run=True).files_changed == [str(file)]
    assert file.exists()
    report = agent.rewind_files(uuid)
    assert (report.can_rewind, report.files_changed, report.deletions) == (True, [str(file)], 1)
    assert not file.exists()
    with pytest.raises(ControlError, match="checkpoint"):
        agent.rewind_files("12345678-1234-4123-8123-123456789abc")


def test_tasks_are_stopped(client, model):
    """A background task can be stopped; one that does not live is an error."""
    model.call_tool("Bash", {"command": "python3 -c 'import time; time.sleep(60)'", "run_in_background": True})
    model.reply("started")
    agent, ids = client(allowed_tools=["Bash"]), []
    agent.on("task_started", lambda m: ids.append(m.task_id))
    agent.query("run")
    agent.stop_task(ids[0])
    assert agent.wait_idle(timeout=60)
    with pytest.raises(ControlError, match="no running task"):
        agent.stop_task(ids[0])
