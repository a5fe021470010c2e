"""
The watchdog: each timer either ends in time or is answered for once, and nothing is awake for nothing.
"""
from __future__ import annotations

import random
import threading

import pytest
from helpers import until
from memory import together

from agent_sdk._protocol import hook_timer
from agent_sdk._protocol.hook_timer import HookTimer, Watchdog


@pytest.fixture
def watchdog():
    """A watchdog."""
    return Watchdog()


def test_a_late_hook_is_answered_for(watchdog):
    """When the time is up the answer is made and sent, from another thread, and `stop` says so."""
    sent = []
    timer = HookTimer(watchdog, lambda output: sent.append((output, threading.get_ident())))
    timer.start(0.02, lambda: {"late": True})
    until(lambda: sent)
    assert timer.stop() is True
    assert sent[0][0] == {"late": True} and sent[0][1] != threading.get_ident()


def test_a_hook_in_time_is_not(watchdog):
    """A timer that is stopped sends nothing, also when it is used again; without a limit nothing is timed."""
    sent = []
    timer = HookTimer(watchdog, sent.append)
    for timeout in (60.0, None, 60.0):
        timer.start(timeout, dict)
        assert timer.stop() is False
    assert (sent, watchdog.timers) == ([], [])


def test_a_short_limit_is_not_overslept(watchdog):
    """A timer that is due before the thread would look again wakes it."""
    long, short, sent = HookTimer(watchdog, print), HookTimer(watchdog, lambda output: sent.append(1)), []
    long.start(3600.0, dict)
    until(lambda: 0 < watchdog.sleeps_until < float("inf"))
    short.start(0.02, dict)
    until(lambda: sent, 5)
    assert (short.stop(), long.stop()) == (True, False)


def test_each_timer_ends_once(watchdog):
    """Under many threads each timer is either stopped in time or answered for, never both and never neither."""

    def hooks():
        wrong, rng = 0, random.Random(7)
        for _ in range(60):
            answered = []
            timer = HookTimer(watchdog, answered.append)
            timer.start(rng.choice((0.001, 0.01, 5.0)), dict)
            threading.Event().wait(rng.choice((0.0, 0.001, 0.01)))
            if timer.stop():
                until(lambda answered=answered: answered)
                wrong += len(answered) != 1
            else:
                wrong += bool(answered)
        return wrong

    assert together(*[hooks] * 6) == [0] * 6
    assert watchdog.timers == []


def test_the_thread_ends_and_begins_anew(watchdog, monkeypatch):
    """After a while without timers the thread ends; the next timer starts another one."""
    monkeypatch.setattr(hook_timer, "MIN_INTERVAL", 0.001)
    for _ in range(3):
        sent = []
        timer = HookTimer(watchdog, sent.append)
        timer.start(0.004, dict)
        until(lambda sent=sent: sent)
        assert timer.stop() is True
        until(lambda: not watchdog.is_awake)


def test_a_thread_that_does_not_start_is_tried_again(watchdog, monkeypatch):
    """A system that is out of threads is asked again with the next hook; one answer that fails ends no watching."""
    class Out(threading.Thread):
        def start(self):
            raise RuntimeError("can't start new thread")

    sent = []
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(threading, "Thread", Out)
        HookTimer(watchdog, sent.append).start(60.0, dict)
    failing, timer = HookTimer(watchdog, lambda output: 1 / 0), HookTimer(watchdog, sent.append)
    failing.start(0.01, dict)
    until(lambda: failing not in watchdog.timers)
    timer.start(0.02, lambda: {"late": True})
    until(lambda: sent)
    assert sent == [{"late": True}]
