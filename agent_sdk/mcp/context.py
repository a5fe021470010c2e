"""
What a tool can know of the call it serves.
"""
from __future__ import annotations

from typing import Any

import attrs


@attrs.define(eq=False, kw_only=True)
class ToolContext:
    """
    The call that a tool serves: given to a parameter named `ctx`, or annotated with this class.

    A long-running tool looks at *cancelled* now and then, and returns early when it is set: nobody waits any more.
    """

    #: The tool use of the model, as in `tool_use_id` of messages; *None* where no model asked.
    tool_use_id: str | None = None
    #: True once the CLI gave the call up: after an interrupt, or its own timeout.
    cancelled: bool = False
    #: The name under which the model knows the server; `""` outside a server.
    server_name: str = ""
    tool_name: str = ""
    #: The parameters of the call as they came: `name`, `arguments`, `_meta`.
    raw: dict[str, Any] = attrs.field(factory=dict, repr=False)
