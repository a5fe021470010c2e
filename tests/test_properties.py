"""
Properties: whatever bytes come on stdout, they become messages or a documented error; whatever strings people give,
they become words of a command line or a `ConfigurationError`.
"""
from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from memory import MemoryCLI

import agent_sdk
from agent_sdk import AgentSDKError, ConfigurationError, Options
from agent_sdk._converter import structure_message
from agent_sdk._core.fields import TARGET
from agent_sdk._process.command import MAX_ARGV_BYTES, command_of
from agent_sdk._process.pipes import LineSplitter
from agent_sdk.messages import Message, predicates
from agent_sdk.options.options import FIELDS
from agent_sdk.testing import frames

RECORDED = [
    json.loads(line)
    for path in sorted((Path(__file__).parent / "fixtures" / "frames").glob("*.jsonl"))
    for line in path.read_text().splitlines()
    if line
]

words = st.sampled_from(
    [
        "type", "subtype", "system", "result", "success", "init", "stream_event", "assistant", "user",
        "control_request", "control_response", "control_cancel_request", "command_lifecycle", "session_id", "uuid",
        "request_id", "req_1",
        "request", "response", "message", "content", "event", "task_started", "task_id", "tasks", "state", "idle",
        "is_error", "errors", "total_cost_usd", "usage", "user_message_uuids", "transcript_mirror", "agent_sdk_leaving",
        "error", "hook_callback", "can_use_tool", "mcp_message", "elicitation", "patch", "origin",
    ]
)  # fmt: skip
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | words
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(), inner, max_size=5),
    max_leaves=12,
)


@st.composite
def mutated(draw):
    """A recorded frame, with some of its values replaced, taken away or added."""
    frame = dict(draw(st.sampled_from(RECORDED)))
    for _ in range(draw(st.integers(1, 4))):
        key = draw(st.sampled_from(sorted(frame)) | words) if frame else draw(words)
        if draw(st.booleans()):
            frame[key] = draw(values)
        else:
            frame.pop(key, None)
    return json.dumps(frame).encode()


@st.composite
def damaged(draw):
    """A recorded frame whose line lost, gained or changed bytes."""
    line = bytearray(json.dumps(draw(st.sampled_from(RECORDED))).encode())
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, len(line)))
        line[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(line)


lines = (
    st.binary(max_size=80)
    | damaged()
    | mutated()
    | st.dictionaries(words, values, max_size=6).map(json.dumps).map(str.encode)
)


def cut(stream, places):
    """Cut a stream of bytes at these places."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


def split(chunks):
    """The lines of chunks, as the transport has them, with what is left at the end."""
    splitter = LineSplitter()
    return [line for chunk in chunks for line in splitter.feed(chunk)] + [splitter.rest()]


@given(st.lists(st.binary(max_size=40) | lines, max_size=6), st.lists(st.integers(0, 10_000), max_size=12))
def test_chunks_do_not_change_the_lines(parts, places):
    """However the bytes are cut into chunks, the lines are the same, and nothing is lost."""
    stream = b"\n".join(parts)
    *whole, rest = stream.split(b"\n")
    assert split(cut(stream, places)) == [line + b"\n" for line in whole] + [rest]


@given(st.lists(lines, max_size=6), st.lists(st.integers(0, 10_000), max_size=6), st.booleans())
@example([b'{"type":["system"]}'], [], False)
@example([b'{"type":"system","subtype":["init"]}'], [], False)
@example([b'{"type":"system","subtype":"init","session_id":{"a":1}}'], [], False)
@example([b'{"type":"result","total_cost_usd":"5"}'], [], False)
@example([b'{"type":"result","modelUsageSinceLastResult":{"a":5}}'], [], False)
@example([b'{"type":"agent_sdk_leaving","error":"x"}'], [], False)
@example([b'{"type":"agent_sdk_leaving"}'], [], False)
@example([b'{"type":"control_request","request_id":[1],"request":{"subtype":"hook_callback","input":5}}'], [], False)
@example([b'{"type":"control_request","request_id":null,"request":{"subtype":["x"]}}'], [], True)
@example([b'{"type":"control_request","request":{"subtype":"mcp_message","message":[],"server_name":{}}}'], [], False)
@example([b'{"type":"control_request","request":{"subtype":"elicitation","mode":[]}}'], [], False)
@example([b'{"type":"control_response","response":{"request_id":' + b"9" * 5000 + b"}}"], [], False)
@example([b'{"type":"transcript_mirror","filePath":5}'], [], False)
@example([b'{"type":"result","is_error":true,"errors":{"a":1},"api_error_status":[429]}'], [], True)
def test_whatever_comes_becomes_messages_or_a_documented_error(hostile, places, raises):
    """Arbitrary lines before a result: every one is a message or is skipped, and the only errors are our own."""
    stream = b"\n".join([*hostile, b"", json.dumps(frames.result("the end")).encode(), b""])
    cli = MemoryCLI(split(cut(stream, places)))
    seen = []
    try:
        result = agent_sdk.query("x", on_message=seen.append, transport=cli, raise_on_error=raises, timeout=0.5)
    except AgentSDKError:
        assert cli.calls[-1] == "close"
        return
    assert all(isinstance(message, Message) for message in seen)
    assert result is seen[-1] and result.is_result
    for message in seen:
        repr(message), message.to_dict(), message.content, message.raw


@given(mutated() | lines)
def test_every_frame_is_a_message(line):
    """Structuring a frame never raises, and the message has the whole frame as its raw."""
    try:
        frame = json.loads(line)
    except ValueError:
        return
    if isinstance(frame, dict):
        message = structure_message(frame)
        assert isinstance(message, Message)
        assert message.raw == json.loads(line)
        for name in predicates():
            assert getattr(message, f"is_{name}") in (True, False)


# --- strings that people give

hostile_text = st.text(max_size=30) | st.sampled_from(
    [
        "-x", "--model=evil", "--", "-", "a b", "$(true)", "`true`", "'", '"', "\n", "\r\n", "\0", "\ud800", "\u2028",
        "é", ",", "=", "",
    ]
)  # fmt: skip
BY_WORD = {
    field.name: field.metadata[TARGET].name
    for field in FIELDS
    if field.metadata[TARGET].by == "argv" and field.metadata[TARGET].name
}


@pytest.mark.parametrize("name", sorted(BY_WORD))
@given(value=hostile_text | st.lists(hostile_text, max_size=4))
def test_hostile_strings_stay_values(name, value):
    """A string given for an option ends behind its flag in one word, or is refused; it is never a flag of its own."""
    try:
        options = Options(cli_path="/bin/sh", **{name: value})
        argv = command_of(options).argv
    except ConfigurationError:
        return
    flags = {
        BY_WORD[name],
        "--output-format",
        "--verbose",
        "--input-format",
        "--permission-mode",
        "--permission-prompt-tool",
    }
    for word in argv[1:]:
        assert word.partition("=")[0] in flags
        os.fsencode(word)
        assert "\0" not in word and len(os.fsencode(word)) < MAX_ARGV_BYTES


@given(st.dictionaries(hostile_text, hostile_text | st.none(), max_size=3))
def test_hostile_extra_arguments_stay_one_word_each(extra):
    """Each extra argument is one word with two dashes, or all are refused."""
    try:
        argv = command_of(Options(cli_path="/bin/sh", extra_args=extra)).argv
    except ConfigurationError:
        return
    assert len(argv) == 4 + len(extra)
    assert all(word.startswith("--") and len(word) > 2 for word in argv[1:])


@given(st.dictionaries(hostile_text, hostile_text | st.none(), max_size=3))
def test_hostile_variables_are_set_or_refused(env):
    """Each variable is in the environment as it was given, or all are refused."""
    try:
        made = command_of(Options(cli_path="/bin/sh", env=env)).env
    except ConfigurationError:
        return
    for name, value in env.items():
        assert made.get(name) == value
        if value is not None:
            os.fsencode(f"{name}={value}")


said = hostile_text.filter(str.strip)


@given(said | st.lists(said, min_size=1, max_size=3))
def test_any_prompt_of_strings_reaches_the_cli_whole(prompt):
    """A prompt of any characters arrives as it was said."""
    cli = MemoryCLI([frames.result("x")])
    agent_sdk.query(prompt, transport=cli)
    content = cli.asked("user")[0]["message"]["content"]
    assert content == prompt if isinstance(prompt, str) else [block["text"] for block in content] == prompt
