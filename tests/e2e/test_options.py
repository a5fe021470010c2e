"""
Every option reaches the real CLI, and the errors of the API and of the command line have their classes.
"""
from __future__ import annotations

import json

import pytest

import agent_sdk
from agent_sdk import errors
from agent_sdk.testing import isolated_env


def init_of(real, **overrides):
    """The init message of a run with *overrides*."""
    messages = []
    agent_sdk.query("hello", on_message=messages.append, **{**real, **overrides})
    return next(m for m in messages if m.is_init)


def test_tools_are_limited(real):
    """`tools` says which built-in tools exist; an empty list leaves none."""
    assert set(init_of(real, tools=["Read", "Edit"]).tools) == {"Read", "Edit"}
    assert init_of(real, tools=[]).tools == []


def test_allowed_and_disallowed_tools(real, model, tmp_path):
    """An allowed rule runs without asking, a disallowed tool is gone."""
    model.call_tool("Bash", {"command": "touch made", "description": "d"})
    agent_sdk.query("go", allowed_tools=["Bash(touch *)"], **real)
    assert (real["cwd"] / "made").exists()
    assert "Bash" not in init_of(real, disallowed_tools=["Bash"]).tools


@pytest.mark.parametrize("mode", ["plan", "accept_edits", "acceptEdits", "dont_ask", "default"])
def test_permission_modes(kept, mode):
    """Permission modes travel in either spelling and come back as the wire spells them."""
    wire, seen = {"accept_edits": "acceptEdits", "dont_ask": "dontAsk"}.get(mode, mode), []
    kept.client("plain").query("hello", seen.append, permission_mode=mode)
    assert [m.permission_mode for m in seen if m.is_init] == [wire]


def test_bypass_is_refused_for_root_before_a_process_starts(real, monkeypatch):
    """Bypassing permissions as root is an error of ours, not one of the CLI's start."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(errors.ConfigurationError, match="root"):
        agent_sdk.query("x", permission_mode="bypass_permissions", **real)
    assert init_of(real, allow_dangerously_skip_permissions=False).permission_mode == "default"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Be brief.", "Be brief."),
        (["Be", "brief."], "brief."),
        ({"type": "custom", "prompt": "Be custom."}, "Be custom."),
        ({"type": "preset", "preset": "claude_code", "append": "Also: rhyme."}, "Also: rhyme."),
    ],
    ids=["text", "list", "custom", "preset"],
)
def test_system_prompts(real, model, prompt, expected):
    """Each form of a system prompt reaches the model."""
    agent_sdk.query("hello", system_prompt=prompt, **real)
    assert expected in model.requests[-1].system


def test_system_prompt_from_a_file_and_by_default(real, model, tmp_path):
    """A file's text is the system prompt; without the option the CLI's own is used."""
    file = tmp_path / "prompt.txt"
    file.write_text("From a file.")
    agent_sdk.query("hello", system_prompt={"type": "file", "path": str(file)}, **real)
    assert "From a file." in model.requests[-1].system
    agent_sdk.query("hello", **real)
    assert len(model.requests[-1].system) > 5000


def test_huge_prompts_travel_off_the_command_line(real, client, model):
    """Megabytes of prompt and 400 KB of system prompt work: neither is on the command line, with 128 KB a word."""
    # The CLI itself refuses a first prompt of 3,000,000 characters as too long for the model; a later one it takes.
    prompt, system = "p" * 2_900_000, "s" * 400_000
    assert agent_sdk.query(prompt, **real).is_success
    assert model.requests[-1].prompt == prompt
    agent = client()
    agent.query("small")
    assert agent.query("p" * 3_000_000).is_success
    assert agent_sdk.query("hello", system_prompt=system, **real).is_success
    assert system in model.requests[-1].system


@pytest.mark.smoke
def test_agents_directories_plugins_and_sources(real, tmp_path):
    """Agents, directories, plugins and setting sources show in init."""
    plugin = tmp_path / "plug"
    (plugin / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin" / "plugin.json").write_text('{"name": "plug", "version": "1.0.0"}')
    (real["cwd"] / ".claude").mkdir()
    (real["cwd"] / ".claude" / "settings.json").write_text('{"model": "haiku"}')
    agents = {"helper": {"description": "helps", "prompt": "You help."}}
    init = init_of(real, agents=agents, additional_directories=[tmp_path], plugins=[plugin], setting_sources=[])
    assert "helper" in init.agents
    assert str(tmp_path) in init.additional_directories
    assert "plug" in [plugin.name for plugin in init.plugins]
    assert "haiku" not in init.model
    assert "haiku" in init_of(real, setting_sources=["project"]).model


def test_settings_as_dict_text_and_file(real, tmp_path):
    """Settings are taken as a dict (also a large one), as text and as a file; the sandbox is merged in."""
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"model": "haiku"}))
    large = {"model": "haiku", "env": {f"NAME_{n}": "x" * 100 for n in range(100)}}
    for settings in ({"model": "haiku"}, large, '{"model": "haiku"}', str(file)):
        assert "haiku" in init_of(real, settings=settings).model
    assert init_of(real, settings={"model": "haiku"}, sandbox={"enabled": False}).model


@pytest.mark.smoke
def test_thinking_budget_and_betas(real, model):
    """The thinking budget and the beta features are in the request to the API."""
    betas = ["context-1m-2025-08-07"]
    agent_sdk.query("hello", model="claude-haiku-4-5", max_thinking_tokens=1500, betas=betas, **real)
    request = model.requests[-1]
    assert (request.body["thinking"]["type"], request.body["thinking"]["budget_tokens"]) == ("enabled", 1500)
    assert "context-1m-2025-08-07" in request.headers["anthropic-beta"]


def test_fallback_model(real, model):
    """The fallback takes over when the model is overloaded."""
    model.when(lambda request: "haiku" not in request.model).fail(529, headers={"retry-after": "0"})
    model.reply("from the fallback")
    env, seen = {**real["env"], "CLAUDE_CODE_MAX_RETRIES": "4"}, []
    result = agent_sdk.query("hello", on_message=seen.append, fallback_model="haiku", **{**real, "env": env})
    assert result.content == "from the fallback"
    assert any(m.is_retry for m in seen) and any(m.is_fallback for m in seen)


def test_structured_output(real, model):
    """An output format adds the tool for it; what the model gives is parsed."""
    schema = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
    model.call_tool("StructuredOutput", {"answer": 42})
    result = agent_sdk.query("6 * 7", output_format={"type": "json_schema", "schema": schema}, **real)
    assert result.structured_output == {"answer": 42}


def test_extra_args_and_stderr(real, tmp_path):
    """Flags without an option travel as they are; lines of standard error reach their callback."""
    lines = []
    agent_sdk.query("hello", extra_args={"debug-to-stderr": None, "name": "-a title"}, stderr=lines.append, **real)
    assert lines and all(isinstance(line, str) for line in lines)


@pytest.mark.smoke
def test_images_and_documents(real, model):
    """Blocks of a prompt reach the model: a picture, a document, texts."""
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
    )
    agent_sdk.query(["look:", agent_sdk.image(png), agent_sdk.document(b"a text", title="notes")], **real)
    content = next(m for m in model.requests[-1].messages if m["role"] == "user")["content"]
    kinds = [block["type"] for block in content]
    assert "image" in kinds and "document" in kinds


@pytest.mark.smoke
def test_environment_of_the_cli(real, model, monkeypatch):
    """Variables are laid over, None unsets one, and CLAUDECODE is never inherited."""
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.setenv("TO_BE_UNSET", "1")
    model.call_tool("Bash", {"command": "echo $CLAUDECODE-${TO_BE_UNSET:-unset}-$ADDED", "description": "d"})
    env = {**real["env"], "TO_BE_UNSET": None, "ADDED": "yes"}
    result = agent_sdk.query("go", **{**real, "env": env}, allowed_tools=["Bash"])
    assert result.content == "done: 1-unset-yes"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (403, errors.AuthenticationError),
        (404, errors.InvalidRequestError),
        (429, errors.RateLimitError),
        (500, errors.ExecutionError),
        (529, errors.OverloadedError),
    ],
)
@pytest.mark.smoke
def test_api_errors_have_their_class(kept, status, kind):
    """An API failure is a bad result, though its subtype says success; raising it gives the class of its cause."""
    agent = kept.client("plain")
    kept.model.fail(status, message="the reason")
    result = agent.query("hello")
    assert (result.subtype, result.is_success, result.is_error) == ("success", False, True)
    with pytest.raises(kind) as caught:
        result.raise_for_error()
    assert caught.value.result is result
    kept.model.fail(status)
    with pytest.raises(kind):
        agent.query("hello", raise_on_error=True)


@pytest.mark.smoke
def test_limits_have_their_class(real, model):
    """Out of turns and out of budget are errors of their own."""
    model.call_tool("Bash", {"command": "true", "description": "d"})
    result = agent_sdk.query("hello", max_turns=1, allowed_tools=["Bash"], **real)
    assert result.is_error_max_turns
    with pytest.raises(errors.MaxTurnsError, match="1"):
        result.raise_for_error()
    model.call_tool("Bash", {"command": "true", "description": "d"})
    result = agent_sdk.query("hello", max_budget_usd=0.0000001, **real)
    assert result.is_error_max_budget
    with pytest.raises(errors.MaxBudgetError):
        result.raise_for_error()


def test_a_clients_budget_outlives_its_processes(client):
    """What a client's processes have spent is taken off for the next one; a turn's own budget is its own."""
    agent = client(max_budget_usd=0.0005)
    subtypes = [agent.query(str(number), effort=("high", "low")[number % 2]).subtype for number in range(4)]
    assert subtypes == ["success", "success", "error_max_budget_usd", "error_max_budget_usd"]
    assert agent.query("more", max_budget_usd=1.0).is_success


def test_no_credentials(real):
    """Without any credentials the result is an authentication error."""
    env = {**real["env"], "ANTHROPIC_API_KEY": None}
    with pytest.raises(errors.AuthenticationError):
        agent_sdk.query("hello", **{**real, "env": env}).raise_for_error()


def test_start_up_failures_carry_the_reason(real):
    """A flag that the CLI does not know raises with its own words, the exit code and the masked command line."""
    with pytest.raises(errors.ProcessError, match="unknown option '--no-such-flag'") as caught:
        agent_sdk.query("hello", extra_args={"no-such-flag": None, "api-key": "hidden"}, **real)
    assert caught.value.exit_code == 1
    assert "--api-key=***" in caught.value.argv
    assert "hidden" not in str(caught.value.argv)


def test_file_checkpoints(real, model):
    """With checkpointing on, files can be put back to how they were at a prompt."""
    file = real["cwd"] / "new.txt"
    model.call_tool("Write", {"file_path": str(file), "content": "hi"})
    with agent_sdk.client(enable_file_checkpointing=True, permission_mode="accept_edits", **real) as client:
        result = client.query("write it")
        assert file.exists()
        report = client.control("rewind_files", user_message_id=result.user_message_uuids[0])
    assert report["canRewind"] is True
    assert not file.exists()


def test_strict_mcp_config(real):
    """Strict configuration leaves out the servers of the project."""
    (real["cwd"] / ".mcp.json").write_text('{"mcpServers": {"project": {"command": "/nonexistent"}}}')
    assert init_of(real, strict_mcp_config=True).mcp_servers == []


def test_an_isolated_home_is_used(real, tmp_path):
    """The isolation of the tests holds: the transcript lies in the test's own configuration folder."""
    result = agent_sdk.query("hello", **real)
    config = isolated_env(tmp_path / "world")["CLAUDE_CONFIG_DIR"]
    assert len(list((tmp_path / "world").glob(f"config/projects/*/{result.session_id}.jsonl"))) == 1
    assert config.startswith(str(tmp_path))
