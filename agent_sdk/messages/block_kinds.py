"""
The rarer content blocks: images, documents and resources, and tools that the API runs itself (search, fetch, code
execution, MCP connectors).
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import WireObject, shorten
from .blocks import ContentBlock
from .registry import block_type, wire_object


@wire_object
class MediaSource(WireObject):
    """Where an image or a document is: inside (`base64`, `text`), at an address (`url`), or uploaded (`file`)."""

    type: str = ""
    #: Of `base64`, and of `text`.
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None

    def _summary(self) -> str:
        return " ".join(str(part) for part in (self.type, self.media_type, self.url, self.file_id) if part)


@block_type("image")
class ImageBlock(ContentBlock):
    """An image."""

    source: MediaSource | None = None

    def _summary(self) -> str:
        return self.source._summary() if isinstance(self.source, MediaSource) else ""


@block_type("document")
class DocumentBlock(ContentBlock):
    """A document, such as a PDF."""

    source: MediaSource | None = None
    title: str | None = None
    context: str | None = None
    citations: dict[str, Any] | None = None

    def _summary(self) -> str:
        return shorten(self.title) if self.title else ""


@block_type("resource_link")
class ResourceLinkBlock(ContentBlock):
    """A resource of an MCP server, by its address."""

    uri: str = ""
    name: str = ""
    title: str | None = None
    description: str | None = None
    mime_type: str | None = wire("mimeType")

    def _summary(self) -> str:
        return shorten(self.uri)


@block_type("tool_reference")
class ToolReferenceBlock(ContentBlock):
    """A tool that a search for tools found."""

    tool_name: str = ""


@block_type("container_upload")
class ContainerUploadBlock(ContentBlock):
    """A file brought into the container in which the API runs code."""

    file_id: str = ""


@block_type("server_tool_use")
class ServerToolUseBlock(ContentBlock):
    """The model's use of a tool of the API: `web_search`, `code_execution`, `advisor`, ..."""

    id: str = ""
    name: str = ""
    input: dict[str, Any] = attrs.field(factory=dict)
    caller: dict[str, Any] | None = None

    def _summary(self) -> str:
        return f"{self.name} {shorten(self.input)}"


@block_type("mcp_tool_use")
class McpToolUseBlock(ServerToolUseBlock):
    """The model's use of a tool of an MCP server that the API talks to."""

    server_name: str = ""


@wire_object
class ServerToolResultBlock(ContentBlock):
    """What a tool of the API gave back. The base of all of them."""

    tool_use_id: str = ""
    #: In a form of the tool's own: an object, or a list of them.
    content: Any = None
    caller: dict[str, Any] | None = None

    def _summary(self) -> str:
        return shorten(self.content)


@block_type("advisor_tool_result")
class AdvisorToolResultBlock(ServerToolResultBlock):
    """What the advisor said."""


@block_type("web_search_tool_result")
class WebSearchToolResultBlock(ServerToolResultBlock):
    """What a web search found."""


@block_type("web_fetch_tool_result")
class WebFetchToolResultBlock(ServerToolResultBlock):
    """What was at an address."""


@block_type("code_execution_tool_result")
class CodeExecutionToolResultBlock(ServerToolResultBlock):
    """What a piece of code gave."""


@block_type("bash_code_execution_tool_result")
class BashCodeExecutionToolResultBlock(ServerToolResultBlock):
    """What a shell command gave."""


@block_type("text_editor_code_execution_tool_result")
class TextEditorCodeExecutionToolResultBlock(ServerToolResultBlock):
    """What an edit of a file gave."""


@block_type("tool_search_tool_result")
class ToolSearchToolResultBlock(ServerToolResultBlock):
    """Which tools were found."""


@block_type("mcp_tool_result")
class McpToolResultBlock(ServerToolResultBlock):
    """What a tool of an MCP server that the API talks to gave back."""

    is_error: bool = False
