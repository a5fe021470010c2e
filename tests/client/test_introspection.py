"""
What is here and what there is: the CLI, its version, tools, events, modes.
"""
from __future__ import annotations

import json
import re

import pytest

import agent_sdk
from agent_sdk._client.introspection import MINIMUM_CLI
from agent_sdk.testing import FakeCLI


@pytest.fixture
def no_cli(monkeypatch):
    """A machine without the CLI."""
    monkeypatch.delenv("AGENT_SDK_CLI", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("agent_sdk._process.locate.INSTALL_FOLDERS", ())
    monkeypatch.setattr("sys.path", [])


@pytest.mark.parametrize(
    ("version", "is_new"), [("2.1.330", True), (MINIMUM_CLI, True), ("2.1.9", False), ("1.9.999", False)]
)
def test_the_version_is_the_cli_s_own(version, is_new, monkeypatch):
    """The version is what `--version` prints, and is compared by its numbers."""
    with FakeCLI(version=version) as fake:
        monkeypatch.setenv("AGENT_SDK_CLI", fake.path)
        assert (agent_sdk.cli_available(), agent_sdk.cli_version()) == (True, version)
        assert agent_sdk.requirements_met() == {"cli_available": True, "cli_version": is_new, "python_version": True}
        assert agent_sdk.cli_version(fake.path) == version


@pytest.mark.usefixtures("no_cli")
def test_without_a_cli_nothing_raises():
    """Where there is no CLI, the questions are answered with no."""
    assert (agent_sdk.cli_available(), agent_sdk.cli_version()) == (False, None)
    assert agent_sdk.requirements_met() == {"cli_available": False, "cli_version": False, "python_version": True}
    assert agent_sdk.cli_available("/nowhere") is False


def test_a_program_that_is_no_cli_has_no_version(tmp_path):
    """A program that prints no version has none."""
    path = tmp_path / "claude"
    path.write_text("#!/bin/sh\necho hello\n")
    path.chmod(0o755)
    assert agent_sdk.cli_version(str(path)) is None


@pytest.mark.parametrize(
    ("names", "some"),
    [
        (agent_sdk.builtin_tools, ["Bash", "Edit", "Glob", "Grep", "Read", "Task", "WebFetch", "Write"]),
        (
            agent_sdk.hook_events,
            ["pre_tool_use", "post_tool_use", "user_prompt_submit", "stop", "session_start", "pre_compact"],
        ),
        (agent_sdk.permission_modes, ["default", "accept_edits", "plan", "bypass_permissions", "dont_ask"]),
    ],
    ids=["tools", "events", "modes"],
)
def test_names_are_listed(names, some):
    """The lists hold what the CLI has, each name once, and belong to the caller."""
    listed = names()
    assert set(some) <= set(listed)
    assert len(listed) == len(set(listed))
    listed.clear()
    assert names() != []


def test_events_and_modes_are_in_snake_case():
    """Names of events and modes are Python's."""
    assert [
        name for name in agent_sdk.hook_events() + agent_sdk.permission_modes() if not re.fullmatch("[a-z_]+", name)
    ] == []


def test_every_event_can_be_registered():
    """Each hook event of the list is accepted by the option."""
    for name in agent_sdk.hook_events():
        agent_sdk.Options(hooks={name: [lambda context: None]})


def test_the_tools_are_those_of_the_real_cli(real):
    """The CLI's own list of tools holds no built-in tool that is not listed here."""
    seen = []
    agent_sdk.query("hello", on_message=seen.append, **real)
    tools = next(message.tools for message in seen if message.is_init)
    assert {tool for tool in tools if not tool.startswith("mcp__")} - set(agent_sdk.builtin_tools()) == set()


def test_the_schema_can_be_shown():
    """`options_schema` is a plain dict; its types are texts."""
    schema = agent_sdk.options_schema()
    assert all(isinstance(one["type"], str) for one in schema.values())
    json.dumps(schema, default=str)
