"""
Arithmetic of tokens and cost.
"""
from __future__ import annotations

import pytest

from agent_sdk._core.tokens import TokenTotals, as_number
from agent_sdk.messages import ModelUsage
from agent_sdk.transcripts import TokenCount


@pytest.mark.parametrize("value", [None, "5", True, -1, float("nan"), float("inf"), 10**400, [1], {}], ids=str)
def test_implausible_figures_count_as_zero(value):
    """What is no number, or cannot be an amount, counts as 0."""
    assert as_number(value) == 0
    assert TokenTotals.from_wire({"input_tokens": value, "cost_usd": value}) == TokenTotals()


@pytest.mark.parametrize("row", [ModelUsage(input_tokens=3, cost_usd=0.5), {"input_tokens": 3, "cost_usd": 0.5}])
def test_figures_are_read_from_objects_and_dicts(row):
    """A message's object and a dict are read alike; fields that are missing count as 0."""
    assert TokenTotals.from_wire(row) == TokenTotals(input_tokens=3, cost_usd=0.5)


@pytest.mark.parametrize("row", [None, 5, [1], "x"])
def test_a_row_of_another_shape_counts_as_zero(row):
    """A row that is neither an object with figures nor a dict adds nothing."""
    assert TokenTotals.from_wire(row) == TokenTotals()


def test_figures_are_added_and_subtracted():
    """Each field is added; a difference is never below 0."""
    total = TokenTotals.sum([TokenTotals(1, 10, cost_usd=0.5), TokenTotals(1, 5, 2)])
    assert total == TokenTotals(2, 15, 2, cost_usd=0.5)
    assert total.since(TokenTotals(input_tokens=12, output_tokens=3)) == TokenTotals(2, 3, 0, cost_usd=0.5)


def test_counts_of_transcripts_use_the_same_arithmetic():
    """A session's count by model is read and added like the totals."""
    count = TokenCount(replies=1)
    count.add(TokenCount.from_wire({"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": "x"}))
    assert (count, count.total_tokens) == (TokenCount(3, 0, 0, 4, replies=1), 7)
