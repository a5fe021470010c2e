"""
Hooks on the real CLI, with files as witnesses: what each answer does, before the fact.
"""
from __future__ import annotations

import re
import threading

import pytest
from helpers import told, until

import agent_sdk
from agent_sdk import CallbackWarning, ConfigurationError, HookError
from agent_sdk.hooks import Matcher, Result


@pytest.fixture
def keepsake(real):
    """A file that a command of the model wants to remove."""
    path = real["cwd"] / "keepsake"
    path.write_text("dear")
    return path


@pytest.fixture
def run(real, model):
    """Run one turn in which the model uses one tool, `Bash` by default, with hooks around it."""

    def turn(command, hooks, tool="Bash", **overrides):
        model.call_tool(tool, command if isinstance(command, dict) else {"command": command}).reply("done")
        allowed = overrides.pop("allowed_tools", ["Bash", "Write"])
        result = agent_sdk.query("go", hooks=hooks, allowed_tools=allowed, **{**real, **overrides})
        assert [m for m in result.messages if m.raw.get("tag") == "hook_callback_failed"] == []
        return result

    return turn


@pytest.fixture
def answered(kept):
    """Run one turn of a kept client, in which the model wants to remove a file; gives the file and the result."""

    def turn(hook, allowed_tools=("Bash",)):
        kept.answer, file = hook, kept.new_path()
        file.write_text("dear")
        hooks = {"pre_tool_use": Matcher("Bash", lambda ctx: kept.answer(ctx))}
        agent = kept.client(f"hooks{allowed_tools}", hooks=hooks, allowed_tools=list(allowed_tools))
        kept.model.call_tool("Bash", {"command": f"rm {file}"}).reply("done")
        result = agent.query("go")
        assert [m for m in result.messages if m.raw.get("tag") == "hook_callback_failed"] == []
        return file, result

    return turn


REFUSING = {
    "block": lambda ctx: Result.block("Not this one."),
    "skip": lambda ctx: Result.skip("Not this one."),
    "deny": lambda ctx: Result.permission("deny", "Not this one."),
    "false": lambda ctx: False,
    "dict": lambda ctx: {"decision": "block", "reason": "Not this one."},
    "snake-case-dict": lambda ctx: {
        "hook_specific_output": {"permission_decision": "deny", "permission_decision_reason": "Not this one."}
    },
}


@pytest.mark.parametrize("hook", REFUSING.values(), ids=REFUSING)
@pytest.mark.smoke
def test_a_refused_command_does_not_run(answered, kept, hook):
    """A blocked `rm` leaves the file, the model reads why, and the turn goes on."""
    file, result = answered(hook)
    assert file.exists()
    assert result.content == "done"
    assert [denial.tool_name for denial in result.permission_denials] == ["Bash"]
    assert ("Blocked by a hook." if hook is REFUSING["false"] else "Not this one.") in kept.told()


PASSING = {
    "none": lambda ctx: None,
    "true": lambda ctx: True,
    "empty-dict": lambda ctx: {},
    "suppress": lambda ctx: Result.suppress(),
    "async": lambda ctx: Result.run_async(timeout=5),
}


@pytest.mark.parametrize("hook", PASSING.values(), ids=PASSING)
def test_no_opinion_leaves_it_to_the_rules(answered, hook):
    """An answer without an opinion lets an allowed tool run, and one that is not allowed stays refused."""
    assert answered(hook, allowed_tools=())[0].exists()
    assert not answered(hook)[0].exists()


def test_an_approved_command_runs_without_asking(run, keepsake):
    """`approve` lets a tool run that no rule allows, and nobody is asked."""
    asked = []
    hooks = {"pre_tool_use": lambda ctx: Result.approve("trusted")}
    run("rm keepsake", hooks, allowed_tools=[], can_use_tool=lambda *about: asked.append(about))
    assert not keepsake.exists()
    assert asked == []


@pytest.mark.smoke
def test_a_modified_command_runs_modified(run, real, keepsake):
    """`modify` changes what runs, and lets it run; the next hook sees the new input."""
    later = []

    def keep(ctx):
        return Result.modify({**ctx.tool_input, "command": "touch kept"})

    run("rm keepsake", {"pre_tool_use": [keep, lambda ctx: later.append(ctx.tool_input["command"])]}, allowed_tools=[])
    assert keepsake.exists() and (real["cwd"] / "kept").exists()
    assert later == ["touch kept"]


def test_modified_without_approval_is_put_to_the_usual_rules(run, real):
    """`modify(approve=False)` changes the input, and the permission callback decides on the new one."""
    asked = []

    def allow(name, given, context):
        asked.append(given["command"])
        return True

    hook = {"pre_tool_use": lambda ctx: Result.modify({"command": "touch changed"}, approve=False)}
    run("touch asked", hook, allowed_tools=[], can_use_tool=allow)
    assert asked == ["touch changed"]
    assert [(real["cwd"] / name).exists() for name in ("asked", "changed")] == [False, True]


@pytest.mark.smoke
def test_several_hooks_run_in_order_and_a_block_ends_the_chain(run, model, keepsake):
    """Hooks run one after the other, share data, add up their contexts; after a block none is asked."""
    order = []

    def first(ctx):
        order.append("first")
        ctx["seen"] = True
        return Result.with_context("Context one.")

    def second(ctx):
        order.append(("second", ctx["seen"], ctx.tool_name, ctx.cwd == ctx["cwd"]))
        return Result.with_context("Context two.")

    run("echo hi", {"pre_tool_use": [first, Matcher("Bash", second)]})
    assert order == ["first", ("second", True, "Bash", True)]
    assert "Context one.\\nContext two." in told(model)
    run("rm keepsake", {"pre_tool_use": [first, lambda ctx: False, lambda ctx: order.append("never")]})
    assert order[2:] == ["first"]
    assert keepsake.exists()


def boom(ctx):
    """Fail as a hook with a bug does."""
    raise LookupError("a bug")


@pytest.mark.smoke
def test_a_hook_that_raises_refuses(run, model, keepsake):
    """An exception in a hook refuses the tool; it is kept in the result, one warning tells, the model gets the kind."""
    with pytest.warns(CallbackWarning, match="a bug") as warned:
        result = run("rm keepsake", {"pre_tool_use": boom})
    assert keepsake.exists() and result.is_success
    assert [str(error) for error in result.callback_errors] == ["a bug"]
    assert len(warned) == 1
    assert "LookupError" in told(model) and "a bug" not in told(model)


@pytest.mark.parametrize("answer", [float("nan"), {1, 2}, object(), 7, "yes"], ids=["nan", "set", "object", "int", "str"])
@pytest.mark.filterwarnings("ignore::agent_sdk.errors.CallbackWarning")
def test_a_wrong_answer_refuses_and_the_cli_lives(answered, kept, answer):
    """What is no answer, bare or inside one, is an error of the hook: the tool is refused, the next turn works."""
    for wrong in (answer, {"hookSpecificOutput": {"additionalContext": answer, "updatedInput": {"command": answer}}}):
        if wrong != answer and isinstance(answer, (int, str)):
            continue
        file, result = answered(lambda ctx, wrong=wrong: wrong)
        assert [type(error) for error in result.callback_errors] == [HookError]
        assert file.exists()
        assert kept.client("hooks('Bash',)").query("still there?").content == "echo: still there?"


@pytest.mark.filterwarnings("ignore::agent_sdk.errors.CallbackWarning")
def test_a_hook_that_is_late_refuses(run, model, keepsake):
    """A hook that sleeps past its timeout is answered for: the tool does not run, and the hook can tell."""
    cancelled = []

    def slow(ctx):
        cancelled.append(until(lambda: ctx.cancelled))
        return True

    result = run("rm keepsake", {"pre_tool_use": Matcher("Bash", slow, timeout=0.3)})
    assert keepsake.exists()
    assert cancelled == [True]
    assert [(type(e), e.event, e.handler.split(".")[-1]) for e in result.callback_errors] == [
        (HookError, "pre_tool_use", "slow")
    ]
    assert "timed out after 0.3 seconds" in told(model)


LENIENT = {
    "matcher": {"hooks": {"pre_tool_use": Matcher("Bash", boom, fail_mode="open")}},
    "dict": {"hooks": {"PreToolUse": [{"matcher": "Bash", "handler": boom, "timeout": 30, "fail_mode": "open"}]}},
    "client": {"hooks": {"pre_tool_use": boom}, "hook_fail_mode": "open"},
}


@pytest.mark.parametrize("options", LENIENT.values(), ids=LENIENT)
def test_fail_mode_open_lets_pass(run, keepsake, options):
    """With `fail_mode="open"`, of a hook or of all, a failure is reported and the tool runs."""
    with pytest.warns(CallbackWarning):
        result = run("rm keepsake", **options)
    assert not keepsake.exists()
    assert len(result.callback_errors) == 1


@pytest.mark.filterwarnings("ignore::agent_sdk.errors.CallbackWarning")
def test_a_matcher_stays_closed_in_an_open_client(run, keepsake):
    """A hook's own `fail_mode` stands above the client's."""
    run("rm keepsake", {"pre_tool_use": Matcher(None, boom, fail_mode="closed")}, hook_fail_mode="open")
    assert keepsake.exists()


def test_stop_ends_the_turn_and_the_tool_does_not_run(run, model, keepsake):
    """`stop` refuses the tool and ends the turn; the model is not asked again."""
    result = run("rm keepsake", {"pre_tool_use": lambda ctx: Result.stop("Enough.")})
    assert keepsake.exists()
    assert (result.is_success, result.terminal_reason, result.content) == (True, "hook_stopped", "")
    assert len(model.requests) == 1


@pytest.mark.smoke
def test_context_goes_to_the_model(run, model):
    """`with_context` tells the model more, before a tool, after it, and with the prompt."""
    hooks = {event: lambda ctx: Result.with_context(f"About {ctx.event}.") for event in
             ("user_prompt_submit", "pre_tool_use", "post_tool_use", "post_tool_batch")}  # fmt: skip
    run("echo hi", hooks)
    for event in hooks:
        assert f"About {event}." in told(model)


def test_a_system_message_is_shown_to_the_user(run, model):
    """`with_system_message` comes as a message of the stream, and the model does not read it."""
    result = run("echo hi", {"pre_tool_use": lambda ctx: Result.with_system_message("Mind the gap.")})
    assert [m for m in result.messages if m.is_system and "Mind the gap." in str(m.raw)]
    assert "Mind the gap." not in told(model)


@pytest.mark.parametrize("decision", [True, False])
def test_ask_puts_an_allowed_tool_to_the_callback(run, keepsake, decision):
    """`permission("ask")` asks `can_use_tool` about a tool that would not be asked about, and says why."""
    asked = []

    def decide(name, given, context):
        asked.append((name, context.decision_reason, context.decision_reason_type, context.decision_reason_hook_event))
        return decision

    hooks = {"pre_tool_use": lambda ctx: Result.permission("ask", "Looks risky.")}
    run("rm keepsake", hooks, allowed_tools=["Bash(rm *)"], can_use_tool=decide)
    assert asked == [("Bash", "Looks risky.", "hook", "PreToolUse")]
    assert keepsake.exists() is not decision


def test_defer_ends_the_turn_with_the_tool_waiting(run, keepsake):
    """`permission("defer")` ends the turn at once; the result names the tool that waits."""
    result = run("rm keepsake", {"pre_tool_use": lambda ctx: Result.permission("defer")})
    assert keepsake.exists()
    assert result.terminal_reason == "tool_deferred"
    assert (result.deferred_tool_use.name, result.deferred_tool_use.input) == ("Bash", {"command": "rm keepsake"})


def test_the_output_of_a_tool_is_replaced(run, model):
    """`replace_output` with text changes what the model reads of a command, after it ran."""
    run("echo secret-123", {"post_tool_use": lambda ctx: Result.replace_output("[redacted]")})
    assert "[redacted]" in str(model.requests[-1].tool_results)
    assert "secret-123" not in str(model.requests[-1].tool_results)


def test_a_block_after_the_fact_is_told_to_the_model(run, model, keepsake):
    """A block at `post_tool_use` cannot undo, but the model reads the reason; a stop ends the turn."""
    run("rm keepsake", {"post_tool_use": lambda ctx: Result.block("Put it back.")})
    assert not keepsake.exists()
    assert "Put it back." in told(model)
    result = run("echo hi", {"post_tool_use": lambda ctx: Result.stop("Enough.")})
    assert result.terminal_reason == "hook_stopped"


@pytest.mark.parametrize("answer", [Result.block("Not that."), Result.stop("Not that.")], ids=["block", "stop"])
def test_a_blocked_prompt_reaches_no_model(real, model, answer):
    """A block at `user_prompt_submit` ends the turn before the model is asked, and the result says so."""
    hooks = {"user_prompt_submit": lambda ctx: answer if "password" in ctx.prompt else None}
    result = agent_sdk.query("my password is 123", hooks=hooks, **real)
    assert "Not that." in result.content and result.num_turns == 0 and result.is_blocked
    assert model.requests == []
    result = agent_sdk.query("hello", hooks=hooks, **real)
    assert result.content == "echo: hello" and not result.is_blocked


def test_a_dict_that_stops_refuses_too(run, keepsake):
    """`{"continue": False}` keeps the tool from running, as `Result.stop` does; the CLI alone would run it first."""
    result = run("rm keepsake", {"pre_tool_use": lambda ctx: {"continue_": False, "stopReason": "Enough."}})
    assert keepsake.exists() and result.terminal_reason == "hook_stopped"


def test_a_session_end_that_raises_is_told(real):
    """What a `session_end` hook raises comes after the result: a warning tells it."""
    with pytest.warns(CallbackWarning, match="at the end of the session; the first, in .*: ZeroDivisionError"):
        assert agent_sdk.query("x", hooks={"session_end": lambda ctx: 1 / 0}, **real).content == "echo: x"


def test_client_hook_is_a_decorator(client):
    """What would register nothing, or the wrong function, is an error at once."""
    agent = client()
    for wrong in (lambda: agent.hook("pre_tool_use", print), lambda: agent.hook(print)):
        with pytest.raises(ConfigurationError, match=r"client\.hook is a decorator"):
            wrong()
    with pytest.raises(ConfigurationError, match="did you mean 'post_tool_use'"):
        agent.hook("post_tol_use")


def test_a_blocked_stop_sends_the_model_on(real, model):
    """A block at `stop` gives the model its reason as the next task; the next stop knows that it was sent on."""
    active = []

    def not_yet(ctx):
        active.append(ctx.stop_hook_active)
        return None if ctx.stop_hook_active else Result.block("Run the tests.")

    model.reply("first").reply("second")
    assert agent_sdk.query("go", hooks={"stop": not_yet}, **real).content == "second"
    assert active == [False, True]
    assert "Run the tests." in told(model)


MATCHERS = {
    "name": ("Bash", True),
    "other-name": ("Write", False),
    "names": ("Write|Bash", True),
    "list": (["Write", "Bash"], True),
    "expression": ("^Ba.*", True),
    "compiled": (re.compile("bash", re.IGNORECASE), True),
    "compiled-list": ([re.compile("^W"), "Read"], False),
    "callable": (lambda ctx: "keepsake" in ctx.tool_input["command"], True),
    "callable-no": (lambda ctx: "other" in ctx.tool_input["command"], False),
    "star": ("*", True),
    "none": (None, True),
}


def test_matchers_of_every_kind(run, keepsake):
    """A hook is asked where its pattern fits, whoever compares it: the CLI or this package."""
    calls = []
    hooks = [Matcher(pattern, lambda ctx, kind=kind: calls.append(kind)) for kind, (pattern, _) in MATCHERS.items()]
    run("rm keepsake", {"pre_tool_use": hooks})
    assert calls == [kind for kind, (_, fits) in MATCHERS.items() if fits]


@pytest.mark.filterwarnings("ignore::agent_sdk.errors.CallbackWarning")
def test_a_matcher_that_raises_refuses(run, keepsake):
    """A function that selects, and fails, refuses as its hook would."""
    result = run("rm keepsake", {"pre_tool_use": Matcher(lambda ctx: 1 / 0, lambda ctx: None)})
    assert keepsake.exists()
    assert [type(error) for error in result.callback_errors] == [ZeroDivisionError]


def test_hooks_by_decorator(client, model, keepsake):
    """`@client.hook` registers from the next turn on; both spellings of an event work."""
    agent, log = client(allowed_tools=["Bash"]), []
    agent.query("before")

    @agent.hook("pre_tool_use", "Bash", timeout=5)
    def guard(ctx):
        log.append(ctx.event)
        return Result.block("No.")

    @agent.hook("PostToolBatch")
    def after(ctx):
        log.append(ctx.tool_calls[0].tool_name)

    model.call_tool("Bash", {"command": "rm keepsake"}).reply("done")
    assert agent.query("go").content == "done"
    assert log == ["pre_tool_use", "Bash"]
    assert keepsake.exists()
    assert guard.__name__ == "guard" and agent.session_ids == [agent.session_id]


def test_a_slow_on_message_does_not_refuse_the_tool(run, real, model):
    """A hook's time begins with its handler: an `on_message` that takes longer than the timeout does no harm."""
    busy = threading.Event()

    def dawdle(message):
        if message.is_tool_use and not busy.is_set():
            busy.wait(1.5)

    model.call_tool("Bash", {"command": "touch made"}).reply("done")
    hooks = {"pre_tool_use": Matcher("Bash", lambda ctx: True, timeout=0.5)}
    result = agent_sdk.query("go", on_message=dawdle, hooks=hooks, allowed_tools=["Bash"], **real)
    assert (real["cwd"] / "made").exists()
    assert result.callback_errors == []


def test_callbacks_run_in_the_callers_thread(run):
    """Hooks run in the thread that called `query`."""
    threads = []
    run("echo hi", {event: lambda ctx: threads.append(threading.get_ident()) for event in ("pre_tool_use", "stop")})
    assert set(threads) == {threading.get_ident()}


WRONG = {
    "unknown-event": ({"pre_tool_usee": print}, "did you mean 'pre_tool_use'"),
    "no-function": ({"pre_tool_use": "Bash"}, "expected a function"),
    "two-arguments": ({"pre_tool_use": lambda ctx, more: None}, "it is called with"),
    "unknown-key": ({"pre_tool_use": {"match": "Bash", "handler": print}}, "unknown key"),
    "bad-expression": ({"pre_tool_use": {"matcher": "([", "handler": print}}, "not a valid regular expression"),
    "lower-case-tool": ({"pre_tool_use": {"matcher": "bash", "handler": print}}, "case-sensitive"),
    "nothing-to-match": ({"stop": {"matcher": "Bash", "handler": print}}, "no value to compare"),
    "bad-timeout": ({"pre_tool_use": {"handler": print, "timeout": 0}}, "greater than 0"),
    "bad-fail-mode": ({"pre_tool_use": {"handler": print, "fail_mode": "ajar"}}, "closed"),
}


@pytest.mark.parametrize(("hooks", "said"), WRONG.values(), ids=WRONG)
def test_wrong_hooks_are_errors_before_a_process_starts(hooks, said):
    """The CLI takes a wrong hook without a word and never fires it, so it is an error here, with the remedy."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        agent_sdk.query("go", hooks=hooks)
