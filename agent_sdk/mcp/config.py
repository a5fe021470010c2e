"""
Parse the option `mcp_servers`: external servers, and tool servers in this process.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import attrs

from .._core import checks as check
from .._core import json_lines
from .._core.tool_names import cli_name
from .._schema.to_json import dump_json
from ..errors import ConfigurationError
from .server import ToolServer

#: The name of the server that holds `custom_tools`.
CUSTOM_TOOLS_SERVER = "sdk"


def _parse_string_dict(name: str, value: Any) -> dict[str, str]:
    """Return a dict of strings; errors do not contain values, which may be secret."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name}: expected a dict of strings, got {type(value).__name__}")
    for key, item in value.items():
        if not isinstance(key, str) or not isinstance(item, str):
            raise ConfigurationError(f"{name}[{key!r}]: expected a string, got {type(item).__name__}")
    return dict(value)


def _parse_env(value: Any) -> dict[str, str]:
    return _parse_string_dict("env", value)


def _parse_headers(value: Any) -> dict[str, str]:
    return _parse_string_dict("headers", value)


def _parse_args(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        raise check.invalid("args", value, "expected a list of strings, one for each argument")
    return check.string_list("args")(value) or ()


def _parse_url(value: Any) -> str:
    checked: str | None = check.string("url")(value)
    if checked is None or not checked.startswith(("http://", "https://")):
        raise check.invalid("url", value, "expected a URL that begins with http:// or https://")
    return checked


def _parse_command(value: Any) -> str:
    checked: str | None = check.path("command")(value)
    if checked is None:
        raise check.invalid("command", value, "expected the path or name of a program")
    return checked


def _mask_values(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key!r}: ***" for key in values) + "}"


def _mask_url(url: str) -> str:
    # The userinfo and the query may contain secrets.
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("?")[0].partition("/")
    return repr(f"{scheme}://{host.rpartition('@')[2]}{slash}{path}")


def _parse_timeout(value: Any) -> float | None:
    checked: float | None = check.number("timeout", least=1)(value)
    return checked


def _parse_always_load(value: Any) -> bool:
    checked: bool = check.boolean("always_load")(value)
    return checked


@attrs.frozen(kw_only=True)
class _ExternalServer:
    """An external MCP server."""

    #: Maximum seconds for one tool call, at least 1; *None* for the CLI's default.
    timeout: float | None = attrs.field(default=None, converter=_parse_timeout)
    #: Wait up to 5 s for the server at startup, and include its tool schemas in the first model call.
    always_load: bool = attrs.field(default=False, converter=_parse_always_load)

    def _common_fields(self) -> dict[str, Any]:
        wire: dict[str, Any] = {}
        if self.timeout is not None:
            wire["timeout"] = round(self.timeout * 1000)
        if self.always_load:
            wire["alwaysLoad"] = True
        return wire


@attrs.frozen(kw_only=True)
class StdioServer(_ExternalServer):
    """An MCP server that the CLI starts as a subprocess."""

    command: str = attrs.field(converter=_parse_command)
    args: tuple[str, ...] = attrs.field(default=(), converter=_parse_args)
    env: dict[str, str] = attrs.field(default=None, converter=_parse_env, repr=_mask_values, hash=False)

    def to_wire(self) -> dict[str, Any]:
        """Return the server in the CLI's format."""
        env = {"env": self.env} if self.env else {}
        return {"type": "stdio", "command": self.command, "args": list(self.args), **env, **self._common_fields()}


@attrs.frozen(kw_only=True)
class HTTPServer(_ExternalServer):
    """An MCP server at a URL."""

    url: str = attrs.field(converter=_parse_url, repr=_mask_url)
    headers: dict[str, str] = attrs.field(default=None, converter=_parse_headers, repr=_mask_values, hash=False)
    #: `http` (streamable HTTP), or `sse` for the older transport.
    type: str = attrs.field(default="http")

    def to_wire(self) -> dict[str, Any]:
        """Return the server in the CLI's format."""
        headers = {"headers": self.headers} if self.headers else {}
        return {"type": self.type, "url": self.url, **headers, **self._common_fields()}


def stdio(
    command: str,
    args: Iterable[str] = (),
    env: Mapping[str, str] | None = None,
    *,
    timeout: float | None = None,
    always_load: bool = False,
) -> StdioServer:
    """
    Describe an MCP server that the CLI starts as a subprocess.

    Args:
        command: The program.
        args: Its arguments.
        env: Environment variables to add or replace.
        timeout: Maximum seconds for one tool call, at least 1; *None* for the CLI's default.
        always_load: Wait for the server at startup, and include its tool schemas in the first model call.

    Raises:
        ConfigurationError: A value is wrong.
    """
    return StdioServer(command=command, args=args, env=env, timeout=timeout, always_load=always_load)


def http(
    url: str, headers: Mapping[str, str] | None = None, *, timeout: float | None = None, always_load: bool = False
) -> HTTPServer:
    """Describe an MCP server that uses streamable HTTP. *timeout*, *always_load* and errors are those of `stdio`."""
    return HTTPServer(url=url, headers=headers, timeout=timeout, always_load=always_load)


def sse(
    url: str, headers: Mapping[str, str] | None = None, *, timeout: float | None = None, always_load: bool = False
) -> HTTPServer:
    """Describe an MCP server that uses the older SSE. *timeout*, *always_load* and errors are those of `stdio`."""
    return HTTPServer(url=url, headers=headers, timeout=timeout, always_load=always_load, type="sse")


class Servers(NamedTuple):
    """The servers of the option `mcp_servers`, grouped by how the CLI reaches them."""

    #: External servers by name, in the CLI's format. They may contain secrets.
    outside: dict[str, dict[str, Any]]
    #: Tool servers in this process, by name.
    inside: dict[str, ToolServer]
    #: The path of a configuration file that the CLI reads.
    file: str | None = None


def parse_servers(option: object, custom_tools: object = None) -> Servers:
    """
    Parse the option `mcp_servers`.

    Args:
        option: A dict of name -> `stdio(...)`, `http(...)`, `sse(...)`, a `ToolServer`, or a dict in the format of the
        CLI's configuration files; the path of such a file; or its content (JSON).
        custom_tools: Tools of the server `sdk`; accepts the same values as `ToolServer`.

    Raises:
        ConfigurationError: A name or a value is invalid, or a file does not exist.
    """
    servers = Servers({}, {}) if option is None else _parse_option(option)
    if custom_tools is not None:
        server = ToolServer(CUSTOM_TOOLS_SERVER, custom_tools)
        if server.tools:
            _reject_duplicate_names([*servers.outside, *servers.inside, CUSTOM_TOOLS_SERVER])
            servers.inside[CUSTOM_TOOLS_SERVER] = server
    return servers


def _parse_option(option: object) -> Servers:
    if isinstance(option, (str, os.PathLike)):
        text = os.fspath(option)
        return _parse_text(text) if isinstance(text, str) and text.lstrip().startswith("{") else _parse_file(option)
    if not isinstance(option, Mapping):
        raise ConfigurationError(
            f"mcp_servers: expected a dict of name -> server, a path or JSON, got {type(option).__name__}"
        )
    servers = Servers({}, {})
    for name, value in option.items():
        _check_name(name)
        server = _parse_server(name, value)
        if isinstance(server, ToolServer):
            servers.inside[name] = server
        else:
            servers.outside[name] = server
    _reject_duplicate_names([*servers.outside, *servers.inside])
    return servers


def _parse_text(text: str) -> Servers:
    # Parsed by the SDK so that mistakes raise at once, and secrets stay off the command line.
    try:
        read = json_lines.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"mcp_servers: invalid JSON: {error}") from error
    return _parse_option(read.get("mcpServers", read))


def _parse_file(option: object) -> Servers:
    path = check.path("mcp_servers")(option)
    if not os.path.isfile(path):
        raise check.invalid("mcp_servers", option, "no such file; expected a path, JSON, or a dict of name -> server")
    _check_file(path)
    return Servers({}, {}, os.path.abspath(path))


def _check_file(path: str) -> None:
    """Raise for servers that the CLI would silently skip. The CLI reads the file itself and expands variables."""
    try:
        with open(path, "rb") as file:
            read = json_lines.loads(file.read().removeprefix(b"\xef\xbb\xbf"))
    except (OSError, ValueError) as error:
        raise check.invalid("mcp_servers", path, f"cannot read the file as JSON: {error}") from error
    servers = read.get("mcpServers") if isinstance(read, dict) else None
    if not isinstance(servers, dict):
        raise check.invalid("mcp_servers", path, 'expected {"mcpServers": {name: server}} in the file')
    for name, server in servers.items():
        if not isinstance(server, dict) or not (server.keys() & {"command", "url"} or server.get("type") == "sdk"):
            raise check.invalid("mcp_servers", path, f"server {name!r} in the file has neither a command nor a url")


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise ConfigurationError(f"mcp_servers: expected server names as keys, got {name!r}")


def _reject_duplicate_names(names: list[str]) -> None:
    by_cli_name: dict[str, str] = {}
    for name in names:
        other = by_cli_name.setdefault(cli_name(name), name)
        if other is not name or names.count(name) > 1:
            raise ConfigurationError(
                f"mcp_servers: {other!r} and {name!r} are the same name in the CLI (it keeps letters, digits, - and _; "
                f"{CUSTOM_TOOLS_SERVER!r} is the server of custom_tools); rename one"
            )


def _parse_server(name: str, value: Any) -> dict[str, Any] | ToolServer:
    if isinstance(value, ToolServer):
        return value
    if isinstance(value, (StdioServer, HTTPServer)):
        return value.to_wire()
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"mcp_servers[{name!r}]: expected mcp.stdio(...), mcp.http(...), mcp.sse(...), a tool server or a dict, "
            f"got {type(value).__name__}"
        )
    if isinstance(value.get("instance"), ToolServer):
        return value["instance"]  # type: ignore[no-any-return]
    try:
        return _parse_dict(value)
    except ConfigurationError as error:
        raise ConfigurationError(f"mcp_servers[{name!r}]: {error}") from error


def _parse_dict(value: Mapping[str, Any]) -> dict[str, Any]:
    """Check a server given as a dict and keep unknown keys, which the CLI may support."""
    kind = value.get("type", "stdio" if "command" in value else "http" if "url" in value else None)
    checks = _SERVER_FIELDS.get(kind) if isinstance(kind, str) else None
    if checks is None:
        raise ConfigurationError(
            f"type must be one of {', '.join(_SERVER_FIELDS)}, got {kind!r}; pass a command, or a type and a url, or a "
            "ToolServer for tools in this process"
        )
    check.reject_typos("server", value, ("type", "timeout", "alwaysLoad", *checks))
    checked = {key: test(value.get(key)) for key, test in checks.items()}
    wire = {key: item for key, item in checked.items() if item or key in ("command", "url")}
    wire = {**value, "type": kind, **wire}
    try:
        dump_json(wire)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"cannot be written as JSON: {error}") from error
    return {key: list(item) if isinstance(item, tuple) else item for key, item in wire.items()}


_URL_FIELDS: Mapping[str, Callable[[Any], Any]] = {"url": _parse_url, "headers": _parse_headers}
#: Fields of each server type.
_SERVER_FIELDS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "stdio": {"command": _parse_command, "args": _parse_args, "env": _parse_env},
    "http": _URL_FIELDS,
    "sse": _URL_FIELDS,
}
