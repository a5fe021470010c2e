"""
The context that a tool receives about its call.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.callbacks import Cancellation, Deadline


@attrs.define(eq=False, kw_only=True, slots=False)
class ToolContext:
    """
    The current tool call. It is passed to a parameter that is named `ctx` or annotated with this class.

    A long-running tool should check *cancelled* periodically and return early when it is true.
    """

    #: The id of the model's tool use, equal to `tool_use_id` of messages; *None* when your code calls the tool.
    tool_use_id: str | None = None
    #: The server's name in `mcp_servers`; `""` outside a server.
    server_name: str = ""
    tool_name: str = ""
    #: The parameters of the request: `name`, `arguments`, `_meta`.
    raw: dict[str, Any] = attrs.field(factory=dict, repr=False)

    def __attrs_post_init__(self) -> None:
        self._cancellation = Cancellation()  # not a field: a tool may return its context

    def expire_at(self, deadline: Deadline | None) -> None:
        """Cancel the call when *deadline* passes. Called by the SDK."""
        self._cancellation.deadline = deadline

    @property
    def cancelled(self) -> bool:
        """True after an interrupt, an abort, the turn's `timeout` or the CLI's own timeout."""
        return self._cancellation.cancelled

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        self._cancellation.cancelled = value
