"""
Hooks: your functions, called before and after an action of the CLI.

    from agent_sdk import hooks

    def guard(ctx: hooks.PreToolUse) -> hooks.Result | None:
        if "rm -rf" in ctx.tool_input["command"]:
            return hooks.Result.block("Deleting files is not allowed.")

    agent_sdk.query("…", hooks={"pre_tool_use": hooks.Matcher("Bash", guard)})

This module only re-exports names. The context classes are imported on first access. `EVENTS` maps the name of every
event, in snake_case, to its class; accessing it imports all of them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.lazy import attach
from .base import Effort, HookContext
from .matchers import Matcher
from .result import Result

if TYPE_CHECKING:
    from .events import EVENTS
    from .session_hooks import (
        ConfigChange,
        CwdChanged,
        DirectoryAdded,
        FileChanged,
        InstructionsLoaded,
        PostCompact,
        PostModelSwitch,
        PreCompact,
        PreModelSwitch,
        SessionEnd,
        SessionStart,
        Setup,
        WorktreeCreate,
        WorktreeRemove,
    )
    from .tool_hooks import (
        BatchedToolCall,
        PermissionDenied,
        PermissionRequest,
        PostToolBatch,
        PostToolUse,
        PostToolUseFailure,
        PreToolUse,
        ServerOrigin,
    )
    from .turn_hooks import (
        BackgroundTaskSummary,
        Elicitation,
        ElicitationResult,
        MessageDisplay,
        Notification,
        SessionCron,
        Stop,
        StopFailure,
        SubagentStart,
        SubagentStop,
        TaskCompleted,
        TaskCreated,
        TeammateIdle,
        UserPromptExpansion,
        UserPromptSubmit,
    )

__all__ = [
    "EVENTS",
    "BackgroundTaskSummary",
    "BatchedToolCall",
    "ConfigChange",
    "CwdChanged",
    "DirectoryAdded",
    "Effort",
    "Elicitation",
    "ElicitationResult",
    "FileChanged",
    "HookContext",
    "InstructionsLoaded",
    "Matcher",
    "MessageDisplay",
    "Notification",
    "PermissionDenied",
    "PermissionRequest",
    "PostCompact",
    "PostModelSwitch",
    "PostToolBatch",
    "PostToolUse",
    "PostToolUseFailure",
    "PreCompact",
    "PreModelSwitch",
    "PreToolUse",
    "Result",
    "ServerOrigin",
    "SessionCron",
    "SessionEnd",
    "SessionStart",
    "Setup",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "TaskCompleted",
    "TaskCreated",
    "TeammateIdle",
    "UserPromptExpansion",
    "UserPromptSubmit",
    "WorktreeCreate",
    "WorktreeRemove",
]

__getattr__, __dir__ = attach(
    __name__, __all__, {"events": ("EVENTS",)}, rest=("tool_hooks", "turn_hooks", "session_hooks")
)
