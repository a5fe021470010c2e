"""
`Watchdog`: replies in place of a hook that exceeds its timeout.

A hook runs in the thread that waits for it, so this reply comes from another thread. It is started with the first hook
that has a timeout, sleeps in intervals of the shortest timeout, and ends when it has had no timer for a while: a hook
that returns in time costs no thread switch.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .._core import log

#: Seconds, at least, between two checks.
MIN_INTERVAL = 0.02
#: Checks without a timer before the thread ends.
MAX_IDLE_CHECKS = 8


class Watchdog:
    """
    Times hooks that run in other threads.

    A hook takes no lock: removing its timer from the list, in one step, decides whether it was late.
    """

    def __init__(self) -> None:
        self.timers: list[HookTimer] = []
        #: Seconds of the shortest timeout so far.
        self.shortest_timeout = float("inf")
        #: When the thread checks next; infinite while it computes that, and when no thread runs.
        self.sleeps_until = float("inf")
        self.is_awake = False
        self._starting = threading.Lock()
        self._event = threading.Lock()
        self._event.acquire()

    def wake(self, timeout: float) -> None:
        """Make the thread check its timers now, for one of *timeout* seconds; start the thread if there is none."""
        self.shortest_timeout = min(self.shortest_timeout, timeout)
        with self._starting:
            is_needed, self.is_awake = not self.is_awake, True
        if is_needed:
            try:
                threading.Thread(target=self._watch, name="agent_sdk-watchdog", daemon=True).start()
            except BaseException:
                self.is_awake = False  # out of threads: the next hook tries again
                raise
            return
        try:
            self._event.release()
        except RuntimeError:
            return  # it is woken already

    def _watch(self) -> None:
        idle = 0
        while idle < MAX_IDLE_CHECKS:
            self._event.acquire(timeout=self._expire_timers())
            idle = 0 if self.timers else idle + 1
            if idle >= MAX_IDLE_CHECKS and not self._stop_if_idle():
                idle = 0

    def _expire_timers(self) -> float:
        """Expire the late timers, and return how long to sleep."""
        self.sleeps_until = float("inf")  # so that a timer that is added from now on wakes the thread
        now = time.monotonic()
        for timer in [timer for timer in self.timers if timer.deadline <= now]:
            if self.take(timer):
                self._expire(timer)
        nearest = min((timer.deadline - now for timer in list(self.timers)), default=60.0)
        pause = max(0.001, min(max(MIN_INTERVAL, self.shortest_timeout / 4), nearest))
        self.sleeps_until = time.monotonic() + pause
        return pause

    def _expire(self, timer: HookTimer) -> None:
        try:
            timer.expire()
        except Exception as error:
            # The thread has other hooks to time, and no caller to raise to.
            log.debug("watchdog", "the answer for a late hook could not be sent: %s", error)

    def take(self, timer: HookTimer) -> bool:
        """Remove *timer*; false when it was removed before."""
        try:
            self.timers.remove(timer)
        except ValueError:
            return False
        return True

    def _stop_if_idle(self) -> bool:
        with self._starting:
            self.is_awake, self.sleeps_until = False, float("inf")
            if self.timers:  # added before its hook could see that the thread sleeps
                self.is_awake = True
            return not self.is_awake


class HookTimer:
    """The timer of one hook call; *answer* sends the reply of a late one."""

    __slots__ = ("_answer", "_make", "_watchdog", "deadline")

    def __init__(self, watchdog: Watchdog, answer: Callable[[dict[str, Any]], None]) -> None:
        self._watchdog = watchdog
        self._answer = answer
        self._make: Callable[[], dict[str, Any]] | None = None

    def start(self, timeout: float | None, expire: Callable[[], dict[str, Any]]) -> None:
        """Start timing a hook; see `hooks.runner.Timer`."""
        if timeout is None:
            return
        self._make = expire
        self.deadline = deadline = time.monotonic() + timeout
        self._watchdog.timers.append(self)
        if self._watchdog.sleeps_until > deadline:
            self._watchdog.wake(timeout)

    def stop(self) -> bool:
        """Stop timing; return whether the reply was sent in place of the hook."""
        if self._make is None:
            return False
        try:
            self._watchdog.timers.remove(self)
        except ValueError:
            return True  # the watchdog removed it, and has replied
        self._make = None  # it refers to the call, which refers to this timer: no cycle for the garbage collector
        return False

    def expire(self) -> None:
        """Reply in place of the hook."""
        if self._make is not None:
            self._answer(self._make())
