"""
The protocol without I/O: lines in, sorted frames out.
"""
from __future__ import annotations

import json

import pytest
from memory import answer, line

from agent_sdk import ControlError, ProcessError
from agent_sdk._protocol.callback_set import CallbackSet
from agent_sdk._protocol.control_request import ControlRequest, refusal_line, response_line
from agent_sdk._protocol.protocol import Protocol
from agent_sdk.testing import frames


def request(request_id="q1", **fields):
    """A control request of the CLI."""
    return {"type": "control_request", "request_id": request_id, "request": {"subtype": "can_use_tool", **fields}}


def sorted_in(*given):
    """A protocol that has taken these frames or lines."""
    protocol = Protocol(lambda frame: ControlRequest(frame, None, CallbackSet()))
    for one in given:
        protocol.process_line(line(one))
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
    """Each request has its own id, and its fields beside the subtype."""
    protocol = Protocol()
    lines = [json.loads(protocol.request("set_model", {"model": name})[1]) for name in "ab"]
    assert [one["request"] for one in lines] == [{"subtype": "set_model", "model": name} for name in "ab"]
    assert len({one["request_id"] for one in lines}) == 2


def test_an_answer_settles_the_question_it_names():
    """Answers settle by id, in any order."""
    protocol = Protocol()
    (first, _), (second, _) = protocol.request("a", {}), protocol.request("b", {})
    protocol.process_line(answer("req_2", {"n": 2}))
    assert (first.done, second.done, second.result()) == (False, True, {"n": 2})


def test_an_error_settles_with_subtype_reason_and_code():
    """A refusal becomes a `ControlError`."""
    protocol = Protocol()
    future, _ = protocol.request("set_model", {})
    body = {"subtype": "error", "request_id": "req_1", "error": "no", "error_code": "E1"}
    protocol.process_line(line({"type": "control_response", "response": body}))
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
    protocol.process_line(line({"type": "control_response", "response": response}))
    assert not future.done


@pytest.mark.parametrize("payload", [None, 5, "text", [1]], ids=str)
def test_an_answer_that_is_no_object_is_an_empty_one(payload):
    """A response without an object settles with an empty one."""
    protocol = Protocol()
    future, _ = protocol.request("a", {})
    body = {"subtype": "success", "request_id": "req_1", "response": payload}
    protocol.process_line(line({"type": "control_response", "response": body}))
    assert (future.done, future.result()) == (True, {})


def test_the_end_settles_every_question():
    """All open questions get the one error, and are open no more."""
    protocol, error = Protocol(), ProcessError("gone")
    futures = [protocol.request("a", {})[0] for _ in range(3)]
    protocol.fail_all(error)
    protocol.process_line(answer("req_1"))
    assert [future.error for future in futures] == [error] * 3


def test_requests_are_taken_past_the_messages():
    """The oldest control request can be taken out from behind messages, once."""
    protocol = sorted_in(frames.assistant("x"), request("q1"), request("q2"))
    first = protocol.take_request()
    assert (first.id, first.is_waiting, protocol.has_waiting_request) == ("q1", False, True)
    assert [type(item).__name__ for item in protocol.inbox] == ["tuple", "ControlRequest"]
    assert protocol.take_request(lambda one: one.id == "q2").id == "q2"
    assert (protocol.take_request(), protocol.has_waiting_request) == (None, False)


def test_a_request_is_claimed_once():
    """Of two threads that find the same request, one gets it."""
    (found,) = sorted_in(request("q1")).inbox
    assert (found.claim(), found.claim()) == (True, False)


def test_a_withdrawn_request_is_cancelled():
    """A cancel tells the callback, whether it runs or waits, and closes the request: its reply is dropped."""
    protocol = sorted_in(request("q1"), request("q2"))
    running, waiting = protocol.take_request(), protocol.inbox[0]
    for one in ("q1", "q2", "q3"):
        protocol.process_line(line({"type": "control_cancel_request", "request_id": one}))
    assert (running.cancelled, waiting.cancelled) == (True, True)
    assert (protocol.close_request(running), protocol.requests) == (False, {})


def test_a_request_is_replied_to_once():
    """The second reply to a request is dropped."""
    protocol = sorted_in(request("q1"))
    found = protocol.take_request()
    assert (protocol.close_request(found), protocol.close_request(found)) == (True, False)


def test_replies_name_the_request():
    """A response and a refusal carry the id as it came."""
    good, bad = json.loads(response_line("q1", {"a": 1})), json.loads(refusal_line("q2", "because"))
    assert good["response"] == {"subtype": "success", "request_id": "q1", "response": {"a": 1}}
    assert bad["response"] == {"subtype": "error", "request_id": "q2", "error": "because"}


def test_what_cannot_be_written_is_an_error_before_it_is_asked():
    """A field without a JSON form raises, and leaves no open question behind."""
    protocol = Protocol()
    with pytest.raises((TypeError, ValueError)):
        protocol.request("set_model", {"model": object()})
    assert protocol._futures == {}
