"""
`agent_sdk`: the Claude Code CLI from Python, with plain functions and callbacks.

    import agent_sdk

    result = agent_sdk.query("What is 2 + 2?", on_message=lambda message: print(message.content))
    print(result.content, result.total_cost_usd)
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _log as _log
from . import errors
from ._api import client, query, stream
from ._client import Client
from ._introspection import (
    builtin_tools,
    cli_available,
    cli_version,
    hook_events,
    options_schema,
    permission_modes,
    requirements_met,
)
from ._later import message_class
from ._message_stream import MessageStream
from ._prompt import document, image
from .errors import (
    AbortError,
    AgentSDKError,
    AgentTimeoutError,
    AuthenticationError,
    BusyError,
    CLINotFoundError,
    ConfigurationError,
    ControlError,
    ControlTimeoutError,
    ExecutionError,
    InvalidRequestError,
    JSONDecodeError,
    MaxBudgetError,
    MaxTurnsError,
    OverloadedError,
    ProcessError,
    RateLimitError,
    ResultError,
    SessionNotFoundError,
    StructuredOutputError,
)
from .options import Options
from .transport import Transport

if TYPE_CHECKING:
    from . import messages
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

__version__ = "0.1.0"

__all__ = [
    "AbortError",
    "AgentSDKError",
    "AgentTimeoutError",
    "AssistantMessage",
    "AuthenticationError",
    "BusyError",
    "CLINotFoundError",
    "Client",
    "CompactBoundaryMessage",
    "ConfigurationError",
    "ControlError",
    "ControlTimeoutError",
    "ExecutionError",
    "InitMessage",
    "InvalidRequestError",
    "JSONDecodeError",
    "MaxBudgetError",
    "MaxTurnsError",
    "Message",
    "MessageStream",
    "Options",
    "OverloadedError",
    "ProcessError",
    "RateLimitError",
    "ResultError",
    "ResultMessage",
    "SessionNotFoundError",
    "StreamEvent",
    "StructuredOutputError",
    "SystemMessage",
    "Transport",
    "UserMessage",
    "builtin_tools",
    "cli_available",
    "cli_version",
    "client",
    "document",
    "errors",
    "hook_events",
    "image",
    "messages",
    "options_schema",
    "permission_modes",
    "query",
    "requirements_met",
    "stream",
]


def __getattr__(name: str) -> Any:
    # The classes of messages are loaded while the CLI starts, or when somebody asks for one.
    return message_class(__name__, name, __all__)
