"""
Hook events of tool uses.

The tool that starts a subagent is `Task` in messages and `Agent` in hooks. Patterns treat both names as equal.
"""
from __future__ import annotations

from typing import Any

import attrs

from ..messages.base import WireObject
from ..messages.registry import wire_object
from .base import HookContext, hook_event


@wire_object
class ServerOrigin(WireObject):
    """The MCP server of a tool, and the source of its configuration."""

    name: str = ""
    source: str | None = None


@wire_object
class BatchedToolCall(WireObject):
    """One tool use of a batch."""

    tool_name: str = ""
    tool_input: Any = None
    tool_use_id: str = ""
    #: The result as text, as the model reads it.
    tool_response: Any = None


@wire_object
class ToolHookContext(HookContext):
    """Base class of the events of one tool use."""

    #: In the CLI's spelling for hooks.
    tool_name: str = ""
    tool_input: Any = attrs.field(factory=dict)
    mcp_server: ServerOrigin | None = None


@hook_event(
    "PreToolUse",
    matches="tool_name",
    cli_matches=True,
    denial="permission",
    prevents=True,
    takes_context=True,
    changes=("updatedInput", "tool_input"),
)
class PreToolUse(ToolHookContext):
    """A tool is about to run."""

    tool_use_id: str = ""


@hook_event("PostToolUse", matches="tool_name", cli_matches=True, denial="block", takes_context=True)
class PostToolUse(ToolHookContext):
    """A tool ran. The reason of `Result.block` is sent to the model as feedback on the result."""

    tool_use_id: str = ""
    #: The result in the tool's own form: a dict for built-in tools, a list of content blocks for MCP tools.
    tool_response: Any = None
    duration_ms: float | None = None


@hook_event("PostToolUseFailure", matches="tool_name", cli_matches=True, denial="block", takes_context=True)
class PostToolUseFailure(ToolHookContext):
    """A tool failed."""

    tool_use_id: str = ""
    error: str = ""
    is_interrupt: bool | None = None
    duration_ms: float | None = None


@hook_event("PostToolBatch", denial="block", takes_context=True)
class PostToolBatch(HookContext):
    """All tool uses of one model reply have ended."""

    tool_calls: list[BatchedToolCall] = attrs.field(factory=list)


@hook_event(
    "PermissionRequest",
    matches="tool_name",
    cli_matches=True,
    denial="request",
    prevents=True,
    changes=("updatedInput", "tool_input"),
)
class PermissionRequest(ToolHookContext):
    """The CLI requests permission for a tool use. The first answer counts, from this hook or from `can_use_tool`."""

    permission_suggestions: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def suggestions(self) -> list[Any]:
        """The rule changes that the CLI suggests to avoid similar requests, as `permissions.PermissionUpdate`."""
        from ..permissions.updates import parse_suggestions

        return parse_suggestions(self.permission_suggestions)


@hook_event("PermissionDenied", matches="tool_name", cli_matches=True)
class PermissionDenied(ToolHookContext):
    """A tool use was denied."""

    tool_use_id: str = ""
    reason: str = ""
