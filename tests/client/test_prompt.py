"""
Prompts: what people say, as the frame that carries it.
"""
from __future__ import annotations

import base64
import collections
import json

import pytest

from agent_sdk import ConfigurationError, document, image
from agent_sdk._client.prompt import content_of, user_line

PNG = b"\x89PNG\r\n\x1a\n rest"
BLOCK = {"type": "text", "text": "x"}


@pytest.mark.parametrize(
    ("prompt", "content"),
    [
        ("hello", "hello"),
        (["a", BLOCK], [{"type": "text", "text": "a"}, BLOCK]),
        (("a",), [{"type": "text", "text": "a"}]),
        ([collections.OrderedDict(BLOCK)], [BLOCK]),
        ("half \ud83d", "half \ud83d"),
        ("\u2028\x00", "\u2028\x00"),
    ],
    ids=["text", "list", "tuple", "mapping", "half a pair", "odd"],
)
def test_a_prompt_becomes_a_user_frame(prompt, content):
    """Text stays text, lists become blocks, and the frame carries its own uuid."""
    line = user_line(prompt, "u-1")
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert json.loads(line) == {
        "type": "user",
        "message": {"role": "user", "content": content},
        "parent_tool_use_id": None,
        "session_id": "",
        "uuid": "u-1",
    }


@pytest.mark.parametrize(
    "prompt",
    [None, 5, b"x", bytearray(b"x"), {"type": "text"}, {"a"}, [5], [None], [{}], [{"type": 5}], [["x"]]],
    ids=str,
)
def test_other_prompts_are_refused(prompt):
    """The CLI would answer other content with silence: it is an error here."""
    with pytest.raises(ConfigurationError, match="prompt"):
        content_of(prompt)


@pytest.mark.parametrize("prompt", ["", " \n", [], ()], ids=repr)
def test_an_empty_prompt_is_refused(prompt):
    """There is nothing in it to ask; the model's API would refuse it after a process was started."""
    with pytest.raises(ConfigurationError, match="prompt must not be empty"):
        content_of(prompt)


@pytest.mark.parametrize(
    "block",
    ["", " ", {"type": "text"}, {"type": "text", "text": ""}, {"type": "image"}, {"type": "document", "source": 5}],
    ids=repr,
)
def test_a_block_without_its_content_is_refused(block):
    """The CLI waits for ever over a text block without a text, and the API refuses the others after a start."""
    with pytest.raises(ConfigurationError, match="has no content"):
        content_of(["hello", block])


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"type": "user", "message": {"role": "user", "content": "x"}}, "one query per message"),
        ({"type": "txt", "text": "x"}, "did you mean 'text'"),
        ({"type": "Image", "source": {}}, "did you mean 'image'"),
    ],
)
def test_what_is_no_part_of_a_message_is_refused(part, text):
    """Whole messages, and misspelt types of blocks, would come back from the API as errors."""
    with pytest.raises(ConfigurationError, match=text):
        content_of([part])


def test_a_block_that_nobody_knows_is_let_through():
    """A newer CLI may know it."""
    assert content_of([{"type": "hologram"}]) == [{"type": "hologram"}]


@pytest.mark.parametrize("value", [object(), float("nan"), b"x", {1}], ids=["object", "nan", "bytes", "set"])
def test_blocks_must_be_json(value):
    """A block that cannot be written is an error of the prompt."""
    with pytest.raises(ConfigurationError, match="prompt"):
        user_line([{"type": "text", "text": value}], "u-1")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_pictures_are_told_by_their_first_bytes(data, media_type):
    """The media type comes from the bytes, however they are given."""
    expected = {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}
    for source in (data, bytearray(data), memoryview(data)):
        assert image(source) == {"type": "image", "source": expected}


def test_pictures_from_a_file_and_the_web(tmp_path):
    """A path is read here; an address is left to the API."""
    path = tmp_path / "picture"
    path.write_bytes(PNG)
    assert image(path) == image(str(path)) == image(PNG)
    assert image("https://example.org/a.png")["source"] == {"type": "url", "url": "https://example.org/a.png"}
    assert image(b"anything", media_type="image/x")["source"]["media_type"] == "image/x"


def test_documents_are_pdf_or_text(tmp_path):
    """A PDF travels in base64, text as text; a title is shown to the model."""
    assert document(b"%PDF-1.7 x")["source"]["media_type"] == "application/pdf"
    block = document("é".encode(), title="notes")
    assert block == {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "é"},
        "title": "notes",
    }
    path = tmp_path / "file.txt"
    path.write_text("x")
    assert document(path) == document(b"x")


@pytest.mark.parametrize(
    ("make", "source", "words"),
    [
        (image, b"RIFF\0\0\0\0WAVE", "not a PNG"),
        (image, b"", "not a PNG"),
        (image, "/nowhere/x.png", "cannot read"),
        (image, "a\0b", "cannot read"),
        (image, 5, "expected a path or bytes"),
        (image, None, "expected a path or bytes"),
        (document, b"\xff\xfe", "not a PDF or UTF-8 text"),
        (document, "/", "cannot read"),
        (document, ["x"], "expected a path or bytes"),
    ],
    ids=lambda value: str(value)[:20] if not callable(value) else value.__name__,
)
def test_what_cannot_be_shown_is_refused(make, source, words):
    """A file that cannot be read, or is of no known kind, is an error that names the remedy."""
    with pytest.raises(ConfigurationError, match=words):
        make(source)
