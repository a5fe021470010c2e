"""
The system messages that nearly every run emits. The modules `state`, `tasks` and `notices` define the others.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import SystemMessage, shorten
from .registry import message_type
from .shared import McpServer, Plugin, PluginError


@message_type("system", "init")
class InitMessage(SystemMessage):
    """The start of a turn, with the session's directory, model and tools. Sent for every turn, not once per process."""

    cwd: str = ""
    model: str = ""
    permission_mode: str = wire("permissionMode", "")
    tools: list[str] = attrs.field(factory=list)
    mcp_servers: list[McpServer] = attrs.field(factory=list)
    slash_commands: list[str] = attrs.field(factory=list)
    #: Commands that work only in a terminal.
    terminal_slash_commands: list[str] | None = None
    agents: list[str] = attrs.field(factory=list)
    skills: list[str] = attrs.field(factory=list)
    plugins: list[Plugin] = attrs.field(factory=list)
    plugin_errors: list[PluginError] | None = None
    #: `ANTHROPIC_API_KEY`, `apiKeyHelper`, `/login managed key` or `none`.
    api_key_source: str = wire("apiKeySource", "")
    output_style: str = ""
    claude_code_version: str = ""
    betas: list[str] | None = None
    #: Protocol extensions that this CLI supports, such as `interrupt_receipt_v1`.
    capabilities: list[str] = attrs.field(factory=list)
    #: `low`, `medium`, `high`, `xhigh` or `max`.
    effort: str | None = None
    fast_mode_state: str | None = None
    fast_mode_disabled_reason: str | None = None
    #: `focus` or `default`.
    view_mode: str | None = None
    original_cwd: str | None = None
    additional_directories: list[str] | None = None
    memory_paths: dict[str, Any] | None = None
    user_message_uuids: list[str] | None = None

    def _summary(self) -> str:
        return f"session={str(self.session_id)[:8]} model={self.model} tools={len(self.tools)}"


@message_type("system", "status")
class StatusMessage(SystemMessage):
    """The current activity of the CLI (`compacting`, `requesting`; *None* when idle), or a new permission mode."""

    status: str | None = None
    permission_mode: str | None = wire("permissionMode")
    #: The outcome of a compaction: `success` or `failed`.
    compact_result: str | None = None
    compact_error: str | None = None

    def _summary(self) -> str:
        return f"{shorten(self.status)}{f' mode={self.permission_mode}' if self.permission_mode else ''}"
