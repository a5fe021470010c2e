"""
`Watchdog`: sends the reply of a hook that exceeds its timeout.

A hook runs in the thread that waits for it, so another thread must send this reply. The watchdog thread starts with
the first hook that has a timeout, sleeps in intervals of the shortest timeout, and ends after some checks without a
timer. A hook that returns in time causes no thread switch.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .._core import log

#: Minimum seconds between two checks.
MIN_INTERVAL = 0.02
#: Checks without a timer before the thread ends.
MAX_IDLE_CHECKS = 8


class Watchdog:
    """
    Monitors hooks that run in other threads.

    No lock is taken: removing a timer from the list, which is atomic, decides whether the hook timed out.
    """

    def __init__(self) -> None:
        self.timers: list[HookTimer] = []
        #: The shortest timeout so far, in seconds.
        self.shortest_timeout = float("inf")
        #: Time of the next check; infinite while the thread computes it, and when no thread runs.
        self.sleeps_until = float("inf")
        self.is_awake = False
        self._starting = threading.Lock()
        self._event = threading.Lock()
        self._event.acquire()

    def wake(self, timeout: float) -> None:
        """Check for a timer of *timeout* seconds: wake the thread, or start it if it does not run."""
        self.shortest_timeout = min(self.shortest_timeout, timeout)
        with self._starting:
            is_needed, self.is_awake = not self.is_awake, True
        if is_needed:
            try:
                threading.Thread(target=self._watch, name="agent_sdk-watchdog", daemon=True).start()
            except BaseException:
                self.is_awake = False  # no thread available: the next hook tries again
                raise
            return
        try:
            self._event.release()
        except RuntimeError:
            return  # already woken

    def _watch(self) -> None:
        idle = 0
        while idle < MAX_IDLE_CHECKS:
            self._event.acquire(timeout=self._expire_timers())
            idle = 0 if self.timers else idle + 1
            if idle >= MAX_IDLE_CHECKS and not self._stop_if_idle():
                idle = 0

    def _expire_timers(self) -> float:
        """Expire the timers that are due, and return the seconds to sleep."""
        self.sleeps_until = float("inf")  # a timer added from now on wakes the thread
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
            # The thread has other hooks to monitor, and no caller to raise to.
            log.debug("watchdog", "the reply for a timed-out hook could not be sent: %s", error)

    def take(self, timer: HookTimer) -> bool:
        """Remove *timer*; false if it was already removed."""
        try:
            self.timers.remove(timer)
        except ValueError:
            return False
        return True

    def _stop_if_idle(self) -> bool:
        with self._starting:
            self.is_awake, self.sleeps_until = False, float("inf")
            if self.timers:  # added while the thread was going to sleep
                self.is_awake = True
            return not self.is_awake


class HookTimer:
    """The timer of one hook call; *answer* sends the reply after a timeout."""

    __slots__ = ("_answer", "_make", "_watchdog", "deadline")

    def __init__(self, watchdog: Watchdog, answer: Callable[[dict[str, Any]], None]) -> None:
        self._watchdog = watchdog
        self._answer = answer
        self._make: Callable[[], dict[str, Any]] | None = None

    def start(self, timeout: float | None, expire: Callable[[], dict[str, Any]]) -> None:
        """Start the timer; see `hooks.runner.Timer`."""
        if timeout is None:
            return
        self._make = expire
        self.deadline = deadline = time.monotonic() + timeout
        self._watchdog.timers.append(self)
        if self._watchdog.sleeps_until > deadline:
            self._watchdog.wake(timeout)

    def stop(self) -> bool:
        """Stop the timer; return whether the timeout reply was sent."""
        if self._make is None:
            return False
        try:
            self._watchdog.timers.remove(self)
        except ValueError:
            return True  # the watchdog removed the timer and replied
        self._make = None  # breaks the reference cycle between the call and this timer
        return False

    def expire(self) -> None:
        """Send the timeout reply."""
        if self._make is not None:
            self._answer(self._make())
