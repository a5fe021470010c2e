"""Calls of a store that fail, or never come back."""
from __future__ import annotations

import threading

import pytest

from agent_sdk import StoreError
from agent_sdk.stores import MemoryStore
from agent_sdk.stores.retrying import BoundedCaller, with_retries


def test_a_call_that_hangs_is_given_up():
    """After its time the error names the bound; while the call hangs no other is made, and afterwards they are again."""
    held, caller = threading.Event(), BoundedCaller(object())
    with pytest.raises(StoreError, match=r"timed out after 0\.01 seconds \(mine\)") as caught:
        caller.call(held.wait, 0.01, "mine")
    assert caught.value.timed_out
    with pytest.raises(StoreError, match="earlier call"):
        caller.call(held.wait, 10, "mine")
    held.set()
    caller._running.join()
    assert caller.call(held.wait, 10, "mine") is caller.call(held.wait, None, "") is True


def test_what_it_raises_comes_through():
    """The error is that of the store, whichever thread it was raised in."""
    with pytest.raises(KeyError, match="'mine'"):
        BoundedCaller(object()).call(lambda: {}["mine"], 10, "")


def test_a_store_that_bounds_itself_is_called_here():
    """Our own stores are called in the thread of the turn."""
    here = threading.get_ident()
    assert BoundedCaller(MemoryStore()).call(threading.get_ident, 10, "") == here
    assert BoundedCaller(object()).call(threading.get_ident, 10, "") != here


def test_a_timeout_is_not_tried_again():
    """A store that took too long once is not waited for three times."""
    calls, caller = [], BoundedCaller(object())

    def hang():
        calls.append(1)
        return caller.call(threading.Event().wait, 0.001, "")

    with pytest.raises(StoreError):
        with_retries(hang)
    assert len(calls) == 1
