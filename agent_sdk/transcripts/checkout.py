"""
Sessions of a store as files, for a while: what reads and edits transcripts works on them, and changes go back.

One way for all functions, in place of a second set of them: transcripts only grow, so that what was appended to a file
is all that has to be sent to a store.
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
    Lay sessions of a store out in a private folder; give it to the session functions as `config_dir=`.

    Use it in a `with` block. What is renamed, tagged, forked or deleted in the folder is so in the store when the block
    ends, but not after an error. The folder is removed then.

    Args:
        store: Such as `stores.RedisStore(url)`.
        session_ids: The sessions; without any, those of *directory*.
        directory: The working directory whose sessions are meant; default the current one.
        limit: At most so many, the newest; *None* or 0 for all.

    Raises:
        SessionNotFoundError: The store has no session of such an id.
        ConfigurationError: An id is no UUID, or the store cannot list sessions.
        StoreError: The store failed.
    """
    if store is None:
        raise checks.invalid("store", store, "expected a store, such as stores.SQLiteStore(path)")
    checked = checks.implements("store", "append", "load", base="stores.Store")(store)
    count = offset_and_limit(limit, 0)[1]
    here = paths.project_key(os.getcwd() if directory is None else directory)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        checkout = Checkout(checked, os.path.join(folder, "projects"))
        os.mkdir(checkout.projects)
        for session_id in session_ids:
            checkout.add_session(session_id, here)
        if not session_ids:
            checkout.add_newest(here, count)
        checkout.record_sizes()
        yield folder
        checkout.upload_changes()


@attrs.define
class Checkout:
    """What was laid out below *projects*."""

    store: Any
    projects: str
    #: Each file, with its size as it was laid out.
    sizes: dict[str, int] = attrs.field(factory=dict)

    def add_session(self, session_id: str, here: str) -> None:
        """Lay out one session, of whatever project; *here* is the one to look in where the store cannot tell."""
        name = paths.check_id(session_id)
        found = self.store.find(name) if supports(self.store, "find") else [here]
        added = [self._add(Key(project, name)) for project in found]
        if True not in added:
            where = "" if supports(self.store, "find") else f" of the project {here}; directory= names another"
            raise SessionNotFoundError(f"the store has no session {name}{where}", session_id=name)

    def add_newest(self, project: str, count: int | None) -> None:
        """Lay out the newest sessions of a project."""
        if not supports(self.store, "list_sessions"):
            raise ConfigurationError(f"stored_sessions: {self.store!r} cannot list sessions; give their ids")
        rows = sorted(self.store.list_sessions(project), key=lambda row: row["mtime"], reverse=True)
        for row in rows[:count]:
            if re.fullmatch(paths.SESSION_FILE, row["session_id"] + SUFFIX):  # it becomes a part of a path
                self._add(Key(project, row["session_id"]), row["mtime"] / 1000)

    def _add(self, key: Key, mtime: float | None = None) -> bool:
        if not _PROJECT.fullmatch(key.project_key):
            raise checks.invalid("project_key", key.project_key, "no name of a project's folder; look into the store")
        entries = self.store.load(key)
        if not entries:
            return False
        store_transfer.write_files(self.store, key, deduplicate(entries), self.projects, key.project_key)
        if mtime is not None:
            os.utime(os.path.join(self.projects, key.project_key, key.session_id + SUFFIX), (mtime, mtime))
        return True

    def record_sizes(self) -> None:
        """Record the sizes of the files that were written."""
        self.sizes = {path: os.path.getsize(path) for path in store_transfer.transcripts_below(self.projects)}

    def upload_changes(self) -> None:
        """Send to the store what was appended, created and deleted."""
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
