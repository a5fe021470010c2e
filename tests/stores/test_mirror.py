"""
The mirror: which transcript an entry belongs to, when it is time to flush, and what a failing store costs.
"""
from __future__ import annotations

import pytest

from agent_sdk import StoreError
from agent_sdk.stores import Key, MemoryStore, mirror
from agent_sdk.stores.mirror import Mirror

ID = "11111111-2222-4333-8444-555555555555"
PATH = f"/home/ann/.claude/projects/-home-ann-x/{ID}.jsonl"
KEY = Key("-home-ann-x", ID)


def frame(*numbers, path=PATH):
    """A frame as the CLI sends it."""
    return {"type": "transcript_mirror", "filePath": path, "entries": entries(*numbers)}


def entries(*numbers):
    """Entries by number."""
    return [{"type": "user", "uuid": f"u{number}"} for number in numbers]


class Failing(MemoryStore):
    """A store that fails its next calls with these errors, and counts the calls."""

    def __init__(self, *errors):
        super().__init__()
        self.errors = list(errors)
        self.calls = 0

    def append(self, key, entries):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        super().append(key, entries)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(mirror, "BACKOFF", (0.0, 0.0))


@pytest.mark.parametrize(
    "path, key",
    [
        (PATH, KEY),
        (f"/home/ann/.claude/projects/-home-ann-x/{ID}/subagents/agent-a1.jsonl", (*KEY[:2], "subagents/agent-a1")),
        (f"/projects/a/projects/-projects-a/{ID}.jsonl", ("-projects-a", ID, "")),
        (f"C:\\Users\\ann\\.claude\\projects\\C--x\\{ID}.jsonl", ("C--x", ID, "")),
        ("/home/ann/.claude/history.jsonl", None),
        (None, None),
    ],
    ids=["session", "subagent", "projects in projects", "windows", "no transcript", "no path"],
)
def test_the_path_names_the_transcript(path, key):
    """The key of an entry comes from the path that the CLI writes to; what is no transcript is left alone."""
    store = MemoryStore()
    copy = Mirror(store)
    copy.add(frame(1, path=path), 10)
    assert copy.has_pending is (key is not None)
    assert copy.flush() == []
    assert key is None or store.load(Key(*key)) == entries(1)


def test_entries_are_batched_by_transcript():
    """Frames of one transcript become one append, in their order."""
    store = Failing()
    copy = Mirror(store)
    for number in range(3):
        copy.add(frame(number), 100)
        copy.add(frame(number, path=PATH.replace("-x/", "-y/")), 100)
    copy.flush()
    assert store.calls == 2
    assert store.load(KEY) == entries(0, 1, 2)


@pytest.mark.parametrize(
    "numbers, size, is_eager",
    [(range(500), 10, False), (range(1), 1024 * 1024, False), (range(1), 10, True)],
    ids=["500 entries", "1 MiB", "eager"],
)
def test_a_full_batch_asks_to_be_flushed(numbers, size, is_eager):
    """500 entries, 1 MiB, or any frame where the flush is eager."""
    copy = Mirror(MemoryStore(), is_eager)
    copy.project_keys[ID] = "-home-ann-x"
    assert copy.add(frame(*numbers), size)


def test_a_small_batch_waits_but_the_start_of_a_session():
    """What begins a session goes to the store at once; then entries wait for the result."""
    copy = Mirror(MemoryStore())
    assert [copy.add(frame(number), 10) for number in range(3)] == [True, False, False]


def test_a_failure_is_tried_again():
    """The third attempt may succeed: then nobody is told."""
    store = Failing(StoreError("no"), RuntimeError("no"))
    copy = Mirror(store)
    copy.add(frame(1), 10)
    assert copy.flush() == []
    assert (store.calls, store.load(KEY)) == (3, entries(1))


def test_what_took_too_long_is_not_tried_again():
    """A store that did not answer in time is not asked twice in a row."""
    for error in (TimeoutError(), StoreError("slow", timed_out=True)):
        store = Failing(error)
        copy = Mirror(store)
        copy.add(frame(1), 10)
        assert len(copy.flush()) == 1
        assert store.calls == 1


def test_what_was_not_taken_is_told_and_kept():
    """After three attempts a message says what is missing; the next flush makes up for it, in order."""
    store = Failing(*[StoreError("no room")] * 3)
    copy = Mirror(store)
    copy.add(frame(1), 10)
    (report, line), *others = copy.flush()
    assert (report["type"], report["subtype"], others) == ("system", "mirror_error", [])
    assert "no room" in report["error"] and b"no room" in line
    assert report["key"] == {"projectKey": "-home-ann-x", "sessionId": ID, "subpath": None}
    assert copy.is_behind and not copy.has_pending
    copy.add(frame(2), 10)
    assert copy.flush() == []
    assert store.load(KEY) == entries(1, 2)
    assert not copy.is_behind


def test_a_store_that_is_down_is_asked_at_length_once():
    """The transcripts behind the first one that failed are tried once each."""
    store = Failing(*[StoreError("down")] * 9)
    copy = Mirror(store)
    for number in range(3):
        copy.add(frame(number, path=PATH.replace("-x/", f"-{number}/")), 10)
    assert len(copy.flush()) == 3
    assert store.calls == 5


def test_what_is_too_much_to_keep_is_dropped(monkeypatch):
    """Memory has an end: beyond it entries are dropped, and the message says how to make up for it."""
    monkeypatch.setattr(mirror, "MAX_BACKLOG_BYTES", 100)
    copy = Mirror(Failing(*[StoreError("down")] * 3))
    copy.add(frame(1), 101)
    (report, _), *_ = copy.flush()
    assert "1 entries were dropped; run import_session(" in report["error"]
    assert copy.is_behind


def test_an_interrupted_flush_keeps_the_rest():
    """Ctrl-C in the middle of a flush loses no entry."""
    store = Failing(KeyboardInterrupt())
    copy = Mirror(store)
    copy.add(frame(1), 10)
    with pytest.raises(KeyboardInterrupt):
        copy.flush()
    copy.flush()
    assert store.load(KEY) == entries(1)
