"""
The context argument of a permission callback.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .._core.callbacks import Cancellation
from .updates import PermissionUpdate, parse_suggestions


@attrs.frozen
class McpOrigin:
    """The MCP server that a tool belongs to."""

    name: str = ""
    #: The source of the server's configuration, such as `dynamic` or `project`.
    source: str | None = None


@attrs.frozen
class AskRule:
    """The rule that caused the permission request."""

    source: str = ""
    tool_name: str = ""
    rule_content: str | None = None


@attrs.define(eq=False, repr=False, kw_only=True)
class PermissionContext:
    """
    The details of a permission request. Undeclared wire fields are attributes too.
    """

    tool_use_id: str = ""
    _suggestions: list[PermissionUpdate] | None = attrs.field(default=None, alias="suggestions")
    #: The path that caused the request, such as the file that a command writes to.
    blocked_path: str | None = None
    decision_reason: str | None = None
    #: `rule`, `mode`, `hook`, `workingDir`, `safetyCheck`, `subcommandResults`, `classifier`, `other`, ...
    decision_reason_type: str | None = None
    #: The event of the hook that caused the request, in the CLI's spelling.
    decision_reason_hook_event: str | None = None
    #: The subagent that uses the tool; *None* in the main conversation.
    agent_id: str | None = None
    mcp_server: McpOrigin | None = None
    #: The CLI's text for the request, as one sentence.
    title: str | None = None
    #: The display name of the tool.
    display_name: str | None = None
    #: A short description of this tool use.
    description: str | None = None
    #: Only a user can answer, as for AskUserQuestion and ExitPlanMode.
    requires_user_interaction: bool = False
    #: A user interface should preselect "no".
    default_to_no: bool = False
    #: A user interface should not offer to always allow the tool.
    suppress_always_allow_rule: bool = False
    matched_ask_rule: AskRule | None = None
    classifier_approvable: bool = False
    server_policy_ask_only: bool = False
    request_id: str = ""
    #: The whole request as the CLI sent it.
    raw: dict[str, Any] = attrs.field(factory=dict)
    _cancellation: Cancellation = attrs.field(factory=Cancellation, alias="cancellation")

    @classmethod
    def from_request(
        cls, request: dict[str, Any], request_id: str = "", cancellation: Cancellation | None = None
    ) -> PermissionContext:
        """Parse a `can_use_tool` request. Values of an unexpected type are kept unchanged."""
        plain = {name: value for name, value in request.items() if name in _PLAIN_FIELDS and value is not None}
        return cls(
            **plain,
            mcp_server=_parse_part(McpOrigin, request.get("mcp_server")),
            matched_ask_rule=_parse_part(AskRule, request.get("matched_ask_rule")),
            request_id=request_id,
            raw=request,
            cancellation=cancellation or Cancellation(),
        )

    @property
    def suggestions(self) -> list[PermissionUpdate]:
        """The rule changes that the CLI suggests to avoid similar requests. Pass them to `Allow` to apply them."""
        if self._suggestions is None:
            self._suggestions = parse_suggestions(self.raw.get("permission_suggestions"))
        return self._suggestions

    @property
    def cancelled(self) -> bool:
        """The CLI cancelled the request. The decision will be discarded."""
        return self._cancellation.cancelled

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field *name*, or *default* when the request has no such field."""
        return getattr(self, name, default)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self.raw:
            return self.raw[name]
        raise AttributeError(f"{type(self).__name__} has no field {name!r}", name=name, obj=self)

    def __repr__(self) -> str:
        about = self.display_name or self.raw.get("tool_name") or ""
        return f"<PermissionContext {about} {self.tool_use_id}>".replace("  ", " ")


_PARSED_FIELDS = {"_suggestions", "mcp_server", "matched_ask_rule", "request_id", "raw", "_cancellation"}
_PLAIN_FIELDS = frozenset(field.name for field in attrs.fields(PermissionContext)) - _PARSED_FIELDS


def _parse_part(cls: Any, raw: object) -> Any:
    if not isinstance(raw, Mapping):
        return None
    return cls(**{field.name: raw[field.name] for field in attrs.fields(cls) if raw.get(field.name) is not None})
