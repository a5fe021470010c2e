"""
The seam of the stores: `Store`, the class that all of them are, and the key of a transcript.

A store keeps two things that do not need each other: which session each user has (with a lease, so that one turn runs
at a time), and transcripts, entry by entry. A class of your own needs `append` and `load` for *session_store*, and
`session_id`, `remember`, `forget` and the three steps of a lease for `UserSessions`.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypedDict

from .._core.checks import invalid
from .lease import Lease

#: One line of a transcript, decoded.
Entry = dict[str, Any]
#: Seconds after which the lease of a dead holder is free.
LEASE_TTL = 30.0


class Key(NamedTuple):
    """Which transcript: the project's folder name, the session, and `subagents/agent-<id>` for a subagent's."""

    project_key: str
    session_id: str
    #: Empty for the session itself; `/` between its parts, whatever the system.
    subpath: str = ""


class SessionRow(TypedDict):
    """One session of a project."""

    session_id: str
    #: When it was last appended to: milliseconds since the epoch.
    mtime: int


class Store:
    """
    Keep users' sessions and transcripts. Subclass it; what is not overridden counts as not there.

    All methods may be called from several threads and processes at once, and raise `StoreError` when they fail.
    """

    #: Seconds that a lease lives without renewal.
    lease_ttl: float = LEASE_TTL
    #: Whether each call comes back in bounded time by itself. The calls of another store are made in threads of their
    #: own, so that one that hangs holds nobody up.
    is_bounded: bool = False

    @property
    def scope(self) -> object:
        """What two stores have in common when a lease in one is a lease in the other."""
        return id(self)

    # --- users

    def session_id(self, user: str) -> str | None:
        """Return the session of *user*, or *None*."""
        raise NotImplementedError

    def remember(self, user: str, session_id: str) -> None:
        """Note the session of *user*, in place of an older one."""
        raise NotImplementedError

    def forget(self, user: str) -> None:
        """Drop the session of *user*; one that is not there is no error. Its transcript stays."""
        raise NotImplementedError

    # --- leases

    def lease(
        self, name: str, wait: float = 60.0, ttl: float | None = None, check: Callable[[], object] = lambda: None
    ) -> Lease:
        """
        Wait for the lease *name* and hold it: `with store.lease("ann"): ...`. It is renewed while it is held.

        Args:
            name: Of a user, usually.
            wait: Seconds to wait for another holder; 0 tries once.
            ttl: Seconds after which a dead holder's lease is free; the default is *lease_ttl*.
            check: Called now and then while waiting; what it raises ends the wait.

        Raises:
            SessionBusyError: It was not free in time, or this very thread holds it (at once).
            StoreError: The store failed.
        """
        return Lease.acquire(self, name, wait, self.lease_ttl if ttl is None else ttl, check)

    def acquire_lease(self, name: str, token: str, ttl: float) -> bool:
        """Write the lease down for *token*, unless another token holds it and its time is not up. Atomic."""
        raise NotImplementedError

    def renew_lease(self, name: str, token: str, ttl: float) -> bool:
        """Give the lease *ttl* seconds from now; false when *token* does not hold it. Atomic."""
        raise NotImplementedError

    def release_lease(self, name: str, token: str) -> None:
        """Strike the lease out if *token* holds it. Atomic."""
        raise NotImplementedError

    # --- transcripts

    def append(self, key: Key, entries: Sequence[Entry]) -> None:
        """Add *entries* to the end of a transcript, all or none; no entries change nothing."""
        raise NotImplementedError

    def load(self, key: Key) -> list[Entry] | None:
        """Return the entries of a transcript in order, each `uuid` once; *None* when it is not there."""
        raise NotImplementedError

    def count(self, key: Key) -> int:
        """Return how many entries were appended to a transcript: tells whether another host has gone on with it."""
        raise NotImplementedError

    def list_sessions(self, project_key: str) -> list[SessionRow]:
        """Return the sessions of a project, in any order; subagents' transcripts do not count."""
        raise NotImplementedError

    def delete(self, key: Key) -> None:
        """Remove a transcript; a session's takes those of its subagents with it. A missing one is no error."""
        raise NotImplementedError

    def list_subkeys(self, key: Key) -> list[str]:
        """Return the subpaths that a session has."""
        raise NotImplementedError

    def find(self, session_id: str) -> list[str]:
        """Return the project keys under which a session is kept: hosts may have it in different directories."""
        raise NotImplementedError


def supports(store: object, *names: str) -> bool:
    """Tell whether *store* has methods of its own by these names; what `Store` only declares does not count."""
    return all(
        callable(getattr(store, name, None)) and getattr(type(store), name, None) is not getattr(Store, name)
        for name in names
    )


def check_user(user_id: object) -> str:
    """
    Return *user_id* as a string.

    Raises:
        ConfigurationError: It is empty, holds a NUL, or is neither a string nor a whole number.
    """
    if isinstance(user_id, bool) or not isinstance(user_id, (str, int)):
        raise invalid("user_id", user_id, "expected a string or a whole number")
    user = str(user_id)
    if not user or "\0" in user:
        raise invalid("user_id", user_id, "expected at least one character, and no NUL")
    return user


def deduplicate(entries: Iterable[Entry]) -> list[Entry]:
    """Return *entries* with each `uuid` once, where it came first: a batch may have been written twice."""
    by_uuid: dict[object, Entry] = {}
    for place, entry in enumerate(entries):
        uuid = entry.get("uuid")
        by_uuid.setdefault(uuid if isinstance(uuid, str) else place, entry)
    return list(by_uuid.values())
