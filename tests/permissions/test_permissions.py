"""Permissions: decisions and their wire form, rule changes, contexts."""
from __future__ import annotations

import pickle
from typing import Any

import pytest

from agent_sdk import permissions
from agent_sdk._core.callbacks import Cancellation, check_permission_callback
from agent_sdk.errors import ConfigurationError, HookError, PermissionDeniedError
from agent_sdk.permissions import (
    AddDirectories,
    AddRules,
    Allow,
    Deny,
    PermissionContext,
    PermissionUpdate,
    RemoveDirectories,
    RemoveRules,
    ReplaceRules,
    Rule,
    SetMode,
)
from agent_sdk.permissions.decisions import decide

INPUT = {"command": "ls"}
WRITE_RULE = {"type": "addRules", "rules": [{"toolName": "Write"}], "behavior": "allow", "destination": "session"}


def test_every_name_is_there() -> None:
    """All names in `permissions.__all__` can be imported, and no others."""
    assert all(getattr(permissions, name) is not None for name in permissions.__all__)
    assert dir(permissions) == sorted(permissions.__all__)
    with pytest.raises(AttributeError, match="no attribute 'allow'"):
        _ = permissions.allow


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (True, {"behavior": "allow", "updatedInput": INPUT}),
        (Allow(), {"behavior": "allow", "updatedInput": INPUT}),
        (Allow({"command": "pwd"}), {"behavior": "allow", "updatedInput": {"command": "pwd"}}),
        (Allow({}), {"behavior": "allow", "updatedInput": {}}),
        (
            Allow(updated_permissions=AddRules("Write")),
            {"behavior": "allow", "updatedInput": INPUT, "updatedPermissions": [WRITE_RULE]},
        ),
        (
            Allow(updated_permissions=[WRITE_RULE, SetMode("plan")]),
            {
                "behavior": "allow",
                "updatedInput": INPUT,
                "updatedPermissions": [WRITE_RULE, {"type": "setMode", "mode": "plan", "destination": "session"}],
            },
        ),
        (False, {"behavior": "deny", "message": "The user does not want this tool to run."}),
        (Deny("no"), {"behavior": "deny", "message": "no"}),
        (Deny("no", interrupt=True), {"behavior": "deny", "message": "no", "interrupt": True}),
    ],
)
def test_answers(answer: Any, expected: dict[str, Any]) -> None:
    """Allow, Deny and bools have a wire form; an allow always contains the input."""
    assert decide(lambda *_: answer, "Bash", INPUT, PermissionContext()).wire == expected


@pytest.mark.parametrize("answer", [None, "yes", 1, {"behavior": "allow"}, Allow, object()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_answer_refuses(answer: Any) -> None:
    """Any other return value denies, with the expected types in the message."""
    wire = decide(lambda *_: answer, "Bash", INPUT, PermissionContext()).wire
    assert wire["behavior"] == "deny"
    assert "must return Allow, Deny, True or False" in wire["message"]


def test_decide_asks_the_callback() -> None:
    """The callback receives the tool name, the input and the context."""
    asked: list[Any] = []
    context = PermissionContext()
    decision = decide(lambda *given: bool(asked.append(given)) or True, "Bash", INPUT, context)
    assert (decision.wire["behavior"], decision.error, asked) == ("allow", None, [("Bash", INPUT, context)])


def test_an_exception_refuses() -> None:
    """An exception denies and is returned unchanged; its text is not sent."""
    def broken(name: str, tool_input: dict[str, Any], context: PermissionContext) -> bool:
        raise ValueError("a secret")

    decision = decide(broken, "Bash", INPUT, PermissionContext())
    assert decision.wire == {
        "behavior": "deny",
        "message": "The permission callback failed (ValueError), so the tool was denied.",
    }
    assert repr(decision.error) == "ValueError('a secret')"


def test_a_wrong_answer_is_an_error() -> None:
    """An invalid return value is returned as a HookError with the name of the callback."""
    def careless(name: str, tool_input: dict[str, Any], context: PermissionContext) -> None:
        return None

    error = decide(careless, "Bash", INPUT, PermissionContext()).error
    assert isinstance(error, HookError)
    assert (error.event, error.handler.endswith("careless")) == ("can_use_tool", True)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupts_leave(kind: type[BaseException]) -> None:
    """KeyboardInterrupt and SystemExit propagate from the callback."""
    def leave(name: str, tool_input: dict[str, Any], context: PermissionContext) -> bool:
        raise kind

    with pytest.raises(kind):
        decide(leave, "Bash", INPUT, PermissionContext())


def test_an_input_spoilt_after_the_check() -> None:
    """An input that became unserializable after Allow was created denies, instead of crashing the CLI."""
    updated: dict[str, Any] = {"a": []}
    answer = Allow(updated)
    updated["a"].append(float("nan"))
    decision = decide(lambda *given: answer, "Bash", INPUT, PermissionContext())
    assert (decision.wire["behavior"], isinstance(decision.error, HookError)) == ("deny", True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Allow("ls"), "expected a dict"),
        (lambda: Allow({1: 2}), "expected strings as keys"),
        (lambda: Allow({"a": float("nan")}), "cannot be written as JSON"),
        (lambda: Allow(updated_permissions="Bash"), "permission update"),
        (lambda: Allow(updated_permissions=3), "expected permission updates"),
        (lambda: Allow(updated_permissions=[{"type": "addRules"}]), "unknown or missing: rules"),
        (lambda: Deny(""), "empty string"),
        (lambda: Deny(None), "non-empty string"),
        (lambda: Deny("no", interrupt=1), "True or False"),
    ],
)
def test_wrong_answers_cannot_be_made(make: Any, message: str) -> None:
    """Allow and Deny raise for values that the CLI would reject."""
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (AddRules("Write"), WRITE_RULE),
        (
            AddRules(["Bash(git log *)", Rule("Read", "//etc/**"), {"toolName": "Edit"}], "deny", "local_settings"),
            {
                "type": "addRules",
                "rules": [
                    {"toolName": "Bash", "ruleContent": "git log *"},
                    {"toolName": "Read", "ruleContent": "//etc/**"},
                    {"toolName": "Edit"},
                ],
                "behavior": "deny",
                "destination": "localSettings",
            },
        ),
        (ReplaceRules("Write", "ask"), {**WRITE_RULE, "type": "replaceRules", "behavior": "ask"}),
        (RemoveRules("Write"), {**WRITE_RULE, "type": "removeRules"}),
        (SetMode("accept_edits"), {"type": "setMode", "mode": "acceptEdits", "destination": "session"}),
        (SetMode("plan", "userSettings"), {"type": "setMode", "mode": "plan", "destination": "userSettings"}),
        (AddDirectories("/a"), {"type": "addDirectories", "directories": ["/a"], "destination": "session"}),
        (
            RemoveDirectories(["/a", "/b"], destination="project_settings"),
            {"type": "removeDirectories", "directories": ["/a", "/b"], "destination": "projectSettings"},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_updates(update: PermissionUpdate, expected: dict[str, Any]) -> None:
    """Each change has a wire form without nulls, and parsing it returns an equal change."""
    assert update.to_wire() == expected
    assert PermissionUpdate.from_wire(expected) == update
    assert PermissionUpdate.from_wire(update) is update


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AddRules([]), "at least one rule"),
        (lambda: AddRules(3), "expected rules"),
        (lambda: AddRules("Bash", behavior="maybe"), "expected one of allow, deny, ask"),
        (lambda: AddRules("Bash", destination="here"), "expected one of session"),
        (lambda: SetMode("acceptedits"), "expected one of default"),
        (lambda: AddDirectories([]), "at least one path"),
        (lambda: PermissionUpdate.from_wire({"type": "setMood", "mode": "plan"}), "expected one of type"),
        (lambda: PermissionUpdate.from_wire({"type": "setMode", "mode": "plan", "a": 1}), "unknown or missing: a"),
        (lambda: PermissionUpdate.from_wire("plan"), "expected one of type"),
        (lambda: PermissionUpdate.from_wire(PermissionUpdate()), "expected one of type"),
        (lambda: Rule("Bash(ls)"), "Rule.parse"),
        (lambda: Rule(""), "expected the name of a tool"),
        (lambda: Rule.parse("Bash(ls"), "not closed"),
        (lambda: Rule.parse("(ls)"), "expected the name of a tool"),
        (lambda: Rule.parse(3), "expected text"),
    ],
)
def test_wrong_updates_cannot_be_made(make: Any, message: str) -> None:
    """An invalid change raises, because the CLI would discard all changes of the decision."""
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize(
    ("text", "rule", "again"),
    [
        ("Bash", Rule("Bash"), "Bash"),
        ("Bash(git log *)", Rule("Bash", "git log *"), "Bash(git log *)"),
        ("Bash(echo (a))", Rule("Bash", "echo (a)"), "Bash(echo (a))"),
        ("Read()", Rule("Read"), "Read"),
        ("Read(*)", Rule("Read"), "Read"),
        (" mcp__server__tool ", Rule("mcp__server__tool"), "mcp__server__tool"),
    ],
)
def test_rules_as_text(text: str, rule: Rule, again: str) -> None:
    """A rule is parsed from, and formatted in, the syntax of settings files."""
    assert (Rule.parse(text), str(rule)) == (rule, again)


REQUEST = {
    "subtype": "can_use_tool",
    "tool_name": "Bash",
    "display_name": "Bash",
    "input": INPUT,
    "description": "list",
    "tool_use_id": "toolu_1",
    "permission_suggestions": [WRITE_RULE, {"type": "ofTomorrow"}],
    "blocked_path": "/etc/passwd",
    "decision_reason": "outside",
    "decision_reason_type": "workingDir",
    "decision_reason_hook_event": "PreToolUse",
    "agent_id": "a05",
    "mcp_server": {"name": "calc", "source": "dynamic", "more": 1},
    "matched_ask_rule": {"source": "session", "tool_name": "Bash", "rule_content": "ls *"},
    "title": "Claude wants to list files",
    "requires_user_interaction": True,
    "default_to_no": True,
    "suppress_always_allow_rule": True,
    "classifier_approvable": True,
    "server_policy_ask_only": True,
    "of_tomorrow": 7,
}


def test_context_fields() -> None:
    """Every field of the request is an attribute, including undeclared ones."""
    context = PermissionContext.from_request(REQUEST, "req_1")
    plain = REQUEST.keys() - {"permission_suggestions", "mcp_server", "matched_ask_rule"}
    assert {name: getattr(context, name) for name in plain} == {name: REQUEST[name] for name in plain}
    assert context.suggestions == [AddRules("Write")]
    assert context.mcp_server == permissions.McpOrigin("calc", "dynamic")
    assert context.matched_ask_rule == permissions.AskRule("session", "Bash", "ls *")
    assert (context.request_id, context.raw) == ("req_1", REQUEST)
    assert repr(context) == "<PermissionContext Bash toolu_1>"


def test_context_without_fields() -> None:
    """Missing and null fields have their defaults; an unknown name raises AttributeError."""
    context = PermissionContext.from_request({"tool_use_id": "t", "title": None, "mcp_server": "odd"})
    assert (context.title, context.mcp_server, context.suggestions, context.default_to_no) == (None, None, [], False)
    with pytest.raises(AttributeError, match="no field 'nothing'"):
        _ = context.nothing


def test_context_tells_of_cancellation() -> None:
    """`cancelled` follows the flag that the SDK sets."""
    cancellation = Cancellation()
    context = PermissionContext.from_request({}, cancellation=cancellation)
    before = context.cancelled
    cancellation.cancelled = True
    assert (before, context.cancelled, PermissionContext().cancelled) == (False, True, False)


@pytest.mark.parametrize(
    "callback", [None, lambda name, given, context: True, lambda *all: True, permissions.deny_all()]
)
def test_callbacks_that_can_be_called(callback: Any) -> None:
    """Any callable that takes three positional arguments is a callback; None means no callback."""
    assert check_permission_callback(callback) is callback


async def _later(name: str, tool_input: Any, context: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (lambda name, given: True, r"it is called with \(tool_name, tool_input, context\), but takes \(name, given\)"),
        (permissions.ask, "but takes"),
        (_later, "plain function"),
        ("allow", "expected a function"),
    ],
    ids=["two parameters", "no callback", "async", "text"],
)
def test_callbacks_that_cannot(callback: Any, message: str) -> None:
    """A callback with another signature raises before any process starts."""
    with pytest.raises(ConfigurationError, match=message):
        check_permission_callback(callback)


def test_errors_pickle() -> None:
    """The errors of permissions and hooks keep their attributes when pickled."""
    denied = pickle.loads(pickle.dumps(PermissionDeniedError("no", tool_name="Bash", tool_input=INPUT, denials=[1])))
    assert (denied.tool_name, denied.tool_input, denied.denials, str(denied)) == ("Bash", INPUT, [1], "no")
    failed = pickle.loads(pickle.dumps(HookError("no", event="stop", handler="guard")))
    assert (failed.event, failed.handler) == ("stop", "guard")


def test_answers_are_values() -> None:
    """Allow and Deny can be compared and pickled."""
    answer = Allow({"a": 1}, [AddRules("Bash(ls *)")])
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert Deny("a") != Deny("b")
