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

#: Seconds, at least, between two looks.
SHORTEST_SLICE = 0.02
#: Looks without anything to time before the thread ends.
IDLE_LOOKS = 8


class Timing:
    """One hook that is being timed; `expire` is called once, from another thread, when it is late."""

    __slots__ = ("deadline", "expired")

    def __init__(self) -> None:
        self.deadline = 0.0
        self.expired = False

    def expire(self) -> None:
        """Answer in the hook's place."""
        raise NotImplementedError


class Watchdog:
    """Times what runs in other threads. Its lock is held for moments only, never while something expires."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bell = threading.Lock()
        self._bell.acquire()
        self._timed: list[Timing] = []
        self._shortest = float("inf")
        self._slice = 60.0
        self._sleeps_until = 0.0
        self._started = 0
        self._is_awake = False

    def start(self, timing: Timing, timeout: float) -> None:
        """Let *timing* expire, from another thread, unless `stop` comes within *timeout* seconds."""
        timing.deadline = deadline = time.monotonic() + timeout
        with self._lock:
            self._timed.append(timing)
            self._started += 1
            if timeout < self._shortest:
                self._shortest, self._slice = timeout, max(SHORTEST_SLICE, timeout / 4)
            is_needed, self._is_awake = not self._is_awake, True
            oversleeps = self._sleeps_until > deadline
        if is_needed:
            threading.Thread(target=self._watch, name="agent_sdk-watchdog", daemon=True).start()
        elif oversleeps:
            self._ring()

    def stop(self, timing: Timing) -> bool:
        """End the timing; tell whether it had expired."""
        with self._lock:
            if not timing.expired:
                self._timed.remove(timing)
            return timing.expired

    def _ring(self) -> None:
        try:
            self._bell.release()
        except RuntimeError:
            return  # it rings already

    def _watch(self) -> None:
        idle, seen = 0, -1
        while idle < IDLE_LOOKS:
            late, pause = self._look()
            for timing in late:
                timing.expire()
            self._bell.acquire(timeout=pause)
            idle, seen = (0, self._started) if self._timed or self._started != seen else (idle + 1, seen)
            if idle >= IDLE_LOOKS and not self._retire():
                idle = 0

    def _look(self) -> tuple[list[Timing], float]:
        with self._lock:
            now = time.monotonic()
            late = [timing for timing in self._timed if timing.deadline <= now]
            for timing in late:
                timing.expired = True
                self._timed.remove(timing)
            nearest = min((timing.deadline - now for timing in self._timed), default=self._slice)
            pause = max(0.001, min(self._slice, nearest))
            self._sleeps_until = now + pause
            return late, pause

    def _retire(self) -> bool:
        with self._lock:
            if self._timed:
                return False
            self._is_awake = False
            return True


class HookTimer(Timing):
    """The timer of one firing, as `hooks.runner` wants it; its late answer is sent by *answer*."""

    __slots__ = ("_answer", "_make", "_watchdog")

    def __init__(self, watchdog: Watchdog, answer: Callable[[dict[str, Any]], None]) -> None:
        self.expired = False
        self._watchdog = watchdog
        self._answer = answer
        self._make: Callable[[], dict[str, Any]] | None = None

    def start(self, timeout: float | None, expire: Callable[[], dict[str, Any]]) -> None:
        """Begin to time a hook; see `hooks.runner.Timer`."""
        self._make = None if timeout is None else expire
        if timeout is not None:
            self._watchdog.start(self, timeout)

    def stop(self) -> bool:
        """End the timing; tell whether the event was answered in the hook's place."""
        if self._make is None or self._watchdog.stop(self):
            return self._make is not None
        self._make = None  # it knows the firing, which knows this timer: a cycle for each firing would be a burden
        return False

    def expire(self) -> None:
        if self._make is not None:
            self._answer(self._make())
