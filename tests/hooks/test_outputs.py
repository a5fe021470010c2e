"""The return values of hooks, and merging the outputs of one event."""
from __future__ import annotations

from typing import Any

import pytest

from agent_sdk import hooks
from agent_sdk.errors import HookError
from agent_sdk.hooks import Result
from agent_sdk.hooks.outputs import ends_chain, merge, to_output

CTX = hooks.PreToolUse(tool_name="Bash", tool_input={"command": "ls"})
DENIED = {
    "hookSpecificOutput": {
        "hookEventName": "PreToolUse",
        "permissionDecision": "deny",
        "permissionDecisionReason": "Blocked by a hook.",
    }
}


def _specific(**fields: Any) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **fields}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, {}),
        (True, {}),
        (False, DENIED),
        (Result.block(), DENIED),
        ({}, {}),
        ({"decision": "block", "reason": "no"}, {"decision": "block", "reason": "no"}),
        ({"system_message": "m", "continue_": True}, {"systemMessage": "m", "continue": True}),
        ({"async_": True}, {"async": True}),
        ({"hookSpecificOutput": {"updated_mcp_tool_output": 1}}, _specific(updatedMCPToolOutput=1)),
        ({"hookSpecificOutput": {"permission_decision": "ask"}}, _specific(permissionDecision="ask")),
        ({"hook_specific_output": {"updatedInput": {"file_path": "x"}}}, _specific(updatedInput={"file_path": "x"})),
        ({"somethingOfTomorrow": 1, "reason": "r"}, {"somethingOfTomorrow": 1, "reason": "r"}),
        (
            {"continue_": False, "stopReason": "Enough."},
            {
                "continue": False,
                "stopReason": "Enough.",
                **_specific(permissionDecision="deny", permissionDecisionReason="Enough."),
            },
        ),
    ],
)
def test_what_may_be_returned(answer: Any, expected: dict[str, Any]) -> None:
    """None and True abstain, False denies, a Result is encoded for its event, a dict is sent in the CLI's spelling."""
    assert to_output(answer, CTX) == expected


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "value of type int"),
        ("deny", "value of type str"),
        ({"permissionDecision": "deny"}, "must be inside hookSpecificOutput"),
        ({"decison": "block"}, "did you mean 'decision'"),
        ({1: 2}, "must be strings"),
        ({"behavior": "deny", "message": "no"}, "has no supported key"),
        ({"deny": "no"}, "has no supported key"),
        ({"decision": "deny"}, "decision='deny': expected one of approve, block"),
        ({"hookSpecificOutput": {"permissionDecison": "deny"}}, "did you mean 'permissionDecision'"),
        ({"hookSpecificOutput": {"permissionDecision": "block"}}, "permissionDecision='block': expected one of allow"),
        ({"hookSpecificOutput": {"hookEventName": "Stop"}}, "omit it"),
        ({"reason": float("nan")}, "cannot be written as JSON"),
        ({"reason": {1, 2}}, "cannot be written as JSON"),
        (Result.modify({"n": float("inf")}), "cannot be written as JSON"),
        (Result.modify({"o": object()}), "cannot be written as JSON"),
    ],
)
def test_what_may_not(answer: Any, message: str) -> None:
    """A return value that the CLI would ignore or crash on raises an error before it is sent."""
    with pytest.raises(HookError, match=message) as caught:
        to_output(answer, CTX)
    assert caught.value.event == "pre_tool_use"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({}, False),
        (DENIED, True),
        ({"decision": "block"}, True),
        ({"decision": "approve"}, False),
        ({"continue": False}, True),
        ({"continue": True}, False),
        (_specific(permissionDecision="defer"), True),
        (_specific(permissionDecision="ask"), False),
        (_specific(decision={"behavior": "deny"}), True),
        (_specific(decision={"behavior": "allow"}), False),
        (_specific(action="decline"), True),
        ({"hookSpecificOutput": "odd"}, False),
    ],
)
def test_what_ends_the_chain(output: dict[str, Any], expected: bool) -> None:
    """After a denial, a deferral or a stop the remaining hooks are skipped."""
    assert ends_chain(output) is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, DENIED, DENIED),
        (_specific(additionalContext="a"), _specific(additionalContext="b"), _specific(additionalContext="a\nb")),
        ({"systemMessage": "a"}, {"systemMessage": "b"}, {"systemMessage": "a\nb"}),
        (
            _specific(permissionDecision="ask", permissionDecisionReason="r"),
            _specific(permissionDecision="allow", permissionDecisionReason="s"),
            _specific(permissionDecision="ask", permissionDecisionReason="r"),
        ),
        (
            _specific(permissionDecision="ask"),
            _specific(permissionDecision="allow", permissionDecisionReason="s"),
            _specific(permissionDecision="ask"),
        ),
        (
            _specific(permissionDecision="allow", updatedInput={"a": 1}),
            _specific(updatedInput={"a": 2}),
            _specific(permissionDecision="allow", updatedInput={"a": 2}),
        ),
        (
            _specific(decision={"behavior": "allow", "updatedInput": {}}),
            _specific(decision={"behavior": "allow"}),
            _specific(decision={"behavior": "allow", "updatedInput": {}}),
        ),
        (
            _specific(decision={"behavior": "allow", "updatedInput": {}}),
            _specific(decision={"behavior": "deny", "message": "m"}),
            _specific(decision={"behavior": "deny", "message": "m"}),
        ),
        ({"async": True, "asyncTimeout": 5}, {"systemMessage": "a"}, {"systemMessage": "a"}),
        ({"systemMessage": "a"}, {"async": True}, {"systemMessage": "a"}),
    ],
)
def test_outputs_are_joined(first: dict[str, Any], second: dict[str, Any], expected: dict[str, Any]) -> None:
    """Texts are joined, the stricter decision wins, and a decision replaces an async output."""
    assert merge(first, second) == expected
