"""`Result`: the wire form of each class method at each kind of event."""
from __future__ import annotations

from typing import Any

import pytest

from agent_sdk import hooks
from agent_sdk.errors import ConfigurationError, HookError
from agent_sdk.hooks import Result

DENY = "Blocked by a hook."


def _specific(event: str, **fields: Any) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": hooks.EVENTS[event].facts.wire_name, **fields}}


CASES: list[tuple[str, Result, dict[str, Any]]] = [
    ("pre_tool_use", Result.approve(), _specific("pre_tool_use", permissionDecision="allow")),
    (
        "pre_tool_use",
        Result.approve("ok"),
        _specific("pre_tool_use", permissionDecision="allow", permissionDecisionReason="ok"),
    ),
    (
        "pre_tool_use",
        Result.block("no"),
        _specific("pre_tool_use", permissionDecision="deny", permissionDecisionReason="no"),
    ),
    (
        "pre_tool_use",
        Result.modify({"command": "ls"}),
        _specific("pre_tool_use", permissionDecision="allow", updatedInput={"command": "ls"}),
    ),
    (
        "pre_tool_use",
        Result.modify({"command": "ls"}, approve=False),
        _specific("pre_tool_use", updatedInput={"command": "ls"}),
    ),
    (
        "pre_tool_use",
        Result.skip("later"),
        _specific("pre_tool_use", permissionDecision="deny", permissionDecisionReason="later"),
    ),
    (
        "pre_tool_use",
        Result.stop("enough"),
        {
            "continue": False,
            "stopReason": "enough",
            **_specific("pre_tool_use", permissionDecision="deny", permissionDecisionReason="enough"),
        },
    ),
    ("pre_tool_use", Result.with_context("c"), _specific("pre_tool_use", additionalContext="c")),
    ("pre_tool_use", Result.with_system_message("m"), {"systemMessage": "m"}),
    ("pre_tool_use", Result.suppress(), {"suppressOutput": True}),
    ("pre_tool_use", Result.run_async(), {"async": True}),
    ("pre_tool_use", Result.run_async(1.5), {"async": True, "asyncTimeout": 1500}),
    (
        "pre_tool_use",
        Result.permission("ask", "sure?"),
        _specific("pre_tool_use", permissionDecision="ask", permissionDecisionReason="sure?"),
    ),
    ("pre_tool_use", Result.permission("defer"), _specific("pre_tool_use", permissionDecision="defer")),
    (
        "pre_tool_use",
        Result.permission("deny"),
        _specific("pre_tool_use", permissionDecision="deny", permissionDecisionReason=DENY),
    ),
    ("permission_request", Result.approve(), _specific("permission_request", decision={"behavior": "allow"})),
    (
        "permission_request",
        Result.block("no"),
        _specific("permission_request", decision={"behavior": "deny", "message": "no"}),
    ),
    (
        "permission_request",
        Result.modify({"a": 1}),
        _specific("permission_request", decision={"behavior": "allow", "updatedInput": {"a": 1}}),
    ),
    (
        "permission_request",
        Result.stop("no"),
        {
            "continue": False,
            "stopReason": "no",
            **_specific("permission_request", decision={"behavior": "deny", "message": "no", "interrupt": True}),
        },
    ),
    ("user_prompt_submit", Result.approve("fine"), {}),
    ("user_prompt_submit", Result.block("no"), {"decision": "block", "reason": "no"}),
    (
        "user_prompt_submit",
        Result.stop("no"),
        {"continue": False, "stopReason": "no", "decision": "block", "reason": "no"},
    ),
    ("post_tool_use", Result.stop("no"), {"continue": False, "stopReason": "no"}),
    ("user_prompt_submit", Result.with_context("c"), _specific("user_prompt_submit", additionalContext="c")),
    ("stop", Result.block("go on"), {"decision": "block", "reason": "go on"}),
    ("stop", Result.stop("end"), {"continue": False, "stopReason": "end"}),
    ("post_tool_use", Result.block("bad"), {"decision": "block", "reason": "bad"}),
    ("post_tool_use", Result.replace_output({"a": 1}), _specific("post_tool_use", updatedToolOutput={"a": 1})),
    ("pre_compact", Result.skip(), {"decision": "block", "reason": "Skipped by a hook. Continue without it."}),
    (
        "pre_model_switch",
        Result.block("dear"),
        _specific("pre_model_switch", permissionDecision="deny", permissionDecisionReason="dear"),
    ),
    (
        "elicitation",
        Result.block("no"),
        {"decision": "block", "reason": "no", **_specific("elicitation", action="decline")},
    ),
    ("elicitation", Result.modify({"a": 1}), _specific("elicitation", action="accept", content={"a": 1})),
    ("session_start", Result.with_context("c"), _specific("session_start", additionalContext="c")),
    ("session_end", Result.with_system_message("bye"), {"systemMessage": "bye"}),
    ("session_end", Result.approve(), {}),
]


@pytest.mark.parametrize(("event", "result", "expected"), CASES, ids=[f"{case[0]} {case[1]!r}" for case in CASES])
def test_wire_form(event: str, result: Result, expected: dict[str, Any]) -> None:
    """Each result has the wire form that its event requires."""
    assert result.to_wire(hooks.EVENTS[event]()) == expected


@pytest.mark.parametrize(
    ("event", "result", "message"),
    [
        ("stop", Result.modify({}), r"modify\(\) is not supported for stop hooks; use it in pre_tool_use"),
        ("stop", Result.skip(), r"skip\(\) is not supported for stop hooks"),
        ("stop", Result.permission("ask"), "ask is not supported for stop hooks"),
        ("session_end", Result.block("no"), r"block\(\) is not supported for session_end hooks; return None"),
        ("pre_compact", Result.with_context("c"), r"with_context\(\) is not supported for pre_compact hooks"),
        ("pre_tool_use", Result.replace_output("x"), "only post_tool_use"),
        ("permission_request", Result.permission("ask"), "ask is not supported for permission_request hooks"),
        ("permission_request", Result.modify({}, approve=False), "use pre_tool_use"),
        ("pre_model_switch", Result.permission("defer"), "only pre_tool_use hooks can defer"),
        ("elicitation", Result.permission("ask"), "to decline"),
        ("elicitation_result", Result.modify({"a": 1}), "use it in pre_tool_use"),
    ],
)
def test_answers_that_make_no_sense(event: str, result: Result, message: str) -> None:
    """A result that the CLI would ignore raises an error with the event and the remedy."""
    with pytest.raises(HookError, match=message) as caught:
        result.to_wire(hooks.EVENTS[event]())
    assert caught.value.event == event


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ({"stdout": "secret", "stderr": "x", "isImage": False}, {"stdout": "***", "stderr": "", "isImage": False}),
        ([{"type": "text", "text": "secret"}], [{"type": "text", "text": "***"}]),
        ("secret", "***"),
    ],
    ids=["command", "server", "text"],
)
def test_text_takes_the_shape_of_the_old_output(old: Any, expected: Any) -> None:
    """A replacement text gets the shape of the old result; the CLI silently ignores any other shape."""
    output = Result.replace_output("***").to_wire(hooks.PostToolUse(tool_response=old))
    assert output["hookSpecificOutput"]["updatedToolOutput"] == expected


def test_text_that_cannot_take_the_shape() -> None:
    """A replacement text for a result of another shape raises an error that lists the keys."""
    with pytest.raises(HookError, match="pass a dict with the keys type, file"):
        Result.replace_output("***").to_wire(hooks.PostToolUse(tool_response={"type": "text", "file": {}}))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Result.block(""), "empty string"),
        (lambda: Result.block(None), "non-empty string"),
        (lambda: Result.modify("ls"), "expected a dict"),
        (lambda: Result.modify(None), "the whole new input"),
        (lambda: Result.permission("maybe"), "expected one of allow, ask, defer, deny"),
        (lambda: Result.with_context(None), "non-empty string"),
        (lambda: Result.run_async(0), "greater than 0"),
    ],
)
def test_wrong_values(make: Any, message: str) -> None:
    """The class methods raise for values that cannot be sent."""
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_answers_add_up() -> None:
    """`+` joins texts and keeps the stricter decision."""
    joined = Result.permission("ask", "sure?") + Result.with_context("a") + Result.with_context("b") + Result.approve()
    assert joined.to_wire(hooks.PreToolUse()) == _specific(
        "pre_tool_use", permissionDecision="ask", permissionDecisionReason="sure?", additionalContext="a\nb"
    )
    assert repr(Result.block("no")) == "Result(decision='deny', reason='no')"
