"""
Prompts: validation, and conversion to the user frame.
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

#: Required field of each content block type.
_REQUIRED_FIELDS: Mapping[str, tuple[str, type]] = {
    "text": ("text", str),
    "image": ("source", Mapping),
    "document": ("source", Mapping),
}
#: Known content block types, for suggestions.
_BLOCK_TYPES = ("text", "image", "document", "search_result", "tool_result", "web_search_result", "mcp_tool_result")
#: First bytes -> media type of an image.
_IMAGE_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


def image(source: str | os.PathLike[str] | bytes, media_type: str | None = None) -> dict[str, Any]:
    """
    Return the content block of an image.

    Args:
        source: A path, the bytes of a PNG, JPEG, GIF or WebP file, or an http(s) URL.
        media_type: Such as `"image/png"`; detected from the bytes if omitted.

    Raises:
        ConfigurationError: The file cannot be read, or the image type is unknown.
    """
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return {"type": "image", "source": {"type": "url", "url": source}}
    data = _read_bytes(source, "image")
    kind = media_type or next((kind for magic, kind in _IMAGE_SIGNATURES if data.startswith(magic)), None)
    if kind is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is None:
        raise ConfigurationError("image: not a PNG, JPEG, GIF or WebP file; set media_type")
    return {"type": "image", "source": _base64_source(kind, data)}


def document(
    source: str | os.PathLike[str] | bytes, media_type: str | None = None, title: str | None = None
) -> dict[str, Any]:
    """
    Return the content block of a document.

    Args:
        source: A path, or the bytes of a PDF or UTF-8 text.
        media_type: `"application/pdf"` or `"text/plain"`; detected from the bytes if omitted.
        title: Title that the model sees.

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
            raise ConfigurationError("document: not a PDF or UTF-8 text; set media_type") from error
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
    Return the line that sends a prompt.

    Results refer to its *uuid*, and the CLI discards messages with a known uuid. *verbatim* disables slash commands
    and `@path` files.
    """
    return content_line(content_of(prompt), uuid, verbatim)


def content_line(content: str | list[Block], uuid: str, verbatim: bool = False) -> bytes:
    """Return the line that sends message content unchanged; see `user_line`."""
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
        raise ConfigurationError(f"prompt must not be empty, got {prompt!r}")
    return content


def _check_blocks(prompt: object) -> list[Block]:
    # The CLI responds to other content without a result or an error, so the caller would wait forever.
    if isinstance(prompt, Mapping) or not isinstance(prompt, Sequence) or isinstance(prompt, (bytes, bytearray)):
        raise ConfigurationError(
            f"prompt: expected a string or a list of strings and content blocks, got {type(prompt).__name__}"
        )
    return [_check_block(part) for part in prompt]


def _check_block(part: object) -> Block:
    block = {"type": "text", "text": part} if isinstance(part, str) else part
    if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
        raise ConfigurationError(f"prompt: expected a list of strings and content blocks, found {type(part).__name__}")
    if "message" in block:
        raise ConfigurationError("prompt: a list contains the parts of one message; use one query per message")
    reject_typos("prompt", {block["type"]: None}, _BLOCK_TYPES)
    field, kind = _REQUIRED_FIELDS.get(block["type"], ("type", str))
    value = block.get(field)
    if not isinstance(value, kind) or not value or (isinstance(value, str) and value.isspace()):
        # The CLI never responds to a text block with an empty text.
        remedy = "remove it" if isinstance(part, str) else f"set its {field}"
        raise ConfigurationError(f"prompt: {part!r:.100} has no content; {remedy}")
    return block
