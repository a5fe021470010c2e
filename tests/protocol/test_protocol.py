"""
The protocol without I/O: lines in, sorted frames out.
"""
from __future__ import annotations

import json

import pytest
from memory import answer, line

from agent_sdk import ControlError, ProcessError
from agent_sdk._core.callbacks import Cancellation
from agent_sdk._protocol.protocol import Protocol, refuse, reply
from agent_sdk.testing import frames


def request(request_id="q1", **fields):
    """A control request of the CLI."""
    return {"type": "control_request", "request_id": request_id, "request": {"subtype": "can_use_tool", **fields}}


def sorted_in(*given):
    """A protocol that has taken these frames or lines."""
    protocol = Protocol()
    for one in given:
        protocol.process_frame(line(one))
    return protocol


def test_messages_go_to_the_inbox_with_their_line():
    """What is no plumbing waits in order, each with the line it came in."""
    given = [frames.init(), frames.assistant("x"), {"type": "from_the_future"}, {"no": "type"}]
    assert list(sorted_in(*given).inbox) == [(frame, line(frame)) for frame in given]


@pytest.mark.parametrize(
    "given",
    [{"type": "keep_alive"}, {"type": "transcript_mirror", "entries": []}, b"junk", b"", b"[]", b"\xff"],
    ids=["keep_alive", "mirror", "junk", "empty", "list", "damaged"],
)
def test_plumbing_and_junk_go_nowhere(given):
    """Neither plumbing nor junk reaches the inbox."""
    assert list(sorted_in(given).inbox) == []


@pytest.mark.parametrize("kind", [5, None, [], {}, ["control_response"], True], ids=str)
def test_a_type_that_is_no_word_is_a_message(kind):
    """A frame whose type is no string is kept like any unknown one."""
    assert len(sorted_in({"type": kind}).inbox) == 1


def test_requests_have_ids_of_their_own():
    """Each request has its own id, and its fields beside the verb."""
    protocol = Protocol()
    lines = [json.loads(protocol.request("set_model", {"model": name})[1]) for name in "ab"]
    assert [one["request"] for one in lines] == [{"subtype": "set_model", "model": name} for name in "ab"]
    assert len({one["request_id"] for one in lines}) == 2


def test_an_answer_settles_the_question_it_names():
    """Answers settle by id, in any order."""
    protocol = Protocol()
    (first, _), (second, _) = protocol.request("a", {}), protocol.request("b", {})
    protocol.process_frame(answer("req_2", {"n": 2}))
    assert (first.done, second.done, second.result()) == (False, True, {"n": 2})


def test_an_error_settles_with_verb_reason_and_code():
    """A refusal becomes a `ControlError`."""
    protocol = Protocol()
    future, _ = protocol.request("set_model", {})
    body = {"subtype": "error", "request_id": "req_1", "error": "no", "error_code": "E1"}
    protocol.process_frame(line({"type": "control_response", "response": body}))
    with pytest.raises(ControlError, match="set_model: no") as caught:
        future.result()
    assert (caught.value.subtype, caught.value.error_code) == ("set_model", "E1")


@pytest.mark.parametrize(
    "response",
    [None, 5, [], {}, {"request_id": None}, {"request_id": ["req_1"]}, {"request_id": "nobody"}],
    ids=str,
)
def test_answers_to_nothing_are_dropped(response):
    """An answer that names no open question does no harm."""
    protocol = Protocol()
    future, _ = protocol.request("a", {})
    protocol.process_frame(line({"type": "control_response", "response": response}))
    assert not future.done


@pytest.mark.parametrize("payload", [None, 5, "text", [1]], ids=str)
def test_an_answer_that_is_no_object_is_an_empty_one(payload):
    """A response without an object settles with an empty one."""
    protocol = Protocol()
    future, _ = protocol.request("a", {})
    body = {"subtype": "success", "request_id": "req_1", "response": payload}
    protocol.process_frame(line({"type": "control_response", "response": body}))
    assert (future.done, future.result()) == (True, {})


def test_the_end_settles_every_question():
    """All open questions get the one error, and are open no more."""
    protocol, error = Protocol(), ProcessError("gone")
    futures = [protocol.request("a", {})[0] for _ in range(3)]
    protocol.fail_all(error)
    protocol.process_frame(answer("req_1"))
    assert [future.error for future in futures] == [error] * 3


def test_requests_are_taken_past_the_messages():
    """The oldest control request can be taken out from behind messages, once."""
    protocol = sorted_in(frames.assistant("x"), request("q1"), request("q2"))
    assert protocol.take_request()["request_id"] == "q1"
    assert [item[0]["type"] for item in protocol.inbox] == ["assistant", "control_request"]
    assert protocol.take_request(lambda frame: frame["request_id"] == "q2")["request_id"] == "q2"
    assert protocol.take_request() is None


def test_a_withdrawn_question_is_never_answered():
    """A cancel before the handler drops the question; one during it tells the callback and drops the answer."""
    before, during = Cancellation(), Cancellation()
    protocol = sorted_in(request("q1"), {"type": "control_cancel_request", "request_id": "q1"})
    assert protocol.open("q1", before) is False
    assert protocol.open("q2", during) is True
    protocol.process_frame(line({"type": "control_cancel_request", "request_id": "q2"}))
    assert (during.cancelled, protocol.close("q2")) == (True, False)


def test_a_question_is_answered_once():
    """The second answer to a question is dropped."""
    protocol = Protocol()
    protocol.open("q1", Cancellation())
    assert (protocol.close("q1"), protocol.close("q1")) == (True, False)


def test_replies_name_the_question():
    """A reply and a refusal carry the id as it came."""
    good, bad = json.loads(reply("q1", {"a": 1})), json.loads(refuse("q2", "because"))
    assert good["response"] == {"subtype": "success", "request_id": "q1", "response": {"a": 1}}
    assert bad["response"] == {"subtype": "error", "request_id": "q2", "error": "because"}


def test_what_cannot_be_written_is_an_error_before_it_is_asked():
    """A field without a JSON form raises, and leaves no open question behind."""
    protocol = Protocol()
    with pytest.raises((TypeError, ValueError)):
        protocol.request("set_model", {"model": object()})
    assert protocol._futures == {}
