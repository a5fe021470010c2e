"""
`Store`, the base class of session stores, and the keys of transcripts.

A store has two independent parts: the session of each user (with leases, so that one turn runs at a time), and the
entries of transcripts. A subclass implements `append` and `load` for the option *session_store*, and `session_id`,
`remember`, `forget` and the three lease methods for `UserSessions`.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypedDict

from .._core.checks import invalid
from .lease import Lease

#: One line of a transcript, decoded.
Entry = dict[str, Any]
#: Seconds until a lease that is not renewed expires.
LEASE_TTL = 30.0


class Key(NamedTuple):
    """The key of a transcript: the project's folder name, the session, and `subagents/agent-<id>` for a subagent."""

    project_key: str
    session_id: str
    #: Empty for the session itself; its parts are separated by `/` on all systems.
    subpath: str = ""


class SessionRow(TypedDict):
    """One session of a project."""

    session_id: str
    #: Time of the last append, in milliseconds since the epoch.
    mtime: int


class Store:
    """
    Base class of session stores. The SDK treats a method that is not overridden as unsupported.

    Methods may be called from several threads and processes concurrently, and raise `StoreError` when they fail.
    """

    #: Seconds until a lease that is not renewed expires.
    lease_ttl: float = LEASE_TTL
    #: True when every call returns in bounded time. Otherwise the SDK calls the store in separate threads, so that a
    #: call that hangs does not block a turn.
    is_bounded: bool = False

    @property
    def scope(self) -> object:
        """An identifier that is equal for stores that share their leases."""
        return id(self)

    # --- users

    def session_id(self, user: str) -> str | None:
        """Return the session of *user*, or *None*."""
        raise NotImplementedError

    def remember(self, user: str, session_id: str) -> None:
        """Set the session of *user*, replacing an older one."""
        raise NotImplementedError

    def forget(self, user: str) -> None:
        """Remove the session of *user*, if any. Its transcript is kept."""
        raise NotImplementedError

    # --- leases

    def lease(
        self, name: str, wait: float = 60.0, ttl: float | None = None, check: Callable[[], object] = lambda: None
    ) -> Lease:
        """
        Acquire the lease *name*, waiting for it if necessary: `with store.lease("ann"): ...`.

        A thread renews the lease until it is released.

        Args:
            name: Usually the id of a user.
            wait: Seconds to wait for another holder; 0 makes one attempt.
            ttl: Seconds until the lease expires if it is not renewed; defaults to *lease_ttl*.
            check: Called between attempts; an exception ends the wait.

        Raises:
            SessionBusyError: Another holder did not release it in time, or this thread holds it already.
            StoreError: The store failed.
        """
        return Lease.acquire(self, name, wait, self.lease_ttl if ttl is None else ttl, check)

    def acquire_lease(self, name: str, token: str, ttl: float) -> bool:
        """Acquire the lease for *token*; returns false if another token holds it and it has not expired. Atomic."""
        raise NotImplementedError

    def renew_lease(self, name: str, token: str, ttl: float) -> bool:
        """Set the lease to expire *ttl* seconds from now; returns false if *token* does not hold it. Atomic."""
        raise NotImplementedError

    def release_lease(self, name: str, token: str) -> None:
        """Remove the lease if *token* holds it. Atomic."""
        raise NotImplementedError

    # --- transcripts

    def append(self, key: Key, entries: Sequence[Entry]) -> None:
        """Append *entries* to a transcript, all or none; an empty list changes nothing."""
        raise NotImplementedError

    def load(self, key: Key) -> list[Entry] | None:
        """Return the entries of a transcript in order, each `uuid` once; *None* if it does not exist."""
        raise NotImplementedError

    def count(self, key: Key) -> int:
        """Return the number of entries appended to a transcript; it grows when another host continues the session."""
        raise NotImplementedError

    def list_sessions(self, project_key: str) -> list[SessionRow]:
        """Return the sessions of a project in any order, without subagents."""
        raise NotImplementedError

    def delete(self, key: Key) -> None:
        """Delete a transcript, if it exists; deleting a session deletes the transcripts of its subagents."""
        raise NotImplementedError

    def list_subkeys(self, key: Key) -> list[str]:
        """Return the subpaths of the transcripts of a session's subagents."""
        raise NotImplementedError

    def find(self, session_id: str) -> list[str]:
        """Return the project keys that contain a session; hosts may run it in different directories."""
        raise NotImplementedError


def supports(store: object, *names: str) -> bool:
    """Return whether *store* implements these methods; the declarations in `Store` do not count."""
    return all(
        callable(getattr(store, name, None)) and getattr(type(store), name, None) is not getattr(Store, name)
        for name in names
    )


def check_user(user_id: object) -> str:
    """
    Return *user_id* as a string.

    Raises:
        ConfigurationError: It is empty, contains a NUL, or is neither a string nor a whole number.
    """
    if isinstance(user_id, bool) or not isinstance(user_id, (str, int)):
        raise invalid("user_id", user_id, "expected a string or a whole number")
    user = str(user_id)
    if not user or "\0" in user:
        raise invalid("user_id", user_id, "expected a non-empty string without NUL")
    return user


def deduplicate(entries: Iterable[Entry]) -> list[Entry]:
    """Return *entries* without repeated uuids: a batch may have been written twice."""
    by_uuid: dict[object, Entry] = {}
    for place, entry in enumerate(entries):
        uuid = entry.get("uuid")
        by_uuid.setdefault(uuid if isinstance(uuid, str) else place, entry)
    return list(by_uuid.values())
