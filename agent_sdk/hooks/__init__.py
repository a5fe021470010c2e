"""
Hooks: functions of yours that the CLI asks before and after it does something.

    from agent_sdk import hooks

    def guard(ctx: hooks.PreToolUse) -> hooks.Result | None:
        if "rm -rf" in ctx.tool_input["command"]:
            return hooks.Result.block("No deleting here.")

    agent_sdk.query("…", hooks={"pre_tool_use": hooks.Matcher("Bash", guard)})

This file only gathers names. The context classes are imported when first asked for, `EVENTS` (the class of every event,
by its name in snake_case) with all of them.
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
