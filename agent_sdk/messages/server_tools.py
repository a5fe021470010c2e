"""
Content blocks of tools that the API runs itself: search, fetch, code execution, MCP connectors.
"""
from __future__ import annotations

from typing import Any

import attrs

from .base import shorten
from .blocks import ContentBlock
from .registry import block_type


@block_type("server_tool_use")
@attrs.define(eq=False, repr=False, kw_only=True)
class ServerToolUseBlock(ContentBlock):
    """The model's use of a tool of the API: `web_search`, `code_execution`, `advisor`, ..."""

    id: str = ""
    name: str = ""
    input: dict[str, Any] = attrs.field(factory=dict)
    caller: dict[str, Any] | None = None

    def _summary(self) -> str:
        return f"{self.name} {shorten(self.input)}"


@block_type("mcp_tool_use")
@attrs.define(eq=False, repr=False, kw_only=True)
class McpToolUseBlock(ServerToolUseBlock):
    """The model's use of a tool of an MCP server that the API talks to."""

    server_name: str = ""


@attrs.define(eq=False, repr=False, kw_only=True)
class ServerToolResultBlock(ContentBlock):
    """What a tool of the API gave back. The base of all of them."""

    tool_use_id: str = ""
    #: In a form of the tool's own: an object, or a list of them.
    content: Any = None
    caller: dict[str, Any] | None = None

    def _summary(self) -> str:
        return shorten(self.content)


@block_type("advisor_tool_result")
@attrs.define(eq=False, repr=False, kw_only=True)
class AdvisorToolResultBlock(ServerToolResultBlock):
    """What the advisor said."""


@block_type("web_search_tool_result")
@attrs.define(eq=False, repr=False, kw_only=True)
class WebSearchToolResultBlock(ServerToolResultBlock):
    """What a web search found."""


@block_type("web_fetch_tool_result")
@attrs.define(eq=False, repr=False, kw_only=True)
class WebFetchToolResultBlock(ServerToolResultBlock):
    """What was at an address."""


@block_type("code_execution_tool_result")
@attrs.define(eq=False, repr=False, kw_only=True)
class CodeExecutionToolResultBlock(ServerToolResultBlock):
    """What a piece of code gave."""


@block_type("bash_code_execution_tool_result")
@attrs.define(eq=False, repr=False, kw_only=True)
class BashCodeExecutionToolResultBlock(ServerToolResultBlock):
    """What a shell command gave."""


@block_type("text_editor_code_execution_tool_result")
@attrs.define(eq=False, repr=False, kw_only=True)
class TextEditorCodeExecutionToolResultBlock(ServerToolResultBlock):
    """What an edit of a file gave."""


@block_type("tool_search_tool_result")
@attrs.define(eq=False, repr=False, kw_only=True)
class ToolSearchToolResultBlock(ServerToolResultBlock):
    """Which tools were found."""


@block_type("mcp_tool_result")
@attrs.define(eq=False, repr=False, kw_only=True)
class McpToolResultBlock(ServerToolResultBlock):
    """What a tool of an MCP server that the API talks to gave back."""

    is_error: bool = False
