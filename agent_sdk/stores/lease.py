"""
A lease: an exclusive lock that expires if it is not renewed.

A thread of the holder renews it. If the holder dies, the lease expires after *ttl* seconds.
"""
from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from .._core import log
from ..errors import SessionBusyError, StoreError

#: Seconds between two attempts to acquire a lease: initial and maximum.
MIN_POLL_INTERVAL = 0.02
MAX_POLL_INTERVAL = 0.25

#: The leases that this process holds; a thread that acquires its own lease again would deadlock.
_held: dict[tuple[object, str], tuple[int, int]] = {}
#: Leases that could not be released, with their tokens, so that this process can acquire them before they expire.
_unreleased: dict[tuple[int, object, str], str] = {}


class LeaseTable(Protocol):
    """The three atomic lease operations of a store."""

    @property
    def scope(self) -> object:
        """An identifier that is equal for tables that share their leases."""

    def acquire_lease(self, name: str, token: str, ttl: float) -> bool:
        """Acquire the lease for *token*; returns false if another token holds it and it has not expired."""

    def renew_lease(self, name: str, token: str, ttl: float) -> bool:
        """Set the lease to expire *ttl* seconds from now; returns false if *token* does not hold it."""

    def release_lease(self, name: str, token: str) -> None:
        """Remove the lease if *token* holds it."""


class Lease:
    """A lease that is held. As a context manager, it releases the lease on exit."""

    def __init__(self, table: LeaseTable, name: str, ttl: float) -> None:
        self.name = name
        #: Seconds until the lease expires if it is not renewed.
        self.ttl = ttl
        #: True when the lease was not renewed in time, so that another holder may have acquired it.
        self.is_lost = False
        self._table = table
        self._pid = os.getpid()
        self._token = _unreleased.pop((self._pid, table.scope, name), "") or os.urandom(16).hex()
        self._stop = threading.Event()
        self._expires = False

    @classmethod
    def acquire(
        cls, table: LeaseTable, name: str, wait: float, ttl: float, check: Callable[[], object] = lambda: None
    ) -> Lease:
        """Acquire the lease *name*; arguments and errors are those of `Store.lease`."""
        lease = cls(table, name, ttl)
        begun, pause = time.monotonic(), MIN_POLL_INTERVAL
        while not table.acquire_lease(name, lease._token, ttl):
            waited = time.monotonic() - begun
            is_mine = _held.get((table.scope, name)) == (os.getpid(), threading.get_ident())
            if is_mine or waited >= wait:
                why = "held by this thread, its turn is still running" if is_mine else f"waited {waited:.1f} seconds"
                raise SessionBusyError(f"the lease {name!r} is held ({why})", waited=waited)
            check()
            time.sleep(min(pause, wait - waited))
            pause = min(2 * pause, MAX_POLL_INTERVAL)
        lease._start_renewal()
        return lease

    def _start_renewal(self) -> None:
        _held[self._table.scope, self.name] = (self._pid, threading.get_ident())
        threading.Thread(target=self._renew_periodically, name="agent_sdk-lease", daemon=True).start()

    def _renew_periodically(self) -> None:
        good_until = time.monotonic() + self.ttl
        while not self._stop.wait(self.ttl / 3):
            now = time.monotonic()
            try:
                held = self._renew_once()
            except StoreError as error:
                # The store may recover. The turn continues, and the caller can check `is_lost` afterwards.
                log.debug("stores", "the lease %s was not renewed: %s", self.name, error)
                self.is_lost = self.is_lost or now >= good_until
                continue
            if not held:
                self.is_lost = True
                return
            good_until = now + self.ttl

    def _renew_once(self) -> bool:
        table, name, token, ttl = self._table, self.name, self._token, self.ttl
        # A store that restarted may have lost the lease; acquire it again if it is free.
        held = table.renew_lease(name, token, ttl) or table.acquire_lease(name, token, ttl)
        if self._stop.is_set() and not self._expires:
            table.release_lease(name, token)  # it was released during the renewal
        return held

    def let_expire(self) -> None:
        """Stop renewing, so that the lease expires as if the holder had died."""
        self._expires = True
        self._stop_renewal()

    def _stop_renewal(self) -> None:
        self._stop.set()
        _held.pop((self._table.scope, self.name), None)

    def release(self) -> None:
        """Release the lease; a second call does nothing. Never raises: a lease that cannot be released expires."""
        if self._stop.is_set() or self._pid != os.getpid():
            return
        self._stop_renewal()
        try:
            self._table.release_lease(self.name, self._token)
        except StoreError as error:
            log.debug("stores", "cannot release the lease %s, which will expire: %s", self.name, error)
            _unreleased[self._pid, self._table.scope, self.name] = self._token

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        state = "released" if self._stop.is_set() else "lost" if self.is_lost else "held"
        return f"<Lease {self.name!r} {state}>"
