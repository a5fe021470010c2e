"""
`agent_sdk`: use the Claude Code CLI from Python, with plain functions and callbacks.

    import agent_sdk

    result = agent_sdk.query("What is 2 + 2?", on_message=lambda message: print(message.content))
    print(result.content, result.total_cost_usd)
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors
from ._client.client import Client
from ._client.functions import client, query, stream
from ._client.introspection import (
    builtin_tools,
    cli_available,
    cli_version,
    hook_events,
    options_schema,
    permission_modes,
    requirements_met,
)
from ._client.prompt import document, image
from ._client.stream import MessageStream
from ._core import formatters as _formatters
from ._core import lazy as _lazy
from ._core import log as _log  # noqa: F401 (sets up the logger)
from ._core.official_names import unknown_name as _unknown_name
from ._core.version import __version__ as __version__
from .errors import (
    AbortError,
    AgentSDKError,
    AgentTimeoutError,
    AuthenticationError,
    BusyError,
    CallbackWarning,
    CassetteError,
    CassetteMismatchError,
    CLINotFoundError,
    ConfigurationError,
    ControlError,
    ControlTimeoutError,
    ExecutionError,
    HookError,
    InvalidRequestError,
    JSONDecodeError,
    MaxBudgetError,
    MaxTurnsError,
    OverloadedError,
    PermissionDeniedError,
    ProcessError,
    RateLimitError,
    ResultError,
    SessionBusyError,
    SessionNotFoundError,
    ShadowedCallbackWarning,
    StoreError,
    StoreWarning,
    StructuredOutputError,
    UnknownToolWarning,
)
from .options.options import Options
from .transport import Transport

if TYPE_CHECKING:
    from . import hooks, mcp, messages, permissions, stores
    from ._batch.cost_ledger import Ledger
    from ._batch.query_many import query_many
    from ._batch.workers import Outcome
    from ._client.session import Session
    from ._client.user_sessions import UserSessions
    from ._display import show
    from ._render.export import export_session
    from .mcp import create_sdk_mcp_server, tool
    from .messages import (
        AssistantMessage,
        CompactBoundaryMessage,
        InitMessage,
        Message,
        ResultMessage,
        StreamEvent,
        SystemMessage,
        UserMessage,
    )
    from .options.agents import Agent
    from .options.retry import Retry
    from .permissions import Allow, Deny
    from .transcripts import (
        SessionFigures,
        SessionInfo,
        archive_session,
        delete_session,
        fork_session,
        get_session_info,
        get_session_messages,
        get_subagent_messages,
        import_session,
        list_sessions,
        list_subagents,
        rename_session,
        search_sessions,
        session_figures,
        stored_sessions,
        tag_session,
        unarchive_session,
    )

__all__ = [
    "AbortError",
    "Agent",
    "AgentSDKError",
    "AgentTimeoutError",
    "Allow",
    "AssistantMessage",
    "AuthenticationError",
    "BusyError",
    "CLINotFoundError",
    "CallbackWarning",
    "CassetteError",
    "CassetteMismatchError",
    "Client",
    "CompactBoundaryMessage",
    "ConfigurationError",
    "ControlError",
    "ControlTimeoutError",
    "Deny",
    "ExecutionError",
    "HookError",
    "InitMessage",
    "InvalidRequestError",
    "JSONDecodeError",
    "Ledger",
    "MaxBudgetError",
    "MaxTurnsError",
    "Message",
    "MessageStream",
    "Options",
    "Outcome",
    "OverloadedError",
    "PermissionDeniedError",
    "ProcessError",
    "RateLimitError",
    "ResultError",
    "ResultMessage",
    "Retry",
    "Session",
    "SessionBusyError",
    "SessionFigures",
    "SessionInfo",
    "SessionNotFoundError",
    "ShadowedCallbackWarning",
    "StoreError",
    "StoreWarning",
    "StreamEvent",
    "StructuredOutputError",
    "SystemMessage",
    "Transport",
    "UnknownToolWarning",
    "UserMessage",
    "UserSessions",
    "archive_session",
    "builtin_tools",
    "cli_available",
    "cli_version",
    "client",
    "create_sdk_mcp_server",
    "delete_session",
    "document",
    "errors",
    "export_session",
    "fork_session",
    "get_session_info",
    "get_session_messages",
    "get_subagent_messages",
    "hook_events",
    "hooks",
    "image",
    "import_session",
    "list_sessions",
    "list_subagents",
    "mcp",
    "messages",
    "options_schema",
    "permission_modes",
    "permissions",
    "query",
    "query_many",
    "rename_session",
    "requirements_met",
    "search_sessions",
    "session_figures",
    "show",
    "stored_sessions",
    "stores",
    "stream",
    "tag_session",
    "tool",
    "unarchive_session",
]

_formatters.set_provider(f"{__name__}._display.reprs")
__getattr__, __dir__ = _lazy.attach(
    __name__,
    __all__,
    {
        "": ("hooks", "mcp", "messages", "notebook", "permissions", "stores", "testing", "transcripts"),
        "_batch.cost_ledger": ("Ledger",),
        "_batch.query_many": ("query_many",),
        "_batch.workers": ("Outcome",),
        "_client.session": ("Session",),
        "_client.user_sessions": ("UserSessions",),
        "_display": ("show",),
        "_render.export": ("export_session",),
        "mcp": ("create_sdk_mcp_server", "tool"),
        "options.agents": ("Agent",),
        "options.retry": ("Retry",),
        "permissions": ("Allow", "Deny"),
        "transcripts": (
            "SessionFigures",
            "SessionInfo",
            "archive_session",
            "delete_session",
            "fork_session",
            "get_session_info",
            "get_session_messages",
            "get_subagent_messages",
            "import_session",
            "list_sessions",
            "list_subagents",
            "rename_session",
            "search_sessions",
            "session_figures",
            "stored_sessions",
            "tag_session",
            "unarchive_session",
        ),
    },
    rest=("messages",),
    unknown=_unknown_name,
)
