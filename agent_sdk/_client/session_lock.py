"""
`SessionLock`: exclusive access of one turn to its session, on this machine and on hosts that share a store.

Combines a lock file beside the transcript with a lease in the session store, if one is set. It is held for a
turn, not for the life of a process.
"""
from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core import log
from .._core.checks import is_uuid
from ..errors import SessionBusyError, StoreError, StoreWarning
from ..options.options import Options
from ..transcripts.location import SessionLocation
from ..transcripts.paths import SUFFIX

if TYPE_CHECKING:
    from .._protocol.turn import Turn
    from ..stores.lease import Lease
    from ..transcripts.lock import TurnLock

_STEPS = ("acquire_lease", "renew_lease", "release_lease")


def _titled(title: str, location: SessionLocation) -> str | None:
    """Return the transcript that the CLI resumes for a title."""
    from ..transcripts import listing

    shown = listing.visible_sessions(location.cwd, False, location.config_folder)
    return next((info.path for info in shown if info.custom_title == title), None)


class SessionLock:
    """The locks of one turn; not held between turns."""

    def __init__(self) -> None:
        #: Id of the locked session.
        self.session_id: str | None = None
        self._is_held = False
        self._lock: TurnLock | None = None
        self._lease: Lease | None = None

    def acquire(self, turn: Turn, session_id: str | None, options: Options) -> None:
        """
        Wait until no other turn runs in a session, and lock it. Has no effect if a lock is already held.

        Args:
            turn: The turn; an abort or its timeout ends the wait.
            session_id: The session; empty to continue the newest one, *None* for a new one.
            options: Options of the turn, including *session_wait*.
        """
        if session_id is None or self._is_held or not turn.is_exclusive or options.transport is not None:
            return
        self._is_held = True
        from ..transcripts.lock import TurnLock

        location = turn.state.location or SessionLocation.with_overrides(options.cwd, options.env)
        path: str | None
        if is_uuid(session_id):
            path = location.transcript(session_id)
        else:
            path = _titled(session_id, location) if session_id else location.newest_transcript()
            session_id = "" if path is None else os.path.basename(path).removesuffix(SUFFIX)
        wait = math.inf if options.session_wait is None else options.session_wait
        deadline = time.monotonic() + wait
        try:
            if path is not None:
                self._lock = TurnLock.take(path, wait, turn.check_limits)
            self.session_id = session_id
            left = max(0.0, deadline - time.monotonic())
            self._take_lease(options.session_store, left, turn.check_limits)
        except BaseException:
            self.release()
            raise

    def _take_lease(self, store: Any, wait: float, check: Callable[[], object]) -> None:
        if store is None or not self.session_id:
            return
        from ..stores.base import LEASE_TTL, supports
        from ..stores.lease import Lease

        if not supports(store, *_STEPS):
            return
        try:
            ttl = getattr(store, "lease_ttl", LEASE_TTL)
            self._lease = Lease.acquire(store, f"session:{self.session_id}", wait, ttl, check)
        except SessionBusyError as error:
            text = f"session {self.session_id}: another turn is running in it, perhaps on another host ({error})"
            raise SessionBusyError(text, session_id=self.session_id, waited=error.waited) from None
        except StoreError as error:
            # A failing store does not fail a turn; the mirror reports it.
            log.debug("client", "the session is locked on this machine only: %s", error)

    def move_to(self, turn: Turn, options: Options) -> None:
        """Lock the session of *turn* once its id is known."""
        session_id, location = turn.state.session_id, turn.state.location
        if session_id is None or session_id == self.session_id:
            return
        if not turn.is_exclusive or options.transport is not None:
            return
        from ..transcripts.lock import TurnLock

        self.release()
        path = location.transcript(session_id) if location is not None and is_uuid(session_id) else None
        self._is_held, self.session_id = True, session_id
        try:
            self._lock = None if path is None else TurnLock.take(path, 0.0)
            self._take_lease(options.session_store, 0.0, lambda: None)
        except SessionBusyError as error:
            # Resuming by title or the newest session, the CLI chose another session than the SDK expected.
            log.debug("client", "a turn started while another one was running in its session: %s", error)

    def release(self) -> None:
        """Release the session."""
        lock, lease = self._lock, self._lease
        self._is_held, self.session_id, self._lock, self._lease = False, None, None, None
        if lease is not None:
            lease.release()
            if lease.is_lost:
                text = f"{lease.name}: the lease was lost during the turn; another host may have written to the session"
                log.warn(text, StoreWarning)
        if lock is not None:
            lock.release()
