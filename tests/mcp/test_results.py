"""What tools return becomes a result that travels."""
from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import uuid
from pathlib import Path
from typing import Any

import attrs
import pytest

import agent_sdk
from agent_sdk.errors import ConfigurationError
from agent_sdk.mcp import ToolResult
from agent_sdk.mcp.results import encode

PNG = b"\x89PNG\r\n\x1a\n rest"
PNG_BLOCK = {"type": "image", "data": "iVBORw0KGgogcmVzdA==", "mimeType": "image/png"}
UUID = uuid.UUID(int=1)


class Color(enum.Enum):
    RED = "red"


class Word(str, enum.Enum):
    A = "x"


@attrs.define
class Report:
    title: str
    color: Color = Color.RED
    when: datetime.date = datetime.date(2024, 1, 2)


@dataclasses.dataclass
class Point:
    x: int
    kind = "class attribute"


REPORT = {"title": "t", "color": "red", "when": "2024-01-02"}


def text(value: str) -> dict[str, Any]:
    """The result that is one text."""
    return {"content": [{"type": "text", "text": value}]}


RESULTS: list[tuple[Any, dict[str, Any]]] = [
    ("hello", text("hello")),
    ("", text("")),
    ("half an emoji \ud83d", text("half an emoji \ud83d")),
    (None, {"content": []}),
    (5, text("5")),
    (1.5, text("1.5")),
    (True, text("true")),
    (Word.A, text('"x"')),
    ({"a": 1}, text('{"a":1}')),
    ([], text("[]")),
    ([1, 2], text("[1,2]")),
    ([{"a": 1}], text('[{"a":1}]')),
    (Report("t"), text(json.dumps(REPORT, separators=(",", ":")))),
    ([Point(1)], text('[{"x":1}]')),
    ({"id": UUID, "path": Path("a")}, text(f'{{"id":"{UUID}","path":"a"}}')),
    (["a", "b"], {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
    (PNG, {"content": [PNG_BLOCK]}),
    (bytearray(PNG), {"content": [PNG_BLOCK]}),
    (("see", PNG), {"content": [{"type": "text", "text": "see"}, PNG_BLOCK]}),
    (PNG_BLOCK, {"content": [PNG_BLOCK]}),
    ({"type": "text", "text": "t"}, text("t")),
    ({"type": "text"}, text('{"type":"text"}')),
    ({"type": "text", "text": 5}, text('{"type":"text","text":5}')),
    (agent_sdk.image(PNG), {"content": [PNG_BLOCK]}),
    (
        agent_sdk.image("https://a.b/c.png"),
        {"content": [{"type": "resource_link", "uri": "https://a.b/c.png", "name": "https://a.b/c.png"}]},
    ),
    (agent_sdk.document(b"plain words"), text("plain words")),
    ({"content": [{"type": "text", "text": "t"}], "is_error": True}, {**text("t"), "isError": True}),
    ({"content": "no blocks"}, text('{"content":"no blocks"}')),
    (ToolResult("t"), text("t")),
    (ToolResult.text("t"), text("t")),
    (ToolResult.error("no"), {**text("no"), "isError": True}),
    (ToolResult.image(PNG), {"content": [PNG_BLOCK]}),
    (ToolResult.json(["a"]), text('["a"]')),
    (ToolResult(structured=Report("t")), {"content": [], "structuredContent": REPORT}),
    (ToolResult("t", meta={"k": 1}), {**text("t"), "_meta": {"k": 1}}),
]


@pytest.mark.parametrize(("value", "result"), RESULTS, ids=[repr(value)[:40] for value, _ in RESULTS])
def test_results(value: Any, result: dict[str, Any]) -> None:
    """Every kind of return value has its form on the wire."""
    assert encode(value) == result


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_images_by_their_first_bytes(data: bytes, kind: str) -> None:
    """Bytes are the image that their first bytes say they are."""
    assert encode(data)["content"][0]["mimeType"] == kind


def _loop() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "NaN"),
        ({"a": math.inf}, "NaN"),
        (Report(math.nan), "NaN"),  # type: ignore[arg-type]
        ({1, 2}, "a set cannot be represented in JSON"),
        ({"a": {1}}, "a set cannot be represented in JSON"),
        (object(), "a object cannot be represented in JSON"),
        (_loop(), "contains itself"),
        (b"RIFF\0\0\0\0WAVE", "unknown image format"),
        (ToolResult(structured={1}), "a set cannot be represented in JSON"),
        (ToolResult("t", meta={"a": math.nan}), "NaN"),
        ({"type": "resource", "resource": {"a": math.nan}}, "NaN"),
        ({"content": [{"type": "text", "text": "t", "more": {1}}]}, "not JSON serializable"),
    ],
)
def test_what_cannot_travel(value: Any, reason: str) -> None:
    """What cannot be represented in JSON is refused with the reason, before a byte is sent."""
    with pytest.raises((TypeError, ValueError), match=reason):
        encode(value)


def test_image_from_a_file(tmp_path: Path) -> None:
    """`ToolResult.image` reads a file; what is no picture is refused there."""
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "a.txt").write_bytes(b"text")
    assert encode(ToolResult.image(tmp_path / "a.png")) == {"content": [PNG_BLOCK]}
    with pytest.raises(ConfigurationError, match="unknown image format"):
        ToolResult.image(tmp_path / "a.txt")
