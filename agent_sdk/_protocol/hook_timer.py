"""
The watchdog: answers in place of a hook that takes longer than it may.

A hook runs in the thread that waits for it, so the answer must come from another one. That thread is started with the
first hook that has a limit, sleeps in slices of the shortest limit, and ends when nothing was timed for a while: a hook
that answers in time costs no thread switch.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .._core import log

#: Seconds, at least, between two looks.
MIN_INTERVAL = 0.02
#: Looks without anything to time before the thread ends.
MAX_IDLE_CHECKS = 8


class Watchdog:
    """
    Times what runs in other threads.

    Without a lock on the way of a hook: who takes a timer out of the list, in one step, decides whether it was late.
    """

    def __init__(self) -> None:
        self.timers: list[HookTimer] = []
        #: Seconds of the shortest limit so far.
        self.shortest_timeout = float("inf")
        #: When the thread will look again; far away while it makes up its mind, and where there is none.
        self.sleeps_until = float("inf")
        self.is_awake = False
        self._starting = threading.Lock()
        self._event = threading.Lock()
        self._event.acquire()

    def wake(self, timeout: float) -> None:
        """Let the thread look at the timers anew, for one of *timeout* seconds; start it where there is none."""
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
            return  # it rings already

    def _watch(self) -> None:
        idle = 0
        while idle < MAX_IDLE_CHECKS:
            self._event.acquire(timeout=self._expire_timers())
            idle = 0 if self.timers else idle + 1
            if idle >= MAX_IDLE_CHECKS and not self._stop_if_idle():
                idle = 0

    def _expire_timers(self) -> float:
        """Let expire what is late, and return how long to sleep."""
        self.sleeps_until = float("inf")  # so that a timer that is added from here on rings
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
            # The thread has other hooks to watch; whoever could be told is not in here.
            log.debug("watchdog", "the answer for a late hook could not be sent: %s", error)

    def take(self, timer: HookTimer) -> bool:
        """Take *timer* out; false when somebody else has."""
        try:
            self.timers.remove(timer)
        except ValueError:
            return False
        return True

    def _stop_if_idle(self) -> bool:
        with self._starting:
            self.is_awake, self.sleeps_until = False, float("inf")
            if self.timers:  # added before its hook could see that nobody is awake
                self.is_awake = True
            return not self.is_awake


class HookTimer:
    """The timer of one firing, as `hooks.runner` wants it; its late answer is sent by *answer*."""

    __slots__ = ("_answer", "_make", "_watchdog", "deadline")

    def __init__(self, watchdog: Watchdog, answer: Callable[[dict[str, Any]], None]) -> None:
        self._watchdog = watchdog
        self._answer = answer
        self._make: Callable[[], dict[str, Any]] | None = None

    def start(self, timeout: float | None, expire: Callable[[], dict[str, Any]]) -> None:
        """Begin to time a hook; see `hooks.runner.Timer`."""
        if timeout is None:
            return
        self._make = expire
        self.deadline = deadline = time.monotonic() + timeout
        self._watchdog.timers.append(self)
        if self._watchdog.sleeps_until > deadline:
            self._watchdog.wake(timeout)

    def stop(self) -> bool:
        """End the timing; tell whether the event was answered in the hook's place."""
        if self._make is None:
            return False
        try:
            self._watchdog.timers.remove(self)
        except ValueError:
            return True  # the watchdog took it out, and has answered
        self._make = None  # it knows the firing, which knows this timer: a cycle for each firing would be a burden
        return False

    def expire(self) -> None:
        """Answer in the hook's place."""
        if self._make is not None:
            self._answer(self._make())
