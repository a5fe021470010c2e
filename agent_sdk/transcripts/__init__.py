"""
Sessions as files on disk. Needs no CLI process.

This file only gathers names; a module is imported when one of its names is asked for.
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._render.export import export_session
    from .checkout import stored_sessions
    from .edits import delete_session, rename_session, tag_session
    from .fork import fork_session
    from .listing import SessionInfo, SessionList, get_session_info, list_sessions
    from .paths import project_key
    from .reader import get_session_messages, get_subagent_messages, list_subagents
    from .search import Excerpt, SearchHit, search_sessions
    from .store_transfer import import_session
    from .usage import SessionFigures, TokenCount, session_figures

_HOMES = {
    "Excerpt": "search",
    "SearchHit": "search",
    "SessionFigures": "usage",
    "SessionInfo": "listing",
    "SessionList": "listing",
    "TokenCount": "usage",
    "delete_session": "edits",
    "export_session": "._render.export",
    "fork_session": "fork",
    "get_session_info": "listing",
    "get_session_messages": "reader",
    "get_subagent_messages": "reader",
    "import_session": "store_transfer",
    "list_sessions": "listing",
    "list_subagents": "reader",
    "project_key": "paths",
    "rename_session": "edits",
    "search_sessions": "search",
    "session_figures": "usage",
    "stored_sessions": "checkout",
    "tag_session": "edits",
}

__all__ = [
    "Excerpt",
    "SearchHit",
    "SessionFigures",
    "SessionInfo",
    "SessionList",
    "TokenCount",
    "delete_session",
    "export_session",
    "fork_session",
    "get_session_info",
    "get_session_messages",
    "get_subagent_messages",
    "import_session",
    "list_sessions",
    "list_subagents",
    "project_key",
    "rename_session",
    "search_sessions",
    "session_figures",
    "stored_sessions",
    "tag_session",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
