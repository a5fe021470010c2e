"""Give the agent a browser: an MCP server that the CLI starts as a child process."""
import shutil

import agent_sdk
from agent_sdk import mcp

# The npm package @playwright/mcp installs one of these programs, depending on its version.
server = shutil.which("playwright-mcp") or shutil.which("mcp-server-playwright")
if server is None:
    print("No browser server found. Install it with: npm install -g @playwright/mcp")
else:
    with agent_sdk.client(
        mcp_servers={"browser": mcp.stdio(server, ["--headless"], timeout=60)},
        allowed_tools=["mcp__browser"],  # all tools of this server
        tools=[],  # no built-in tools
    ) as client:
        client.on("tool_use", lambda message: print(message.tool_name, message.tool_input))
        result = client.query("Open https://example.com and tell me its heading.", timeout=300)
        for status in client.mcp_status():
            print(status.name, status.status, status.error or "")
        print(result.content)
