"""
Permissions: permission modes, decisions of a `can_use_tool` callback, changes of permission rules, and ready-made
callbacks.

This module only re-exports names. All names except `MODES` are imported on first access.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.lazy import attach
from .modes import MODES

if TYPE_CHECKING:
    from .context import AskRule, McpOrigin, PermissionContext
    from .decisions import Allow, Deny
    from .policies import deny_all, read_only, within
    from .prompts import ask
    from .updates import (
        AddDirectories,
        AddRules,
        PermissionUpdate,
        RemoveDirectories,
        RemoveRules,
        ReplaceRules,
        Rule,
        SetMode,
    )


__all__ = [
    "MODES",
    "AddDirectories",
    "AddRules",
    "Allow",
    "AskRule",
    "Deny",
    "McpOrigin",
    "PermissionContext",
    "PermissionUpdate",
    "RemoveDirectories",
    "RemoveRules",
    "ReplaceRules",
    "Rule",
    "SetMode",
    "ask",
    "deny_all",
    "read_only",
    "within",
]

__getattr__, __dir__ = attach(
    __name__,
    __all__,
    {
        "decisions": ("Allow", "Deny"),
        "context": ("AskRule", "McpOrigin", "PermissionContext"),
        "policies": ("deny_all", "read_only", "within"),
        "prompts": ("ask",),
    },
    rest=("updates",),
)
