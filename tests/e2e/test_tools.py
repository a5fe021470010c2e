"""
Tools of this process on the real CLI.
"""
from __future__ import annotations

import enum
import json
import re
import threading
from pathlib import Path
from typing import Annotated, Literal

import attrs
import pytest
from helpers import in_thread, text_of, told, until

import agent_sdk
from agent_sdk import CallbackWarning, ConfigurationError, mcp, tool
from agent_sdk.mcp import ToolContext, ToolResult

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ff"
    "a6ef1d950000000049454e44ae426082"
)


@pytest.fixture
def call(real, model):
    """Let the model use a tool of ours; gives the text that it read, and keeps the result."""

    def use(function, given=None, **options):
        name = getattr(function, "name", function.__name__)
        model.call_tool(f"mcp__sdk__{name}", given or {}).reply("done")
        use.result = agent_sdk.query("go", custom_tools=[function], **{**real, **options})
        (block,) = model.requests[-1].tool_results
        return block

    return use


@pytest.mark.smoke
def test_a_plain_function_is_a_tool(call):
    """A function given as a custom tool runs without asking, in the caller's thread, with checked arguments."""
    ran = []

    def weather(city: Annotated[str, "Where"], unit: Literal["C", "F"] = "C", days: int = 1) -> str:
        """Tell the weather."""
        ran.append((city, unit, days, threading.get_ident()))
        return f"Sunny in {city}"

    assert text_of(call(weather, {"city": "Rome", "unit": "F"})) == "Sunny in Rome"
    assert ran == [("Rome", "F", 1, threading.get_ident())]
    wrong = call(weather, {"city": "Rome", "unit": "K"})
    assert wrong["is_error"] and "wrong arguments for weather" in text_of(wrong)
    assert len(ran) == 1


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


@attrs.define
class Order:
    """What somebody wants."""

    item: str
    size: Size = Size.SMALL
    extras: list[str] = attrs.field(factory=list)


@pytest.mark.smoke
def test_typed_arguments_and_results(call):
    """Arguments arrive as the classes that they are annotated with, and objects travel back as JSON."""
    got = []

    def order(order: Order, note: str | None = None) -> Order:
        got.append((order, note))
        return attrs.evolve(order, extras=["sugar"])

    block = call(order, {"order": {"item": "tea", "size": "l"}})
    assert got == [(Order("tea", Size.LARGE), None)]
    assert json.loads(text_of(block)) == {"item": "tea", "size": "l", "extras": ["sugar"]}


@pytest.fixture
def given_back(kept):
    """Let the model use the tool `give` of a kept client, which returns *value*; gives what the model read, and the result."""

    def use(value):
        kept.answer = value
        agent = kept.client("tools", custom_tools=[named("give", lambda: kept.answer)])
        kept.model.call_tool("mcp__sdk__give", {}).reply("done")
        result = agent.query("go")
        (block,) = kept.model.requests[-1].tool_results
        return block, result

    return use


RESULTS = {
    "text": ("hello", "hello"),
    "dict": ({"a": [1, None]}, '{"a":[1,null]}'),
    "number": (7, "7"),
    "none": (None, "(mcp__sdk__give completed with no output)"),
    "blocks": ([{"type": "text", "text": "one"}, "two"], "one\ntwo"),
    "structured": (ToolResult("left out", structured={"n": 1}), '{"n":1}'),
    "surrogate": ("half \ud83d", "half \ufffd"),
    "unicode": ("a\u2028b \x85 \U0001f600", "a\u2028b \x85 \U0001f600"),
}


@pytest.mark.parametrize(("value", "expected"), RESULTS.values(), ids=RESULTS)
@pytest.mark.smoke
def test_results_of_every_kind(given_back, value, expected):
    """What a tool returns is what the model reads."""
    block, _ = given_back(value)
    assert not block.get("is_error")
    assert text_of(block) == expected


def named(name, function):
    """Make a tool of a lambda."""
    return tool(name=name, handler=function, description="A tool.")


def test_a_picture(given_back):
    """Bytes of a picture arrive as a picture."""
    block, _ = given_back(PNG)
    assert [part["type"] for part in block["content"]][0] == "image"


def test_an_exception_is_read_by_the_model(call):
    """A tool that raises ends neither the turn nor the process: the model reads the error, the result keeps it."""

    def divide(a: int, b: int) -> float:
        return a / b

    with pytest.warns(CallbackWarning, match="division by zero") as warned:
        block = call(divide, {"a": 1, "b": 0})
    assert block["is_error"] and "ZeroDivisionError: division by zero" in text_of(block)
    assert [type(error) for error in call.result.callback_errors] == [ZeroDivisionError]
    assert (len(warned), call.result.is_success) == (1, True)


def test_an_error_on_purpose_is_no_callback_error(given_back):
    """`ToolResult.error` tells the model, and is no bug to be reported."""
    block, result = given_back(ToolResult.error("out of stock"))
    assert block["is_error"] and text_of(block).startswith("out of stock")
    assert result.callback_errors == []


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), [float("inf")]], ids=["nan", "set", "object", "inf"])
@pytest.mark.filterwarnings("ignore::agent_sdk.errors.CallbackWarning")
def test_what_cannot_be_sent_is_the_tools_error(given_back, kept, value):
    """A result without a JSON form is the tool's error, and the CLI lives."""
    block, result = given_back(value)
    assert "cannot be sent" in text_of(block)
    assert len(result.callback_errors) == 1
    assert kept.client("tools").query("still there?").is_success


def test_a_tool_of_six_seconds(call):
    """A long tool is waited for, and does not stop the turn."""
    seconds = threading.Event()
    block = call(named("nap", lambda: f"slept {not seconds.wait(6)}"))
    assert text_of(block) == "slept True"


def test_a_result_of_600000_characters(call, model):
    """A huge result travels; the CLI puts it into a file unless the tool says that it may be so long."""
    block = call(named("give", lambda: "x" * 600_000))
    path = re.search(r"saved to (\S+?\.\w+)", text_of(block)).group(1)
    assert Path(path).read_text().count("x") >= 600_000
    big = tool(name="give", handler=lambda: "y" * 300_000, description="d", max_result_chars=500_000)
    assert text_of(call(big)).count("y") == 300_000


@pytest.mark.parametrize("workers", [1, 3])
def test_three_read_only_tools_in_parallel(client, model, workers):
    """Read-only tools that the model calls together all answer: one after the other here, or in threads of their own."""
    together = threading.Barrier(workers, timeout=10)
    threads = set()

    @tool(annotations={"read_only": True})
    def look(n: int) -> str:
        """Look."""
        threads.add(threading.get_ident())
        together.wait()
        return f"saw {n}"

    agent = client(custom_tools=[look], tool_workers=workers)
    for _ in range(2):
        model.call_tools(*[("mcp__sdk__look", {"n": n}) for n in range(3)]).reply("done")
        assert agent.query("go").is_success
        # Run beside each other they end, and are told, in any order.
        assert sorted(text_of(block) for block in model.requests[-1].tool_results) == ["saw 0", "saw 1", "saw 2"]
    assert len(threads) == workers
    assert (threading.get_ident() in threads) is (workers == 1)


def test_the_context_names_the_call(call):
    """A parameter `ctx` gets the context: the tool use, the server, the tool."""
    seen = []

    def look(ctx: ToolContext) -> str:
        seen.append(ctx)
        return "ok"

    block = call(look)
    (ctx,) = seen
    assert (ctx.tool_use_id, ctx.server_name, ctx.tool_name, ctx.cancelled) == (
        block["tool_use_id"], "sdk", "look", False
    )  # fmt: skip


@pytest.mark.smoke
def test_an_interrupt_cancels_the_tool(client, model):
    """An interrupt while a tool runs sets `ctx.cancelled`, and the turn ends with an aborted result."""
    started, order = threading.Event(), []

    def wait(ctx: ToolContext) -> str:
        started.set()
        until(lambda: ctx.cancelled)
        order.append("cancelled")
        return "late"

    agent = client(custom_tools=[wait])
    model.call_tool("mcp__sdk__wait", {})
    in_thread(lambda: (started.wait(60), order.append("asked"), agent.interrupt()))
    result = agent.query("go")
    assert result.is_aborted
    assert order == ["asked", "cancelled"]
    assert agent.query("then").is_success


def test_the_clis_own_limit_cancels_the_tool(real, model):
    """A tool that takes longer than the CLI waits is cancelled, its late answer is dropped, the turn goes on."""
    seen = []

    @tool(annotations={"read_only": True})
    def wait(ctx: ToolContext) -> str:
        """Wait."""
        seen.append(until(lambda: ctx.cancelled))
        return "late"

    model.call_tool("mcp__sdk__wait", {}).reply("done")
    options = {**real, "env": {**real["env"], "MCP_TOOL_TIMEOUT": "700"}}
    # With a worker the calling thread goes on reading, and so learns of it.
    result = agent_sdk.query("go", custom_tools=[wait], tool_workers=2, **options)
    assert (result.content, seen) == ("done", [True])
    assert "timed out" in told(model)


@pytest.mark.smoke
def test_methods_of_an_object_are_a_server(real, model):
    """An object is a server: marked methods, or all public ones with `from_object`; the model sees its instructions."""

    class Shop:
        def __init__(self) -> None:
            self.sold = []

        def sell(self, item: str) -> int:
            """Sell something."""
            self.sold.append(item)
            return len(self.sold)

    shop = Shop()
    server = mcp.ToolServer.from_object(shop, name="shop", instructions="Sell only tea.", always_load=True)
    model.call_tool("mcp__shop__sell", {"item": "tea"}).reply("done")
    agent_sdk.query("go", mcp_servers={"shop": server}, allowed_tools=["mcp__shop"], **real)
    assert shop.sold == ["tea"]
    assert "Sell only tea." in str(model.requests[0].body)
    assert "mcp__shop__sell" in model.requests[0].tools


def test_a_tool_of_a_server_is_asked_about(real, model):
    """Tools of servers ask like any other unless they are allowed; the context names the server."""
    asked = []

    def callback(name, given, context):
        asked.append((name, context.mcp_server.name))
        return False

    server = agent_sdk.create_sdk_mcp_server(name="calc", tools=[named("add", lambda: "3")])
    model.call_tool("mcp__calc__add", {}).reply("done")
    agent_sdk.query("go", mcp_servers={"calc": server}, can_use_tool=callback, **real)
    assert asked == [("mcp__calc__add", "calc")]


def test_the_long_form_of_a_tool(real, model):
    """`tool(name, description, input_schema, handler)` with Ruby's short form of a schema gets one dict."""
    got = []
    search = tool(
        name="search", description="Search.", input_schema={"query": "string", "limit": int}, handler=got.append
    )
    servers = {"shop": agent_sdk.create_sdk_mcp_server(name="shop", tools=[search])}
    model.call_tool("mcp__shop__search", {"query": "tea", "limit": 3}).call_tool("mcp__shop__search", {"query": "tea"})
    agent_sdk.query("go", mcp_servers=servers, allowed_tools=["mcp__shop__search"], **real)
    assert got == [{"query": "tea", "limit": 3}]
    assert "wrong arguments for search" in told(model)


WRONG = {
    "no-schema": (lambda: tool(name="t", handler=lambda a: a, input_schema={"type": "objekt"}), "objekt"),
    "two-names": (
        lambda: agent_sdk.Options(custom_tools=[named("do.it", lambda: 1), named("do it", lambda: 2)]),
        "'do.it' and 'do it' are the same tool name",
    ),
    "no-tool": (lambda: agent_sdk.Options(custom_tools=["weather"]), "expected a tool, a function"),
    "no-name": (lambda: agent_sdk.Options(custom_tools=[lambda: 1]), "has no name"),
    "no-json-type": (lambda: agent_sdk.Options(custom_tools=[takes_a_set_of_threads]), "Thread"),
    "handler-of-two": (lambda: tool(name="t", handler=lambda a, b: a, input_schema={"a": str}), "one"),
    "server-shape": (lambda: agent_sdk.Options(mcp_servers={"x": 5}), "expected mcp.stdio"),
    "no-file": (lambda: agent_sdk.Options(mcp_servers="nowhere.json"), "no such file"),
    "no-workers": (lambda: agent_sdk.Options(tool_workers=0), "at least 1"),
    "twin-servers": (
        lambda: agent_sdk.Options(mcp_servers={"a b": mcp.stdio("x"), "a.b": mcp.stdio("y")}), "are the same name in the CLI"
    ),
}  # fmt: skip


def takes_a_set_of_threads(threads: list[threading.Thread]) -> None:
    """Cannot be described."""


@pytest.mark.parametrize(("build", "said"), WRONG.values(), ids=WRONG)
def test_wrong_tools_are_errors_at_construction(build, said):
    """A tool or server that cannot work is an error where it is given, which says what is wrong."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        build()


def test_a_tool_may_return_its_context(real, model):
    """The context of a call is an object like others, also in a turn that has a deadline."""
    def who(ctx: ToolContext) -> ToolContext:
        """Tell who asks."""
        return ctx

    model.call_tool("mcp__sdk__who", {}).reply("done")
    result = agent_sdk.query("who?", custom_tools=[who], timeout=60, **real)
    told = json.loads(text_of(model.requests[-1].tool_results[0]))
    assert (told["tool_name"], result.callback_errors) == ("who", [])
