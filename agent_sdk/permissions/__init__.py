"""
Permissions: the modes of a session, the answers of a `can_use_tool` callback, changes of standing rules, and callbacks
that are ready to use.

This file only gathers names. All but the modes are imported when first asked for.
"""
from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._core.callbacks import Cancellation, check_callback
    from .context import AskRule, McpOrigin, PermissionContext
    from .decisions import Allow, Deny, decide, decision_of
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

#: snake_case name -> the CLI's spelling. `default` asks before a tool changes anything.
MODES: Mapping[str, str] = {
    "default": "default",
    "accept_edits": "acceptEdits",
    "plan": "plan",
    "bypass_permissions": "bypassPermissions",
    "dont_ask": "dontAsk",
    "auto": "auto",
}

__all__ = [
    "MODES",
    "AddDirectories",
    "AddRules",
    "Allow",
    "AskRule",
    "Cancellation",
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
    "check_callback",
    "decide",
    "decision_of",
    "deny_all",
    "read_only",
    "within",
]

_HOMES = {
    ".._core.callbacks": ("Cancellation", "check_callback"),
    ".decisions": ("Allow", "Deny", "decide", "decision_of"),
    ".context": ("AskRule", "McpOrigin", "PermissionContext"),
    ".policies": ("deny_all", "read_only", "within"),
    ".prompts": ("ask",),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    home = next((home for home, names in _HOMES.items() if name in names), ".updates")
    found = globals()[name] = getattr(importlib.import_module(home, __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
