"""
`StoreSync`: a session store's part in one process: its session is restored before, and the last entries flushed after.

On resume the store and the disk are compared. The transcript on this machine is used when it has all entries of the
store; otherwise the session is written out from the store, in a private configuration folder.
"""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._core import log
from ..errors import StoreError, StoreWarning
from ..options.options import Options
from ..stores.base import Entry, Key, SessionRow, deduplicate, supports
from ..stores.mirror import Mirror
from ..stores.retrying import with_retries
from ..transcripts import store_transfer
from ..transcripts.location import SessionLocation
from ..transcripts.paths import SUFFIX
from ..transcripts.private_config import PrivateFolder

if TYPE_CHECKING:
    from .._protocol.connection import Connection

Env = Mapping[str, "str | None"] | None


class StoreSync:
    """The mirror of one process and, where its session came from the store, its private folder."""

    def __init__(self, options: Options, mirror: Mirror, location: SessionLocation) -> None:
        self._mirror = mirror
        self._location = location
        self._folder: PrivateFolder | None = None
        #: How many entries of the session were not of this process when its last turn ended.
        self._foreign_entries: int | None = None
        #: What the process is to be started with.
        self.options = options
        if options.transport is None:
            self.options, self._folder = prepare_session(options, self._location, mirror)

    def flush(self, connection: Connection) -> None:
        """Give the store what came after the result of a turn; the next turn tells of what it did not take."""
        if self._mirror.has_pending:
            connection.inbox.extend(self._mirror.flush(attempt_timeout=self.options.timeout))

    def record(self, session_id: str) -> None:
        """Remember what the store has of the session after a turn of this process."""
        self._foreign_entries = self._count_foreign_entries(session_id)

    def changed_elsewhere(self, session_id: str) -> bool:
        """Tell whether another host has gone on with the session since."""
        known = self._foreign_entries
        return known is not None and self._count_foreign_entries(session_id) not in (known, None)

    def _count_foreign_entries(self, session_id: str) -> int | None:
        mirror, key = self._mirror, self._mirror.find_key(session_id)
        if key is None:
            return None
        store = mirror.store
        count = store.count if supports(store, "count") else lambda wanted: len(store.load(wanted) or ())
        try:
            return mirror.call_once(lambda: int(count(key))) - mirror.append_counts[key]
        except Exception as error:
            # A store that fails costs no turn; what it misses is told by the mirror.
            log.debug("client", "the store cannot tell of %s: %s", session_id, error)
            return None

    def close(self) -> None:
        """
        Flush the last entries, after the process has ended, and remove the private folder.

        What the store does not take is kept on this machine; a `StoreWarning` tells, as no message can any more.
        """
        try:
            reports = self._mirror.flush(attempt_timeout=self.options.timeout)
            saved = self._rescue(self._folder) if self._folder is not None and self._mirror.is_behind else ""
            if reports:
                lost = "; ".join(str(report["error"]) for report, _ in reports)
                text = f"the session store lacks the end of a session: {lost}{saved}"
                log.warn(text, StoreWarning)
        finally:
            if self._folder is not None:
                self._folder.remove()

    def _rescue(self, folder: PrivateFolder) -> str:
        try:
            written = store_transfer.rescue(folder.projects, self._location.projects)
        except OSError as error:
            return f"; it could not be kept on this machine either: {error}"
        kept = f"; it is kept in {', '.join(written)}"
        return f"{kept}, and a resume on this machine makes up for it if no other host goes on before"


def exists(options: Options, session_id: str) -> bool:
    """Tell whether the store of *options* has a session; one that cannot be asked has it, as far as we know."""
    store, location = options.session_store, SessionLocation.with_overrides(options.cwd, options.env)
    try:
        return Mirror(store, False, options.load_timeout_ms).call_once(
            lambda: _load(store, session_id, location)[1] is not None
        )
    except Exception as error:
        log.debug("client", "the store cannot tell of %s: %s", session_id, error)
        return True


def is_known(session_id: str, options: Options) -> bool:
    """Tell whether there is anything of a session, on this machine or in the store of *options*."""
    location = SessionLocation.with_overrides(options.cwd, options.env)
    return location.find(session_id) is not None or exists(options, session_id)


def prepare_session(
    options: Options, location: SessionLocation, mirror: Mirror
) -> tuple[Options, PrivateFolder | None]:
    """
    Make the session that *options* resume ready for the CLI.

    Returns:
        The options to start with, and the private folder that they lead to, if one is needed.
    """
    session_id = options.resume
    if options.continue_conversation:
        session_id = _newest(mirror, location)
        if session_id is not None:
            options = options.evolve(resume=session_id, continue_conversation=False)
    folder = None if session_id is None else _restore(session_id, location, options.env, mirror)
    if folder is not None:
        options = options.evolve(env={**(options.env or {}), "CLAUDE_CONFIG_DIR": folder.path})
    return options, folder


def _restore(
    session_id: str, location: SessionLocation, env: Env, mirror: Mirror
) -> PrivateFolder | None:
    """Return a folder with the session, or *None* where the CLI can do with what is on disk."""
    local = location.find(session_id)
    try:
        key, entries = mirror.call_with_retries(lambda: _load(mirror.store, session_id, location, local))
    except Exception as error:
        if local is None:
            raise _failed(session_id, error) from error
        key = Key(os.path.basename(os.path.dirname(local)), session_id)
        mirror.add_report(error, key, "went on with the transcript of this machine; other hosts may have a newer one")
        return None
    if entries is not None:
        mirror.project_keys[session_id] = key.project_key
        if local is None or _is_newer(entries, own := store_transfer.entries_of(local)):
            if local is not None and _is_newer(own, entries):
                lag = StoreError(f"another host has gone on with the session, without the newest turns in {local}")
                mirror.add_report(lag, key, "they stay there; a resume without the store goes on with them")
            return _write_files(mirror, key, entries, location, env)
        if not store_transfer.lacking(own, entries):
            return None
    if local is not None:
        _upload_missing(local, key, mirror)
    return None


def _is_newer(entries: list[Entry], known: list[Entry]) -> bool:
    """Whether there are messages among *entries* that are not *known* in the other place: a turn was run there."""
    uuids = {entry.get("uuid") for entry in known}
    return any(entry.get("uuid") not in uuids for entry in entries)


def _write_files(
    mirror: Mirror, key: Key, entries: list[Entry], location: SessionLocation, env: Env
) -> PrivateFolder:
    folder = PrivateFolder(location, env)
    try:
        here = store_transfer.project_key_here(key.project_key, location.cwd)
        mirror.call_with_retries(lambda: store_transfer.write_files(mirror.store, key, entries, folder.projects, here))
    except Exception as error:
        folder.remove()
        raise _failed(key.session_id, error) from error
    except BaseException:
        folder.remove()
        raise
    return folder


def _upload_missing(local: str, key: Key, mirror: Mirror) -> None:
    """Give the store what it lacks of a session: it was begun without the store, or the store had failed."""
    try:
        with_retries(lambda: store_transfer.upload(local, mirror.store, key))
    except Exception as error:
        mirror.add_report(error, key, "the store still lacks a part of this session")


def _load(
    store: Any, session_id: str, location: SessionLocation, local: str | None = None
) -> tuple[Key, list[Entry] | None]:
    """Return a session and its key in the store; a key for it where the store does not have it."""
    here = location.project_key
    names = [here] if local is None else [os.path.basename(os.path.dirname(local)), here]
    if supports(store, "find"):
        found = store.find(session_id)
        names = [name for name in names if name in found] or found or names
    for name in names:
        entries = store.load(Key(name, session_id))
        if entries is not None:
            return Key(name, session_id), deduplicate(entries)
    return Key(names[0], session_id), None


def _newest(mirror: Mirror, location: SessionLocation) -> str | None:
    """Return the session of this directory that was written to last, here or by another host."""
    local = location.newest_transcript()
    rows: list[SessionRow] = []
    if supports(mirror.store, "list_sessions"):
        try:
            rows = mirror.call_with_retries(lambda: list(mirror.store.list_sessions(location.project_key)))
        except Exception as error:
            raise _failed("the newest one", error) from error
    if local is not None:
        mtime = int(os.stat(local).st_mtime * 1000)
        rows.append({"session_id": os.path.basename(local).removesuffix(SUFFIX), "mtime": mtime})
    newest = max(rows, key=lambda row: row["mtime"], default=None)
    return None if newest is None else newest["session_id"]


def _failed(session_id: str, error: Exception) -> StoreError:
    timed_out = isinstance(error, TimeoutError) or getattr(error, "timed_out", False)
    text = f"session {session_id} is not on this machine, and the store failed: {error}"
    return StoreError(text, operation="load", timed_out=timed_out)
