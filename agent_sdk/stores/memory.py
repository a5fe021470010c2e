"""`MemoryStore`: sessions in the memory of this process, for tests and single-process programs."""
from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Sequence

from .._core import json_lines
from .base import LEASE_TTL, Entry, Key, SessionRow, Store, deduplicate


class MemoryStore(Store):
    """
    A store in the memory of this process; a forked child has its own copy.

    Args:
        lease_ttl: Seconds until a lease that is not renewed expires.
    """

    is_bounded = True

    def __init__(self, *, lease_ttl: float = LEASE_TTL) -> None:
        self.lease_ttl = lease_ttl
        self._lock = threading.Lock()
        self._users: dict[str, str] = {}
        self._leases: dict[str, tuple[str, float]] = {}
        #: Each transcript as the JSON of its entries (callers share no objects with the store), and its last append.
        self._transcripts: dict[Key, list[str]] = {}
        self._mtimes: dict[Key, int] = {}
        _stores.add(self)

    def session_id(self, user: str) -> str | None:
        return self._users.get(user)

    def remember(self, user: str, session_id: str) -> None:
        self._users[user] = session_id

    def forget(self, user: str) -> None:
        self._users.pop(user, None)

    def acquire_lease(self, name: str, token: str, ttl: float) -> bool:
        now = time.monotonic()
        with self._lock:
            holder, until = self._leases.get(name, (token, 0.0))
            if holder != token and until > now:
                return False
            self._leases[name] = (token, now + ttl)
            return True

    def renew_lease(self, name: str, token: str, ttl: float) -> bool:
        with self._lock:
            if self._leases.get(name, ("", 0.0))[0] != token:
                return False
            self._leases[name] = (token, time.monotonic() + ttl)
            return True

    def release_lease(self, name: str, token: str) -> None:
        with self._lock:
            if self._leases.get(name, ("", 0.0))[0] == token:
                del self._leases[name]

    def append(self, key: Key, entries: Sequence[Entry]) -> None:
        lines = [json_lines.dumps(entry) for entry in entries]
        if lines:
            with self._lock:
                self._transcripts.setdefault(Key(*key), []).extend(lines)
                self._mtimes[Key(*key)] = time.time_ns() // 1_000_000

    def load(self, key: Key) -> list[Entry] | None:
        with self._lock:
            lines = list(self._transcripts.get(Key(*key), ()))
        return deduplicate(map(json_lines.loads, lines)) if lines else None

    def count(self, key: Key) -> int:
        return len(self._transcripts.get(Key(*key), ()))

    def list_sessions(self, project_key: str) -> list[SessionRow]:
        with self._lock:
            kept = [(key, mtime) for key, mtime in self._mtimes.items() if key.project_key == project_key]
        return [{"session_id": key.session_id, "mtime": mtime} for key, mtime in kept if not key.subpath]

    def delete(self, key: Key) -> None:
        wanted = Key(*key)
        with self._lock:
            for one in list(self._transcripts):
                if one == wanted or (not wanted.subpath and one[:2] == wanted[:2]):
                    del self._transcripts[one], self._mtimes[one]

    def list_subkeys(self, key: Key) -> list[str]:
        with self._lock:
            return sorted(one.subpath for one in self._transcripts if one[:2] == key[:2] and one.subpath)

    def find(self, session_id: str) -> list[str]:
        with self._lock:
            return [key.project_key for key in self._transcripts if key[1:] == (session_id, "")]

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self._users)} users, {len(self._transcripts)} transcripts>"


_stores: weakref.WeakSet[MemoryStore] = weakref.WeakSet()


def _after_fork() -> None:
    for store in list(_stores):
        store._lock = threading.Lock()  # another thread of the parent may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
