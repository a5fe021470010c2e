"""
Sessions as files on disk, without a CLI process.

Each module is imported on the first access to one of its names.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.lazy import attach

if TYPE_CHECKING:
    from .._core.literals import ExportFormat
    from .checkout import stored_sessions
    from .edits import archive_session, delete_session, rename_session, tag_session, unarchive_session
    from .fork import fork_session
    from .listing import SessionInfo, SessionList, get_session_info, list_sessions
    from .paths import Directory, project_key
    from .reader import get_session_messages, get_subagent_messages, list_subagents
    from .search import Excerpt, SearchHit, search_sessions
    from .store_transfer import import_session
    from .usage import SessionFigures, TokenCount, session_figures

    # Loaded at run time from `_render.export`, a higher layer that this package cannot import.
    def export_session(
        session_id: str,
        directory: Directory | None = None,
        format: ExportFormat = "markdown",
        *,
        config_dir: Directory | None = None,
    ) -> str: ...


__all__ = [
    "Excerpt",
    "SearchHit",
    "SessionFigures",
    "SessionInfo",
    "SessionList",
    "TokenCount",
    "archive_session",
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
    "unarchive_session",
]

__getattr__, __dir__ = attach(
    __name__,
    __all__,
    {
        "._render.export": ("export_session",),
        "checkout": ("stored_sessions",),
        "edits": ("archive_session", "delete_session", "rename_session", "tag_session", "unarchive_session"),
        "fork": ("fork_session",),
        "listing": ("SessionInfo", "SessionList", "get_session_info", "list_sessions"),
        "paths": ("project_key",),
        "reader": ("get_session_messages", "get_subagent_messages", "list_subagents"),
        "search": ("Excerpt", "SearchHit", "search_sessions"),
        "store_transfer": ("import_session",),
        "usage": ("SessionFigures", "TokenCount", "session_figures"),
    },
)
