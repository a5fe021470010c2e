"""
Calls of a store: once more when it fails, and not for ever.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from .. import _log
from ..errors import StoreError

T = TypeVar("T")

#: Seconds before the second and the third attempt.
BACKOFF = (0.2, 0.8)


def tried(
    call: Callable[[], T], backoff: Iterable[float] = BACKOFF, is_hurried: Callable[[], bool] = lambda: False
) -> T:
    """
    Call a store, again after each pause of *backoff* when it fails; not again when it took too long.

    Raises:
        Exception: What the last attempt raised.
    """
    for pause in backoff:
        try:
            return call()
        except Exception as error:
            if isinstance(error, TimeoutError) or (isinstance(error, StoreError) and error.timed_out):
                raise
            _log.debug("stores", "tried again in %s s: %s", pause, error)
            if not _slept(pause, is_hurried):
                break
    return call()


def _slept(seconds: float, is_hurried: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if is_hurried():
            return False
        time.sleep(min(left, 0.05))
    return True


def within(milliseconds: int | None, call: Callable[[], T]) -> T:
    """
    Call a store that may hang, in a thread of its own; *None* waits as long as it takes.

    Raises:
        StoreError: It took longer.
        Exception: What the call raised.
    """
    if milliseconds is None:
        return call()
    returned: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(call())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="agent_sdk-store", daemon=True)
    thread.start()
    thread.join(milliseconds / 1000)
    for error in raised:
        raise error
    if not returned:
        text = f"the store did not answer within {milliseconds} milliseconds (load_timeout_ms=)"
        raise StoreError(text, operation="load", timed_out=True)
    return returned[0]
