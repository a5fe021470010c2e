"""The hooks of a client: registration, order, failures, timeouts."""
from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from agent_sdk import hooks
from agent_sdk._core.callbacks import Cancellation
from agent_sdk.errors import ConfigurationError, HookError
from agent_sdk.hooks import Matcher, Result, base, runner
from agent_sdk.hooks.runner import HookSet

INPUT = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "ls"}, "session_id": "s"}


def _nothing(ctx: hooks.HookContext) -> None:
    return None


def _boom(ctx: hooks.HookContext) -> None:
    raise ValueError("a secret")


def _run(*handlers: Any, event: str = "pre_tool_use", **options: Any) -> runner.HookOutcome:
    fields = {**INPUT, "hook_event_name": hooks.EVENTS[event].facts.wire_name}
    return HookSet({event: list(handlers)}, **options).run(f"hook_{event}", fields)


def _decision(outcome: runner.HookOutcome) -> Any:
    return outcome.output.get("hookSpecificOutput", {}).get("permissionDecision")


class SteppedTimer:
    """A timer that expires at the calls that the test selects."""

    def __init__(self, late: Callable[[int], bool] = lambda call: False) -> None:
        self.late = late
        self.timeouts: list[float | None] = []
        self.sent: list[dict[str, Any]] = []

    def start(self, timeout: float | None, expire: Callable[[], dict[str, Any]]) -> None:
        self.timeouts.append(timeout)
        if self.late(len(self.timeouts)):
            self.sent.append(expire())

    def stop(self) -> bool:
        return bool(self.sent)


def test_nothing_registered() -> None:
    """Without hooks nothing is registered, and an unknown callback id abstains with an error."""
    empty = HookSet()
    assert (bool(empty), empty.wire(), empty.has("stop")) == (False, None, False)
    outcome = empty.run("hook_stop", {})
    assert (outcome.output, str(outcome.errors[0])) == ({}, "unknown hook callback id 'hook_stop'")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"pre_tool_use": _nothing}, {"PreToolUse": (None, "block")}),
        ({"PreToolUse": Matcher("Bash", _nothing)}, {"PreToolUse": ("Bash", "block")}),
        (
            {"pre_tool_use": {"matcher": "Bash", "handler": _nothing, "fail_mode": "open"}},
            {"PreToolUse": ("Bash", "continue")},
        ),
        (
            {"pre_tool_use": [Matcher("Bash", _nothing, fail_mode="open"), Matcher("Edit", _nothing)]},
            {"PreToolUse": ("Bash|Edit", "block")},
        ),
        ({"stop": _nothing}, {"Stop": (None, None)}),
        ({"post_tool_use": Matcher("Edit|Write", _nothing)}, {"PostToolUse": ("Edit|Write", None)}),
        ({"session_start": Matcher("resume", _nothing)}, {"SessionStart": (None, None)}),
        ({"pre_compact": Matcher("auto", _nothing)}, {"PreCompact": ("auto", "block")}),
        (
            {"stop": _nothing, "user_prompt_submit": _nothing},
            {"Stop": (None, None), "UserPromptSubmit": (None, "block")},
        ),
    ],
)
def test_registration(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each event is registered once, with the union of its matchers, and fails closed if it can prevent the action."""
    wire = HookSet(given).wire() or {}
    assert {event: (row["matcher"], row.get("onFailure")) for event, (row,) in wire.items()} == expected
    for event, (row,) in wire.items():
        assert (row["hookCallbackIds"], row["timeout"]) == ([f"hook_{base.event_name(event)}"], 86400)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pre_tol_use": _nothing}, "did you mean 'pre_tool_use'"),
        ([_nothing], "expected a dict"),
        ({"stop": [3]}, "expected a function, a Matcher or a dict"),
        ({"stop": lambda: None}, "but takes"),
    ],
)
def test_wrong_options(given: Any, message: str) -> None:
    """An invalid option raises an error when the set is created."""
    with pytest.raises(ConfigurationError, match=message):
        HookSet(given)


def test_wrong_fail_mode() -> None:
    """The fail mode of the client is checked like that of a matcher."""
    with pytest.raises(ConfigurationError, match="fail_mode"):
        HookSet(fail_mode="ajar")


def test_hooks_run_in_order_and_share_data() -> None:
    """Hooks run in the given order, across matchers, and share `ctx[...]`."""
    seen: list[str] = []

    def first(ctx: Any) -> None:
        ctx["by"] = ctx.tool_name
        seen.append("first")

    def second(ctx: Any) -> None:
        seen.append(f"second after {ctx['by']}")

    _run(first, Matcher("Edit", _boom), Matcher("Bash", second))
    assert seen == ["first", "second after Bash"]


def test_a_block_ends_the_chain() -> None:
    """After a block the remaining hooks are skipped, and earlier outputs are kept."""
    outcome = _run(lambda ctx: Result.with_context("c"), lambda ctx: Result.block("no"), _boom)
    assert outcome == runner.HookOutcome(
        {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "additionalContext": "c",
                "permissionDecision": "deny",
                "permissionDecisionReason": "no",
            }
        },
        [],
    )


def test_a_modify_feeds_the_next() -> None:
    """The next hook and its matcher receive the new input; the last input is sent, and contexts are joined."""
    def add(letter: str) -> Any:
        return lambda ctx: Result.modify({"command": ctx.tool_input["command"] + letter}) + Result.with_context(letter)

    second = Matcher(lambda ctx: ctx.tool_input["command"] == "lsa", add("b"))
    outcome = _run(add("a"), second, Matcher("Bash", add("c")))
    assert outcome.output["hookSpecificOutput"] == {
        "hookEventName": "PreToolUse",
        "permissionDecision": "allow",
        "updatedInput": {"command": "lsabc"},
        "additionalContext": "a\nb\nc",
    }


@pytest.mark.parametrize("event", ["permission_request", "post_tool_use", "elicitation"])
def test_other_events_feed_the_next_too(event: str) -> None:
    """The next hook receives the new input of a permission request, output of a tool and content of an elicitation."""
    change: dict[str, Any] = {
        "permission_request": lambda ctx: Result.modify({"command": "new"}),
        "post_tool_use": lambda ctx: Result.replace_output("new"),
        "elicitation": lambda ctx: Result.modify({"a": "new"}),
    }
    seen: list[Any] = []
    fields = {"permission_request": "tool_input", "post_tool_use": "tool_response", "elicitation": "content"}
    field = fields[event]
    _run(change[event], lambda ctx: seen.append(getattr(ctx, field)), event=event)
    assert seen in ([{"command": "new"}], ["new"], [{"a": "new"}])


@pytest.mark.parametrize("event", [name for name, cls in hooks.EVENTS.items() if cls.facts.prevents])
def test_an_exception_refuses(event: str) -> None:
    """If an event can prevent the action, an exception in a hook denies; it is reported, and its text is not sent."""
    later: list[int] = []
    outcome = _run(_boom, lambda ctx: later.append(1), event=event)
    assert [repr(error) for error in outcome.errors] == ["ValueError('a secret')"]
    assert outcome.output != {}
    assert "secret" not in str(outcome.output)
    assert later == []


@pytest.mark.parametrize("event", [name for name, cls in hooks.EVENTS.items() if not cls.facts.prevents])
def test_an_exception_where_nothing_can_be_refused(event: str) -> None:
    """If an event cannot prevent the action, a failing hook is skipped and reported."""
    later: list[int] = []
    outcome = _run(_boom, lambda ctx: later.append(1), event=event)
    assert (outcome.output, len(outcome.errors), later) == ({}, 1, [1])


@pytest.mark.parametrize(
    ("hook", "options", "expected"),
    [
        (Matcher(None, _boom), {}, "deny"),
        (Matcher(None, _boom, fail_mode="open"), {}, None),
        (Matcher(None, _boom), {"fail_mode": "open"}, None),
        (Matcher(None, _boom, fail_mode="closed"), {"fail_mode": "open"}, "deny"),
        (Matcher(None, lambda ctx: 3), {}, "deny"),
        (Matcher(None, lambda ctx: Result.replace_output(1)), {}, "deny"),
        (Matcher(lambda ctx: 1 / 0, _nothing), {}, "deny"),
    ],
    ids=["closed", "open", "client open", "own mode first", "wrong answer", "senseless answer", "failing matcher"],
)
def test_fail_modes(hook: Matcher, options: dict[str, Any], expected: str | None) -> None:
    """Failures deny unless the matcher, or else the client, fails open."""
    outcome = _run(hook, **options)
    assert (_decision(outcome), len(outcome.errors)) == (expected, 1)


def test_an_open_failure_keeps_the_others() -> None:
    """A hook that fails open is skipped; earlier and later hooks count."""
    outcome = _run(lambda ctx: Result.with_context("c"), Matcher(None, _boom, fail_mode="open"), lambda ctx: False)
    assert (_decision(outcome), outcome.output["hookSpecificOutput"]["additionalContext"]) == ("deny", "c")


def test_a_wrong_answer_names_the_hook() -> None:
    """The error for an invalid result has the event and the handler, and can be pickled."""
    def answer_badly(ctx: Any) -> int:
        return 3

    error = _run(answer_badly).errors[0]
    assert isinstance(error, HookError)
    again = pickle.loads(pickle.dumps(error))
    assert (again.event, again.handler.rsplit(".", 1)[-1], str(again)) == ("pre_tool_use", "answer_badly", str(error))


def test_a_closed_hook_needs_something_to_refuse() -> None:
    """`fail_mode="closed"` raises an error with the remedy if the event cannot prevent the action."""
    with pytest.raises(ConfigurationError, match="post_tool_use hooks cannot prevent"):
        HookSet({"post_tool_use": Matcher(None, _nothing, fail_mode="closed")})


def _rewrite(ctx: Any) -> Any:
    ctx.tool_input["command"] = "echo safe"


def _rewrite_and_say_so(ctx: Any) -> Any:
    ctx.tool_input["command"] = "echo safe"
    return Result.modify(ctx.tool_input)


def _rewrite_and_fail(ctx: Any) -> Any:
    ctx.tool_input["command"] = "rm -rf /"
    raise ValueError("late thought")


def _rewrite_deep(ctx: Any) -> Any:
    ctx.tool_input["edits"][0]["new"] = "danger"


def test_a_change_in_place_is_undone() -> None:
    """Changes in place by a skipped hook are not visible to the next hook and the CLI."""
    seen: list[Any] = []
    given = {"command": "danger", "edits": [{"new": "text"}]}
    modify = Matcher(None, lambda ctx: Result.modify({"command": "ls", "edits": [{"new": "text"}]}))
    look = Matcher(None, lambda ctx: seen.append((ctx.tool_input["command"], ctx.tool_input["edits"][0]["new"])))
    for bad in (_rewrite_and_fail, _rewrite_deep, _rewrite):
        steps = [modify, Matcher(None, bad, fail_mode="open"), look]
        outcome = HookSet({"pre_tool_use": steps}).run("hook_pre_tool_use", {**INPUT, "tool_input": copy.deepcopy(given)})
        assert outcome.output["hookSpecificOutput"]["updatedInput"] == {"command": "ls", "edits": [{"new": "text"}]}
        HookSet({"pre_tool_use": steps[1:]}).run("hook_pre_tool_use", {**INPUT, "tool_input": copy.deepcopy(given)})
        assert len(outcome.errors) == 1
    assert seen == [("ls", "text"), ("danger", "text")] * 3


class _Odd:
    def __eq__(self, other: object) -> bool:
        raise ValueError("compare my items one by one")

    __hash__ = None  # type: ignore[assignment]


def test_odd_changes_and_inputs_refuse() -> None:
    """A value that cannot be compared, or an input nested too deep to copy, denies; the runner does not raise."""
    def put(ctx: Any) -> None:
        ctx.tool_input["ids"] = _Odd()

    fields = {**INPUT, "tool_input": {"ids": [1]}}
    outcome = HookSet({"pre_tool_use": put}).run("hook_pre_tool_use", fields)
    assert (_decision(outcome), fields["tool_input"]) == ("deny", {"ids": [1]})
    deep: Any = {}
    for _ in range(5000):
        deep = {"x": deep}
    outcome = HookSet({"pre_tool_use": _nothing}).run("hook_pre_tool_use", {**INPUT, "tool_input": deep})
    assert _decision(outcome) == "deny" and isinstance(outcome.errors[0], RecursionError)


def test_a_timer_that_cannot_start_refuses() -> None:
    """If the timer fails to start, the hook does not run and the action is denied."""
    class Broken(SteppedTimer):
        def start(self, timeout: float | None, expire: Any) -> None:
            raise RuntimeError("can't start new thread")

    outcome = HookSet({"pre_tool_use": _nothing}).run("hook_pre_tool_use", INPUT, timer=Broken())
    assert (_decision(outcome), [str(error) for error in outcome.errors]) == ("deny", ["can't start new thread"])


def _rewrite_and_block(ctx: Any) -> Any:
    ctx.tool_input["command"] = "echo safe"
    return False


def test_a_change_in_place_is_an_error() -> None:
    """A change in place denies, or fails open with the original input; with `modify` it is applied."""
    seen: list[str] = []
    look = Matcher(None, lambda ctx: seen.append(ctx.tool_input["command"]))

    def run(first: Any) -> runner.HookOutcome:
        fields = {**INPUT, "tool_input": {"command": "danger"}}
        return HookSet({"pre_tool_use": [first, look]}).run("hook_pre_tool_use", fields)

    refused = run(_rewrite)
    assert (_decision(refused), seen) == ("deny", []) and "hooks.Result.modify" in str(refused.errors[0])
    passed = run(Matcher(None, _rewrite, fail_mode="open"))
    assert (_decision(passed), seen, len(passed.errors)) == (None, ["danger"], 1)
    assert (run(_rewrite_and_say_so).errors, seen[1:]) == ([], ["echo safe"])
    assert (_decision(run(_rewrite_and_block)), run(_rewrite_and_block).errors) == ("deny", [])


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupts_leave(kind: type[BaseException]) -> None:
    """KeyboardInterrupt and SystemExit propagate, and the timer is stopped."""
    def leave(ctx: Any) -> None:
        raise kind

    stopped: list[bool] = []

    class Timer(SteppedTimer):
        def stop(self) -> bool:
            stopped.append(True)
            return False

    with pytest.raises(kind):
        HookSet({"stop": leave}).run("hook_stop", {}, timer=Timer())
    assert stopped == [True]


def test_failures_are_logged() -> None:
    """A custom logger receives each failure."""
    lines: list[str] = []

    class Logger:
        def warning(self, msg: str, /, *args: object) -> None:
            lines.append(msg % args)

    _run(_boom, logger=Logger())
    assert lines == ["the hook _boom failed at pre_tool_use: ValueError: a secret"]


def test_each_hook_is_timed() -> None:
    """The timer is started for each hook with its own timeout."""
    timer = SteppedTimer()
    HookSet({"stop": [_nothing, Matcher(None, _nothing, timeout=2.5), Matcher(None, _nothing, timeout=None)]}).run(
        "hook_stop", {}, timer=timer
    )
    assert timer.timeouts == [60, 2.5, None]


@pytest.mark.parametrize(
    ("late", "then", "expected"),
    [
        (Matcher(None, _nothing, timeout=5), [], "deny"),
        (Matcher(None, _nothing, timeout=5, fail_mode="open"), [], None),
        (Matcher(None, _nothing, timeout=5, fail_mode="open"), [Matcher(None, _nothing, fail_mode="open")], None),
        (Matcher(None, _nothing, timeout=5, fail_mode="open"), [_nothing], "deny"),
    ],
    ids=["closed", "open", "all open", "a guard behind it"],
)
def test_a_late_hook(late: Matcher, then: list[Any], expected: str | None) -> None:
    """A hook that times out denies if it fails closed, or if a later hook that was skipped fails closed."""
    timer, cancellation = SteppedTimer(lambda call: call == 1), Cancellation()
    outcome = HookSet({"pre_tool_use": [late, *then]}).run(
        "hook_pre_tool_use", INPUT, timer=timer, cancellation=cancellation
    )
    assert (_decision(outcome), outcome.is_answered, cancellation.cancelled) == (expected, True, True)
    assert timer.sent == [outcome.output]
    assert [str(error) for error in outcome.errors] == [
        "the hook _nothing timed out at pre_tool_use after 5 seconds; increase its timeout"
    ]
    assert len(timer.timeouts) == 1


def test_a_late_hook_keeps_what_was_said() -> None:
    """The output for a hook that timed out includes the outputs of earlier hooks."""
    timer = SteppedTimer(lambda call: call == 2)
    late = Matcher(None, _nothing, fail_mode="open")
    outcome = HookSet({"pre_tool_use": [lambda ctx: Result.with_context("c"), late]}).run(
        "hook_pre_tool_use", INPUT, timer=timer
    )
    assert outcome.output == {"hookSpecificOutput": {"hookEventName": "PreToolUse", "additionalContext": "c"}}


def test_a_withdrawn_question_asks_no_further_hook() -> None:
    """After the CLI cancels a request the remaining hooks are skipped; the running hook can read the flag."""
    cancellation, seen = Cancellation(), []

    def cancelled_meanwhile(ctx: Any) -> None:
        cancellation.cancelled = True
        seen.append(ctx.cancelled)

    HookSet({"stop": [cancelled_meanwhile, lambda ctx: seen.append("never")]}).run(
        "hook_stop", {}, cancellation=cancellation
    )
    assert seen == [True]


def test_add_puts_behind() -> None:
    """A hook added later runs last, and not for an event that is already running."""
    seen: list[str] = []
    own = HookSet()
    own.add("stop", lambda ctx: (seen.append("first"), own.add("Stop", lambda ctx: seen.append("second")))[0])
    own.run("hook_stop", {})
    assert seen == ["first"]
    own.run("hook_stop", {})
    assert seen == ["first", "first", "second"]


def test_fire_looks_like_the_cli() -> None:
    """An event fired by the SDK has the same context as one from the CLI; without hooks nothing runs."""
    seen: list[Any] = []
    own = HookSet({"session_start": Matcher("startup", seen.append)})
    own.fire("SessionStart", {"source": "startup", "session_id": "s"})
    own.fire("session_start", {"source": "resume"})
    own.fire("session_end", {"reason": "other"})
    assert [(ctx.hook_event_name, ctx.source) for ctx in seen] == [("SessionStart", "startup")]
