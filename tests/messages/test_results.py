"""Tests of `agent_sdk.messages.results`: outcomes and their typed errors."""
from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

from agent_sdk import AgentSDKError, errors
from agent_sdk._converter import structure_message
from agent_sdk._core.callbacks import CallbackErrors
from agent_sdk.messages import ResultMessage, error_of


def result(**fields: Any) -> Any:
    """A result message with these fields."""
    return structure_message({"type": "result", **fields})


def failure(status: int | None = None, text: str = "API Error") -> Any:
    """An API error: subtype `success` with `is_error` set."""
    return result(subtype="success", is_error=True, api_error_status=status, result=text)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"subtype": "success", "is_error": False}, {"success"}),
        ({"subtype": "success"}, {"success"}),
        ({"subtype": "success", "is_error": True}, {"error"}),
        ({"subtype": "error_max_turns", "is_error": True}, {"error", "error_max_turns"}),
        ({"subtype": "error_max_turns"}, {"error", "error_max_turns"}),
        ({"subtype": "error_max_budget_usd"}, {"error", "error_max_budget"}),
        ({"subtype": "error_during_execution"}, {"error", "error_during_execution"}),
        (
            {"subtype": "error_max_structured_output_retries"},
            {"error", "error_max_structured_output_retries"},
        ),
        (
            {"subtype": "error_during_execution", "terminal_reason": "aborted_tools"},
            {"error", "error_during_execution", "aborted"},
        ),
        ({"subtype": "success", "terminal_reason": "completed"}, {"success"}),
        ({}, set()),
    ],
)
def test_outcomes(fields: dict[str, Any], expected: set[str]) -> None:
    """The predicates of a result depend on its subtype, `is_error` and terminal reason."""
    names = (
        "success", "error", "error_max_turns", "error_max_budget", "error_during_execution",
        "error_max_structured_output_retries", "aborted",
    )
    message = result(**fields)
    assert expected == {name for name in names if getattr(message, f"is_{name}")}


def test_figures() -> None:
    """Numbers of a result are fields; usage and model usage are objects."""
    usage = {"input_tokens": 3, "cache_creation": {"ephemeral_1h_input_tokens": 2}}
    models = {"opus": {"inputTokens": 5, "costUSD": 0.5, "contextWindow": 1000}}
    message = result(num_turns=2, duration_ms=9, total_cost_usd=0.5, usage=usage, modelUsage=models)
    assert (
        message.num_turns,
        message.duration_ms,
        message.total_cost_usd,
        message.usage.input_tokens,
        message.usage.cache_creation.ephemeral_1h_input_tokens,
    ) == (2, 9, 0.5, 3, 2)
    model = message.model_usage["opus"]
    assert (model.input_tokens, model.cost_usd, model["context_window"]) == (5, 0.5, 1000)


def test_defaults_of_a_bare_result() -> None:
    """Missing fields of a result have empty defaults."""
    message = result(subtype="success")
    assert (
        message.content,
        message.errors,
        message.messages,
        message.results,
        message.callback_errors,
        message.permission_denials,
        message.structured_output,
        message.usage.input_tokens,
    ) == ("", [], [], [], [], [], None, 0)


def test_refusals_and_origin() -> None:
    """Permission denials and the origin are objects."""
    message = result(permission_denials=[{"tool_name": "Bash"}], origin={"kind": "peer", "from": "x", "fromMode": "m"})
    assert (
        message.permission_denials[0].tool_name,
        message.origin.kind,
        message.origin.sender,
        message.origin["fromMode"],
    ) == ("Bash", "peer", "x", "m")


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        (failure(400), errors.InvalidRequestError, "API Error"),
        (failure(401), errors.AuthenticationError, "API Error"),
        (failure(402), errors.InvalidRequestError, "API Error"),
        (failure(403), errors.AuthenticationError, "API Error"),
        (failure(404), errors.InvalidRequestError, "API Error"),
        (failure(413), errors.InvalidRequestError, "API Error"),
        (failure(429), errors.RateLimitError, "API Error"),
        (failure(529), errors.OverloadedError, "API Error"),
        (failure(500), errors.ExecutionError, "API Error"),
        (failure(529, ""), errors.OverloadedError, "the API answered with HTTP status 529"),
        (failure(None, "Not logged in · Please run /login"), errors.AuthenticationError, "Not logged in"),
        (failure(None, ""), errors.ExecutionError, "the turn failed"),
        (result(subtype="error_max_turns", errors=["Reached maximum number of turns (1)"]), errors.MaxTurnsError,
         r"Reached maximum number of turns \(1\)"),
        (result(subtype="error_max_turns", num_turns=4), errors.MaxTurnsError, "reached max_turns after 4"),
        (result(subtype="error_max_budget_usd", total_cost_usd=2), errors.MaxBudgetError, "max_budget_usd .* [$]2"),
        (result(subtype="error_max_structured_output_retries"), errors.StructuredOutputError, "no output matched"),
        (result(subtype="error_during_execution", errors=["a", "b"]), errors.ExecutionError, "a\nb"),
        (result(subtype="error_during_execution"), errors.ExecutionError, "error_during_execution"),
        (result(subtype="error_of_tomorrow"), errors.ExecutionError, "error_of_tomorrow"),
        (result(subtype=["odd"], is_error=True), errors.ExecutionError, "odd"),
    ],
)
def test_errors_by_cause(message: Any, kind: type[errors.ResultError], text: str) -> None:
    """A failed result raises the error class of its cause, with a readable text and the result."""
    with pytest.raises(kind, match=text) as caught:
        message.raise_for_error()
    assert kind is type(caught.value)
    assert message is caught.value.result


def test_a_good_result_is_returned() -> None:
    """`raise_for_error` of a successful result returns the result."""
    message = result(subtype="success", result="done")
    assert message is message.raise_for_error()
    assert error_of(message) is None


def test_when_a_limit_resets() -> None:
    """A rate limit error has the reset time of the latest rejected limit."""
    message = failure(429)
    for status, moment in (("rejected", 5), ("rejected", 7), ("allowed_warning", 9)):
        info = {"status": status, "resetsAt": moment}
        message.messages.append(structure_message({"type": "rate_limit_event", "rate_limit_info": info}))
    message.messages.append(structure_message({"type": "rate_limit_event", "rate_limit_info": "?"}))
    assert getattr(error_of(message), "resets_at", None) == 7


def test_a_limit_without_a_time() -> None:
    """Without a rejected limit among the messages the reset time is None."""
    error = error_of(failure(429))
    assert isinstance(error, errors.RateLimitError)
    assert error.resets_at is None


class _Locked(Exception):
    """An exception that holds an unpicklable value and takes two arguments."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.lock = threading.Lock()


def test_results_pickle_with_what_callbacks_raised():
    """A result can always be pickled; callback errors that cannot are replaced by their name and text."""
    errors = CallbackErrors([ValueError("plain"), _Locked(5, "held")])
    plain, told = pickle.loads(pickle.dumps(errors))
    assert (type(plain), plain.args) == (ValueError, ("plain",))
    assert type(told) is AgentSDKError and str(told).endswith("_Locked: 5: held")


def test_a_result_is_generic_for_type_checkers():
    """`ResultMessage[City]` is a type, and results keep their slots."""
    assert ResultMessage[int] == ResultMessage[int]
    done = result(subtype="success")
    assert type(done) is ResultMessage
    assert not hasattr(done, "__dict__")
