"""
Options -> command line, environment and private files of one process.
"""
from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from agent_sdk import CLINotFoundError, ConfigurationError, Options
from agent_sdk._process.command import MAX_ARGV_BYTES, command_of
from agent_sdk._process.locate import find_cli
from agent_sdk._protocol.callback_set import CallbackSet
from agent_sdk._protocol.handshake import initialize_request

BASE = ["--output-format=stream-json", "--verbose", "--input-format=stream-json"]


def command(**given):
    """The command for these options."""
    return command_of(Options(cli_path=sys.executable, **given))


def words(**given):
    """What these options add to the command line."""
    argv = command(**given).argv
    assert argv[:4] == [os.path.abspath(sys.executable), *BASE]
    return argv[4:]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"model": "opus"}, ["--model=opus"]),
        ({"model": "-x --y"}, ["--model=-x --y"]),
        ({"fallback_model": ["a", "b"]}, ["--fallback-model=a,b"]),
        ({"max_turns": 3}, ["--max-turns=3"]),
        ({"max_thinking_tokens": 0}, ["--max-thinking-tokens=0"]),
        ({"max_budget_usd": 0.5}, ["--max-budget-usd=0.5"]),
        ({"permission_mode": "accept_edits"}, ["--permission-mode=acceptEdits"]),
        ({"allow_dangerously_skip_permissions": True}, ["--allow-dangerously-skip-permissions"]),
        ({"allow_dangerously_skip_permissions": False}, []),
        ({"tools": []}, ["--tools="]),
        ({"allowed_tools": ["Read", "Bash(git log *)"]}, ["--allowedTools=Read,Bash(git log *)"]),
        ({"disallowed_tools": "Bash"}, ["--disallowedTools=Bash"]),
        ({"resume": "a title"}, ["--resume=a title"]),
        ({"resume": "x", "resume_session_at": "m"}, ["--resume=x", "--resume-session-at=m"]),
        ({"resume": "x", "fork_session": True}, ["--resume=x", "--fork-session"]),
        ({"continue_conversation": True}, ["--continue"]),
        ({"additional_directories": ["/", "/tmp"]}, ["--add-dir=/", "--add-dir=/tmp"]),
        ({"setting_sources": ["user", "local"]}, ["--setting-sources=user,local"]),
        ({"setting_sources": []}, ["--setting-sources="]),
        ({"include_partial_messages": True}, ["--include-partial-messages"]),
        ({"plugins": ["/", "/tmp"]}, ["--plugin-dir=/", "--plugin-dir=/tmp"]),
        ({"betas": ["a", "b"]}, ["--betas=a", "--betas=b"]),
        ({"strict_mcp_config": True}, ["--strict-mcp-config"]),
        ({"settings": {"a": 1}}, ['--settings={"a":1}']),
        ({"settings": '{"a": 1}'}, ['--settings={"a": 1}']),
        ({"settings": "/some/file.json"}, ["--settings=/some/file.json"]),
        ({"settings": {"a": 1}, "sandbox": {"enabled": True}}, ['--settings={"a":1,"sandbox":{"enabled":true}}']),
        ({"sandbox": {"enabled": False}}, ['--settings={"sandbox":{"enabled":false}}']),
        ({"extra_args": {"x": "-1", "--bare": None, "n": 5, "yes": True}}, ["--x=-1", "--bare", "--n=5", "--yes"]),
        ({"system_prompt": "secret"}, []),
        ({"system_prompt": "p", "resume": "x"}, ["--resume=x", "--system-prompt-snapshot=off"]),
        ({"agents": {"a": {"description": "d", "prompt": "secret"}}}, []),
        ({"output_format": {"type": "object"}}, []),
        ({"timeout": 5, "raise_on_error": True, "stderr": print}, []),
    ],
    ids=str,
)
def test_options_become_words(given, expected):
    """Each option is one word, value included, or none where it travels another way."""
    assert words(**given) == expected


def test_long_lists_are_spread_over_words():
    """A list too long for one word becomes several words of the same flag, no value lost and none cut."""
    rules = [f"Bash(command number {n} *)" for n in range(1000)]
    given = words(allowed_tools=rules)
    assert len(given) > 1 and all(len(word) < MAX_ARGV_BYTES for word in given)
    assert [rule for word in given for rule in word.removeprefix("--allowedTools=").split(",")] == rules


@pytest.mark.parametrize(
    "given",
    [
        {"model": "m" * MAX_ARGV_BYTES},
        {"model": "é" * (MAX_ARGV_BYTES // 2)},
        {"allowed_tools": ["r" * MAX_ARGV_BYTES]},
        {"extra_args": {"x": "y" * MAX_ARGV_BYTES}},
        {"extra_args": {"": "y"}},
        {"extra_args": {"a b": "y"}},
        {"extra_args": {"x=1": "y"}},
        {"extra_args": {"x\0": None}},
        {"extra_args": {"x": "a\0b"}},
        {"extra_args": {"x": "\ud800"}},
        {"extra_args": {"x": ["list"]}},
        {"extra_args": {"x": False}},
        {"env": {"": "x"}},
        {"env": {"A=B": "x"}},
        {"env": {"A\0": "x"}},
        {"env": {"A": "x\0"}},
        {"env": {"A": "\ud800"}},
        {"env": {"A": 5}},
        {"fork_session": True},
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_no_command_line_can_carry_is_refused(given):
    """Words that are too long or impossible are a `ConfigurationError`, not a failure of the system."""
    with pytest.raises(ConfigurationError):
        command(**given)


def test_large_settings_travel_in_a_private_file():
    """Settings over the limit go into a file that only this user can read, and that is removed with the process."""
    made = command(settings={"key": "v" * MAX_ARGV_BYTES})
    path = made.argv[-1].removeprefix("--settings=")
    assert made.files == [path]
    assert json.loads(Path(path).read_text()) == {"key": "v" * MAX_ARGV_BYTES}
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    made.remove_files()
    made.remove_files()
    assert not os.path.exists(path)


def test_a_refused_command_leaves_no_file(tmp_path, monkeypatch):
    """When a later option is wrong, the private file of an earlier one is removed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ConfigurationError):
        command(settings={"key": "v" * MAX_ARGV_BYTES}, extra_args={"": None})
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_laid_over_ours(monkeypatch):
    """Variables are added and unset; CLAUDECODE is left out; this process's own environment stays as it is."""
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("GONE", "1")
    before = dict(os.environ)
    env = command(env={"ADDED": "x", "GONE": None, "NEVER": None}, enable_file_checkpointing=True, cwd="/tmp").env
    assert (env["ADDED"], env["KEPT"], env["PWD"]) == ("x", "1", "/tmp")
    assert {"CLAUDECODE", "GONE", "NEVER"} & env.keys() == set()
    assert env["CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING"] == "true"
    assert env["CLAUDE_CODE_SDK_READS_SESSION_STATE"] == "1"
    assert dict(os.environ) == before


def test_a_variable_of_the_user_wins():
    """`env` is the last word, over our own variables too."""
    assert command(env={"CLAUDE_CODE_ENTRYPOINT": "mine"}).env["CLAUDE_CODE_ENTRYPOINT"] == "mine"


def test_two_processes_have_different_marks():
    """Each process can be told by its environment."""
    first, second = command(), command()
    assert first.marker != second.marker
    assert f"AGENT_SDK_PROCESS={first.env['AGENT_SDK_PROCESS']}" == first.marker


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("--settings={}", "--settings=***"),
        ("--api-key=x", "--api-key=***"),
        ("--X-TOKEN=x", "--X-TOKEN=***"),
        ("--model=opus", "--model=opus"),
        ("--token", "--token"),
    ],
)
def test_secrets_are_masked_in_errors(word, expected):
    """What may be secret is not shown."""
    made = command()
    made.argv = ["claude", word]
    assert made.masked == ["claude", expected]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"system_prompt": "a"}, {"systemPrompt": ["a"]}),
        ({"system_prompt": ["a", "b"]}, {"systemPrompt": ["a", "b"]}),
        ({"system_prompt": {"type": "custom", "prompt": "a"}}, {"systemPrompt": ["a"]}),
        ({"system_prompt": {"type": "preset", "append": "a"}}, {"appendSystemPrompt": "a"}),
        (
            {"system_prompt": {"type": "preset", "preset": "claude_code", "exclude_dynamic_sections": True}},
            {"excludeDynamicSections": True},
        ),
        ({"output_format": {"type": "object"}}, {"jsonSchema": {"type": "object"}}),
        ({"output_format": {"type": "json_schema", "schema": {"type": "object"}}}, {"jsonSchema": {"type": "object"}}),
        (
            {"agents": {"a": {"description": "d", "prompt": "p", "disallowed_tools": ["Bash"]}}},
            {"agents": {"a": {"description": "d", "prompt": "p", "disallowedTools": ("Bash",)}}},
        ),
    ],
    ids=str,
)
def test_the_handshake_carries_the_rest(given, expected):
    """Prompts, schemas and agents travel in the first control request, off the command line."""
    options = Options(**given)
    fields = {name: value for name, value in initialize_request(options, CallbackSet(options)).items() if name != "hooks"}
    assert fields == expected


# --- where the CLI is


@pytest.fixture
def program(tmp_path):
    """An executable file."""
    path = tmp_path / "claude"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def _nowhere(monkeypatch):
    monkeypatch.delenv("AGENT_SDK_CLI", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("agent_sdk._process.locate.INSTALL_FOLDERS", ())
    monkeypatch.setattr("sys.path", [])


def test_the_option_comes_first(program, monkeypatch):
    """`cli_path` is taken before the variable, the variable before PATH."""
    monkeypatch.setenv("AGENT_SDK_CLI", str(program))
    assert find_cli() == str(program)
    assert find_cli(sys.executable) == os.path.abspath(sys.executable)


@pytest.mark.usefixtures("_nowhere")
@pytest.mark.parametrize("place", ["PATH", "env", "usual", "wheel"])
def test_the_places_are_searched(place, program, tmp_path, monkeypatch):
    """PATH, also one given with `env=`, the usual folders, and the wheel of the official SDK."""
    if place == "PATH":
        monkeypatch.setenv("PATH", f"/nowhere::{tmp_path}")
    if place == "usual":
        monkeypatch.setattr("agent_sdk._process.locate.INSTALL_FOLDERS", (str(tmp_path),))
    if place == "wheel":
        bundled = tmp_path / "site" / "claude_agent_sdk" / "_bundled"
        bundled.mkdir(parents=True)
        program = program.rename(bundled / "claude")
        monkeypatch.setattr("sys.path", [str(tmp_path / "site")])
    assert find_cli(path=str(tmp_path) if place == "env" else None) == str(program)


@pytest.mark.usefixtures("_nowhere")
def test_a_relative_path_is_one_of_this_process(program, tmp_path, monkeypatch):
    """A relative `cli_path` is read here, though the CLI starts in another directory; `~` is the home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert command_of(Options(cli_path="./claude", cwd="/")).argv[0] == str(program)
    assert find_cli("~/claude") == str(program)


@pytest.mark.usefixtures("_nowhere")
@pytest.mark.parametrize(
    ("made", "words"),
    [(None, "no such file"), ("folder", "no such file"), ("plain", "chmod")],
    ids=["missing", "folder", "plain"],
)
def test_what_cannot_be_run_is_refused(made, words, tmp_path):
    """A path that is no program is an error with its remedy."""
    path = tmp_path / "other"
    if made == "folder":
        path.mkdir()
    if made == "plain":
        path.write_text("")
    with pytest.raises(CLINotFoundError, match=words) as caught:
        find_cli(str(path))
    assert caught.value.searched == [str(path)]
