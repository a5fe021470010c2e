"""
The objects inside common messages: usage, MCP servers, plugins, permission denials.

Objects of less common messages are defined beside those messages, objects of control responses in `control`.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .._core.formatters import representation
from .base import WireObject
from .registry import wire_object


@wire_object
class CacheCreation(WireObject):
    """Input tokens written to the cache, by cache lifetime."""

    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


@wire_object
class ServerToolUsage(WireObject):
    """The number of calls of the API's own tools."""

    web_search_requests: int = 0
    web_fetch_requests: int = 0


@wire_object
class Usage(WireObject):
    """Token counts from the API. In a result they cover the main loop of one turn, without subagents."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUsage | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    iterations: list[Any] | None = None
    #: May hold `thinking_tokens`.
    output_tokens_details: dict[str, Any] | None = None
    fallback_credit: Any = None

    _repr_html_ = representation("html")
    _repr_markdown_ = representation("markdown")


@wire_object
class ModelUsage(WireObject):
    """Tokens and cost of one model, subagents included. Cumulative over the process and the session it resumed."""

    input_tokens: int = wire("inputTokens", 0)
    output_tokens: int = wire("outputTokens", 0)
    thinking_tokens: int = wire("thinkingTokens", 0)
    cache_read_input_tokens: int = wire("cacheReadInputTokens", 0)
    cache_creation_input_tokens: int = wire("cacheCreationInputTokens", 0)
    cache_creation_ephemeral_5m_input_tokens: int = wire("cacheCreationEphemeral5mInputTokens", 0)
    cache_creation_ephemeral_1h_input_tokens: int = wire("cacheCreationEphemeral1hInputTokens", 0)
    web_search_requests: int = wire("webSearchRequests", 0)
    cost_usd: float = wire("costUSD", 0.0)
    context_window: int | None = wire("contextWindow")
    max_output_tokens: int | None = wire("maxOutputTokens")
    canonical_model: str | None = wire("canonicalModel")
    provider: str | None = None
    #: `list`, `managed` or `unknown`.
    cost_basis: str | None = wire("costBasis")


@wire_object
class McpServer(WireObject):
    """An MCP server of the session; `status` is `connected`, `pending`, `failed`, `needs-auth` or `disabled`."""

    name: str = ""
    status: str = ""
    source: str | None = None
    error: str | None = None


@wire_object
class Plugin(WireObject):
    """A plugin that the session loaded."""

    name: str = ""
    path: str = ""
    version: str | None = None
    source: str | None = None


@wire_object
class PluginError(WireObject):
    """A plugin that failed to load, with the reason."""

    plugin: str = ""
    type: str = ""
    message: str = ""
    path: str | None = None
    #: `plugin_enabled`, `name` and optionally `marketplace`; set when an administrator locked the plugin.
    managed_lock: dict[str, Any] | None = None


@wire_object
class PermissionDenial(WireObject):
    """A tool use that was denied during the turn."""

    tool_name: str = ""
    tool_use_id: str = ""
    tool_input: dict[str, Any] = attrs.field(factory=dict)


@wire_object
class DeferredToolUse(WireObject):
    """A tool use that a hook deferred. It runs when the session is resumed."""

    id: str = ""
    name: str = ""
    input: dict[str, Any] = attrs.field(factory=dict)


@wire_object
class InvalidConfigFile(WireObject):
    """The configuration file that prevented the CLI from starting."""

    path: str = ""
    is_global: bool = False
    backup_searched: bool = False
    backup_path: str | None = None


@wire_object
class Origin(WireObject):
    """The source of a prompt; `kind` is `human`, `task-notification`, `channel`, `peer`, `auto-continuation`, ..."""

    kind: str = ""
    #: The kind of task notification: `scheduled-trigger`, `peer-send-message`, ...
    subkind: str | None = None
    producer: str | None = None
    server: str | None = None
    sender: str | None = wire("from")
    sender_mode: str | None = wire("fromMode")
    sender_session: str | None = wire("fromSession")
    sender_task_id: str | None = wire("senderTaskId")
    name: str | None = None
    body: str | None = None
    verified_peer_pid: int | None = wire("verifiedPeerPid")
    fire_reason: str | None = wire("fireReason")
    run_id: str | None = wire("runId")
