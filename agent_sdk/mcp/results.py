"""
Encode the return values of tools as MCP results.

Raises for values that JSON cannot represent; `call` reports that as a tool error.
"""
from __future__ import annotations

import enum
import os
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from .._schema.to_json import dump_json, dump_object, to_json_value
from ..errors import ConfigurationError

MCPBlock = dict[str, Any]

#: First bytes -> media type. WebP differs from other RIFF files in the bytes at offset 8.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
#: Content block type -> alternative sets of required members.
_BLOCK_SHAPES: Mapping[str, tuple[Mapping[str, type], ...]] = {
    "text": ({"text": str},),
    "image": ({"data": str, "mimeType": str}, {"source": dict}),
    "audio": ({"data": str, "mimeType": str},),
    "resource": ({"resource": dict},),
    "resource_link": ({"uri": str},),
    "document": ({"source": dict},),
}
#: The keys of a whole MCP result, which tools written for other SDKs return.
_RESULT_KEYS = frozenset({"content", "isError", "is_error", "structuredContent", "_meta"})


@attrs.frozen
class ToolResult:
    """
    A tool result that a plain return value cannot express: an error, structured content, metadata.

    The constructors `text`, `error`, `image` and `json` cover the usual cases.
    """

    #: Any return value of a tool: text, blocks, the bytes of an image, objects.
    content: Any = None
    is_error: bool = attrs.field(default=False, kw_only=True)
    #: Structured content. The CLI sends its JSON to the model *instead of* the content.
    structured: Any = attrs.field(default=None, kw_only=True)
    #: Metadata of the result, sent as `_meta`.
    meta: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True)

    @classmethod
    def text(cls, text: str) -> ToolResult:
        """Return *text* to the model."""
        return cls(str(text))

    @classmethod
    def error(cls, text: str) -> ToolResult:
        """Return *text* to the model as an error."""
        return cls(str(text), is_error=True)

    @classmethod
    def image(cls, source: str | os.PathLike[str] | bytes, media_type: str | None = None) -> ToolResult:
        """
        Return an image to the model.

        Args:
            source: A path, or the bytes of a PNG, JPEG, GIF or WebP file.
            media_type: For example `"image/png"`; detected from the bytes by default.

        Raises:
            ConfigurationError: The image format is not supported.
            OSError: The file cannot be read.
        """
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                source = file.read()
        return cls([image_block(bytes(source), media_type)])

    @classmethod
    def json(cls, value: Any) -> ToolResult:
        """Return *value* as JSON text, even if it is a string or looks like content blocks."""
        return cls(dump_object(value))


def image_block(data: bytes, media_type: str | None = None) -> MCPBlock:
    """
    Return the content block of an image.

    Raises:
        ConfigurationError: The image format is not supported.
    """
    kind = media_type or next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)
    if kind is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is None:
        raise ConfigurationError("unknown image format; expected PNG, JPEG, GIF or WebP (or return text or a block)")
    import base64

    return {"type": "image", "data": base64.b64encode(data).decode("ascii"), "mimeType": kind}


def failure(text: str) -> dict[str, Any]:
    """Return the result for a failed tool call."""
    return {"content": [_text_block(text)], "isError": True}


def encode(value: Any) -> dict[str, Any]:
    """
    Return the MCP result for the return value of a tool.

    A string becomes text, *None* an empty result, and bytes an image. A content block, or a list of blocks, strings and
    images, becomes the content. Numbers, dicts, attrs objects, dataclasses and lists of these become JSON text.

    Raises:
        TypeError, ValueError: JSON cannot represent the value.
    """
    if type(value) is str:
        return {"content": [{"type": "text", "text": value}]}
    result = _to_result(value)
    if value is not None and not _is_text_only(result):
        # Check now, so that the error is reported as the tool's and not when the line is written.
        dump_json(result)
    return result


def _is_text_only(result: dict[str, Any]) -> bool:
    """Return whether *result* contains only text, which can always be encoded."""
    return result.keys() == {"content"} and all(block.keys() == {"type", "text"} for block in result["content"])


def _to_result(value: Any) -> dict[str, Any]:
    if isinstance(value, ToolResult):
        return _encode_tool_result(value)
    if _is_result(value):
        return _encode_result(value)
    return {"content": _to_content(value)}


def _encode_tool_result(value: ToolResult) -> dict[str, Any]:
    result: dict[str, Any] = {"content": _to_content(value.content)}
    if value.is_error:
        result["isError"] = True
    if value.structured is not None:
        result["structuredContent"] = to_json_value(value.structured)
    if value.meta:
        result["_meta"] = dict(value.meta)
    return result


def _is_result(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("content"), list)
        and value.keys() <= _RESULT_KEYS
        and all(_is_block(block) for block in value["content"])
    )


def _encode_result(value: dict[str, Any]) -> dict[str, Any]:
    result = {key: value[key] for key in value if key != "is_error"}
    result["content"] = [_to_block(block) for block in value["content"]]
    if value.get("is_error"):
        result["isError"] = True
    return result


def _to_content(value: Any) -> list[MCPBlock]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)) and value and all(map(_is_content, value)):
        return [_to_block(part) for part in value]
    return [_to_block(value) if _is_content(value) else _text_block(dump_object(value))]


def _is_content(value: Any) -> bool:
    text = isinstance(value, str) and not isinstance(value, enum.Enum)
    return text or isinstance(value, (bytes, bytearray, memoryview)) or _is_block(value)


def _is_block(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return False
    shapes = _BLOCK_SHAPES.get(value["type"], ())
    return any(all(isinstance(value.get(key), cls) for key, cls in shape.items()) for shape in shapes)


def _to_block(value: Any) -> MCPBlock:
    if isinstance(value, str):
        return _text_block(str.__str__(value))
    if not isinstance(value, dict):
        return image_block(bytes(value))
    convert = _PROMPT_BLOCKS.get(value["type"])
    return convert(value) if convert is not None and isinstance(value.get("source"), dict) else value


def _text_block(text: str) -> MCPBlock:
    return {"type": "text", "text": text}


def _convert_image(block: MCPBlock) -> MCPBlock:
    source = block["source"]
    if source.get("type") == "url":
        return {"type": "resource_link", "uri": source.get("url"), "name": source.get("url")}
    return {"type": "image", "data": source.get("data"), "mimeType": source.get("media_type")}


def _convert_document(block: MCPBlock) -> MCPBlock:
    source, name = block["source"], block.get("title") or "document"
    if source.get("type") == "text":
        return _text_block(str(source.get("data")))
    resource = {"uri": f"document:///{name}", "mimeType": source.get("media_type"), "blob": source.get("data")}
    return {"type": "resource", "resource": resource}


#: Converters from prompt blocks (`agent_sdk.image`, `agent_sdk.document`) to MCP blocks.
_PROMPT_BLOCKS: Mapping[str, Callable[[MCPBlock], MCPBlock]] = {
    "image": _convert_image,
    "document": _convert_document,
}
