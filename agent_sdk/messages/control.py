"""
Answers to control requests that have a shape of their own.
"""
from __future__ import annotations

from typing import Any

import attrs

from .base import WireObject


@attrs.define(eq=False, repr=False, kw_only=True)
class McpServerStatus(WireObject):
    """How an MCP server stands."""

    name: str = ""
    #: `connected`, `failed`, `needs-auth`, `pending` or `disabled`.
    status: str = ""
    error: str | None = None
    #: `sdk` for a tool server of this process.
    source: str | None = None
    scope: str | None = None
    #: Its tools, as dicts with `name` and `annotations`.
    tools: list[Any] = attrs.field(factory=list)


@attrs.define(eq=False, repr=False, kw_only=True)
class McpServersChange(WireObject):
    """What `set_mcp_servers` has changed."""

    added: list[str] = attrs.field(factory=list)
    removed: list[str] = attrs.field(factory=list)
    #: Servers that could not be added, with the reason.
    errors: dict[str, Any] = attrs.field(factory=dict)


@attrs.define(eq=False, repr=False, kw_only=True)
class RewindReport(WireObject):
    """What `rewind_files` has changed, or would."""

    can_rewind: bool = False
    #: Absolute paths.
    files_changed: list[str] = attrs.field(factory=list)
    insertions: int | None = None
    deletions: int | None = None
    skipped_links: int | None = None
    error: str | None = None
