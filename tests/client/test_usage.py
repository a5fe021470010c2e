"""
Tokens and money over the life of a client: counted once, from totals that the CLI never resets.
"""
from __future__ import annotations

import pytest

from agent_sdk._client.usage import UsageTotals
from agent_sdk._converter import structure_message
from agent_sdk.testing import frames


def result(**fields):
    """A result message."""
    return structure_message(frames.result("x", **fields))


def counted(*results):
    """A meter that has seen *results*."""
    meter = UsageTotals()
    for one in results:
        meter.add(one)
    return meter


def test_totals_are_not_added_up():
    """`total_cost_usd` is cumulative: what counts is its growth in a session."""
    meter = counted(*(result(total_cost_usd=total) for total in (0.1, 0.3, 0.3, 0.4)))
    assert meter.cost == pytest.approx(0.4)
    assert meter.turns == 4


def test_each_session_has_its_own_total():
    """Another session starts from nothing; a total that shrinks takes nothing away."""
    meter = counted(
        result(total_cost_usd=0.5, session_id="a"),
        result(total_cost_usd=0.25, session_id="b"),
        result(total_cost_usd=0.1, session_id="a"),
    )
    assert meter.cost == pytest.approx(0.75)


def test_what_the_cli_says_of_the_time_since_counts():
    """Where the result says what was used since the last one, by model, that is what counts, not the totals."""
    since = {
        "one": {"costUSD": 0.25, "inputTokens": 10, "outputTokens": 1, "cacheReadInputTokens": 5},
        "two": {"costUSD": 0.5, "inputTokens": 20, "outputTokens": 2, "cacheCreationInputTokens": 7},
    }
    meter = counted(result(total_cost_usd=100.0, modelUsageSinceLastResult=since))
    assert meter.cost == 0.75
    usage = meter.usage
    assert (usage.input_tokens, usage.output_tokens) == (30, 3)
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (5, 7)


def test_tokens_of_turns_are_added():
    """The tokens in `usage` are those of one turn, and are added."""
    meter = counted(result(), result())
    assert (meter.usage.input_tokens, meter.usage.output_tokens) == (24, 14)


def test_nothing_is_counted_before_the_first_result():
    """A new meter stands at nothing."""
    meter = UsageTotals()
    assert (meter.cost, meter.turns, meter.usage.input_tokens) == (0.0, 0, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"total_cost_usd": "5"},
        {"total_cost_usd": None, "usage": None},
        {"total_cost_usd": float("nan")},
        {"total_cost_usd": 10**400},
        {"usage": [1], "session_id": {"a": 1}},
        {"usage": {"input_tokens": "many", "output_tokens": {}}},
        {"modelUsageSinceLastResult": [1]},
        {"modelUsageSinceLastResult": {"a": 5, "b": None}},
        {"modelUsageSinceLastResult": {"a": {"costUSD": "x", "inputTokens": []}}},
    ],
    ids=str,
)
def test_figures_that_are_none_count_nothing(fields):
    """Whatever a result holds, counting it raises nothing and spoils no total."""
    meter = counted(result(total_cost_usd=0.5))
    meter.add(result(**{"total_cost_usd": 0.5, **fields}))
    meter.add(result(total_cost_usd=0.5))
    assert 0.5 <= meter.cost <= 1.0
    assert meter.turns == 3
