"""
Hook events around the use of a tool.

The CLI calls the tool that starts a subagent `Task` in its messages and `Agent` here; patterns take both for the same.
"""
from __future__ import annotations

from typing import Any

import attrs

from ..messages.base import WireObject
from ..messages.registry import wire_object
from .base import HookContext, hook_event


@wire_object
class ServerOrigin(WireObject):
    """The MCP server that a tool belongs to, and where it was configured."""

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
    """What the events of one tool use share."""

    #: As the CLI spells it in hooks.
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
    """A tool ran. A block tells the model why its result is not good."""

    tool_use_id: str = ""
    #: The result as the tool's own object: a dict for built-in tools, a list of blocks for those of servers.
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
    """All tool uses of one reply of the model have ended."""

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
    """The CLI wants to ask whether a tool may run. The first answer counts: this one, or that of `can_use_tool`."""

    permission_suggestions: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def suggestions(self) -> list[Any]:
        """Changes of the rules that would spare further questions of the kind, as `permissions.PermissionUpdate`."""
        from ..permissions.updates import parse_suggestions

        return parse_suggestions(self.permission_suggestions)


@hook_event("PermissionDenied", matches="tool_name", cli_matches=True)
class PermissionDenied(ToolHookContext):
    """A tool use was refused."""

    tool_use_id: str = ""
    reason: str = ""
