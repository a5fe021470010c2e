"""
A lease: the right to be the only one, for as long as its holder lives and a while longer.

A small thread renews it. A holder that dies stops renewing, and after *ttl* seconds another may take it.
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

#: Seconds between two attempts to get a lease that somebody holds: at first, and at most.
MIN_POLL_INTERVAL = 0.02
MAX_POLL_INTERVAL = 0.25

#: The leases of this process: who asks for one that its own thread holds would wait for itself.
_held: dict[tuple[object, str], tuple[int, int]] = {}
#: Leases that a store would not take back, with their tokens: the next one of this process need not wait for their end.
_unreleased: dict[tuple[int, object, str], str] = {}


class LeaseTable(Protocol):
    """Where leases are written down: the three steps that a store takes in one atomic move each."""

    @property
    def scope(self) -> object:
        """The same for two tables that are one."""

    def acquire_lease(self, name: str, token: str, ttl: float) -> bool:
        """Write the lease down for *token*, unless another token holds it and its time is not up."""

    def renew_lease(self, name: str, token: str, ttl: float) -> bool:
        """Give the lease *ttl* seconds more; false when *token* does not hold it."""

    def release_lease(self, name: str, token: str) -> None:
        """Strike the lease out if *token* holds it."""


class Lease:
    """One lease that is held. A context manager: leaving it gives the lease back."""

    def __init__(self, table: LeaseTable, name: str, ttl: float) -> None:
        self.name = name
        #: Seconds after which the lease of a dead holder is free.
        self.ttl = ttl
        #: Whether somebody else may hold it by now: it could not be renewed in time.
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
        """Wait for the lease *name* and hold it; arguments and errors as for `Store.lease`."""
        lease = cls(table, name, ttl)
        begun, pause = time.monotonic(), MIN_POLL_INTERVAL
        while not table.acquire_lease(name, lease._token, ttl):
            waited = time.monotonic() - begun
            is_mine = _held.get((table.scope, name)) == (os.getpid(), threading.get_ident())
            if is_mine or waited >= wait:
                why = "this thread holds it: its turn is still running" if is_mine else f"waited {waited:.1f} seconds"
                raise SessionBusyError(f"the lease {name!r} is taken ({why})", waited=waited)
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
                # The store may come back; until then the turn goes on, and its caller is told afterwards.
                log.debug("stores", "the lease %s was not renewed: %s", self.name, error)
                self.is_lost = self.is_lost or now >= good_until
                continue
            if not held:
                self.is_lost = True
                return
            good_until = now + self.ttl

    def _renew_once(self) -> bool:
        table, name, token, ttl = self._table, self.name, self._token, self.ttl
        # A store that was restarted may have forgotten the lease: it is ours as long as nobody else has it.
        held = table.renew_lease(name, token, ttl) or table.acquire_lease(name, token, ttl)
        if self._stop.is_set() and not self._expires:
            table.release_lease(name, token)  # it was given back while this was on its way
        return held

    def let_expire(self) -> None:
        """Stop renewing and keep the lease until its time is up, as a holder that dies would."""
        self._expires = True
        self._stop_renewal()

    def _stop_renewal(self) -> None:
        self._stop.set()
        _held.pop((self._table.scope, self.name), None)

    def release(self) -> None:
        """Give the lease back; a second call does nothing. Never raises: what is not given back expires."""
        if self._stop.is_set() or self._pid != os.getpid():
            return
        self._stop_renewal()
        try:
            self._table.release_lease(self.name, self._token)
        except StoreError as error:
            log.debug("stores", "the lease %s is left to expire: %s", self.name, error)
            _unreleased[self._pid, self._table.scope, self.name] = self._token

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        state = "given back" if self._stop.is_set() else "lost" if self.is_lost else "held"
        return f"<Lease {self.name!r} {state}>"
