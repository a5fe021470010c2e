"""Servers of the option `mcp_servers`."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_sdk import mcp
from agent_sdk.errors import ConfigurationError
from agent_sdk.mcp import Servers, ToolServer, parse_servers, tool


@tool
def echo(text: str) -> str:
    """Echo."""
    return text


KIT = ToolServer("kit", [echo])


@pytest.mark.parametrize(
    ("server", "wire"),
    [
        (mcp.stdio("npx", ["-y", "x"]), {"type": "stdio", "command": "npx", "args": ["-y", "x"]}),
        (
            mcp.stdio("npx", env={"TOKEN": "s3cret"}, timeout=2.5, always_load=True),
            {
                "type": "stdio",
                "command": "npx",
                "args": [],
                "env": {"TOKEN": "s3cret"},
                "timeout": 2500,
                "alwaysLoad": True,
            },
        ),
        (mcp.http("https://a.b/mcp"), {"type": "http", "url": "https://a.b/mcp"}),
        (
            mcp.sse("http://a.b", {"Authorization": "s3cret"}),
            {"type": "sse", "url": "http://a.b", "headers": {"Authorization": "s3cret"}},
        ),
    ],
)
def test_wire_form(server: Any, wire: dict[str, Any]) -> None:
    """A server outside travels as the CLI's configuration has it."""
    assert server.to_wire() == wire
    assert parse_servers({"x": server}) == Servers({"x": wire}, {})


@pytest.mark.parametrize(
    "server",
    [
        mcp.stdio("npx", env={"TOKEN": "s3cret"}),
        mcp.http("https://user:s3cret@a.b/mcp?key=s3cret", {"Authorization": "s3cret"}),
    ],
)
def test_secrets_are_masked(server: Any) -> None:
    """A repr shows names, and no value of the environment, of headers or of an address."""
    assert "s3cret" not in repr(server)
    assert "***" in repr(server)


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ({"command": "npx"}, {"command": "npx", "type": "stdio"}),
        ({"command": "x", "args": ("a",), "cwd": "/"}, {"command": "x", "args": ["a"], "cwd": "/", "type": "stdio"}),
        ({"url": "http://a.b"}, {"url": "http://a.b", "type": "http"}),
        ({"type": "sse", "url": "http://a.b", "timeout": 2000}, {"type": "sse", "url": "http://a.b", "timeout": 2000}),
    ],
)
def test_dicts(given: dict[str, Any], wire: dict[str, Any]) -> None:
    """A dict is checked, completed with its type, and keeps what only the CLI knows."""
    assert parse_servers({"x": given}).outside == {"x": wire}


def test_servers_inside() -> None:
    """Tool servers stay in this process, also in the form that other SDKs use."""
    servers = parse_servers({"a": KIT, "b": {"type": "sdk", "name": "b", "instance": KIT}, "c": mcp.stdio("x")})
    assert servers.inside == {"a": KIT, "b": KIT}
    assert list(servers.outside) == ["c"]


def test_custom_tools() -> None:
    """Tools without a server live in the server `sdk`."""
    servers = parse_servers({"kit": KIT}, [echo])
    assert list(servers.inside) == ["kit", "sdk"]
    assert list(servers.inside["sdk"].tools) == ["echo"]
    assert parse_servers(None, []) == Servers({}, {})


def test_json_text() -> None:
    """The text of a configuration file is read here, with or without its envelope."""
    text = '{"mcpServers": {"x": {"command": "npx"}}}'
    assert parse_servers(text) == parse_servers('{"x": {"command": "npx"}}') == parse_servers({"x": {"command": "npx"}})


def test_file(tmp_path: Path) -> None:
    """A path is passed on, absolute, for the CLI to read."""
    path = tmp_path / "servers.json"
    path.write_text('{"mcpServers": {"x": {"command": "npx"}, "y": {"type": "http", "url": "${URL}"}}}')
    assert parse_servers(path) == parse_servers(str(path)) == Servers({}, {}, str(path))
    path.write_bytes(b'\xef\xbb\xbf{"mcpServers": {"x": {"type": "sdk", "name": "x"}}}')  # as Windows writes it
    assert parse_servers(path).file == str(path)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"x": {"type": "ws", "url": "ws://a"}}, "type must be one of stdio, http, sse, got 'ws'"),
        ({"x": {}}, "pass a command"),
        ({"x": {"command": ""}}, r"mcp_servers\['x'\]: command"),
        ({"x": {"command": "npx", "args": "-y"}}, "a list of strings, one for each argument"),
        ({"x": {"command": "npx", "env": {"PORT": 80}}}, r"env\['PORT'\]: expected a string, got int"),
        ({"x": {"url": "a.b"}}, "begins with http"),
        ({"x": {"command": "npx", "more": {1}}}, "cannot be written as JSON"),
        ({"x": {"type": "sdk", "name": "x"}}, "a ToolServer for tools in this process"),
        ({"x": 5}, "expected mcp.stdio"),
        ({"": KIT}, "expected server names"),
        ({5: KIT}, "expected server names"),
        ({"a.b": KIT, "a b": mcp.stdio("x")}, "the same name in the CLI"),
        ([KIT], "expected a dict of name -> server"),
        ('{"x": ', "invalid JSON"),
        ("/no/such/file.json", "no such file"),
        ({"sdk": KIT}, "custom_tools"),
    ],
)
def test_wrong_servers(option: Any, text: str) -> None:
    """A wrong name, shape or file is told before any process starts, with the remedy."""
    with pytest.raises(ConfigurationError, match=text):
        parse_servers(option, [echo])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "cannot read the file as JSON"),
        ("[]", "expected {"),
        ('{"x": {"command": "npx"}}', "expected {"),
        ('{"mcpServers": {"x": {"comand": "npx"}}}', "server 'x' in the file has neither a command nor a url"),
        ('{"mcpServers": {"x": 5}}', "server 'x'"),
    ],
)
def test_wrong_files(tmp_path: Path, content: str, text: str) -> None:
    """What the CLI would leave out of a file without a word, or end with, is told before it starts."""
    path = tmp_path / "servers.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=text):
        parse_servers(path)


def test_errors_hide_secrets() -> None:
    """The error for a wrong environment does not show it."""
    with pytest.raises(ConfigurationError) as caught:
        parse_servers({"x": {"command": "npx", "env": {"A": "s3cret", "B": 5}}})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "make", [lambda: mcp.stdio(""), lambda: mcp.http("ftp://a"), lambda: mcp.http("http://a", timeout=0.5)]
)
def test_wrong_values(make: Any) -> None:
    """A wrong value is refused when the server is described."""
    with pytest.raises(ConfigurationError):
        make()
