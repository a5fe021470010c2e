"""MCP names as the user wrote them, on the real CLI: a rule, an agent's list and a hook each stop the tool."""
from __future__ import annotations

import pytest

import agent_sdk
from agent_sdk import mcp, tool
from agent_sdk.hooks import Matcher, Result

SERVERS = {"my shop": "mcp__my_shop__pay_now", "sérv😀.eu": "mcp__s_rv___eu__pay_now", "a  b (c)": "mcp__a__b__c___pay_now"}


@pytest.fixture
def shop():
    """A server whose tool notes its calls, and the notes."""
    calls = []

    @tool(name="pay now")
    def pay() -> str:
        """Pay."""
        calls.append("paid")
        return "paid"

    return mcp.ToolServer("shop", [pay]), calls


@pytest.mark.parametrize(("name", "cli"), SERVERS.items(), ids=list("abc"))
@pytest.mark.parametrize("by", ["none", "rule", "server", "hook", "hook regex"])
def test_a_tool_is_stopped_by_its_own_name(real, model, shop, name, cli, by):
    """The names of `mcp_servers` forbid the tool, whatever characters they contain."""
    server, calls = shop
    block = lambda ctx: Result.block("no")  # noqa: E731
    options = {
        "none": {},
        "rule": {"disallowed_tools": [f"mcp__{name}__pay now"]},
        "server": {"disallowed_tools": [f"mcp__{name}"]},
        "hook": {"hooks": {"pre_tool_use": Matcher(f"mcp__{name}__pay now", block)}},
        "hook regex": {"hooks": {"pre_tool_use": Matcher(f"mcp__{name.split('(')[0]}.*pay now$", block)}},
    }[by]
    model.call_tool(cli, {}).reply("done")
    agent_sdk.query("go", mcp_servers={name: server}, allowed_tools=[f"mcp__{name}__pay now"], **options, **real)
    assert calls == (["paid"] if by == "none" else [])
