"""
Every hook event that the CLI fires for an SDK, and those that the SDK fires in its place, with their typed fields.
"""
from __future__ import annotations

import threading

import pytest
from helpers import in_thread, until

import agent_sdk
from agent_sdk import CallbackWarning, ControlError, HookError
from agent_sdk.hooks import Matcher, Result

#: Registering it means to make the worktree.
NOT_WATCHED = ("worktree_create",)


class Watch:
    """Hooks on every event, which note what they see."""

    def __init__(self) -> None:
        self.seen = []
        self.hooks = {event: self.note for event in agent_sdk.hook_events() if event not in NOT_WATCHED}

    def note(self, ctx):
        """Keep the context."""
        self.seen.append(ctx)

    def of(self, event):
        """The contexts of one event."""
        return [ctx for ctx in self.seen if ctx.event == event]

    def only(self, event):
        """The one context of an event."""
        (ctx,) = self.of(event)
        return ctx

    def names(self):
        """The events, in order."""
        return [ctx.event for ctx in self.seen]


@pytest.fixture
def watch():
    """Hooks on every event."""
    return Watch()


@pytest.mark.smoke
def test_events_of_a_turn_with_tools(client, model, watch, real):
    """A turn with a good and a bad command: each event once, in order, with its fields and the common ones."""
    model.call_tools(("Bash", {"command": "echo hi"}), ("Bash", {"command": "exit 3"})).reply("done")
    agent = client(hooks=watch.hooks, allowed_tools=["Bash"])
    result = agent.query("go")
    assert watch.names() == [
        "user_prompt_submit", "setup", "session_start", "pre_tool_use", "post_tool_use", "pre_tool_use",
        "post_tool_use_failure", "post_tool_batch", "message_display", "stop",
    ]  # fmt: skip
    assert {ctx.session_id for ctx in watch.seen} == {result.session_id}
    assert {ctx.cwd for ctx in watch.seen} == {str(real["cwd"])}
    assert all(ctx.transcript_path.endswith(f"{result.session_id}.jsonl") for ctx in watch.seen)
    assert watch.only("user_prompt_submit").prompt == "go"
    before, failed = watch.of("pre_tool_use")
    assert (before.tool_name, before.tool_input, before.permission_mode) == ("Bash", {"command": "echo hi"}, "default")
    after = watch.only("post_tool_use")
    assert after.tool_use_id == before.tool_use_id
    assert (after.tool_response["stdout"], after.duration_ms >= 0) == ("hi", True)
    failure = watch.only("post_tool_use_failure")
    assert (failure.tool_use_id, failure.error, failure.is_interrupt) == (failed.tool_use_id, "Exit code 3", False)
    assert [call.tool_response for call in watch.only("post_tool_batch").tool_calls] == ["hi", "Exit code 3"]
    assert (watch.only("message_display").delta, watch.only("message_display").final) == ("done", True)
    assert watch.only("stop").last_assistant_message == "done"
    assert watch.only("stop").stop_hook_active is False


def test_an_answer_that_reaches_nobody(real):
    """What a hook answers to an event that the SDK fires is an error, since nobody would read it."""
    hooks = {"session_start": lambda ctx: Result.with_context("Be brief."), "setup": lambda ctx: {"continue": True}}
    with pytest.warns(CallbackWarning, match="session_start: the result of this hook is ignored"):
        result = agent_sdk.query("x", hooks=hooks, **real)
    assert [(type(error), error.event) for error in result.callback_errors] == [(HookError, "session_start")]


def test_events_that_the_sdk_fires(client, watch, real):
    """SessionStart, Setup and SessionEnd, which the CLI never fires for an SDK at start and end, come once for a session."""
    agent = client(hooks=watch.hooks, model="sonnet")
    agent.query("a")
    agent.query("b")
    assert (watch.only("setup").trigger, watch.only("session_start").source) == ("init", "startup")
    assert "sonnet" in watch.only("session_start").model
    session_id = agent.session_id
    agent.close()
    assert (watch.only("session_end").reason, watch.only("session_end").session_id) == ("other", session_id)
    for opening, source in (({}, "resume"), ({"fork_session": True}, "fork")):
        other = Watch()
        agent_sdk.query("c", hooks=other.hooks, resume=session_id, **opening, **real)
        assert other.only("session_start").source == source
        assert other.names()[-1] == "session_end"


def test_session_hooks_answer_and_match(client, real):
    """A matcher of the source applies where the SDK fires; a hook that fails there is reported and stops nothing."""
    starts = []

    def fail(ctx):
        raise ValueError("no database")

    hooks = {
        "session_start": [Matcher("resume", starts.append), Matcher("startup", fail)],
    }
    with pytest.warns(agent_sdk.CallbackWarning, match="no database"):
        result = agent_sdk.query("a", hooks=hooks, **real)
    assert (result.is_success, starts) == (True, [])
    agent_sdk.query("b", hooks=hooks, resume=result.session_id, **real)
    assert [ctx.source for ctx in starts] == ["resume"]


def test_events_of_compaction_and_clear(client, watch):
    """`/compact` fires PreCompact, PostCompact and SessionStart; `/clear` ends one session and starts another."""
    agent = client(hooks=watch.hooks)
    agent.query("a")
    agent.query("/compact keep names")
    before = watch.only("pre_compact")
    assert (before.trigger, before.custom_instructions) == ("manual", "keep names")
    assert (watch.only("post_compact").trigger, bool(watch.only("post_compact").compact_summary)) == ("manual", True)
    agent.query("/clear")
    assert watch.only("session_end").reason == "clear"
    assert [ctx.source for ctx in watch.of("session_start")] == ["startup", "compact", "clear"]


def test_a_compaction_can_be_blocked(client, model):
    """A block at `pre_compact` keeps the conversation whole."""
    agent = client(hooks={"pre_compact": Matcher("manual", lambda ctx: Result.block("Not now."))})
    agent.query("a")
    seen = []
    agent.query("/compact", on_message=seen.append)
    assert not any(m.is_compact_boundary for m in seen)
    assert not any(request.is_compaction for request in model.requests)


def test_a_switch_of_models_is_asked_about(client, model):
    """`set_model()` between turns fires the model hooks, and returns; a block refuses the switch."""
    before, after, allowed = [], [], [True]

    def decide(ctx):
        before.append(ctx)
        return None if allowed[0] else Result.block("Too expensive.")

    agent = client(hooks={"pre_model_switch": decide, "post_model_switch": after.append})
    agent.query("a")
    agent.set_model("haiku")
    assert "haiku" in before[0].to_model and "haiku" not in before[0].from_model
    assert (before[0].requested_model, before[0].source) == ("haiku", "sdk")
    assert before[0].context_tokens > 0
    allowed[0] = False
    with pytest.raises(ControlError, match="Too expensive"):
        agent.set_model("opus")
    agent.query("b")
    assert "haiku" in model.requests[-1].model
    assert [(ctx.source, ctx.to_model) for ctx in after] == [("sdk", before[0].to_model)]


@pytest.mark.smoke
def test_events_of_subagents(client, model, watch):
    """A subagent's start, tools and end are told apart by its id; matchers compare its type, and both names of its tool."""
    ends = []
    model.when("subtask").call_tool("Bash", {"command": "echo sub"}).reply("sub done")
    call = {"description": "d", "prompt": "subtask", "subagent_type": "general-purpose"}
    model.call_tool("Task", call).reply("launched").reply("final")
    hooks = {**watch.hooks, "subagent_stop": [Matcher("general-purpose", ends.append), Matcher("other", boom)]}
    hooks["pre_tool_use"] = [watch.note, Matcher("Task", watch.note)]
    agent = client(hooks=hooks, allowed_tools=["Bash"])
    assert agent.query("delegate").content == "final"
    start = watch.only("subagent_start")
    assert start.agent_type == "general-purpose" and start.agent_id
    assert [ctx.tool_name for ctx in watch.of("pre_tool_use")] == ["Agent", "Agent", "Bash"]
    assert watch.of("pre_tool_use")[-1].agent_id == start.agent_id
    assert [(ctx.agent_id, ctx.last_assistant_message) for ctx in ends] == [(start.agent_id, "sub done")]
    assert ends[0].agent_transcript_path.endswith(".jsonl")
    assert watch.of("stop")[0].background_tasks[0].agent_type == "general-purpose"


def boom(ctx):
    """Never to be called."""
    raise AssertionError(f"{ctx} does not fit")


def test_the_end_by_an_error_of_the_api(real, model, watch):
    """A turn that the API ends fires StopFailure, not Stop."""
    model.fail(500)
    agent_sdk.query("go", hooks=watch.hooks, **real)
    assert watch.only("stop_failure").error == "server_error"
    assert watch.of("stop") == []


def test_slash_commands_instructions_and_settings(client, model, watch, real):
    """A slash command, a nested CLAUDE.md and a changed settings file have their events."""
    commands, nested = real["cwd"] / ".claude" / "commands", real["cwd"] / "nested"
    commands.mkdir(parents=True)
    nested.mkdir()
    (commands / "hello.md").write_text("Say hello to $ARGUMENTS")
    settings = commands.parent / "settings.json"
    settings.write_text("{}")
    (nested / "CLAUDE.md").write_text("Nested.")
    (nested / "a.txt").write_text("a")
    agent = client(hooks=watch.hooks)
    agent.query("/hello bob")
    expansion = watch.only("user_prompt_expansion")
    assert (expansion.command_name, expansion.command_args) == ("hello", "bob")
    model.call_tool("Read", {"file_path": str(nested / "a.txt")}).reply("done")
    agent.query("read")
    loaded = watch.only("instructions_loaded")
    assert (loaded.file_path, loaded.load_reason) == (str(nested / "CLAUDE.md"), "nested_traversal")
    settings.write_text('{"cleanupPeriodDays": 9}')
    # The CLI looks at its files now and then, and asks between turns, when nothing is read until the next request.
    until(lambda: agent.control("get_settings") and watch.of("config_change"))
    change = watch.only("config_change")
    assert (change.source, change.file_path) == ("project_settings", str(settings))


def test_a_question_that_waits_fires_a_notification(client, model, watch, real):
    """A permission question that is open for six seconds fires Notification, and PermissionRequest came with it."""
    agent = client(hooks=watch.hooks, can_use_tool=lambda *about: bool(threading.Event().wait(6.5)) or True)
    model.call_tool("Write", {"file_path": str(real["cwd"] / "made"), "content": "x"}).reply("done")
    agent.query("go")
    assert (real["cwd"] / "made").exists()
    request = watch.only("permission_request")
    assert request.tool_name == "Write"
    assert [update.type for update in request.suggestions] == ["setMode"]
    assert watch.only("notification").notification_type == "permission_prompt"


def test_a_hook_of_a_background_agent_is_asked_while_the_client_rests(client, model, watch):
    """Hooks of what goes on between turns are served by `wait_idle`, in its thread."""
    hold = threading.Event()
    model.when("subtask").reply(chunks=["sub", " done"], until=hold)
    call = {"description": "d", "prompt": "subtask", "subagent_type": "general-purpose"}
    model.call_tool("Task", call).reply("launched").reply("final")
    agent = client(hooks=watch.hooks)
    agent.query("delegate", wait_for_background=False)
    assert watch.of("subagent_stop") == []
    in_thread(hold.set).join()
    assert agent.wait_idle(timeout=60) is True
    assert watch.only("subagent_stop").last_assistant_message == "sub done"
