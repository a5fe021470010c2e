"""
A tool server: tools in this process, and the responses to the CLI's MCP requests.

It uses no pipe and no thread. `dispatch` answers requests that run no user code; for a tool call it returns a
`ToolCall`, which the caller runs.
"""
from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .._core import checks as check
from .._core.tool_names import cli_name
from ..errors import ConfigurationError
from . import results
from .call import Calls, RPCMessage, ToolCall
from .tool import ALWAYS_LOAD, Tool

#: The version in the response when the CLI sends none.
PROTOCOL_VERSION = "2025-11-25"
_INVALID_REQUEST, _METHOD_NOT_FOUND, _INVALID_PARAMS = -32600, -32601, -32602


class ToolServer:
    """
    A server of tools that run in this process. Several clients may share it.

    Args:
        name: The server's own name; the model sees its name in `mcp_servers`.
        tools: A list of tools, plain functions, or objects whose methods are marked with `@tool`; or a single one.
        version: Shown by `mcp_status`.
        instructions: Instructions for the model about the whole server.
        always_load: Include the schemas of all tools in the first model call.

    Raises:
        ConfigurationError: An item is not a tool, or two tools have the same name.
    """

    def __init__(
        self,
        name: str,
        tools: Any,
        version: str = "1.0.0",
        instructions: str | None = None,
        always_load: bool = False,
    ) -> None:
        self.name: str = _required_string("name", name)
        self.version: str = _required_string("version", version)
        self.instructions: str | None = check.string("instructions")(instructions)
        self.always_load: bool = check.boolean("always_load")(always_load)
        #: The tools by name.
        self.tools: dict[str, Tool[..., Any]] = {}
        for found in _collect_tools(tools):
            self._add(found)
        self._calls: Calls = {}

    @classmethod
    def from_object(cls, source: object, name: str | None = None, **fields: Any) -> ToolServer:
        """
        Make a server from all public methods of an object.

        Args:
            source: The object; its docstrings and type hints describe the tools.
            name: Defaults to the name of its class in lower case.
            fields: As for `ToolServer`.

        Raises:
            ConfigurationError: A method cannot be a tool, or the object has no public methods.
        """
        tools = [getattr(source, method) for method in _public_methods(type(source))]
        if not tools:
            raise check.invalid("source", source, "it has no public methods")
        return cls(name or type(source).__name__.lower(), tools, **fields)

    def _add(self, found: Tool[..., Any]) -> None:
        if found.is_unbound:
            raise ConfigurationError(
                f"tool {found.name!r} is an unbound method; pass the object, or the method of an object"
            )
        clash = next((name for name in self.tools if cli_name(name) == cli_name(found.name)), None)
        if clash is not None:
            raise ConfigurationError(
                f"tool server {self.name!r}: {clash!r} and {found.name!r} are the same tool name in the CLI (it keeps "
                "letters, digits, - and _); rename one"
            )
        self.tools[found.name] = found

    def prepare(self) -> None:
        """Build what the first calls need, while the CLI starts. The first calls do it otherwise."""
        for each in self.tools.values():
            each.prepare()

    def manifest(self) -> dict[str, Any]:
        """Return the responses that the handshake includes, so that the CLI need not request them."""
        return {"initializeResult": self._initialize_result(PROTOCOL_VERSION), "toolsListResult": self._list_tools()}

    def dispatch(
        self, message: Any, calls: Calls | None = None, *, server_name: str | None = None
    ) -> RPCMessage | ToolCall | None:
        """
        Process one JSON-RPC message without running user code.

        Args:
            message: The decoded message; an invalid one gets an error response and never raises.
            calls: The pending and running calls of this connection and server, as request ids are unique only there.
            Defaults to a dict of the server.
            server_name: The server's name in `mcp_servers`, for the context.

        Returns:
            The response, *None* for a message that needs none (a notification), or a call to run.
        """
        method = message.get("method") if type(message) is dict else None
        if type(method) is not str:
            return _reject_non_request(message)
        calls = self._calls if calls is None else calls
        if method == "notifications/cancelled":
            _cancel_call(message, calls)
        if "id" not in message:
            return None
        if _request_id(message) is None:
            return _error_response(None, _INVALID_REQUEST, "id must be a number or a string")
        if method == "tools/call":
            return self._dispatch_call(message, calls, server_name or self.name)
        answer = _METHODS.get(method)
        if answer is None:
            return _error_response(message["id"], _METHOD_NOT_FOUND, f"unknown method: {method[:100]}")
        return _response(message["id"], answer(self, message))

    def handle(
        self, message: Any, on_call: Callable[[ToolCall], RPCMessage] | None = None, calls: Calls | None = None
    ) -> RPCMessage | None:
        """
        Process one JSON-RPC message and run the tool if it is a call.

        Args:
            on_call: Runs a call and returns its response; defaults to the call's own `run`.

        Returns:
            The response, or *None* for a message that needs none.
        """
        planned = self.dispatch(message, calls)
        if not isinstance(planned, ToolCall):
            return planned
        return planned.run() if on_call is None else on_call(planned)

    def _dispatch_call(self, message: RPCMessage, calls: Calls, server_name: str) -> RPCMessage | ToolCall:
        request_id, params = message["id"], message.get("params")
        if type(params) is not dict or type(params.get("name")) is not str:
            return _error_response(request_id, _INVALID_PARAMS, "tools/call requires the name of a tool")
        found = self.tools.get(params["name"])
        if found is None:
            names = ", ".join(self.tools)
            return _response(request_id, results.failure(f"unknown tool {params['name']!r}; the tools are {names}"))
        call = calls[request_id] = ToolCall(found, request_id, params, server_name, calls)
        return call

    def _initialize_result(self, version: str) -> RPCMessage:
        result: RPCMessage = {
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": self.name, "version": self.version},
        }
        return {**result, "instructions": self.instructions} if self.instructions else result

    def _initialize(self, message: RPCMessage) -> RPCMessage:
        params = message.get("params")
        version = params.get("protocolVersion") if isinstance(params, dict) else None
        return self._initialize_result(version if isinstance(version, str) else PROTOCOL_VERSION)

    def _list_tools(self) -> RPCMessage:
        definitions = [each.definition for each in self.tools.values()]
        if self.always_load:
            definitions = [{**one, "_meta": {**one.get("_meta", {}), ALWAYS_LOAD: True}} for one in definitions]
        return {"tools": definitions}

    def __repr__(self) -> str:
        return f"<ToolServer {self.name}: {', '.join(self.tools)}>"


def create_sdk_mcp_server(
    name: str = "sdk",
    tools: Any = (),
    version: str = "1.0.0",
    instructions: str | None = None,
    always_load: bool = False,
) -> ToolServer:
    """
    Make a server from tools that run in this process, for `mcp_servers={"name": server}`.

    The model calls its tools `mcp__<name in mcp_servers>__<tool>`. Arguments and errors are those of `ToolServer`.
    """
    return ToolServer(name, tools, version, instructions, always_load)


def _required_string(name: str, value: object) -> str:
    text: str | None = check.string(name)(value)
    if text is None:
        raise check.invalid(name, value, "expected a string")
    return text


def _collect_tools(given: Any) -> Iterator[Tool[..., Any]]:
    if isinstance(given, (str, bytes)) or given is None:
        raise check.invalid("tools", given, "expected a list of tools or functions")
    single = isinstance(given, Tool) or callable(given) or not isinstance(given, Iterable)
    for item in (given,) if single else given:
        yield from _to_tools(item)


def _to_tools(item: Any) -> Iterable[Tool[..., Any]]:
    if isinstance(item, Tool):
        return [item]
    if isinstance(item, type):
        raise check.invalid("tools", item, f"expected an object, not a class; pass {item.__name__}()")
    if inspect.isroutine(item) or isinstance(item, functools.partial):
        return [Tool(item)]
    marked = [name for name in _member_names(type(item)) if isinstance(inspect.getattr_static(item, name), Tool)]
    if marked:
        return [getattr(item, name) for name in marked]
    if callable(item):
        return [Tool(item)]
    raise check.invalid("tools", item, "expected a tool, a function, or an object with methods marked with @tool")


def _public_methods(cls: type) -> list[str]:
    def is_method(name: str) -> bool:
        found = inspect.getattr_static(cls, name)
        return isinstance(found, (Tool, staticmethod, classmethod)) or inspect.isfunction(found)

    return [name for name in _member_names(cls) if not name.startswith("_") and is_method(name)]


def _member_names(cls: type) -> list[str]:
    """Return the names in a class and its bases in definition order, bases first."""
    return list(dict.fromkeys(name for base in reversed(cls.__mro__[:-1]) for name in vars(base)))


def _cancel_call(message: RPCMessage, calls: Calls) -> None:
    params = message.get("params")
    request_id = params.get("requestId") if isinstance(params, dict) else None
    call = calls.get(request_id) if isinstance(request_id, (int, str, float)) else None
    if call is not None:
        call.cancel()


def _request_id(message: RPCMessage) -> Any:
    """Return the id of a request, or *None* if it is not valid."""
    found = message.get("id")
    if isinstance(found, float):
        return found if math.isfinite(found) else None
    return found if isinstance(found, (int, str)) else None


def _reject_non_request(message: Any) -> RPCMessage | None:
    if type(message) is not dict:
        return _error_response(None, _INVALID_REQUEST, "expected a JSON-RPC request")
    # A response needs no response.
    answers = "result" in message or "error" in message
    return None if answers else _error_response(_request_id(message), _INVALID_REQUEST, "a request must have a method")


def _response(request_id: Any, result: RPCMessage) -> RPCMessage:
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def _error_response(request_id: Any, code: int, text: str) -> RPCMessage:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": text}}


_METHODS: dict[str, Callable[[ToolServer, RPCMessage], RPCMessage]] = {
    "initialize": ToolServer._initialize,
    "ping": lambda server, message: {},
    "tools/list": lambda server, message: server._list_tools(),
}
