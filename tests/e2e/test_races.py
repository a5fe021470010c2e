"""
What happens at the same time, on the real CLI: two who decide, callbacks that call back, exceptions that leave.
"""
from __future__ import annotations

import threading

import pytest
from helpers import alive, in_thread, until

import agent_sdk
from agent_sdk import AbortError
from agent_sdk.hooks import Matcher, Result
from agent_sdk.mcp import ToolContext


@pytest.fixture
def write(real, model):
    """Let the model write a file; gives its path."""
    path = real["cwd"] / "made"
    model.call_tool("Write", {"file_path": str(path), "content": "hi"}).reply("done")
    return path


@pytest.mark.parametrize(("answer", "exists"), [(Result.approve(), True), (Result.block("no"), False)])
def test_the_person_is_not_asked_what_a_hook_decided(client, write, answer, exists):
    """The CLI asks the PermissionRequest hook and the callback at once: where the hook decides, the person is left alone."""
    asked = []
    agent = client(
        hooks={"permission_request": Matcher("Write", lambda ctx: answer)},
        can_use_tool=lambda *about: asked.append(about) or not exists,
    )
    assert agent.query("go").content == "done"
    assert (write.exists(), asked) == (exists, [])
    assert agent.query("still there?").is_success


@pytest.mark.smoke
def test_the_person_is_asked_what_a_hook_leaves_open(client, write):
    """A PermissionRequest hook without an opinion comes first, and leaves the decision to the callback."""
    order = []
    agent = client(
        hooks={"permission_request": lambda ctx: order.append("hook")},
        can_use_tool=lambda *about: order.append("person") or True,
    )
    agent.query("go")
    assert (write.exists(), order) == (True, ["hook", "person"])


def test_the_same_tool_twice(client, model, real):
    """A hook's decision settles its own question, not the next one about the same thing."""
    path, decided, asked = real["cwd"] / "made", [], []
    for _ in range(2):
        model.call_tool("Write", {"file_path": str(path), "content": "hi"})

    def first_only(ctx):
        decided.append(ctx)
        return Result.block("Not the first time.") if len(decided) == 1 else None

    agent = client(
        hooks={"permission_request": first_only}, can_use_tool=lambda *about: bool(asked.append(about) or True)
    )
    agent.query("go")
    assert (len(decided), len(asked), path.exists()) == (2, 1, True)


def test_an_interrupt_withdraws_a_question(client, write):
    """An interrupt while the callback thinks tells it so; the late answer is dropped, and the session goes on."""
    seen, thinking = [], threading.Event()

    def decide(name, given, context):
        thinking.set()
        seen.append(until(lambda: context.cancelled))
        return True

    agent = client(can_use_tool=decide)
    in_thread(lambda: thinking.wait(60) and agent.interrupt())
    result = agent.query("go")
    assert result.is_aborted
    assert (seen, write.exists()) == ([True], False)
    assert agent.query("then").is_success


def test_an_abort_while_a_hook_thinks(client, write):
    """`abort` from another thread reaches a hook that runs: it can end early, and the tool does not run."""
    seen, thinking = [], threading.Event()

    def think(ctx):
        thinking.set()
        seen.append(until(lambda: ctx.cancelled))
        return True

    agent = client(hooks={"pre_tool_use": think}, allowed_tools=["Write"])
    in_thread(lambda: thinking.wait(60) and agent.abort())
    with pytest.raises(AbortError):
        agent.query("go")
    assert (seen, write.exists()) == ([True], False)
    assert agent.query("then").is_success


KINDS = ("hook", "permission", "tool", "tool-in-a-worker", "message")


def callbacks(kind, function):
    """Options in which *function*, without arguments, is called back."""

    def look(ctx: ToolContext) -> str:
        """Look."""
        function()
        return "ok"

    return {
        "hook": {"hooks": {"pre_tool_use": lambda ctx: function()}},
        "permission": {"can_use_tool": lambda *about: function() or True},
        "tool": {"custom_tools": [look]},
        "tool-in-a-worker": {"custom_tools": [look], "tool_workers": 2},
        "message": {},
    }[kind]


@pytest.fixture
def using(client, model, real):
    """Run a turn in which a callback of a kind calls *function*."""

    def turn(kind, function):
        path = real["cwd"] / "made"
        tool = ("mcp__sdk__look", {}) if kind.startswith("tool") else ("Write", {"file_path": str(path), "content": "x"})
        model.call_tool(*tool).reply("done")
        agent = client(**callbacks(kind, lambda: function(agent)))
        once = [] if kind == "message" else [None]

        def on_message(message):
            if message.is_tool_use and not once:
                once.append(message)
                function(agent)

        return agent, lambda: agent.query("go", on_message=on_message)

    return turn


@pytest.mark.parametrize(
    ("kind", "error"), [*((kind, KeyboardInterrupt) for kind in KINDS), ("hook", SystemExit), ("message", SystemExit)]
)
def test_exits_leave_query_from_any_callback(using, real, kind, error):
    """`KeyboardInterrupt` and `SystemExit` leave `query` from any callback; no tool ran, no process is left, the session goes on."""
    pids = []

    def leave(agent):
        pids.append(agent.pid)
        raise error("enough")

    agent, run = using(kind, leave)
    with pytest.raises(error, match="enough"):
        run()
    until(lambda: not alive(pids[0]))
    assert not (real["cwd"] / "made").exists()
    assert agent.query("afterwards").is_success
    assert len(agent.session_ids) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_may_call_its_client(using, model, kind):
    """A callback may change the model and ask for the state: nothing dead-locks."""
    answers = []

    def call(agent):
        agent.set_model("haiku")
        answers.append(agent.control("mcp_status")["mcpServers"])

    agent, run = using(kind, call)
    assert run().is_success
    assert len(answers) == 1
    agent.query("then")
    assert "haiku" in model.requests[-1].model


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_may_abort(using, real, kind):
    """`abort` in a callback ends the turn, the tool that was asked about does not run, and the session goes on."""
    answers = []
    agent, run = using(kind, lambda agent: answers.append(agent.abort()))
    with pytest.raises(AbortError):
        run()
    assert answers == [True]
    assert not (real["cwd"] / "made").exists()
    assert agent.query("afterwards").is_success
    assert len(agent.session_ids) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_another_thread_may_ask_while_a_callback_sleeps(using, kind):
    """Another thread gets its answer while a callback of the turn's thread waits."""
    answers = []

    def sleep(agent):
        done = threading.Event()
        in_thread(lambda: (answers.append(agent.control("mcp_status")), done.set()))
        assert done.wait(60)

    assert using(kind, sleep)[1]().is_success
    assert len(answers) == 1


def test_hooks_that_ask_are_served_inside_callbacks(client, model):
    """`set_model` inside a callback fires the PreModelSwitch hook, nested, and both return."""
    order = []

    def before(ctx):
        order.append("tool")
        agent.set_model("haiku")
        order.append("switched")

    hooks = {"pre_tool_use": before, "pre_model_switch": lambda ctx: order.append("model")}
    agent = client(hooks=hooks, allowed_tools=["Bash"])
    model.call_tool("Bash", {"command": "echo hi"}).reply("done")
    assert agent.query("go").content == "done"
    assert (order[0], order[-1], set(order[1:-1])) == ("tool", "switched", {"model"})


def test_gates_hold_after_the_first_result(real, model):
    """Hooks decide on what a background agent does after the main turn's result too."""
    path = real["cwd"] / "made"
    main = threading.Event()
    script = model.when("subtask")
    script.call_tool("Bash", {"command": f"touch {path}"}, text="not yet", until=main).reply("sub done")
    call = {"description": "d", "prompt": "subtask", "subagent_type": "general-purpose"}
    model.call_tool("Task", call).reply("launched").reply("final")
    refused = []

    def guard(ctx):
        refused.append(ctx.agent_type)
        return False

    result = agent_sdk.query(
        "delegate",
        on_message=lambda message: main.set() if message.is_result else None,
        hooks={"pre_tool_use": Matcher("Bash", guard)},
        allowed_tools=["Bash"],
        **real,
    )
    assert result.is_success
    assert refused == ["general-purpose"]
    assert not path.exists()


@pytest.mark.smoke
def test_two_clients_at_once(real, model):
    """Two clients in two threads have callbacks of their own, each in its own thread."""
    threads = {}

    def run(name):
        model.when(name).call_tool("Bash", {"command": f"echo {name}"}).reply(f"{name} done")
        hooks = {"pre_tool_use": lambda ctx: threads.update({ctx.tool_input["command"]: threading.get_ident()})}
        assert agent_sdk.query(name, hooks=hooks, allowed_tools=["Bash"], **real).content == f"{name} done"

    workers = [in_thread(lambda name=name: run(name)) for name in ("one", "two")]
    for worker in workers:
        worker.join(60)
    assert threads == {f"echo {name}": worker.ident for name, worker in zip(("one", "two"), workers, strict=True)}
