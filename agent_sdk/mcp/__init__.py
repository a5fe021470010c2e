"""
Tools for the model: tool servers in this process, and configuration of external MCP servers.

    from agent_sdk import mcp, tool

    @tool
    def weather(city: str, unit: Literal["C", "F"] = "C") -> str:
        "Return the weather in a city."

    servers = {"weather": mcp.ToolServer("weather", [weather]), "files": mcp.stdio("npx", [...])}
    agent_sdk.query("…", mcp_servers=servers)
"""
from __future__ import annotations

from .call import ToolCall
from .config import HTTPServer, Servers, StdioServer, http, parse_servers, sse, stdio
from .context import ToolContext
from .results import ToolResult
from .server import ToolServer, create_sdk_mcp_server
from .tool import Tool, tool

__all__ = [
    "HTTPServer",
    "Servers",
    "StdioServer",
    "Tool",
    "ToolCall",
    "ToolContext",
    "ToolResult",
    "ToolServer",
    "create_sdk_mcp_server",
    "http",
    "parse_servers",
    "sse",
    "stdio",
    "tool",
]
