"""The permission modes of a session."""
from __future__ import annotations

from collections.abc import Mapping

#: snake_case name -> the CLI's spelling. `default` requests permission before a tool makes changes.
MODES: Mapping[str, str] = {
    "default": "default",
    "accept_edits": "acceptEdits",
    "plan": "plan",
    "bypass_permissions": "bypassPermissions",
    "dont_ask": "dontAsk",
    "auto": "auto",
}
