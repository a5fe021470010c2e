"""
Content blocks that carry or name something other than text: images, documents, resources.
"""
from __future__ import annotations

from typing import Any

import attrs

from .._core.fields import wire
from .base import WireObject, shorten
from .blocks import ContentBlock
from .registry import block_type


@attrs.define(eq=False, repr=False, kw_only=True)
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
@attrs.define(eq=False, repr=False, kw_only=True)
class ImageBlock(ContentBlock):
    """An image."""

    source: MediaSource | None = None

    def _summary(self) -> str:
        return self.source._summary() if isinstance(self.source, MediaSource) else ""


@block_type("document")
@attrs.define(eq=False, repr=False, kw_only=True)
class DocumentBlock(ContentBlock):
    """A document, such as a PDF."""

    source: MediaSource | None = None
    title: str | None = None
    context: str | None = None
    citations: dict[str, Any] | None = None

    def _summary(self) -> str:
        return shorten(self.title) if self.title else ""


@block_type("resource_link")
@attrs.define(eq=False, repr=False, kw_only=True)
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
@attrs.define(eq=False, repr=False, kw_only=True)
class ToolReferenceBlock(ContentBlock):
    """A tool that a search for tools found."""

    tool_name: str = ""


@block_type("container_upload")
@attrs.define(eq=False, repr=False, kw_only=True)
class ContainerUploadBlock(ContentBlock):
    """A file brought into the container in which the API runs code."""

    file_id: str = ""
