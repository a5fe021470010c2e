"""
Streams: messages as an iterator, and text as it is written.
"""
from __future__ import annotations

import gc
import warnings

import pytest
from memory import MemoryCLI

import agent_sdk
from agent_sdk import ConfigurationError, MaxTurnsError, ProcessError
from agent_sdk.testing import frames

STARTS = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}


def texts(*turn):
    """What `text_stream` gives for a turn."""
    with agent_sdk.stream("x", transport=MemoryCLI([frames.init(), *turn, frames.result()])) as stream:
        return list(stream.text_stream)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ([frames.assistant("whole")], ["whole"]),
        (
            [frames.stream_event(STARTS), frames.text_delta("a"), frames.text_delta("b"), frames.assistant("ab")],
            ["a", "b"],
        ),
        ([frames.stream_event(STARTS), frames.text_delta("a"), frames.assistant("ab")], ["a", "b"]),
        ([frames.stream_event(STARTS), frames.text_delta("x"), frames.assistant("other")], ["x", "other"]),
        ([frames.thinking_delta("hm"), frames.thinking("hm"), frames.assistant("b")], ["b"]),
        ([frames.text_delta("sub", parent_tool_use_id="t"), frames.assistant("sub", parent_tool_use_id="t")], []),
        ([frames.text_delta("\ud83d"), frames.text_delta("\ude00!"), frames.assistant("😀!")], ["😀!"]),
        ([frames.text_delta("a\ud83d"), frames.assistant("a😀")], ["a", "😀"]),
        ([frames.text_delta("a\ud83d"), frames.text_delta("b"), frames.assistant("a\ud83db")], ["a", "\ud83db"]),
    ],
    ids=["whole", "pieces", "rest", "other", "thinking", "subagent", "halves", "half and whole", "lone half"],
)
def test_text_is_given_once_and_whole(turn, expected):
    """The text comes in its pieces, each once; half of a surrogate pair waits for the other half."""
    assert texts(*turn) == expected


def test_a_stream_is_lazy():
    """Nothing starts before the first message is asked for."""
    cli = MemoryCLI(frames.conversation())
    stream = agent_sdk.stream("x", transport=cli)
    assert (cli.calls, repr(stream)) == ([], "<MessageStream no session yet new>")
    assert next(stream).is_init
    assert "running" in repr(stream) and stream.session_id == frames.SESSION_ID
    stream.close()
    assert "closed" in repr(stream) and list(stream) == []


def test_the_result_is_kept():
    """After the last message `result` is there, with all messages of the run."""
    with agent_sdk.stream("x", transport=MemoryCLI(frames.conversation("x", "world"))) as stream:
        seen = list(stream)
    assert stream.result is seen[-1]
    assert stream.result.messages == seen


def test_a_stream_that_is_forgotten_stops_its_turn():
    """A stream that nobody holds any more ends its turn."""
    cli = MemoryCLI([frames.init(), frames.assistant("half")])
    stream = agent_sdk.stream("x", transport=cli)
    next(stream)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        del stream
        gc.collect()
    assert cli.asked("interrupt") and cli.calls[-1] == "close"


def test_abort_without_a_turn_says_so():
    """A stream that has not begun cannot be aborted."""
    assert agent_sdk.stream("x", transport=MemoryCLI()).abort() is False


def test_raise_on_error_raises_the_typed_error():
    """`raise_on_error` turns a bad result into the error of its cause."""
    cli = MemoryCLI([frames.init(), frames.error_result("error_max_turns")])
    with pytest.raises(MaxTurnsError):
        agent_sdk.query("x", transport=cli, raise_on_error=True)


@pytest.mark.parametrize("callback", [5, "print", object()])
def test_on_message_must_be_a_function(callback):
    """A callback that cannot be called is an error before anything starts."""
    cli = MemoryCLI()
    with pytest.raises(ConfigurationError, match="on_message"):
        agent_sdk.query("x", callback, transport=cli)
    assert cli.calls == []


def test_a_run_without_a_result_raises():
    """The end of the lines before a result is a `ProcessError`."""
    cli = MemoryCLI([frames.init()])
    with pytest.raises(ProcessError):
        agent_sdk.query("x", lambda message: cli.end(), transport=cli)


def test_wait_idle_delivers_what_nobody_read():
    """`wait_idle` gives what came between turns, and is true when the CLI rests."""
    cli, seen = MemoryCLI(frames.conversation()), []
    with agent_sdk.client(transport=cli) as client:
        client.query("x")
        cli.say(frames.assistant("by myself"))
        assert client.wait_idle(timeout=5, on_message=seen.append) is True
        assert client.wait_idle(timeout=5) is True
    assert [message.content for message in seen] == ["by myself"]
