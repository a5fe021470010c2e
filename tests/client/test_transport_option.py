"""
The option `transport=`: a transport of the user's own takes the place of the process.
"""
from __future__ import annotations

import collections
import json

import pytest
from memory import MemoryCLI

import agent_sdk
from agent_sdk import AbortError, AgentSDKError, ConfigurationError, Transport
from agent_sdk.testing import frames

TURN = frames.conversation("hello", "world")


class Smallest(Transport):
    """The least that somebody may write: what the base class does is left to it."""

    def start(self, on_stderr=None):
        self.lines = collections.deque()

    def send_line(self, line):
        frame = json.loads(line)
        if frame["type"] == "user":
            self.lines.extend(json.dumps(one).encode() for one in TURN)
        else:
            body = {"subtype": "success", "request_id": frame["request_id"], "response": {}}
            self.lines.append(json.dumps({"type": "control_response", "response": body}).encode())

    def read_lines(self, timeout):
        lines = list(self.lines)
        self.lines.clear()
        if not lines:
            raise EOFError
        return lines


class Foreign:
    """A class with the methods and no base of ours."""

    pid = None

    def __init__(self):
        self._inner = MemoryCLI(TURN)

    def __getattr__(self, name):
        return getattr(self._inner, name)


@pytest.mark.parametrize("make", [Smallest, Foreign, lambda: MemoryCLI(TURN)], ids=["smallest", "foreign", "memory"])
def test_a_transport_takes_the_place_of_the_process(make):
    """A query over a transport needs no CLI, and starts no process."""
    seen = []
    result = agent_sdk.query("hello", on_message=seen.append, transport=make(), cli_path="/nowhere/claude")
    assert result.content == "world"
    assert [message.type for message in seen] == ["system", "assistant", "result"]


def test_a_one_shot_closes_its_transport():
    """After `query` the transport is closed."""
    cli = MemoryCLI(TURN)
    agent_sdk.query("hello", transport=cli)
    assert cli.calls[0] == "start" and cli.calls[-1] == "close"


def test_a_transport_may_be_started_again():
    """A transport that was closed is started again for the next process."""
    cli = MemoryCLI(TURN)
    client = agent_sdk.client(transport=cli)
    client.query("a")
    client.close()
    client.query("b")
    client.close()
    assert cli.calls.count("start") == 2
    assert [frame["message"]["content"] for frame in cli.asked("user")] == ["a", "b"]


def test_handshake_and_prompt_go_through_it():
    """What the host writes is the handshake first, then the prompt with its uuid."""
    cli = MemoryCLI(TURN)
    agent_sdk.query("hello", transport=cli, system_prompt="Be brief.")
    assert cli.received[0]["request"]["subtype"] == "initialize"
    assert cli.received[0]["request"]["systemPrompt"] == ["Be brief."]
    assert cli.received[1]["message"] == {"role": "user", "content": "hello"}
    assert len(cli.received[1]["uuid"]) == 36


def test_abort_and_timeout_work_over_it():
    """A turn over a transport can be aborted and times out as over a process."""
    ended = frames.error_result(user_message_uuids=["$uuid"])
    cli = MemoryCLI([frames.init(), frames.assistant("half"), ended])
    with agent_sdk.client(transport=cli) as client:
        with pytest.raises(AbortError):
            client.query("x", on_message=lambda message: client.abort())
    with pytest.raises(agent_sdk.AgentTimeoutError):
        agent_sdk.query("x", transport=MemoryCLI([frames.init()]), timeout=0.1)


def test_its_end_is_its_own_error():
    """The error that a transport gives for its end leaves `query`."""
    cli = MemoryCLI([frames.init()])
    cli.end_error = lambda: AgentSDKError("the tape is at its end")
    with pytest.raises(AgentSDKError, match="the tape is at its end"):
        agent_sdk.query("x", lambda message: cli.end(), transport=cli)


def test_the_process_id_is_the_transport_s():
    """`client.pid` is what the transport says."""
    cli = MemoryCLI(TURN)
    with agent_sdk.client(transport=cli) as client:
        assert client.start().pid is None
        cli.pid = 4711
        assert client.pid == 4711


def test_an_error_of_a_transport_comes_through():
    """What a transport raises by itself leaves `query` unchanged, and the transport is closed."""
    cli, error = MemoryCLI(TURN), RuntimeError("the tape is torn")

    def read_lines(timeout):
        raise error

    cli.read_lines = read_lines
    with pytest.raises(RuntimeError) as caught:
        agent_sdk.query("x", transport=cli)
    assert caught.value is error
    assert cli.calls[-1] == "close"


def test_a_transport_needs_its_methods():
    """An object without them is refused before anything starts."""
    with pytest.raises(ConfigurationError, match="no method"):
        agent_sdk.query("x", transport=object())
