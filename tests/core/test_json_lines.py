"""
One line, one frame, in both directions.
"""
from __future__ import annotations

import json
import logging

import pytest

from agent_sdk._core import json_lines

HUGE_TEXT = "x" * (json_lines.MAX_UJSON_BYTES + 1)


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        (b'{"type":"x"}', {"type": "x"}),
        (b'  {"a":1}\r', {"a": 1}),
        ('{"a":"é漢😀"}'.encode(), {"a": "é漢😀"}),
        (b'{"a":"\\ud83d"}', {"a": "\ud83d"}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a":"x\xffy"}', {"a": "x\ufffdy"}),
        ('{"a":"\u2028\x85"}'.encode(), {"a": "\u2028\x85"}),
        (b'{"a":12345678901234567890123}', {"a": 12345678901234567890123}),
        (b'{"a":{"a":[]}}', {"a": {"a": []}}),
        (json.dumps({"a": HUGE_TEXT}).encode(), {"a": HUGE_TEXT}),
        (json.dumps({"a": HUGE_TEXT + "é"}, ensure_ascii=False).encode(), {"a": HUGE_TEXT + "é"}),
        (json.dumps({"a": HUGE_TEXT}).encode().replace(b"xx", b"x\xff", 1), {"a": "x\ufffd" + HUGE_TEXT[2:]}),
    ],
    ids=[
        "frame", "white space", "utf-8", "half a pair", "pair", "damaged", "odd characters", "big number", "nested",
        "huge", "huge and wide", "huge and damaged",
    ],
)  # fmt: skip
def test_a_line_becomes_its_frame(line, frame):
    """JSON objects are decoded whole; a byte that is no UTF-8 spoils one character."""
    assert json_lines.decode(line) == frame


@pytest.mark.parametrize(
    "line",
    [
        b"", b"   ", b"\r", b"[1]", b'"text"', b"null", b"5", b"{", b'{"a":}', b"{'a':1}", b'{"a":1}{"b":2}',
        b"\xff\xfe", b"[debug] hello", b"[" * 100_000, b'{"a":' * 100_000, b"\x00" * 10, b"x" * (json_lines.MAX_UJSON_BYTES + 1),
        b'{"a"',
    ],
    ids=lambda line: repr(line[:12]),
)  # fmt: skip
def test_junk_is_nothing(line):
    """What is no JSON object is *None*, never an error."""
    assert json_lines.decode(line) is None


def test_junk_is_logged_at_debug(caplog):
    """Skipped lines show at DEBUG, by their size and not by their text; blank ones do not."""
    with caplog.at_level(logging.DEBUG, logger="agent_sdk"):
        json_lines.decode(b"a secret")
        json_lines.decode(b"  ")
    assert [record.name for record in caplog.records] == ["agent_sdk.codec"]
    assert "8 bytes" in caplog.text and "secret" not in caplog.text


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"a": 1, "b": [True, None, 1.5]}, b'{"a":1,"b":[true,null,1.5]}\n'),
        ({"a": "é\u2028"}, b'{"a":"\\u00e9\\u2028"}\n'),
        ({"a": "\ud83d"}, b'{"a":"\\ud83d"}\n'),
        ({"a": "a/b\nc"}, b'{"a":"a/b\\nc"}\n'),
        ({}, b"{}\n"),
    ],
    ids=["plain", "wide", "half a pair", "slash and newline", "empty"],
)
def test_a_frame_becomes_one_ascii_line(value, line):
    """A frame is one line of ASCII with one newline, at its end."""
    assert json_lines.encode(value) == line
    assert json_lines.decode(line) == value


def _self_containing():
    value = {}
    value["a"] = value
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": -float("inf")},
        {"a": object()},
        {"a": {1, 2}},
        {"a": b"x"},
        _self_containing(),
    ],
    ids=["nan", "inf", "-inf", "object", "set", "bytes", "itself"],
)
def test_what_has_no_json_form_is_refused(value):
    """A NaN on its stdin would end the CLI: such values are errors before a byte is sent."""
    with pytest.raises((ValueError, TypeError)):
        json_lines.encode(value)


def test_loads_reads_any_value():
    """`loads` reads one JSON value, and raises `ValueError` for anything else."""
    assert json_lines.loads("[1, 2]") == [1, 2]
    with pytest.raises(ValueError):
        json_lines.loads("{")
