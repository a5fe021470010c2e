"""
Names of the official SDK and their counterparts in this SDK. Used for errors about unknown names.
"""
from __future__ import annotations

import sys
from collections.abc import Mapping

#: Classes and functions.
NAMES: Mapping[str, str] = {
    "AgentDefinition": "agent_sdk.Agent",
    "CLIConnectionError": "agent_sdk.ProcessError",
    "CLIJSONDecodeError": "agent_sdk.JSONDecodeError",
    "ClaudeAgentOptions": "agent_sdk.Options",
    "ClaudeCodeOptions": "agent_sdk.Options",
    "ClaudeSDKClient": "agent_sdk.client",
    "ClaudeSDKError": "agent_sdk.AgentSDKError",
    "ContentBlock": "agent_sdk.messages.ContentBlock",
    "HookContext": "agent_sdk.hooks.HookContext",
    "HookMatcher": "agent_sdk.hooks.Matcher",
    "PermissionResultAllow": "agent_sdk.Allow",
    "PermissionResultDeny": "agent_sdk.Deny",
    "PermissionUpdate": "agent_sdk.permissions.PermissionUpdate",
    "SdkMcpTool": "agent_sdk.mcp.Tool",
    "TextBlock": "agent_sdk.messages.TextBlock",
    "ThinkingBlock": "agent_sdk.messages.ThinkingBlock",
    "ToolPermissionContext": "agent_sdk.permissions.PermissionContext",
    "ToolResultBlock": "agent_sdk.messages.ToolResultBlock",
    "ToolUseBlock": "agent_sdk.messages.ToolUseBlock",
}
#: Client methods.
METHODS: Mapping[str, str] = {
    "connect": "start()",
    "disconnect": "close()",
    "get_context_usage": "context_usage()",
    "get_mcp_status": "mcp_status()",
    "get_server_info": "supported_commands(), supported_models(), supported_agents() and account_info()",
    "receive_messages": "wait_idle(on_message=...)",
    "receive_response": "query(..., on_message=...), or stream(...)",
}
#: Options.
OPTIONS: Mapping[str, str] = {
    "add_dirs": "additional_directories",
    "debug_stderr": "stderr",
    "max_buffer_size": "not needed, messages have no size limit",
    "user": "not supported, run the program as that user",
}


def unknown_name(name: str) -> AttributeError:
    """
    Return the error for an unknown name in `agent_sdk`.

    Raises:
        ImportError: *name* is imported from `agent_sdk` and belongs to the official SDK; the text has the counterpart.
    """
    text = f"module 'agent_sdk' has no attribute {name!r}"
    text += f"; use {NAMES[name]}" if name in NAMES else ""
    # `from ... import` replaces the text of an AttributeError, but keeps that of an ImportError.
    if name in NAMES and sys._getframe(2).f_code.co_name == "_handle_fromlist":
        raise ImportError(text, name=name)
    return AttributeError(text, name=name)
