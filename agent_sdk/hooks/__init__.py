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

import importlib
from typing import TYPE_CHECKING, Any

from .base import Effort, HookContext, all_events, event_name
from .matchers import Matcher
from .result import Result
from .runner import HookSet, Outcome, Timer

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        BackgroundTask,
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

    #: The context class of every event, by its name in snake_case.
    EVENTS: Mapping[str, type[HookContext]]

__all__ = [
    "EVENTS",
    "BackgroundTask",
    "BatchedToolCall",
    "ConfigChange",
    "CwdChanged",
    "DirectoryAdded",
    "Effort",
    "Elicitation",
    "ElicitationResult",
    "FileChanged",
    "HookContext",
    "HookSet",
    "InstructionsLoaded",
    "Matcher",
    "MessageDisplay",
    "Notification",
    "Outcome",
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
    "Timer",
    "UserPromptExpansion",
    "UserPromptSubmit",
    "WorktreeCreate",
    "WorktreeRemove",
    "event_name",
]


def __getattr__(name: str) -> Any:
    if name == "EVENTS":
        globals()[name] = all_events()
        return globals()[name]
    for family in ("tool_hooks", "turn_hooks", "session_hooks") if name in __all__ else ():
        found = getattr(importlib.import_module(f"{__name__}.{family}"), name, None)
        if found is not None:
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


def __dir__() -> list[str]:
    return sorted(__all__)
