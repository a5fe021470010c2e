"""
Prompts: what people give to a query, checked and turned into the user frame.
"""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .._core import json_lines
from .._core.checks import reject_typos
from ..errors import ConfigurationError

Block = Mapping[str, Any]
#: A string, or a list of strings and content blocks.
Prompt = str | Sequence[str | Block]

#: What a content block of a type must have.
_REQUIRED_FIELDS: Mapping[str, tuple[str, type]] = {
    "text": ("text", str),
    "image": ("source", Mapping),
    "document": ("source", Mapping),
}
#: Types of content blocks; one that nearly is one of them is misspelt.
_BLOCK_TYPES = ("text", "image", "document", "search_result", "tool_result", "web_search_result", "mcp_tool_result")
#: First bytes -> media type, for pictures given as bytes.
_IMAGE_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


def image(source: str | os.PathLike[str] | bytes, media_type: str | None = None) -> dict[str, Any]:
    """
    Make the content block of a picture.

    Args:
        source: A path, the bytes of a PNG, JPEG, GIF or WebP file, or an http(s) address.
        media_type: Such as `"image/png"`; told from the bytes when not given.

    Raises:
        ConfigurationError: The file cannot be read, or is no picture of a known kind.
    """
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return {"type": "image", "source": {"type": "url", "url": source}}
    data = _read_bytes(source, "image")
    kind = media_type or next((kind for magic, kind in _IMAGE_SIGNATURES if data.startswith(magic)), None)
    if kind is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is None:
        raise ConfigurationError("image: neither PNG, JPEG, GIF nor WebP; name its media_type")
    return {"type": "image", "source": _base64_source(kind, data)}


def document(
    source: str | os.PathLike[str] | bytes, media_type: str | None = None, title: str | None = None
) -> dict[str, Any]:
    """
    Make the content block of a document.

    Args:
        source: A path, or the bytes of a PDF or of a text in UTF-8.
        media_type: `"application/pdf"` or `"text/plain"`; told from the bytes when not given.
        title: Shown to the model.

    Raises:
        ConfigurationError: The file cannot be read, or is neither PDF nor text.
    """
    data = _read_bytes(source, "document")
    kind = media_type or ("application/pdf" if data.startswith(b"%PDF-") else "text/plain")
    block: dict[str, Any] = {"type": "document", "source": _base64_source(kind, data)}
    if kind == "text/plain":
        try:
            block["source"] = {"type": "text", "media_type": kind, "data": data.decode("utf-8")}
        except UnicodeDecodeError as error:
            raise ConfigurationError("document: neither PDF nor text in UTF-8; name its media_type") from error
    return block if title is None else {**block, "title": title}


def _read_bytes(source: object, name: str) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if not isinstance(source, (str, os.PathLike)):
        raise ConfigurationError(f"{name}: expected a path or bytes, got {type(source).__name__}")
    try:
        with open(source, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{name}: cannot read {os.fspath(source)!r}: {error}") from error


def _base64_source(media_type: str, data: bytes) -> dict[str, Any]:
    import base64

    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode("ascii")}


def user_line(prompt: Prompt, uuid: str, verbatim: bool = False) -> bytes:
    """
    Make the line that sends a prompt.

    Results name its *uuid*, and the CLI drops a message whose uuid it has seen. *verbatim* turns off slash commands
    and files by `@path`.
    """
    return content_line(content_of(prompt), uuid, verbatim)


def content_line(content: str | list[Block], uuid: str, verbatim: bool = False) -> bytes:
    """Make the line that sends message content as it is; see `user_line`."""
    frame: dict[str, Any] = {
        "type": "user",
        "message": {"role": "user", "content": content},
        "parent_tool_use_id": None,
        "session_id": "",
        "uuid": uuid,
    }
    if verbatim:
        frame["client_composed"] = True
    try:
        return json_lines.encode(frame)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"prompt: {error}") from error


def content_of(prompt: Prompt) -> str | list[Block]:
    """Check a prompt and return it as message content."""
    content = prompt if isinstance(prompt, str) else _check_blocks(prompt)
    if not content or (isinstance(content, str) and content.isspace()):
        raise ConfigurationError(f"prompt={prompt!r}: there is nothing in it to ask")
    return content


def _check_blocks(prompt: object) -> list[Block]:
    # The CLI answers other content with no result and no error: a caller would wait for ever.
    if isinstance(prompt, Mapping) or not isinstance(prompt, Sequence) or isinstance(prompt, (bytes, bytearray)):
        raise ConfigurationError(
            f"prompt: expected a string or a list of strings and content blocks, got {type(prompt).__name__}"
        )
    return [_check_block(part) for part in prompt]


def _check_block(part: object) -> Block:
    block = {"type": "text", "text": part} if isinstance(part, str) else part
    if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
        raise ConfigurationError(f"prompt: a list holds strings and content blocks, found {type(part).__name__}")
    if "message" in block:
        raise ConfigurationError("prompt: a list holds the parts of one message; send several with a query for each")
    reject_typos("prompt", {block["type"]: None}, _BLOCK_TYPES)
    field, kind = _REQUIRED_FIELDS.get(block["type"], ("type", str))
    value = block.get(field)
    if not isinstance(value, kind) or not value or (isinstance(value, str) and value.isspace()):
        # For a text block without a text the CLI waits for ever.
        remedy = "leave it out" if isinstance(part, str) else f"it needs a {field} with something in it"
        raise ConfigurationError(f"prompt: {part!r:.100} says nothing; {remedy}")
    return block
