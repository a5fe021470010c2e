"""
The mirror: copies the entries that the CLI writes to transcripts into a session store, in batches.

The pump adds entries in any thread without waiting. The turn's thread flushes them before it returns a result, when a
batch is full, and at the end of the process. A store that fails never fails a turn: entries that were not stored are
kept for the next flush, and a message reports the failure. Used by `_protocol` and the keeper.
"""
from __future__ import annotations

import collections
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import attrs

from .._core import json_lines, log
from .._core.ids import new_uuid
from .._core.json_lines import Frame
from .base import Entry, Key
from .retrying import BACKOFF, BoundedCaller, with_retries

T = TypeVar("T")

#: Size of a full batch, in entries or bytes.
MAX_BATCH_ENTRIES = 500
MAX_BATCH_BYTES = 1024 * 1024
#: Maximum bytes kept for a store that fails; further entries are dropped.
MAX_BACKLOG_BYTES = 16 * MAX_BATCH_BYTES
#: Maximum seconds for one append.
APPEND_TIMEOUT = 60.0
#: The path of a transcript, as the CLI reports it. Other files below `projects` are not transcripts.
_PATH = re.compile(r".*/projects/([^/]+)/([0-9a-fA-F-]{36})(?:/(.+))?\.jsonl", re.DOTALL)


@attrs.define(eq=False)
class Batch:
    """Entries to append to one transcript in one call, and their size in bytes."""

    entries: list[Entry] = attrs.field(factory=list)
    size: int = 0


class Mirror:
    """
    The entries of one CLI process that are pending for the store.

    Args:
        is_eager: Flush after each frame instead of in batches.
        load_timeout_ms: Maximum time of a read from the store; *None* for no limit.
    """

    def __init__(self, store: Any, is_eager: bool = False, load_timeout_ms: int | None = None) -> None:
        self.store = store
        self._load_timeout = None if load_timeout_ms is None else load_timeout_ms / 1000
        self._caller = BoundedCaller(store)
        #: Number of entries that this process has appended, by session.
        self.append_counts: collections.Counter[Key] = collections.Counter()
        #: Sessions whose project key in the store differs from that of the CLI.
        self.project_keys: dict[str, str] = {}
        self._is_eager = is_eager
        #: Sessions with entries in the store. The first entries of a new session are flushed at once, so that it can be
        #: resumed if the program is killed in its first turn.
        self._started_sessions: set[str] = set()
        # The pump appends and the turn pops; a deque needs no lock for that.
        self._pending: collections.deque[tuple[Key, list[Entry], int]] = collections.deque()
        self._pending_entries = self._pending_bytes = 0
        self._backlog: dict[Key, Batch] = {}
        self._has_dropped = False
        self._reports: list[Frame] = []

    @property
    def has_pending(self) -> bool:
        """Whether entries or reports are pending."""
        return bool(self._pending or self._reports)

    @property
    def is_behind(self) -> bool:
        """Whether the store has failed to store entries that are kept for the next flush."""
        return bool(self._backlog) or self._has_dropped

    def add(self, frame: Frame, size: int) -> bool:
        """Add the entries of one frame of *size* bytes; returns whether a flush is due."""
        key, entries = self._parse_path(frame.get("filePath")), frame.get("entries")
        if key is None or not isinstance(entries, list):
            log.debug("stores", "not mirrored, not a transcript: %s", frame.get("filePath"))
            return False
        kept = [entry for entry in entries if isinstance(entry, dict)]
        self._pending_entries += len(kept)
        self._pending_bytes += size
        self._pending.append((key, kept, size))
        if key.session_id not in self._started_sessions and key.session_id not in self.project_keys:
            self._started_sessions.add(key.session_id)
            return True
        return self._is_eager or self._pending_entries >= MAX_BATCH_ENTRIES or self._pending_bytes >= MAX_BATCH_BYTES

    def _parse_path(self, path: object) -> Key | None:
        found = _PATH.fullmatch(path.replace("\\", "/")) if isinstance(path, str) else None
        if found is None:
            return None
        project_key, session_id, subpath = found.groups(default="")
        return Key(self.project_keys.get(session_id, project_key), session_id, subpath)

    def call_with_retries(self, read: Callable[[], T]) -> T:
        """Call *read*, which reads from the store, with retries and the time limit for reads."""
        return with_retries(lambda: self.call_once(read))

    def call_once(self, read: Callable[[], T]) -> T:
        """Call *read* once, with the time limit for reads."""
        return self._caller.call(read, self._load_timeout, "load_timeout_ms")

    def find_key(self, session_id: str) -> Key | None:
        """Return the key of a session in the store, or *None* if this process has appended nothing to it."""
        return next((key for key in self.append_counts if key.session_id == session_id and not key.subpath), None)

    def add_report(self, error: BaseException, key: Key, consequence: str) -> None:
        """Add a message about *key* that the next flush returns."""
        self._reports.append(mirror_error_frame(f"{error} ({consequence})", key))

    def flush(
        self, is_hurried: Callable[[], bool] = lambda: False, attempt_timeout: float | None = None
    ) -> list[tuple[Frame, bytes]]:
        """
        Append the pending entries to the store.

        Args:
            is_hurried: Called before each wait between two attempts; true leaves the rest for the next flush.
            attempt_timeout: Maximum seconds for one attempt, if less than `APPEND_TIMEOUT`.

        Returns:
            Messages about entries that were not stored, and added reports: frames with their lines.
        """
        batches = self._take_batches()
        seconds = APPEND_TIMEOUT if attempt_timeout is None else min(APPEND_TIMEOUT, attempt_timeout)
        backoff: tuple[float, ...] = BACKOFF
        try:
            while batches:
                key, batch = next(iter(batches.items()))
                try:
                    self._write(key, batch, seconds, () if is_hurried() else backoff, is_hurried)
                except Exception as error:
                    self._return_to_backlog(key, batch, error)
                    backoff = ()  # after one failure the other batches get a single attempt
                del batches[key]
        finally:
            self._backlog.update(batches)  # after Ctrl-C: the flush at close appends them
        reports, self._reports = self._reports, []
        return [(report, json_lines.encode(report)) for report in reports]

    def _write(
        self, key: Key, batch: Batch, seconds: float, backoff: Iterable[float], is_hurried: Callable[[], bool]
    ) -> None:
        def append() -> None:
            self.store.append(key, batch.entries)

        with_retries(lambda: self._caller.call(append, seconds, "for an append"), backoff, is_hurried)
        self.append_counts[key] += len(batch.entries)

    def _take_batches(self) -> dict[Key, Batch]:
        batches, self._backlog = self._backlog, {}
        self._pending_entries = self._pending_bytes = 0
        while self._pending:
            key, entries, size = self._pending.popleft()
            batch = batches.setdefault(key, Batch())
            batch.entries += entries
            batch.size += size
        return batches

    def _return_to_backlog(self, key: Key, batch: Batch, error: Exception) -> None:
        count = f"{len(batch.entries)} entries"
        if batch.size + sum(kept.size for kept in self._backlog.values()) <= MAX_BACKLOG_BYTES:
            self._backlog[key] = batch
            self.add_report(error, key, f"{count} are kept for the next attempt")
            return
        self._has_dropped = True
        remedy = f"run import_session({key.session_id!r}, store) to copy them"
        self.add_report(error, key, f"{count} were dropped; {remedy}")


def mirror_error_frame(text: str, key: Key) -> Frame:
    """Return the frame that reports a failure of the store."""
    wire_key = {"projectKey": key.project_key, "sessionId": key.session_id, "subpath": key.subpath or None}
    kind = {"type": "system", "subtype": "mirror_error", "error": text, "key": wire_key}
    return {**kind, "uuid": new_uuid(), "session_id": key.session_id}
