"""Matchers: matching, the matcher sent to the CLI, and errors at construction."""
from __future__ import annotations

import re
from typing import Any

import pytest

from agent_sdk import hooks
from agent_sdk.errors import ConfigurationError
from agent_sdk.hooks import Matcher
from agent_sdk.hooks.matchers import parse_matcher, wire_matcher
from agent_sdk.hooks.runner import HookSet


def _nothing(ctx: hooks.HookContext) -> None:
    return None


def _fits(pattern: Any, tool: str) -> bool:
    return Matcher(pattern, _nothing).selector.matches(hooks.PreToolUse(tool_name=tool))


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        (None, ["Bash", "mcp__a__b"], []),
        ("", ["Bash"], []),
        ("*", ["Bash"], []),
        ("Write", ["Write"], ["write", "WriteX", "Rewrite"]),
        ("Write|Edit", ["Write", "Edit"], ["Bash"]),
        ("Write, Bash", ["Write", "Bash"], ["Edit"]),
        ("Write |", ["Write"], [""]),
        ("rite", [], ["Write"]),
        (".rit", ["Write"], ["Bash"]),
        ("^Write$", ["Write"], ["WriteX"]),
        ("[Bb]ash", ["Bash", "bash"], ["BASH"]),
        ("mcp__calc__.*", ["mcp__calc__add"], ["mcp__calculus__add", "Bash"]),
        ("mcp__calc", ["mcp__calc__add"], ["mcp__calculus__add", "mcp__calc"]),
        ("Task", ["Task", "Agent"], ["TaskStop"]),
        ("Agent", ["Task", "Agent"], []),
        ("^Ta.k$", ["Task", "Agent"], ["Tasks"]),
        (["Bash", "^mcp__"], ["Bash", "mcp__a__b"], ["Edit"]),
        (["Bash", re.compile("edit", re.I)], ["Bash", "NotebookEdit"], ["Read"]),
        (re.compile("^(?i:bash)$"), ["bash", "BASH"], ["Bash2"]),
        ("(?i)bash", ["BASH"], ["Edit"]),
        (lambda ctx: ctx.tool_name.startswith("B"), ["Bash"], ["Edit"]),
    ],
)
def test_what_a_pattern_fits(pattern: Any, fitting: list[str], others: list[str]) -> None:
    """As in the CLI, words are exact names, and any other string is an expression that may match anywhere."""
    assert [_fits(pattern, tool) for tool in fitting] == [True] * len(fitting)
    assert [_fits(pattern, tool) for tool in others] == [False] * len(others)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["Bash"], "Bash"),
        (["Bash|Edit", "Edit, Write"], "Bash|Edit|Write"),
        (["Bash", None], None),
        (["Bash", re.compile("x")], None),
        (["Bash", lambda ctx: True], None),
        (["(?i)bash"], None),
        (["B.sh"], "B.sh"),
        (["B.sh", "Edit"], "(?:^(?:Edit)$)|(?:B.sh)"),
        (["Task"], "Task"),
        (["^Ta.k$"], "(?:^(?:Agent|Task)$)|(?:^Ta.k$)"),
        (["Agent", "x.y"], "(?:^(?:Agent|Task)$)|(?:x.y)"),
        (["mcp__calc"], "^mcp__calc__"),
    ],
)
def test_what_the_cli_is_told(patterns: list[Any], expected: str | None) -> None:
    """The CLI gets the union of the patterns that it can compare, and null if one can be compared only in Python."""
    assert wire_matcher(Matcher(pattern, _nothing).selector for pattern in patterns) == expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("([", "not a valid regular expression"),
        ("Write(*)", "not a valid regular expression"),
        ("Bash(git log *)", "only the tool name"),
        ("Web(Fetch|Search)", None),
        ([], "an empty list matches nothing"),
        ([3], "expected a list of strings"),
        (3, "expected a string, a list"),
        (b"Bash", "expected a string, a list"),
        (re.compile(b"Bash"), "not for bytes"),
        ("|", "contains no name"),
        (lambda: True, "but takes"),
    ],
)
def test_wrong_patterns(pattern: Any, message: str | None) -> None:
    """A pattern that can never match raises an error, because the CLI would accept it silently."""
    if message is None:
        Matcher(pattern, _nothing)
        return
    with pytest.raises(ConfigurationError, match=message):
        Matcher(pattern, _nothing)


async def _later(ctx: Any) -> None:
    return None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Matcher("Bash"), "needs a handler"),
        (lambda: Matcher(_nothing), r"Matcher\(None, _nothing\)"),
        (lambda: Matcher(None, lambda: None), "but takes"),
        (lambda: Matcher(None, lambda a, b: None), "but takes"),
        (lambda: Matcher(None, lambda ctx, *, key: None), "but takes"),
        (lambda: Matcher(None, "guard"), "expected a function"),
        (lambda: Matcher(None, _later), "plain function"),
        (lambda: Matcher(None, _nothing, timeout=0), "greater than 0"),
        (lambda: Matcher(None, _nothing, timeout="30"), "expected a number"),
        (lambda: Matcher(None, _nothing, fail_mode="opened"), "expected 'closed'"),
        (lambda: parse_matcher(3), "expected a function, a Matcher or a dict"),
        (lambda: parse_matcher({"matcher": "Bash"}), "needs a handler"),
        (lambda: parse_matcher({"match": "Bash", "handler": _nothing}), "unknown key"),
    ],
)
def test_wrong_matchers(make: Any, message: str) -> None:
    """An invalid handler, timeout or fail mode raises an error at construction."""
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize("handler", [print, dict, lambda ctx, more=1: None, lambda *all: None, str.upper])
def test_handlers_of_every_kind(handler: Any) -> None:
    """Any callable that takes one argument is a handler, including builtins."""
    assert Matcher(None, handler).handlers == (handler,)


def test_the_dict_form() -> None:
    """The dict form of the Ruby SDK is converted to a Matcher, with one or several handlers."""
    made = parse_matcher({"matcher": "Bash", "handler": _nothing, "timeout": 30, "fail_mode": "open"})
    assert (made.pattern, made.handlers, made.timeout, made.fail_mode) == ("Bash", (_nothing,), 30, "open")
    assert parse_matcher({"handlers": [_nothing, print]}).handlers == (_nothing, print)
    assert (parse_matcher(_nothing).pattern, parse_matcher(_nothing).timeout) == (None, 60)
    assert parse_matcher(made) is made


@pytest.mark.parametrize(
    ("event", "pattern", "message"),
    [
        ("stop", "Bash", "stop hooks have no value to compare"),
        ("user_prompt_submit", re.compile("x"), "no value to compare"),
        ("pre_tool_use", "bash", "case-sensitive"),
        ("post_tool_use", "add", "mcp__server__tool"),
        ("stop", None, None),
        ("stop", lambda ctx: True, None),
        ("session_start", "startup|resume", None),
        ("subagent_start", "reviewer", None),
    ],
)
def test_patterns_that_their_event_cannot_fit(event: str, pattern: Any, message: str | None) -> None:
    """A pattern that cannot match at its event raises an error at registration."""
    if message is None:
        assert HookSet({event: Matcher(pattern, _nothing)})
        return
    with pytest.raises(ConfigurationError, match=message):
        HookSet({event: Matcher(pattern, _nothing)})


@pytest.mark.parametrize(
    ("ctx", "pattern"),
    [
        (hooks.SubagentStart(agent_type="reviewer"), "reviewer"),
        (hooks.PreCompact(trigger="auto"), "auto"),
        (hooks.SessionStart(source="resume"), "startup|resume"),
        (hooks.Notification(notification_type="permission_prompt"), "permission_prompt"),
        (hooks.FileChanged(file_path="/project/.env"), ".env"),
        (hooks.Elicitation(mcp_server_name="calc"), "calc"),
    ],
    ids=lambda value: getattr(value, "event", str(value)),
)
def test_other_events_compare_other_fields(ctx: hooks.HookContext, pattern: str) -> None:
    """The value that a pattern is compared with depends on the event: its type, trigger or source."""
    assert Matcher(pattern, _nothing).selector.matches(ctx)
    assert not Matcher("other", _nothing).selector.matches(ctx)


def test_repr() -> None:
    """The repr contains the pattern and the function names."""
    assert repr(Matcher("Bash", _nothing)) == "<Matcher 'Bash' _nothing>"
