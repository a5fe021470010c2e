"""A tool server answers JSON-RPC, and hands out the calls of tools."""
from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_sdk._core import json_lines
from agent_sdk.errors import ConfigurationError
from agent_sdk.mcp import ToolCall, ToolContext, ToolServer, create_sdk_mcp_server, tool


@tool(annotations={"read_only": True})
def add(a: int, b: int = 0) -> int:
    """Add."""
    return a + b


@tool
def fail(how: str) -> Any:
    """Fail in some way."""
    ways: dict[str, Any] = {"nan": math.nan, "set": {1}, "object": object()}
    if how in ways:
        return ways[how]
    if how == "silent":
        raise ValueError
    if how == "exit":
        raise SystemExit(3)
    if how == "break":
        raise KeyboardInterrupt
    raise LookupError(how)


@tool
def who(ctx: ToolContext) -> ToolContext:
    """Tell the context."""
    return ctx


def plain(text: str) -> str:
    """Echo."""
    return text


class Shop:
    """Tools of one object."""

    def __init__(self) -> None:
        self.sold = 0

    @tool
    def sell(self, n: int) -> int:
        """Sell."""
        self.sold += n
        return self.sold

    def stock(self) -> str:
        """Tell the stock."""
        return "full"

    @staticmethod
    def hours() -> str:
        """Tell the hours."""
        return "9 to 5"

    def _private(self) -> None: ...

    @property
    def owner(self) -> str:
        """No tool."""
        raise AssertionError("a property is not looked at")


SERVER = create_sdk_mcp_server(name="kit", tools=[add, fail, who, plain], version="2.0", instructions="Be kind.")


def request(method: str, id: Any = 0, **params: Any) -> dict[str, Any]:
    """A request of JSON-RPC."""
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def call(name: str, server: ToolServer = SERVER, **arguments: Any) -> ToolCall:
    """The planned call of a tool."""
    meta = {"claudecode/toolUseId": "toolu_1", "progressToken": 2}
    planned = server.dispatch(request("tools/call", 7, name=name, arguments=arguments, _meta=meta), {}, server_name="main")
    assert isinstance(planned, ToolCall)
    return planned


def read(answer: Any) -> tuple[str, bool]:
    """The text of a call's answer, and whether it is an error."""
    result = answer["result"]
    return result["content"][0]["text"], result.get("isError", False)


def test_initialize() -> None:
    """The handshake echoes the version asked for and answers the id 0."""
    assert SERVER.dispatch(request("initialize", protocolVersion="2024-11-05", capabilities={})) == {
        "jsonrpc": "2.0",
        "id": 0,
        "result": {
            "protocolVersion": "2024-11-05",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "kit", "version": "2.0"},
            "instructions": "Be kind.",
        },
    }


def test_tools_list() -> None:
    """The tools are listed in order, with their definitions."""
    answer = SERVER.handle(request("tools/list"))
    assert answer is not None
    assert [one["name"] for one in answer["result"]["tools"]] == ["add", "fail", "who", "plain"]
    assert answer["result"]["tools"][0] == add.definition


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (request("ping", "x"), {"jsonrpc": "2.0", "id": "x", "result": {}}),
        ({"method": "notifications/initialized"}, None),
        ({"method": "notifications/cancelled", "params": {"requestId": 99}}, None),
        ({"method": "notifications/cancelled", "params": {"requestId": [1]}}, None),
        ({"method": "tools/call", "params": {"name": "add"}}, None),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, None),
    ],
)
def test_plain_answers(message: Any, answer: Any) -> None:
    """A ping has its answer; what has no id, or is an answer itself, has none."""
    assert SERVER.handle(message) == answer


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (request("resources/list"), -32601),
        (request("x" * 500), -32601),
        ({"id": 1}, -32600),
        ([request("ping")], -32600),
        (None, -32600),
        ({"id": 1, "method": 5}, -32600),
        ({"id": [], "method": "tools/call", "params": {"name": "add"}}, -32600),
        ({"id": 1, "method": "tools/call"}, -32602),
        ({"id": 1, "method": "tools/call", "params": {"name": 5}}, -32602),
    ],
)
def test_errors_of_the_protocol(message: Any, code: int) -> None:
    """What is no request, or asks for what is not served, gets the error of JSON-RPC."""
    answer = SERVER.handle(message)
    assert answer is not None
    assert answer["error"]["code"] == code


def test_call() -> None:
    """A call is planned first and runs later, and answers with the id of its request."""
    planned = call("add", a=1, b=2)
    assert (planned.tool, planned.tool_use_id) == (add, "toolu_1")
    assert planned.run() == {"jsonrpc": "2.0", "id": 7, "result": {"content": [{"type": "text", "text": "3"}]}}
    assert planned.error is None


def test_handle_runs_calls() -> None:
    """`handle` runs a call itself, or gives it to *on_call*."""
    message = request("tools/call", name="plain", arguments={"text": "hi"})
    assert read(SERVER.handle(message)) == ("hi", False)
    assert SERVER.handle(message, lambda planned: {"seen": planned.tool.name}) == {"seen": "plain"}


def test_arguments_may_be_left_out() -> None:
    """A call without arguments is a call with none."""
    assert not read(SERVER.handle(request("tools/call", name="who")))[1]


@pytest.mark.parametrize(
    ("how", "text", "error"),
    [
        ("lookup", "LookupError: lookup", LookupError),
        ("silent", "ValueError", ValueError),
        ("nan", "cannot be sent: a number is NaN", ValueError),
        ("set", "cannot be sent: a set cannot be represented in JSON", TypeError),
        ("object", "cannot be sent: a object cannot be represented in JSON", TypeError),
    ],
)
def test_failing_tools(how: str, text: str, error: type[Exception]) -> None:
    """An exception, and a result that cannot travel, are the tool's error for the model, and are kept."""
    planned = call("fail", how=how)
    said, is_error = read(planned.run())
    assert text in said
    assert is_error
    assert isinstance(planned.error, error)


@pytest.mark.parametrize(("how", "error"), [("exit", SystemExit), ("break", KeyboardInterrupt)])
def test_leaving_for_good(how: str, error: type[BaseException]) -> None:
    """`KeyboardInterrupt` and `SystemExit` leave, and the call is over."""
    calls: dict[Any, ToolCall] = {}
    planned = SERVER.dispatch(request("tools/call", name="fail", arguments={"how": how}), calls)
    assert isinstance(planned, ToolCall)
    with pytest.raises(error):
        planned.run()
    assert calls == {}


def test_mistakes_of_the_model() -> None:
    """Wrong arguments and unknown tools are told to the model, and are no failure of the user's code."""
    planned = call("add", a="1")
    assert read(planned.run()) == ("wrong arguments for add: a: expected a whole number, got the string '1'", True)
    assert planned.error is None
    assert read(SERVER.handle(request("tools/call", name="sub"))) == (
        "unknown tool 'sub'; the tools are add, fail, who, plain",
        True,
    )


def test_context() -> None:
    """The context tells the tool use, the server as the model knows it, and the call as it came."""
    planned = call("who")
    context = planned.context
    assert (context.tool_use_id, context.server_name, context.tool_name) == ("toolu_1", "main", "who")
    assert context.raw["_meta"]["progressToken"] == 2
    assert not context.cancelled


def test_cancelled_call() -> None:
    """The CLI's cancellation reaches the context of its call; a call that did not begin does not run."""
    calls: dict[Any, ToolCall] = {}
    first, second = (
        SERVER.dispatch(request("tools/call", number, name="add", arguments={"a": 1}), calls) for number in (0, 1)
    )
    assert isinstance(first, ToolCall) and isinstance(second, ToolCall)
    SERVER.dispatch({"method": "notifications/cancelled", "params": {"requestId": 0}}, calls)
    assert first.context.cancelled and first.is_cancelled
    assert not second.is_cancelled
    assert read(first.run()) == ("cancelled before it ran", True)
    assert read(second.run()) == ("1", False)
    assert calls == {}


def test_connections_do_not_meet() -> None:
    """One server serves several connections, whose ids are alike."""
    one: dict[Any, ToolCall] = {}
    other: dict[Any, ToolCall] = {}
    calls = [SERVER.dispatch(request("tools/call", 0, name="who"), each) for each in (one, other)]
    SERVER.dispatch({"method": "notifications/cancelled", "params": {"requestId": 0}}, one)
    assert [each.is_cancelled for each in calls if isinstance(each, ToolCall)] == [True, False]


def test_manifest() -> None:
    """The manifest is what the handshake would answer."""
    listed, initialized = SERVER.dispatch(request("tools/list")), SERVER.dispatch(request("initialize"))
    assert isinstance(listed, dict) and isinstance(initialized, dict)
    assert SERVER.manifest() == {"initializeResult": initialized["result"], "toolsListResult": listed["result"]}


def test_always_load() -> None:
    """A server that is always loaded marks each of its tools, and changes none of them."""
    tools = ToolServer("kit", [add], always_load=True).manifest()["toolsListResult"]["tools"]
    assert tools[0]["_meta"] == {"anthropic/alwaysLoad": True}
    assert "_meta" not in add.definition


def test_object_with_marked_methods() -> None:
    """Of an object with marked methods these are the tools, bound to it."""
    shop = Shop()
    server = ToolServer("shop", [shop])
    assert list(server.tools) == ["sell"]
    assert list(ToolServer("shop", shop).tools) == ["sell"]
    call("sell", server, n=2).run()
    assert read(call("sell", server, n=3).run()) == ("5", False)
    assert shop.sold == 5


def test_object_as_server() -> None:
    """`from_object` takes all public methods, in the order in which they are written."""
    server = ToolServer.from_object(Shop())
    assert (server.name, list(server.tools)) == ("shop", ["sell", "stock", "hours"])
    assert read(call("hours", server).run()) == ("9 to 5", False)
    assert repr(server) == "<ToolServer shop: sell, stock, hours>"


def _named(name: str) -> Any:
    return tool(name=name, handler=plain)


@pytest.mark.parametrize(
    ("tools", "text"),
    [
        ([add, add], "'add' and 'add' are the same tool name"),
        ([_named("do.it"), _named("do it")], "'do.it' and 'do it' are the same tool name"),
        ([Shop.sell], "unbound method"),
        ([Shop], "not a class"),
        ([5], "expected a tool, a function"),
        ("add", "expected a list"),
        (None, "expected a list"),
        ([object()], "expected a tool, a function"),
    ],
)
def test_what_is_no_server(tools: Any, text: str) -> None:
    """Two tools of one name, and what is no tool, are refused when the server is made."""
    with pytest.raises(ConfigurationError, match=text):
        ToolServer("kit", tools)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
METHODS = ["initialize", "ping", "tools/list", "tools/call", "notifications/cancelled", "notifications/x", "what"]
NAMES = st.sampled_from(["add", "plain", "who"]) | JSON
PARAMS = JSON | st.fixed_dictionaries(
    {}, optional={"name": NAMES, "arguments": JSON, "_meta": JSON, "requestId": JSON}
)
MESSAGES = JSON | st.fixed_dictionaries(
    {}, optional={"jsonrpc": st.just("2.0"), "id": JSON, "method": st.sampled_from(METHODS) | JSON, "params": PARAMS}
)


@given(MESSAGES)
def test_no_message_raises(message: Any) -> None:
    """Whatever comes, the answer can be sent."""
    answer = SERVER.handle(message, calls={})
    assert answer is None or json_lines.encode(answer)
