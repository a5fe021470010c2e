"""Print the session details in the init and result messages."""
import agent_sdk


def show(msg):
    if msg.is_init:
        print(f"Session ID: {msg.session_id}")
        print(f"Working Dir: {msg.cwd}")
        print(f"Model: {msg.model}")
        print(f"Permission Mode: {msg.permission_mode}")
        print(f"Available Tools: {', '.join(msg.tools)}")
        print(f"MCP Servers: {[server['name'] for server in msg.mcp_servers]}")
    if msg.is_result:
        print(f"Session: {msg.session_id}")
        print(f"Turns: {msg.num_turns}")
        print(f"Cost: ${msg.total_cost_usd}")


agent_sdk.query("Hello", on_message=show)
