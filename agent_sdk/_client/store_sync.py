"""
`StoreSync`: connects one process to a session store; restores the session first, and flushes the last entries.

On resume, the store and the local transcript are compared. The local transcript is used if it contains all entries
of the store; otherwise the session is restored from the store into a private configuration folder.
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
from ..transcripts.paths import SUFFIX, cwd_of
from ..transcripts.private_config import PrivateFolder

if TYPE_CHECKING:
    from .._protocol.connection import Connection

Env = Mapping[str, "str | None"] | None


class StoreSync:
    """The mirror of one process and, if its session was restored, the private folder."""

    def __init__(self, options: Options, mirror: Mirror, location: SessionLocation) -> None:
        self._mirror = mirror
        self._location = location
        self._folder: PrivateFolder | None = None
        #: Number of entries from other processes in the store at the end of the last turn.
        self._foreign_entries: int | None = None
        #: Options with which to start the process.
        self.options = options
        if options.transport is None:
            self.options, self._folder = prepare_session(options, self._location, mirror)

    def flush(self, connection: Connection) -> None:
        """Write the entries after the result of a turn to the store; the next turn reports failures."""
        if self._mirror.has_pending:
            connection.inbox.extend(self._mirror.flush(attempt_timeout=self.options.timeout))

    def record(self, session_id: str) -> None:
        """Record the state of the store after a turn of this process."""
        self._foreign_entries = self._count_foreign_entries(session_id)

    def changed_elsewhere(self, session_id: str) -> bool:
        """Return whether another host has continued the session since the last turn."""
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
            # A failing store does not fail a turn; the mirror reports missing entries.
            log.debug("client", "cannot read session %s from the store: %s", session_id, error)
            return None

    def close(self) -> None:
        """
        Flush the last entries after the process has ended, and remove the private folder.

        Entries that the store rejects are saved on this machine, and a `StoreWarning` is emitted.
        """
        try:
            reports = self._mirror.flush(attempt_timeout=self.options.timeout)
            saved = self._rescue(self._folder) if self._folder is not None and self._mirror.is_behind else ""
            if reports:
                lost = "; ".join(str(report["error"]) for report, _ in reports)
                text = f"the session store is missing the end of a session: {lost}{saved}"
                log.warn(text, StoreWarning)
        finally:
            if self._folder is not None:
                self._folder.remove()

    def _rescue(self, folder: PrivateFolder) -> str:
        try:
            written = store_transfer.rescue(folder.projects, self._location.projects)
        except OSError as error:
            return f"; saving it on this machine failed too: {error}"
        kept = f"; it is saved in {', '.join(written)}"
        return f"{kept}; resuming on this machine uploads it unless another host resumes first"


def exists(options: Options, session_id: str) -> bool:
    """Return whether the store of *options* has a session; true if the store fails."""
    store, location = options.session_store, SessionLocation.with_overrides(options.cwd, options.env)
    try:
        return Mirror(store, False, options.load_timeout_ms).call_once(
            lambda: _load(store, session_id, location)[1] is not None
        )
    except Exception as error:
        log.debug("client", "cannot read session %s from the store: %s", session_id, error)
        return True


def is_known(session_id: str, options: Options) -> bool:
    """Return whether a session exists on this machine or in the store of *options*."""
    location = SessionLocation.with_overrides(options.cwd, options.env)
    return location.find(session_id) is not None or exists(options, session_id)


def prepare_session(
    options: Options, location: SessionLocation, mirror: Mirror
) -> tuple[Options, PrivateFolder | None]:
    """
    Prepare the session that *options* resume.

    Returns:
        The options for the process, and the private folder they refer to, if needed.
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
    """Return a folder with the restored session, or *None* if the local transcript is used."""
    local = location.find(session_id)
    try:
        key, entries = mirror.call_with_retries(lambda: _load(mirror.store, session_id, location, local))
    except Exception as error:
        if local is None:
            raise _failed(session_id, error) from error
        key = Key(os.path.basename(os.path.dirname(local)), session_id)
        mirror.add_report(error, key, "using the transcript of this machine; other hosts may have a newer one")
        return None
    if entries is not None:
        mirror.project_keys[session_id] = key.project_key
        if local is None or _is_newer(entries, own := store_transfer.entries_of(local)):
            if local is not None and _is_newer(own, entries):
                lag = StoreError(f"another host continued the session without the newest turns in {local}")
                mirror.add_report(lag, key, "those turns remain there; resume without the store to use them")
            return _write_files(mirror, key, entries, location, env)
        if not store_transfer.lacking(own, entries):
            return None
    if local is not None:
        _upload_missing(local, key, mirror)
    return None


def _is_newer(entries: list[Entry], known: list[Entry]) -> bool:
    """Return whether *entries* contain messages that are not in *known*, the other copy."""
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
    """Upload entries missing in the store, after turns without the store or with a failing store."""
    try:
        with_retries(lambda: store_transfer.upload(local, mirror.store, key))
    except Exception as error:
        mirror.add_report(error, key, "the store is still missing a part of this session")


def _load(
    store: Any, session_id: str, location: SessionLocation, local: str | None = None
) -> tuple[Key, list[Entry] | None]:
    """Return the key and the entries of a session; *None* as entries if it is not in the store."""
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
    """Return the most recently modified session of this directory, on this machine or in the store."""
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
    for row in sorted(rows, key=lambda row: row["mtime"], reverse=True):
        is_local = local is not None and os.path.basename(local) == row["session_id"] + SUFFIX
        if is_local or not location.is_foreign(_stored_cwd(mirror, Key(location.project_key, row["session_id"]))):
            return row["session_id"]
    return None


def _stored_cwd(mirror: Mirror, key: Key) -> str | None:
    """Return the directory in which a session of the store began."""
    try:
        return cwd_of(mirror.call_with_retries(lambda: mirror.store.load(key) or ()))
    except Exception as error:
        raise _failed(key.session_id, error) from error


def _failed(session_id: str, error: Exception) -> StoreError:
    timed_out = isinstance(error, TimeoutError) or getattr(error, "timed_out", False)
    text = f"session {session_id} is not on this machine, and the store failed: {error}"
    return StoreError(text, operation="load", timed_out=timed_out)
