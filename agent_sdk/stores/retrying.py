"""
Store calls with retries and a time limit.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from .._core import log
from ..errors import StoreError

T = TypeVar("T")

#: Seconds before the second and the third attempt.
BACKOFF = (0.2, 0.8)


def with_retries(
    call: Callable[[], T], backoff: Iterable[float] = BACKOFF, is_hurried: Callable[[], bool] = lambda: False
) -> T:
    """Call a store and retry failures after each pause of *backoff*; a timeout is not retried."""
    for pause in backoff:
        try:
            return call()
        except Exception as error:
            if isinstance(error, TimeoutError) or (isinstance(error, StoreError) and error.timed_out):
                raise
            log.debug("stores", "retry in %s s: %s", pause, error)
            if not _sleep_unless_hurried(pause, is_hurried):
                break
    return call()


def _sleep_unless_hurried(seconds: float, is_hurried: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if is_hurried():
            return False
        time.sleep(min(left, 0.05))
    return True


class BoundedCaller:
    """
    Calls a store that may hang: each call runs in a new thread, and none starts while an earlier one is running.

    A store with `is_bounded` is called in the caller's thread.
    """

    def __init__(self, store: object) -> None:
        self._is_bounded = bool(getattr(store, "is_bounded", False))
        self._running: threading.Thread | None = None

    def call(self, function: Callable[[], T], seconds: float | None, limit_name: str) -> T:
        """
        Call *function* with a limit of *seconds* (*None* for no limit); *limit_name* is its name in errors.

        A call that takes longer, or that follows one that is still running, raises `StoreError`.
        """
        if self._is_bounded or seconds is None:
            return function()
        if self._running is not None and self._running.is_alive():
            raise StoreError("an earlier call of the store is still running", timed_out=True)
        outcome: list[tuple[bool, object]] = []

        def run() -> None:
            try:
                outcome.append((True, function()))
            except BaseException as error:
                outcome.append((False, error))

        self._running = threading.Thread(target=run, name="agent_sdk-store", daemon=True)
        self._running.start()
        self._running.join(seconds)
        if not outcome:
            raise StoreError(f"the store timed out after {seconds:g} seconds ({limit_name})", timed_out=True)
        self._running = None
        is_good, value = outcome[0]
        if not is_good:
            raise cast(BaseException, value)
        return cast(T, value)
