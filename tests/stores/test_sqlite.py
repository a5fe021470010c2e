"""
`SQLiteStore`: one file for all threads, processes and forks of a machine, and clear errors where it fails.
"""
from __future__ import annotations

import os
import pickle
import sqlite3
import stat
import subprocess
import sys

import pytest
from helpers import in_thread

from agent_sdk import ConfigurationError, StoreError
from agent_sdk.stores import Key, SQLiteStore

KEY = Key("-home-ann", "11111111-2222-4333-8444-555555555555")
ENTRY = {"type": "user", "uuid": "u1", "text": "x" * 1000}


@pytest.fixture
def path(tmp_path):
    """Where the file goes."""
    return tmp_path / "sessions.db"


@pytest.fixture
def store(path):
    """A store that waits for nobody long."""
    return SQLiteStore(path, timeout=0.2)


def test_what_is_kept_is_there_for_the_next_process(store, path):
    """A store opened later on the same file has it all."""
    store.remember("ann", "s1")
    store.append(KEY, [ENTRY])
    store.close()
    assert SQLiteStore(path).session_id("ann") == "s1"
    assert SQLiteStore(path).load(KEY) == [ENTRY]


def test_the_file_is_private(store, path):
    """Conversations are for their owner's eyes."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_locked_file_is_a_clear_error(store, path):
    """While another process holds the file, a write fails after the timeout, and says so; reading goes on."""
    store.append(KEY, [ENTRY])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"sessions\.db: database is locked; another process has locked the file") as caught:
        store.append(KEY, [ENTRY])
    assert (caught.value.timed_out, caught.value.operation, caught.value.store) == (True, "append", "SQLiteStore")
    assert store.load(KEY) == [ENTRY]
    other.execute("ROLLBACK")
    store.append(KEY, [{**ENTRY, "uuid": "u2"}])
    assert len(store.load(KEY)) == 2


def test_a_full_disk_is_a_clear_error_and_loses_nothing(store):
    """A batch that does not fit is not there at all, and what was there before stays."""
    store.append(KEY, [ENTRY])
    pages = store._connection().execute("PRAGMA page_count").fetchone()[0]
    store._connection().execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(StoreError, match="the disk is full; free some space"):
        store.append(KEY, [{**ENTRY, "uuid": f"u{n}"} for n in range(2, 100)])
    assert store.load(KEY) == [ENTRY]
    store._connection().execute("PRAGMA max_page_count = 100000")
    store.append(KEY, [{**ENTRY, "uuid": "u2"}])
    assert len(store.load(KEY)) == 2


@pytest.mark.parametrize(
    "content, says",
    [(b"this is no database, whatever its name says" * 100, "not an SQLite database"), (None, "the folder must exist")],
    ids=["another file", "no folder"],
)
def test_a_file_that_cannot_be_used_is_a_clear_error(tmp_path, content, says):
    """What is wrong with the file is said when the store is made, with what to do."""
    path = tmp_path / "other.db" if content else tmp_path / "missing" / "sessions.db"
    if content:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=says):
        SQLiteStore(path)


def test_a_damaged_file_is_a_clear_error(store, path):
    """Damage inside the file shows as such."""
    store.append(KEY, [{**ENTRY, "uuid": f"u{n}"} for n in range(200)])
    store._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    store.close()
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises(StoreError, match="malformed; the file is corrupt"):
        SQLiteStore(path).load(KEY)


def test_memory_is_no_file():
    """`:memory:` would be another store in each thread."""
    with pytest.raises(ConfigurationError, match="MemoryStore"):
        SQLiteStore(":memory:")


def test_a_forked_child_uses_a_connection_of_its_own(store):
    """After a fork parent and child go on writing; neither harms the other."""
    store.remember("parent", "before")
    child = os.fork()
    if child == 0:
        try:
            store.remember("child", "in the child")
            os._exit(0)
        finally:
            os._exit(1)
    store.remember("parent", "after")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (store.session_id("parent"), store.session_id("child")) == ("after", "in the child")


def test_a_store_pickles(store):
    """A worker that gets the store by pickle opens the same file."""
    store.remember("ann", "s1")
    assert pickle.loads(pickle.dumps(store)).session_id("ann") == "s1"


WRITER = """
import sys
from agent_sdk.stores import Key, SQLiteStore
store, name = SQLiteStore(sys.argv[1]), sys.argv[2]
for number in range(20):
    store.append(Key("-home-ann", "s"), [{"uuid": f"{name}-{number}-{part}"} for part in range(5)])
"""


def test_processes_write_at_once(path):
    """Four processes that begin with a new file at once lose no entry."""
    argv = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*argv, str(name)]) for name in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert len(SQLiteStore(path).load(Key("-home-ann", "s"))) == 400


ELSEWHERE = """
import sys
from agent_sdk.stores import SQLiteStore
store = SQLiteStore(sys.argv[1])
{}
store.close()
"""


def elsewhere(path, code):
    """What another process prints that opens the file, runs *code* and closes it."""
    argv = [sys.executable, "-c", ELSEWHERE.format(code), str(path)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def test_a_second_thread_costs_no_lock(store, path):
    """After another thread's connection, other processes still see this process's locks: no write and no lease is lost."""
    store.remember("ann", "1")
    in_thread(lambda: store.session_id("ann")).join()
    elsewhere(path, "store.remember('bob', '2')")
    store.remember("cy", "3")
    assert elsewhere(path, "print(*map(store.session_id, ['ann', 'bob', 'cy']))") == "1 2 3"
    with store.lease("ann"):
        assert elsewhere(path, "print(store.acquire_lease('ann', 'token', 5))") == "False"
