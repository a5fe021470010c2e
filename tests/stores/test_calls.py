"""Calls of a store that fail, or never come back."""
from __future__ import annotations

import threading

import pytest

from agent_sdk import StoreError
from agent_sdk.stores.calls import tried, within


def test_a_call_that_hangs_is_given_up():
    """After its time the error names the option; without a limit the call takes as long as it does."""
    held = threading.Event()
    with pytest.raises(StoreError, match="load_timeout_ms") as caught:
        within(10, held.wait)
    assert caught.value.timed_out
    held.set()
    assert within(None, held.wait) is within(10000, held.wait) is True


def test_what_it_raises_comes_through():
    """The error is that of the store, whichever thread it was raised in."""
    with pytest.raises(KeyError, match="'mine'"):
        within(10000, lambda: {}["mine"])


def test_a_timeout_is_not_tried_again():
    """A store that took too long once is not waited for three times."""
    calls = []

    def hang():
        calls.append(1)
        return within(1, threading.Event().wait)

    with pytest.raises(StoreError):
        tried(hang)
    assert len(calls) == 1
