"""
MCP servers outside of this process, on the real CLI: how they are reached, and what they ask the user.
"""
from __future__ import annotations

import json
import sys

import pytest
from helpers import command_line, text_of, told

from agent_sdk import mcp, tool
from agent_sdk.hooks import Result

SERVER = '''
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "tiny", "version": "1"}}
    elif message.get("method") == "tools/list":
        result = {"tools": [{"name": "reveal", "description": "Reveal.", "inputSchema": {"type": "object"}},
                            {"name": "form", "description": "Ask.", "inputSchema": {"type": "object"}}]}
    elif message.get("method") == "tools/call" and message["params"]["name"] == "form":
        schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        request = {"message": "Who are you?", "requestedSchema": schema}
        print(json.dumps({"jsonrpc": "2.0", "id": "e1", "method": "elicitation/create", "params": request}), flush=True)
        answer = json.loads(sys.stdin.readline())["result"]
        result = {"content": [{"type": "text", "text": json.dumps(answer)}]}
    elif message.get("method") == "tools/call":
        result = {"content": [{"type": "text", "text": "token is " + os.environ["TINY_TOKEN"] + sys.argv[1]}]}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
'''


@pytest.fixture
def tiny(tmp_path):
    """An MCP server outside: a script of this test."""
    return server_in(tmp_path)


def server_in(folder):
    """Write the script of the server into a folder."""
    script = folder / "tiny.py"
    script.write_text(SERVER)
    return mcp.stdio(sys.executable, [str(script), "!"], env={"TINY_TOKEN": "s3cret"}, always_load=True)


@pytest.mark.smoke
def test_an_outside_server(client, model, tiny):
    """A server outside is started by the CLI; its secrets are on no command line and in no repr."""
    agent = client(mcp_servers={"tiny": tiny}, allowed_tools=["mcp__tiny"])
    model.call_tool("mcp__tiny__reveal", {}).reply("done")
    lines = []
    agent.query("go", on_message=lambda message: lines.append(command_line(agent.pid)))
    assert "token is s3cret!" in told(model)
    assert lines and not any(b"s3cret" in line for line in lines)
    assert "s3cret" not in repr(agent.options)


def test_a_file_of_servers(client, model, tiny, tmp_path):
    """`mcp_servers` as the path of a configuration file is read by the CLI, beside tools of our own."""
    own = tool(name="own", handler=lambda: "mine", description="A tool.")
    file = tmp_path / "servers.json"
    file.write_text(json.dumps({"mcpServers": {"tiny": tiny.to_wire()}}))
    agent = client(mcp_servers=str(file), allowed_tools=["mcp__tiny"], custom_tools=[own])
    model.call_tool("mcp__tiny__reveal", {}).call_tool("mcp__sdk__own", {}).reply("done")
    agent.query("go")
    assert "token is s3cret!" in told(model) and "mine" in told(model)


@pytest.fixture
def asked(kept):
    """Let the server of a kept client ask the user, with callbacks by name; gives what it gets."""

    def ask(**callbacks):
        kept.answer = callbacks
        hooks = {event: lambda ctx, event=event: call(event, ctx) for event in ("elicitation", "elicitation_result")}
        options = {"hooks": hooks, "on_elicitation": lambda question: call("on_elicitation", question)}
        agent = kept.client("asked", mcp_servers={"tiny": server_in(kept.cwd)}, allowed_tools=["mcp__tiny"], **options)
        kept.model.call_tool("mcp__tiny__form", {}).reply("done")
        agent.query("go")
        return json.loads(text_of(kept.model.requests[-1].tool_results[0]))

    def call(name, about):
        return kept.answer[name](about) if name in kept.answer else None

    return ask


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (lambda question: {"name": "Ada"}, {"action": "accept", "content": {"name": "Ada"}}),
        (lambda question: "cancel", {"action": "cancel"}),
        (lambda question: False, {"action": "decline"}),
    ],
    ids=["dict", "word", "false"],
)
def test_a_server_that_asks_the_user(asked, callback, expected):
    """An MCP server's question goes to `on_elicitation`."""
    assert asked(on_elicitation=callback) == expected


def test_without_a_callback_nobody_is_asked(client, model, tiny):
    """Without `on_elicitation` an MCP server's question is declined."""
    assert elicited(client, model, tiny) == {"action": "decline"}


def elicited(client, model, tiny, **options):
    """What the server gets when it asks the user, and its answer is at the mercy of *options*."""
    agent = client(mcp_servers={"tiny": tiny}, allowed_tools=["mcp__tiny"], **options)
    model.call_tool("mcp__tiny__form", {}).reply("done")
    agent.query("go")
    return json.loads(text_of(model.requests[-1].tool_results[0]))


@pytest.mark.smoke
def test_a_server_that_asks_a_hook(client, model, tiny):
    """An Elicitation hook answers in the user's place, who is not asked, and ElicitationResult tells what went back."""
    seen, asked = [], []

    def answer(ctx):
        seen.append((ctx.mcp_server_name, ctx.message))
        return Result.modify({"name": "Grace"})

    hooks = {"elicitation": answer, "elicitation_result": lambda ctx: seen.append((ctx.action, ctx.content))}
    told = elicited(client, model, tiny, hooks=hooks, on_elicitation=asked.append)
    assert told == {"action": "accept", "content": {"name": "Grace"}}
    assert seen == [("tiny", "Who are you?"), ("accept", {"name": "Grace"})]
    assert asked == []


@pytest.mark.parametrize("event", ["elicitation", "elicitation_result"])
@pytest.mark.parametrize("refuse", [Result.block, lambda: Result.stop("no"), lambda: 1 / 0], ids=["block", "stop", "bug"])
@pytest.mark.filterwarnings("ignore::agent_sdk.errors.CallbackWarning")
def test_a_hook_declines_for_the_user(asked, event, refuse):
    """A block, a stop or a bug of a hook declines, whatever the callback says."""
    callbacks = {event: lambda ctx: refuse(), "on_elicitation": lambda question: {"name": "Ada"}}
    assert asked(**callbacks) == {"action": "decline"}
