"""The contexts of hooks, and the registry of events."""
from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import agent_sdk
from agent_sdk import hooks
from agent_sdk._converter import structurer
from agent_sdk.errors import ConfigurationError
from agent_sdk.hooks import base

COMMON = {
    "session_id": "25c8bffc",
    "transcript_path": "HOME/25c8bffc.jsonl",
    "cwd": "CWD",
    "prompt_id": "78d5e583",
    "permission_mode": "default",
    "effort": {"level": "medium"},
}
#: One input for each event, as the CLI sends it (2.1; those it was never seen to send, as it declares them).
INPUTS: dict[str, dict[str, Any]] = {
    "pre_tool_use": {"tool_name": "Write", "tool_input": {"file_path": "x"}, "tool_use_id": "toolu_1"},
    "post_tool_use": {"tool_name": "Write", "tool_response": {"type": "create"}, "duration_ms": 14},
    "post_tool_use_failure": {"tool_name": "Bash", "error": "Exit code 3", "is_interrupt": False},
    "post_tool_batch": {"tool_calls": [{"tool_name": "Write", "tool_use_id": "t", "tool_response": "done"}]},
    "permission_request": {"tool_name": "Write", "permission_suggestions": [{"type": "setMode", "mode": "plan"}]},
    "permission_denied": {"tool_name": "Write", "tool_use_id": "t", "reason": "rule"},
    "notification": {"message": "needs you", "notification_type": "permission_prompt"},
    "user_prompt_submit": {"prompt": "hi", "source": "sdk"},
    "user_prompt_expansion": {"expansion_type": "slash_command", "command_name": "review", "command_args": "x"},
    "stop": {"stop_hook_active": False, "background_tasks": [{"id": "a", "type": "subagent"}], "session_crons": []},
    "stop_failure": {"error": "server_error", "last_assistant_message": "API Error: 500"},
    "subagent_start": {"agent_id": "a05", "agent_type": "general-purpose"},
    "subagent_stop": {"agent_id": "a05", "agent_transcript_path": "p", "stop_hook_active": True},
    "message_display": {"turn_id": "t", "message_id": "m", "index": 0, "final": True, "delta": "ok"},
    "elicitation": {"mcp_server_name": "s", "message": "m", "requested_schema": {"type": "object"}},
    "elicitation_result": {"mcp_server_name": "s", "action": "accept", "content": {"a": 1}},
    "task_created": {"task_id": "1", "task_subject": "s"},
    "task_completed": {"task_id": "1", "task_subject": "s", "team_name": "n"},
    "teammate_idle": {"teammate_name": "a", "team_name": "b"},
    "session_start": {"source": "compact", "model": "claude-opus-5-5"},
    "session_end": {"reason": "other"},
    "setup": {"trigger": "init"},
    "pre_compact": {"trigger": "manual", "custom_instructions": None},
    "post_compact": {"trigger": "manual", "compact_summary": "s"},
    "pre_model_switch": {"from_model": "a", "to_model": "b", "source": "sdk", "context_tokens": 2792},
    "post_model_switch": {"from_model": "a", "to_model": "b", "cache_ttl": "5m"},
    "config_change": {"source": "user_settings", "file_path": "f"},
    "worktree_create": {"name": "w"},
    "worktree_remove": {"worktree_path": "w"},
    "instructions_loaded": {"file_path": "CLAUDE.md", "memory_type": "Project", "load_reason": "session_start"},
    "cwd_changed": {"old_cwd": "a", "new_cwd": "b"},
    "file_changed": {"file_path": "/a/.env", "event": "change"},
    "directory_added": {"directory": "d", "source": "slash_command"},
}


def _context(event: str, **fields: Any) -> Any:
    cls = hooks.EVENTS[event]
    return structurer(cls)({**COMMON, "hook_event_name": cls.facts.wire_name, **(fields or INPUTS[event])})


def test_every_event_has_a_class() -> None:
    """`hook_events` lists all events, each with its class."""
    assert set(hooks.EVENTS) == set(agent_sdk.hook_events()) == set(INPUTS)
    assert all(cls.facts.name == name for name, cls in hooks.EVENTS.items())


@pytest.mark.parametrize("event", INPUTS)
def test_fields_are_typed_and_raw_is_kept(event: str) -> None:
    """Every field of the input is a declared attribute, and `raw` is the input."""
    ctx = _context(event)
    assert ctx.event == event
    assert ctx._rest is None
    assert ctx.raw == {**COMMON, "hook_event_name": ctx.facts.wire_name, **INPUTS[event]}
    assert (ctx.session_id, ctx.cwd, ctx.effort.level) == ("25c8bffc", "CWD", "medium")


@pytest.mark.parametrize("event", INPUTS)
def test_the_class_is_public(event: str) -> None:
    """Each class can be imported from `agent_sdk.hooks` and created in tests of hooks."""
    name = hooks.EVENTS[event].facts.wire_name
    made = getattr(hooks, name)(session_id="s")
    assert (type(made), made.hook_event_name, made.cancelled) == (hooks.EVENTS[event], name, False)


def test_nested_objects_are_typed() -> None:
    """Lists from the wire contain objects with attributes."""
    assert _context("post_tool_batch").tool_calls[0].tool_response == "done"
    assert _context("stop").background_tasks[0].type == "subagent"
    assert _context("pre_tool_use", mcp_server={"name": "calc", "source": "dynamic"}).mcp_server.source == "dynamic"
    assert [update.mode for update in _context("permission_request").suggestions] == ["plan"]


def test_unknown_fields_are_attributes() -> None:
    """A field of a later CLI version is an attribute, and an unknown name raises AttributeError."""
    ctx = _context("stop", brand_new={"a": 1})
    assert ctx.brand_new == {"a": 1}
    with pytest.raises(AttributeError, match="Stop has no field 'nothing'"):
        _ = ctx.nothing


def test_own_data_comes_first() -> None:
    """Items are the user's data, then fields; setting an item never changes the input."""
    ctx = _context("pre_tool_use")
    ctx["start"] = 1.5
    ctx["tool_name"] = "mine"
    assert (ctx["start"], ctx["tool_name"], ctx.tool_name, ctx["cwd"]) == (1.5, "mine", "Write", "CWD")
    assert ("start" in ctx, "cwd" in ctx, "absent" in ctx, ctx.get("absent", 3)) == (True, True, False, 3)
    assert "start" not in ctx.raw
    del ctx["start"]
    with pytest.raises(KeyError):
        _ = ctx["start"]


def test_a_changed_copy_shares_own_data() -> None:
    """The context of the next hook has the new input and shares the user's data and the cancelled flag."""
    ctx = _context("pre_tool_use")
    after: Any = ctx.with_field("tool_input", {"a": 1})
    after["seen"] = True
    assert (ctx["seen"], ctx.tool_input, after.tool_input) == (True, {"file_path": "x"}, {"a": 1})


def test_damaged_input_is_kept() -> None:
    """A field of the wrong type is kept unchanged; an empty input creates an empty context."""
    assert _context("stop", background_tasks="oops").background_tasks == "oops"
    assert structurer(hooks.Stop)({}).session_id == ""


def test_repr_tells_event_and_match() -> None:
    """The repr is one line and does not contain the input."""
    assert repr(_context("pre_tool_use")) == "<PreToolUse pre_tool_use Write>"


def test_the_event_of_a_changed_file_has_another_name() -> None:
    """The wire field `event` of FileChanged is `change`, because `event` is the hook event."""
    ctx = _context("file_changed")
    assert (ctx.event, ctx.change, ctx.matched_value()) == ("file_changed", "change", ".env")


@pytest.mark.parametrize("given", ["pre_tool_use", "PreToolUse"])
def test_both_spellings_name_an_event(given: str) -> None:
    """An event name is accepted in snake_case and in the CLI's spelling."""
    assert base.event_name(given) == "pre_tool_use"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("pre_tol_use", "did you mean 'pre_tool_use'"),
        ("PreTooluse", "did you mean 'pre_tool_use'"),
        ("zzz", "hook_events"),
        (3, "hook_events"),
    ],
)
def test_unknown_events_are_refused(given: Any, hint: str) -> None:
    """An unknown event raises an error with the nearest name; the CLI would accept it and never fire it."""
    with pytest.raises(ConfigurationError, match=hint):
        base.event_name(given)


def test_hooks_are_not_imported_by_the_face() -> None:
    """A program without hooks does not import the hook modules or the permission classes."""
    packages = ("agent_sdk.hooks", "agent_sdk.permissions")
    code = f"import agent_sdk, sys; print([name for name in sys.modules if name.startswith({packages})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['agent_sdk.permissions.modes', 'agent_sdk.permissions']\n"
