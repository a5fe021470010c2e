"""
What a tool can know of the call it serves.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.callbacks import Cancellation, Deadline


@attrs.define(eq=False, kw_only=True, slots=False)
class ToolContext:
    """
    The call that a tool serves: given to a parameter named `ctx`, or annotated with this class.

    A long-running tool looks at *cancelled* now and then, and returns early when it is set: nobody waits any more.
    """

    #: The tool use of the model, as in `tool_use_id` of messages; *None* where no model asked.
    tool_use_id: str | None = None
    #: The name under which the model knows the server; `""` outside a server.
    server_name: str = ""
    tool_name: str = ""
    #: The parameters of the call as they came: `name`, `arguments`, `_meta`.
    raw: dict[str, Any] = attrs.field(factory=dict, repr=False)

    def __attrs_post_init__(self) -> None:
        self._cancellation = Cancellation()  # no field: a tool may return its context

    def expire_at(self, deadline: Deadline | None) -> None:
        """Cancel the call when *deadline* passes. Called by the SDK."""
        self._cancellation.deadline = deadline

    @property
    def cancelled(self) -> bool:
        """True once nobody waits any more: after an interrupt, an abort, the turn's `timeout` or the CLI's own."""
        return self._cancellation.cancelled

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        self._cancellation.cancelled = value
