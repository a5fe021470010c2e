"""
What is loaded later than `import agent_sdk`: message classes, while the CLI starts; rooms that many programs never use.
"""
from __future__ import annotations

import importlib
import sys
from typing import Any

#: Rooms of the face.
ROOMS = ("hooks", "mcp", "messages", "notebook", "permissions", "stores", "testing", "transcripts")
#: Names of the face that live in them, besides the classes of messages.
HOMES = {
    "Agent": "options.agents",
    "Allow": "permissions",
    "Deny": "permissions",
    "Ledger": "_batch.cost_ledger",
    "Outcome": "_batch.workers",
    "Retry": "options.retry",
    "Session": "_client.session",
    "SessionFigures": "transcripts",
    "SessionInfo": "transcripts",
    "UserSessions": "_client.user_sessions",
    "create_sdk_mcp_server": "mcp",
    "delete_session": "transcripts",
    "export_session": "transcripts",
    "fork_session": "transcripts",
    "get_session_info": "transcripts",
    "get_session_messages": "transcripts",
    "get_subagent_messages": "transcripts",
    "import_session": "transcripts",
    "list_sessions": "transcripts",
    "list_subagents": "transcripts",
    "query_many": "_batch.query_many",
    "rename_session": "transcripts",
    "search_sessions": "transcripts",
    "session_figures": "transcripts",
    "show": "_display",
    "stored_sessions": "transcripts",
    "tag_session": "transcripts",
    "tool": "mcp",
}


def load(module: str, name: str, names: list[str]) -> Any:
    """
    Return a public name of the face that was not loaded with it.

    Raises:
        AttributeError: The face has no such name.
        ImportError: It is imported from the face, and a name of the official SDK; the text has ours.
    """
    if name in ROOMS:
        return importlib.import_module(f"{module}.{name}")
    if name not in names:
        from .official_names import NAMES

        text = f"module {module!r} has no attribute {name!r}"
        text += f"; here it is {NAMES[name]}" if name in NAMES else ""
        if name in NAMES and sys._getframe(2).f_code.co_name == "_handle_fromlist":
            raise ImportError(text, name=name)  # `from ... import` would hide the text of an AttributeError
        raise AttributeError(text, name=name)
    return getattr(importlib.import_module(f"{module}.{HOMES.get(name, 'messages')}"), name)
