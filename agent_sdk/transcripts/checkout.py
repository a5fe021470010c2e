"""
Check out sessions of a store as files, so that the functions for transcripts can read and edit them.

Transcripts only grow, so the entries appended to a file are all that must be sent back to the store.
"""
from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from .._core import checks
from ..errors import ConfigurationError, SessionNotFoundError
from ..stores.base import Entry, Key, deduplicate, supports
from . import paths, store_transfer
from .entries import decode_entry
from .listing import offset_and_limit
from .paths import SUFFIX, Directory

PREFIX = "agent_sdk-stored-"
_PROJECT = re.compile(r"[A-Za-z0-9-]+")


@contextlib.contextmanager
def stored_sessions(
    store: Any, *session_ids: str, directory: Directory | None = None, limit: int | None = None
) -> Iterator[str]:
    """
    Copy sessions of a store to a private folder; pass it to the session functions as `config_dir=`.

    Use it in a `with` block. At the end of the block, unless it raised, sessions that were renamed, tagged, forked or
    deleted in the folder are updated in the store. The folder is then removed.

    Args:
        store: For example `stores.RedisStore(url)`.
        session_ids: The sessions; defaults to those of *directory*.
        directory: A working directory; defaults to the current one.
        limit: Maximum number of sessions, newest first; *None* or 0 for all.

    Raises:
        SessionNotFoundError: The store has no session with this id.
        ConfigurationError: An id is not a UUID, or the store cannot list sessions.
        StoreError: The store failed.
    """
    if store is None:
        raise checks.invalid("store", store, "expected a store, such as stores.SQLiteStore(path)")
    checked = checks.implements("store", "append", "load", base="stores.Store")(store)
    count = offset_and_limit(limit, 0)[1]
    own = paths.canonical(os.getcwd() if directory is None else directory)
    default_key = paths.encode_path(own)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        checkout = Checkout(checked, os.path.join(folder, "projects"))
        os.mkdir(checkout.projects)
        for session_id in session_ids:
            checkout.add_session(session_id, default_key)
        if not session_ids:
            checkout.add_newest(default_key, count, own)
        checkout.record_sizes()
        yield folder
        checkout.upload_changes()


@attrs.define
class Checkout:
    """The files that were checked out below *projects*."""

    store: Any
    projects: str
    #: Each file with its size at checkout.
    sizes: dict[str, int] = attrs.field(factory=dict)

    def add_session(self, session_id: str, default_key: str) -> None:
        """Check out one session of any project; *default_key* is the project to use if the store has no `find`."""
        name = paths.check_id(session_id)
        found = self.store.find(name) if supports(self.store, "find") else [default_key]
        added = [self._add(Key(project, name)) for project in found]
        if True not in added:
            where = "" if supports(self.store, "find") else f" in the project {default_key}; pass another directory="
            raise SessionNotFoundError(f"the store has no session {name}{where}", session_id=name)

    def add_newest(self, project: str, count: int | None, directory: str) -> None:
        """Check out the newest sessions of *directory*, whose key is *project*."""
        if not supports(self.store, "list_sessions"):
            raise ConfigurationError(f"stored_sessions: {self.store!r} cannot list sessions; pass session ids")
        rows = sorted(self.store.list_sessions(project), key=lambda row: row["mtime"], reverse=True)
        added = 0
        for row in rows:
            if added == count:
                break
            if re.fullmatch(paths.SESSION_FILE, row["session_id"] + SUFFIX):  # it becomes part of a path
                added += self._add(Key(project, row["session_id"]), row["mtime"] / 1000, directory)

    def _add(self, key: Key, mtime: float | None = None, directory: str | None = None) -> bool:
        if not _PROJECT.fullmatch(key.project_key):
            raise checks.invalid("project_key", key.project_key, "expected the name of a project folder")
        entries = self.store.load(key)
        if not entries or (directory is not None and paths.is_foreign(paths.cwd_of(entries), directory)):
            return False
        store_transfer.write_files(self.store, key, deduplicate(entries), self.projects, key.project_key)
        if mtime is not None:
            os.utime(os.path.join(self.projects, key.project_key, key.session_id + SUFFIX), (mtime, mtime))
        return True

    def record_sizes(self) -> None:
        """Record the sizes of the written files."""
        self.sizes = {path: os.path.getsize(path) for path in store_transfer.transcripts_below(self.projects)}

    def upload_changes(self) -> None:
        """Apply appended entries, new sessions and deletions to the store."""
        current = store_transfer.transcripts_below(self.projects)
        for path in current:
            new = list(_entries(path, self.sizes.get(path, 0)))
            if new:
                self.store.append(self._key(path), new)
        gone = [self._key(path) for path in self.sizes.keys() - set(current)]
        if gone and not supports(self.store, "delete"):
            raise ConfigurationError(f"stored_sessions: {self.store!r} cannot delete sessions")
        for key in gone:
            if not key.subpath or key._replace(subpath="") not in gone:
                self.store.delete(key)

    def _key(self, path: str) -> Key:
        project, session, *below = os.path.relpath(path, self.projects).removesuffix(SUFFIX).split(os.sep)
        return Key(project, session, "/".join(below))


def _entries(path: str, start: int) -> Iterable[Entry]:
    with open(path, "rb") as file:
        file.seek(start)
        for line in file:
            entry = decode_entry(line)
            if entry is not None:
                yield entry
