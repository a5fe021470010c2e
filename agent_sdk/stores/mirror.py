"""
The mirror: copies what the CLI writes into its transcripts to a session store, in batches.

The pump adds, in whatever thread it runs, and waits for nothing; the turn's thread flushes: before it hands out a
result, when a batch is full, and at the end of the process. A store that fails never fails a turn: what it did not take
is kept for the next flush, and a message tells. Used by `_protocol` and the keeper.
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

#: A batch is full with this many entries, or bytes.
MAX_BATCH_ENTRIES = 500
MAX_BATCH_BYTES = 1024 * 1024
#: Bytes that are kept for a store that does not take them; beyond that they are dropped.
MAX_BACKLOG_BYTES = 16 * MAX_BATCH_BYTES
#: Seconds, at most, for what is given to a store at once.
APPEND_TIMEOUT = 60.0
#: A transcript's path, as the CLI names it. What else lies below `projects` is none.
_PATH = re.compile(r".*/projects/([^/]+)/([0-9a-fA-F-]{36})(?:/(.+))?\.jsonl", re.DOTALL)


@attrs.define(eq=False)
class Batch:
    """Entries that are appended to one transcript in one call, and their size in bytes."""

    entries: list[Entry] = attrs.field(factory=list)
    size: int = 0


class Mirror:
    """
    The entries of one process on their way to the store.

    Args:
        is_eager: Flush at every frame, not in batches.
        load_timeout_ms: For what is read from the store; *None* has no bound.
    """

    def __init__(self, store: Any, is_eager: bool = False, load_timeout_ms: int | None = None) -> None:
        self.store = store
        self._load_timeout = None if load_timeout_ms is None else load_timeout_ms / 1000
        self._caller = BoundedCaller(store)
        #: How many entries this process has given the store, for each session.
        self.append_counts: collections.Counter[Key] = collections.Counter()
        #: Sessions that the store keeps under another project than the CLI does here.
        self.project_keys: dict[str, str] = {}
        self._is_eager = is_eager
        #: Sessions that the store has something of: the start of a new one goes there at once, so that a program that
        #: is killed in its first turn leaves something to resume.
        self._started_sessions: set[str] = set()
        # Filled by the pump and emptied by the turn: a deque needs no lock, and the pump takes none.
        self._pending: collections.deque[tuple[Key, list[Entry], int]] = collections.deque()
        self._pending_entries = self._pending_bytes = 0
        self._backlog: dict[Key, Batch] = {}
        self._has_dropped = False
        self._reports: list[Frame] = []

    @property
    def has_pending(self) -> bool:
        """Whether something new waits to be flushed or told."""
        return bool(self._pending or self._reports)

    @property
    def is_behind(self) -> bool:
        """Whether the store lacks something that it was given."""
        return bool(self._backlog) or self._has_dropped

    def add(self, frame: Frame, size: int) -> bool:
        """Take the entries of one frame of *size* bytes; true when it is time to flush."""
        key, entries = self._parse_path(frame.get("filePath")), frame.get("entries")
        if key is None or not isinstance(entries, list):
            log.debug("stores", "no transcript to mirror: %s", frame.get("filePath"))
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
        """Call *read*, which reads from the store, as often as it needs and as long as it may take."""
        return with_retries(lambda: self.call_once(read))

    def call_once(self, read: Callable[[], T]) -> T:
        """Call *read*, once."""
        return self._caller.call(read, self._load_timeout, "load_timeout_ms")

    def find_key(self, session_id: str) -> Key | None:
        """Return where the store has a session, once this process has given it something."""
        return next((key for key in self.append_counts if key.session_id == session_id and not key.subpath), None)

    def add_report(self, error: BaseException, key: Key, consequence: str) -> None:
        """Leave a message about *key* for the next flush to return."""
        self._reports.append(mirror_error_frame(f"{error} ({consequence})", key))

    def flush(
        self, is_hurried: Callable[[], bool] = lambda: False, attempt_timeout: float | None = None
    ) -> list[tuple[Frame, bytes]]:
        """
        Write what waits to the store.

        Args:
            is_hurried: Asked before each wait between two attempts; true leaves the rest for the next flush.
            attempt_timeout: Seconds that one attempt may take, below `APPEND_TIMEOUT`.

        Returns:
            Messages about what the store did not take, and what was reported before: frames with their lines.
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
                    backoff = ()  # a store that is down is asked at length once
                del batches[key]
        finally:
            self._backlog.update(batches)  # after Ctrl-C: the closing flush takes them
        reports, self._reports = self._reports, []
        return [(report, json_lines.encode(report)) for report in reports]

    def _write(
        self, key: Key, batch: Batch, seconds: float, backoff: Iterable[float], is_hurried: Callable[[], bool]
    ) -> None:
        def append() -> None:
            self.store.append(key, batch.entries)

        with_retries(lambda: self._caller.call(append, seconds, "for what it is given"), backoff, is_hurried)
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
            self.add_report(error, key, f"{count} wait for the next attempt")
            return
        self._has_dropped = True
        remedy = f"import_session({key.session_id!r}, store) makes up for it"
        self.add_report(error, key, f"{count} were dropped; {remedy}")


def mirror_error_frame(text: str, key: Key) -> Frame:
    """Make the frame that tells of a store's failure."""
    wire_key = {"projectKey": key.project_key, "sessionId": key.session_id, "subpath": key.subpath or None}
    kind = {"type": "system", "subtype": "mirror_error", "error": text, "key": wire_key}
    return {**kind, "uuid": new_uuid(), "session_id": key.session_id}
