"""
The less common content blocks: images, documents, resources, and the tools that the API itself runs (search, fetch,
code execution, MCP connectors).
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
    """The source of an image or a document: inline (`base64`, `text`), a `url`, or an uploaded `file`."""

    type: str = ""
    #: Set for `base64` and `text`.
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
    """A link to a resource of an MCP server."""

    uri: str = ""
    name: str = ""
    title: str | None = None
    description: str | None = None
    mime_type: str | None = wire("mimeType")

    def _summary(self) -> str:
        return shorten(self.uri)


@block_type("tool_reference")
class ToolReferenceBlock(ContentBlock):
    """A tool that a tool search found."""

    tool_name: str = ""


@block_type("container_upload")
class ContainerUploadBlock(ContentBlock):
    """A file uploaded to the container in which the API runs code."""

    file_id: str = ""


@block_type("server_tool_use")
class ServerToolUseBlock(ContentBlock):
    """A use of a tool that the API runs: `web_search`, `code_execution`, `advisor`, ..."""

    id: str = ""
    name: str = ""
    input: dict[str, Any] = attrs.field(factory=dict)
    caller: dict[str, Any] | None = None

    def _summary(self) -> str:
        return f"{self.name} {shorten(self.input)}"


@block_type("mcp_tool_use")
class McpToolUseBlock(ServerToolUseBlock):
    """A use of a tool of an MCP server that the API connects to."""

    server_name: str = ""


@wire_object
class ServerToolResultBlock(ContentBlock):
    """The result of a tool that the API runs. Base class of these results."""

    tool_use_id: str = ""
    #: An object or a list of objects; the shape depends on the tool.
    content: Any = None
    caller: dict[str, Any] | None = None

    def _summary(self) -> str:
        return shorten(self.content)


@block_type("advisor_tool_result")
class AdvisorToolResultBlock(ServerToolResultBlock):
    """The result of the advisor tool."""


@block_type("web_search_tool_result")
class WebSearchToolResultBlock(ServerToolResultBlock):
    """The result of a web search."""


@block_type("web_fetch_tool_result")
class WebFetchToolResultBlock(ServerToolResultBlock):
    """The content fetched from a URL."""


@block_type("code_execution_tool_result")
class CodeExecutionToolResultBlock(ServerToolResultBlock):
    """The result of a code execution."""


@block_type("bash_code_execution_tool_result")
class BashCodeExecutionToolResultBlock(ServerToolResultBlock):
    """The result of a shell command."""


@block_type("text_editor_code_execution_tool_result")
class TextEditorCodeExecutionToolResultBlock(ServerToolResultBlock):
    """The result of a file edit."""


@block_type("tool_search_tool_result")
class ToolSearchToolResultBlock(ServerToolResultBlock):
    """The tools that a tool search found."""


@block_type("mcp_tool_result")
class McpToolResultBlock(ServerToolResultBlock):
    """The result of a tool of an MCP server that the API connects to."""

    is_error: bool = False
