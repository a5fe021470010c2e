"""`SQLiteStore`: sessions in one SQLite file, for the threads and processes of one machine."""
from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from .._core import checks, json_lines
from ..errors import ConfigurationError, StoreError
from .base import LEASE_TTL, Entry, Key, SessionRow, Store, deduplicate

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (user PRIMARY KEY, session_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (name PRIMARY KEY, token TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transcripts (
    id INTEGER PRIMARY KEY, project_key TEXT, session_id TEXT, subpath TEXT, mtime INTEGER,
    UNIQUE (project_key, session_id, subpath)
);
CREATE INDEX IF NOT EXISTS transcripts_by_session ON transcripts (session_id);
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, transcript INTEGER NOT NULL, entry TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_transcript ON entries (transcript, id);
"""
_ACQUIRE = """
INSERT INTO leases VALUES (:name, :token, :until) ON CONFLICT (name) DO UPDATE
SET token = excluded.token, expires = excluded.expires WHERE expires <= :now OR token = excluded.token
"""
_TOUCH = """
INSERT INTO transcripts (project_key, session_id, subpath, mtime) VALUES (?, ?, ?, ?)
ON CONFLICT (project_key, session_id, subpath) DO UPDATE SET mtime = excluded.mtime
"""
_IS_TRANSCRIPT = "project_key = ? AND session_id = ? AND subpath = ?"
#: Part of SQLite's message -> the remedy.
_REMEDIES = (
    ("locked", "another process has locked the file; wait, or pass a larger timeout="),
    ("full", "the disk is full; free some space"),
    ("readonly", "the file or its folder is not writable; check their permissions"),
    ("unable to open", "the folder must exist and be writable; create it or correct the path"),
    ("malformed", "the file is corrupt; restore a backup, or move it away to start with an empty store"),
    ("not a database", "the file is not an SQLite database; use another path"),
    ("disk I/O", "the disk failed; check the system log"),
)
#: Connections inherited by a forked child; closing them in the child would break those of the parent.
_inherited_connections: list[sqlite3.Connection] = []


class SQLiteStore(Store):
    """
    A store in one SQLite file in WAL mode. Safe across threads, processes and forks; not for network file systems.

    Args:
        path: The file, created if missing with access for the owner only; its folder must exist.
        timeout: Seconds to wait while another process writes.
        lease_ttl: Seconds until a lease that is not renewed expires.

    Raises:
        StoreError: The file cannot be used; the message contains the cause and a remedy.
    """

    is_bounded = True
    #: Held by any store while it opens a connection.
    _open_lock = threading.Lock()

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 5.0, lease_ttl: float = LEASE_TTL) -> None:
        given = checks.path("path")(path)
        if given is None or given == ":memory:":
            raise ConfigurationError("SQLiteStore requires the path of a file; use MemoryStore for sessions in memory")
        self.path = os.path.abspath(os.path.expanduser(given))
        self.lease_ttl = lease_ttl
        self._timeout = timeout
        self._local = threading.local()
        with self._wrap_error("open"):
            self._connection()

    @property
    def scope(self) -> object:
        return self.path

    # --- users

    def session_id(self, user: str) -> str | None:
        row = self._row("SELECT session_id FROM users WHERE user = ?", _bindable(user))
        return None if row is None else str(row[0])

    def remember(self, user: str, session_id: str) -> None:
        self._write("remember", "INSERT OR REPLACE INTO users VALUES (?, ?)", _bindable(user), session_id)

    def forget(self, user: str) -> None:
        self._write("forget", "DELETE FROM users WHERE user = ?", _bindable(user))

    # --- leases

    def acquire_lease(self, name: str, token: str, ttl: float) -> bool:
        now = time.time()
        values = {"name": _bindable(name), "token": token, "until": now + ttl, "now": now}
        with self._wrap_error("acquire_lease"):
            return self._connection().execute(_ACQUIRE, values).rowcount == 1

    def renew_lease(self, name: str, token: str, ttl: float) -> bool:
        until = time.time() + ttl
        statement = "UPDATE leases SET expires = ? WHERE name = ? AND token = ?"
        return self._write("renew_lease", statement, until, _bindable(name), token) == 1

    def release_lease(self, name: str, token: str) -> None:
        self._write("release_lease", "DELETE FROM leases WHERE name = ? AND token = ?", _bindable(name), token)

    # --- transcripts

    def append(self, key: Key, entries: Sequence[Entry]) -> None:
        lines = [json_lines.dumps(entry) for entry in entries]
        if not lines:
            return
        with self._transaction("append") as connection:
            connection.execute(_TOUCH, (*Key(*key), time.time_ns() // 1_000_000))
            number = connection.execute(f"SELECT id FROM transcripts WHERE {_IS_TRANSCRIPT}", Key(*key)).fetchone()[0]
            rows = ((number, line) for line in lines)
            connection.executemany("INSERT INTO entries (transcript, entry) VALUES (?, ?)", rows)

    def load(self, key: Key) -> list[Entry] | None:
        which = f"SELECT id FROM transcripts WHERE {_IS_TRANSCRIPT}"
        with self._wrap_error("load"):
            rows = self._connection().execute(
                f"SELECT entry FROM entries WHERE transcript = ({which}) ORDER BY id", Key(*key)
            )
            return deduplicate(json_lines.loads(entry) for (entry,) in rows) or None

    def count(self, key: Key) -> int:
        which = f"SELECT id FROM transcripts WHERE {_IS_TRANSCRIPT}"
        return int(self._row(f"SELECT count(*) FROM entries WHERE transcript = ({which})", *Key(*key))[0])

    def list_sessions(self, project_key: str) -> list[SessionRow]:
        rows = self._rows(
            "SELECT session_id, mtime FROM transcripts WHERE project_key = ? AND subpath = ''", project_key
        )
        return [{"session_id": session_id, "mtime": mtime} for session_id, mtime in rows]

    def delete(self, key: Key) -> None:
        wanted = Key(*key)
        which = f"{_IS_TRANSCRIPT[:-len(' AND subpath = ?')]} AND (subpath = ? OR ? = '')"
        values = (*wanted, wanted.subpath)
        with self._transaction("delete") as connection:
            numbers = f"SELECT id FROM transcripts WHERE {which}"
            connection.execute(f"DELETE FROM entries WHERE transcript IN ({numbers})", values)
            connection.execute(f"DELETE FROM transcripts WHERE {which}", values)

    def list_subkeys(self, key: Key) -> list[str]:
        rows = self._rows(
            "SELECT subpath FROM transcripts WHERE project_key = ? AND session_id = ? AND subpath != '' ORDER BY 1",
            *key[:2],
        )
        return [subpath for (subpath,) in rows]

    def find(self, session_id: str) -> list[str]:
        rows = self._rows(
            "SELECT project_key FROM transcripts WHERE session_id = ? AND subpath = '' ORDER BY mtime DESC", session_id
        )
        return [project_key for (project_key,) in rows]

    # --- SQLite

    def close(self) -> None:
        """Close the connection of this thread; the next call opens a new one."""
        connection = getattr(self._local, "connection", None)
        if connection is not None and self._local.pid == os.getpid():
            connection.close()
        self._local.__dict__.clear()

    def _connection(self) -> sqlite3.Connection:
        mine = self._local
        connection: sqlite3.Connection | None = getattr(mine, "connection", None)
        if connection is not None and mine.pid != os.getpid():
            _inherited_connections.append(connection)
            connection = None
        if connection is None:
            connection = mine.connection = self._open()
            mine.pid = os.getpid()
        return connection

    def _open(self) -> sqlite3.Connection:
        with SQLiteStore._open_lock:
            _make_file(self.path)
            connection = sqlite3.connect(
                self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
        try:
            _set_up(connection, time.monotonic() + self._timeout)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def _transaction(self, operation: str) -> Iterator[sqlite3.Connection]:
        with self._wrap_error(operation):
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has rolled it back already
                    connection.execute("ROLLBACK")
                raise

    def _write(self, operation: str, statement: str, *values: Any) -> int:
        with self._wrap_error(operation):
            return self._connection().execute(statement, values).rowcount

    def _row(self, statement: str, *values: Any) -> Any:
        rows = self._rows(statement, *values)
        return rows[0] if rows else None

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._wrap_error("read"):
            return self._connection().execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _wrap_error(self, operation: str) -> Iterator[None]:
        """Translate the exceptions of SQLite."""
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            remedy = next((f"; {remedy}" for part, remedy in _REMEDIES if part in text), "")
            message = f"{self.path}: {text}{remedy}"
            raise StoreError(message, store="SQLiteStore", operation=operation, timed_out="locked" in text) from error

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "timeout": self._timeout, "lease_ttl": self.lease_ttl}

    def __setstate__(self, state: dict[str, Any]) -> None:
        SQLiteStore.__init__(self, **state)

    def __repr__(self) -> str:
        return f"<SQLiteStore {self.path}>"


def _make_file(path: str) -> None:
    """
    Create the file with access for the owner only; an existing file is not changed.

    Closing any descriptor of a file releases all POSIX locks of this process on it, including those of SQLite's other
    connections. So an existing file is not opened, and no thread connects while a new file is created.
    """
    with contextlib.suppress(OSError):  # it exists, or SQLite reports a better error
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _set_up(connection: sqlite3.Connection, deadline: float) -> None:
    while True:
        try:
            # SQLite does not call the busy handler while switching to WAL, and two processes may switch concurrently.
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'entries_by_transcript'").fetchone()[0] == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")


def _bindable(name: str) -> str | bytes:
    """Return *name* in a form that SQLite can bind: its text cannot contain lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")
    return name


def _after_fork() -> None:
    SQLiteStore._open_lock = threading.Lock()  # another thread of the parent may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
