"""
What the CLI says: one class for each kind of message, content block and shared object.

This file only gathers names. The classes that most runs never meet are imported when first asked for.
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .base import Message, SystemMessage, UnknownMessage, WireObject
from .blocks import (
    ContentBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)
from .conversation import ApiMessage, AssistantMessage, ConversationMessage, MessageParam, StreamEvent, UserMessage
from .kinds import predicates
from .registry import BLOCK_FAMILIES, MESSAGE_FAMILIES, block_type, message_type
from .results import ResultMessage, error_of
from .shared import (
    CacheCreation,
    DeferredToolUse,
    InvalidConfigFile,
    McpServer,
    ModelUsage,
    Origin,
    PermissionDenial,
    Plugin,
    PluginError,
    ServerToolUsage,
    Usage,
)
from .system import InitMessage, StatusMessage

if TYPE_CHECKING:
    from .commands import CommandLifecycleMessage, CommandsChangedMessage, LocalCommandOutputMessage
    from .control import McpServersChange, McpServerStatus, RewindReport
    from .hooks import HookMessage, HookProgressMessage, HookResponseMessage, HookStartedMessage
    from .media import (
        ContainerUploadBlock,
        DocumentBlock,
        ImageBlock,
        MediaSource,
        ResourceLinkBlock,
        ToolReferenceBlock,
    )
    from .models import AccountInfo, AgentInfo, ModelInfo, SettingsParseError, SlashCommand
    from .notices import (
        ActiveGoalMessage,
        AuthStatusMessage,
        ConversationResetMessage,
        ElicitationCompleteMessage,
        FallbackMessage,
        Goal,
        InformationalMessage,
        Memory,
        MemoryRecallMessage,
        ModelFallbackMessage,
        ModelRefusalFallbackMessage,
        ModelRefusalNoFallbackMessage,
        NotificationMessage,
        PluginInstallMessage,
        PromptSuggestionMessage,
        SessionTitleMessage,
        UIInvalidateMessage,
        WorkerShuttingDownMessage,
    )
    from .progress import ControlRequestProgressMessage, SubagentRetry, ToolProgressMessage, ToolUseSummaryMessage
    from .reports import (
        ContextAgent,
        ContextCategory,
        ContextFile,
        ContextReport,
        ContextSkill,
        ContextTool,
        ContextUsage,
        ExtraUsage,
        OverLimit,
        RateLimit,
        RateLimits,
        SessionUsage,
        UsageReport,
    )
    from .server_tools import (
        AdvisorToolResultBlock,
        BashCodeExecutionToolResultBlock,
        CodeExecutionToolResultBlock,
        McpToolResultBlock,
        McpToolUseBlock,
        ServerToolResultBlock,
        ServerToolUseBlock,
        TextEditorCodeExecutionToolResultBlock,
        ToolSearchToolResultBlock,
        WebFetchToolResultBlock,
        WebSearchToolResultBlock,
    )
    from .state import (
        ApiRetryMessage,
        CompactBoundaryMessage,
        CompactMetadata,
        PermissionDeniedMessage,
        PreservedMessages,
        PreservedSegment,
        RateLimitEvent,
        RateLimitInfo,
        SessionStateMessage,
        ThinkingTokensMessage,
    )
    from .storage import FilesPersistedMessage, MirrorErrorMessage, MirrorKey, PersistedFile, SessionWritesLostMessage
    from .tasks import (
        BackgroundTask,
        BackgroundTasksMessage,
        McpResourceLink,
        TaskMessage,
        TaskNotificationMessage,
        TaskPatch,
        TaskProgressMessage,
        TaskStartedMessage,
        TaskUpdatedMessage,
        TaskUsage,
    )

#: The modules of the names above that are imported late, the ones most often asked for first.
_LATER = ("control", "models", "reports", *MESSAGE_FAMILIES, *BLOCK_FAMILIES)

__all__ = [
    "AccountInfo",
    "ActiveGoalMessage",
    "AdvisorToolResultBlock",
    "AgentInfo",
    "ApiMessage",
    "ApiRetryMessage",
    "AssistantMessage",
    "AuthStatusMessage",
    "BackgroundTask",
    "BackgroundTasksMessage",
    "BashCodeExecutionToolResultBlock",
    "CacheCreation",
    "CodeExecutionToolResultBlock",
    "CommandLifecycleMessage",
    "CommandsChangedMessage",
    "CompactBoundaryMessage",
    "CompactMetadata",
    "ContainerUploadBlock",
    "ContentBlock",
    "ContextAgent",
    "ContextCategory",
    "ContextFile",
    "ContextReport",
    "ContextSkill",
    "ContextTool",
    "ContextUsage",
    "ControlRequestProgressMessage",
    "ConversationMessage",
    "ConversationResetMessage",
    "DeferredToolUse",
    "DocumentBlock",
    "ElicitationCompleteMessage",
    "ExtraUsage",
    "FallbackMessage",
    "FilesPersistedMessage",
    "Goal",
    "HookMessage",
    "HookProgressMessage",
    "HookResponseMessage",
    "HookStartedMessage",
    "ImageBlock",
    "InformationalMessage",
    "InitMessage",
    "InvalidConfigFile",
    "LocalCommandOutputMessage",
    "McpResourceLink",
    "McpServer",
    "McpServerStatus",
    "McpServersChange",
    "McpToolResultBlock",
    "McpToolUseBlock",
    "MediaSource",
    "Memory",
    "MemoryRecallMessage",
    "Message",
    "MessageParam",
    "MirrorErrorMessage",
    "MirrorKey",
    "ModelFallbackMessage",
    "ModelInfo",
    "ModelRefusalFallbackMessage",
    "ModelRefusalNoFallbackMessage",
    "ModelUsage",
    "NotificationMessage",
    "Origin",
    "OverLimit",
    "PermissionDenial",
    "PermissionDeniedMessage",
    "PersistedFile",
    "Plugin",
    "PluginError",
    "PluginInstallMessage",
    "PreservedMessages",
    "PreservedSegment",
    "PromptSuggestionMessage",
    "RateLimit",
    "RateLimitEvent",
    "RateLimitInfo",
    "RateLimits",
    "RedactedThinkingBlock",
    "ResourceLinkBlock",
    "ResultMessage",
    "RewindReport",
    "ServerToolResultBlock",
    "ServerToolUsage",
    "ServerToolUseBlock",
    "SessionStateMessage",
    "SessionTitleMessage",
    "SessionUsage",
    "SessionWritesLostMessage",
    "SettingsParseError",
    "SlashCommand",
    "StatusMessage",
    "StreamEvent",
    "SubagentRetry",
    "SystemMessage",
    "TaskMessage",
    "TaskNotificationMessage",
    "TaskPatch",
    "TaskProgressMessage",
    "TaskStartedMessage",
    "TaskUpdatedMessage",
    "TaskUsage",
    "TextBlock",
    "TextEditorCodeExecutionToolResultBlock",
    "ThinkingBlock",
    "ThinkingTokensMessage",
    "ToolProgressMessage",
    "ToolReferenceBlock",
    "ToolResultBlock",
    "ToolSearchToolResultBlock",
    "ToolUseBlock",
    "ToolUseSummaryMessage",
    "UIInvalidateMessage",
    "UnknownBlock",
    "UnknownMessage",
    "Usage",
    "UsageReport",
    "UserMessage",
    "WebFetchToolResultBlock",
    "WebSearchToolResultBlock",
    "WireObject",
    "WorkerShuttingDownMessage",
    "block_type",
    "error_of",
    "message_type",
    "predicates",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _LATER:
            found = getattr(importlib.import_module(f"{__name__}.{module}"), name, None)
            if found is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


def __dir__() -> list[str]:
    return sorted(__all__)
