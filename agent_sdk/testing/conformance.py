"""
Named checks of the behaviour that every session store must have, for the SDK's stores and for yours.

    @pytest.mark.parametrize("name", STORE_CHECKS)
    def test_my_store(name):
        STORE_CHECKS[name](MyStore())

Each check takes an empty store and raises `AssertionError` if the store breaks the rule in the check's docstring.
Pytest is not required.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from ..errors import ConfigurationError, SessionBusyError
from ..stores.base import Entry, Key, supports

StoreCheck = Callable[[Any], None]
C = TypeVar("C", bound=StoreCheck)

#: All checks by name.
STORE_CHECKS: dict[str, StoreCheck] = {}
#: Methods that a check requires besides `append` and `load`.
_NEEDS: dict[str, tuple[str, ...]] = {}

_USERS = ("session_id", "remember", "forget")
_LEASES = ("acquire_lease", "renew_lease", "release_lease")
_ID = "11111111-2222-4333-8444-555555555555"
_OTHER = "99999999-2222-4333-8444-555555555555"
_KEY = Key("-home-ann-project", _ID)
_SUB = _KEY._replace(subpath="subagents/agent-a1")
#: Names that contain special characters of keys, patterns, SQL statements and paths.
ODD_NAMES = (
    "ann@example.com", "a:b", "a b", "*", "?[a-z]", "'; DROP TABLE users; --", '"', "%", "_", "../../etc/passwd", "\\",
    "\n", "naïve", "日本語", "🙂", "\u2028", "\ud83d", "-1", "0", "None", "x" * 5000,
)  # fmt: skip


def run_store_conformance(make_store: Callable[[], Any], skip: Collection[str] = ()) -> list[str]:
    """
    Run all checks, each on a new store. Checks for methods that the store does not implement are skipped.

    Args:
        make_store: Returns an empty store.
        skip: Names in `STORE_CHECKS` to skip.

    Returns:
        The names of the checks that ran.

    Raises:
        AssertionError: The store breaks a rule.
        ConfigurationError: *skip* contains an unknown name.
    """
    unknown = [name for name in skip if name not in STORE_CHECKS]
    if unknown:
        raise ConfigurationError(f"skip={unknown}: unknown checks; use names of {', '.join(STORE_CHECKS)}")
    ran = []
    for name, check in STORE_CHECKS.items():
        store = make_store()
        if name not in skip and supports(store, *_NEEDS[name]):
            check(store)
            ran.append(name)
    return ran


def _store_check(*needs: str) -> Callable[[C], C]:
    def register(function: C) -> C:
        name = function.__name__
        STORE_CHECKS[name], _NEEDS[name] = function, needs
        return function

    return register


def _assert_equal(expected: object, actual: object) -> None:
    assert expected == actual, f"expected {expected!r}, the store returned {actual!r}"


def _entry(number: int) -> Entry:
    return {"type": "user", "uuid": f"uuid-{number}", "message": {"role": "user", "content": f"prompt {number}"}}


# --- users


@_store_check(*_USERS)
def a_user_is_remembered_and_forgotten(store: Any) -> None:
    """A user has no session at first, then the last one set, and none after `forget`, which may be repeated."""
    _assert_equal(None, store.session_id("ann"))
    store.remember("ann", _ID)
    _assert_equal(_ID, store.session_id("ann"))
    store.remember("ann", _OTHER)
    _assert_equal(_OTHER, store.session_id("ann"))
    store.forget("ann")
    store.forget("ann")
    _assert_equal(None, store.session_id("ann"))


@_store_check(*_USERS)
def any_name_of_a_user_is_just_a_name(store: Any) -> None:
    """Users whose names contain special characters are distinct, and a change of one affects no other."""
    for place, name in enumerate(ODD_NAMES):
        store.remember(name, f"session-{place}")
    expected = [f"session-{place}" for place in range(len(ODD_NAMES))]
    _assert_equal(expected, [store.session_id(name) for name in ODD_NAMES])
    store.forget("*")
    _assert_equal(len(ODD_NAMES) - 1, sum(store.session_id(name) is not None for name in ODD_NAMES))


# --- leases


@_store_check(*_LEASES)
def a_lease_is_held_by_one(store: Any) -> None:
    """Another token cannot acquire, renew or release a lease that is held."""
    assert store.acquire_lease("ann", "first", 30.0)
    assert store.acquire_lease("ann", "first", 30.0), "the holder may acquire again: a reply may have been lost"
    assert not store.acquire_lease("ann", "second", 30.0)
    assert not store.renew_lease("ann", "second", 30.0)
    store.release_lease("ann", "second")
    assert not store.acquire_lease("ann", "second", 30.0)
    assert store.acquire_lease("bob", "second", 30.0), "leases with other names must be free"
    store.release_lease("ann", "first")
    assert not store.renew_lease("ann", "first", 30.0)
    assert store.acquire_lease("ann", "second", 30.0)


@_store_check(*_LEASES)
def a_lease_that_nobody_renews_expires(store: Any) -> None:
    """An expired lease can be acquired by another token, and the former holder's release has no effect."""
    dead = store.lease("ann", ttl=0.3)
    dead.let_expire()
    begun = time.monotonic()
    with store.lease("ann", wait=10.0, ttl=30.0):
        assert time.monotonic() - begun > 0.1, "the lease was acquired before it expired"
        dead.release()
        assert not store.acquire_lease("ann", "third", 30.0)


@_store_check(*_LEASES)
def a_lease_is_renewed_while_it_is_held(store: Any) -> None:
    """A lease is renewed while its holder lives, and another holder's wait raises `SessionBusyError`."""
    # Not shorter: on a busy machine the thread that renews it may wait for a second to run.
    with store.lease("ann", ttl=2.0) as lease:
        _assert_equal(["busy"], _in_threads(1, lambda: _attempt(store, wait=2.5)))
        assert not lease.is_lost
    _assert_equal("held", _attempt(store, wait=0.0))


@_store_check(*_LEASES)
def a_thread_does_not_wait_for_itself(store: Any) -> None:
    """A thread that acquires a lease it already holds gets an error at once."""
    begun = time.monotonic()
    with store.lease("ann"):
        _assert_equal("busy", _attempt(store, wait=20.0))
    assert time.monotonic() - begun < 10.0


@_store_check(*_LEASES)
def a_lease_keeps_threads_apart(store: Any) -> None:
    """Of many threads that acquire one lease, one holds it at a time."""
    inside: list[int] = []
    most: list[int] = []

    def turn() -> None:
        for _ in range(3):
            with store.lease("ann", wait=60.0):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    _in_threads(4, turn)
    _assert_equal([1] * 12, most)


def _attempt(store: Any, wait: float) -> str:
    try:
        with store.lease("ann", wait=wait):
            return "held"
    except SessionBusyError:
        return "busy"


def _in_threads(many: int, function: Callable[[], Any]) -> list[Any]:
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(function())) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert len(answers) == many, "a thread failed or did not finish"
    return answers


# --- transcripts


@_store_check()
def an_unknown_transcript_is_none(store: Any) -> None:
    """`load` returns *None*, not an empty list, for a transcript that does not exist."""
    _assert_equal(None, store.load(_KEY))


@_store_check()
def entries_keep_their_order(store: Any) -> None:
    """Entries are loaded in the order in which they were appended, over all appends."""
    store.append(_KEY, [_entry(3), _entry(1)])
    store.append(_KEY, [_entry(2)])
    _assert_equal([_entry(3), _entry(1), _entry(2)], store.load(_KEY))


@_store_check()
def appending_nothing_changes_nothing(store: Any) -> None:
    """An append of no entries creates no transcript."""
    store.append(_KEY, [])
    _assert_equal(None, store.load(_KEY))


@_store_check()
def entries_come_back_as_they_were(store: Any) -> None:
    """Any JSON is preserved: all of Unicode, lone surrogates, NUL, deep values, large numbers."""
    odd = {"text": "naïve 日本語 🙂 \u2028 \ud83d \x00", "deep": [[{"a": [None, True, 1.5, 2**53, -1]}]], "": ""}
    large = {"type": "assistant", "uuid": "uuid-large", "text": "x" * 2_000_000}
    store.append(_KEY, [odd, large])
    _assert_equal([odd, large], store.load(_KEY))


@_store_check()
def an_entry_is_loaded_once(store: Any) -> None:
    """A batch that was appended twice is loaded once; entries without a `uuid` are all kept."""
    mark = {"type": "mode", "mode": "normal"}
    for _ in range(2):
        store.append(_KEY, [_entry(1), mark, _entry(2)])
    _assert_equal([_entry(1), mark, _entry(2), mark], store.load(_KEY))


@_store_check()
def what_was_loaded_is_the_callers(store: Any) -> None:
    """A change to entries that were appended or loaded does not change the store."""
    given = _entry(1)
    store.append(_KEY, [given])
    given["type"] = "changed"
    store.load(_KEY)[0]["type"] = "changed"
    _assert_equal([_entry(1)], store.load(_KEY))


@_store_check()
def transcripts_are_apart(store: Any) -> None:
    """Projects, sessions and subagents have distinct transcripts, even if their joined names are equal."""
    keys = [
        _KEY, _SUB, _KEY._replace(project_key="-home-bob"), _KEY._replace(session_id=_OTHER),
        Key("a", "b:c"), Key("a:b", "c"), Key("a", "b", "c"),
    ]  # fmt: skip
    for number, key in enumerate(keys):
        store.append(key, [_entry(number)])
    _assert_equal([[_entry(number)] for number in range(len(keys))], [store.load(key) for key in keys])


@_store_check()
def batches_of_threads_stay_whole(store: Any) -> None:
    """Concurrent appends are each stored as a whole, and none is lost."""
    numbers = iter(range(8))
    lock = threading.Lock()

    def append() -> None:
        with lock:
            first = next(numbers) * 100
        store.append(_KEY, [_entry(first + number) for number in range(100)])

    _in_threads(8, append)
    found = [int(entry["uuid"].removeprefix("uuid-")) for entry in store.load(_KEY)]
    _assert_equal(sorted(found), list(range(800)))
    for start in range(0, 800, 100):
        _assert_equal(list(range(found[start], found[start] + 100)), found[start : start + 100])


@_store_check("count")
def entries_are_counted(store: Any) -> None:
    """The count of a transcript grows with each append by the number of entries; it is 0 for an unknown one."""
    _assert_equal(0, store.count(_KEY))
    for number in range(3):
        store.append(_KEY, [_entry(number), _entry(number + 10)])
        store.append(_SUB, [_entry(number)])
        _assert_equal(2 * (number + 1), store.count(_KEY))


@_store_check("list_sessions")
def sessions_are_listed(store: Any) -> None:
    """A project lists its own sessions, each once, without subagents, with the time in milliseconds."""
    before = time.time_ns() // 1_000_000
    _assert_equal([], store.list_sessions(_KEY.project_key))
    for key in (_KEY, _SUB, _KEY, _KEY._replace(session_id=_OTHER), _KEY._replace(project_key="-home-bob")):
        store.append(key, [_entry(1)])
    rows = store.list_sessions(_KEY.project_key)
    _assert_equal([_ID, _OTHER], sorted(row["session_id"] for row in rows))
    for row in rows:
        assert before - 60_000 <= row["mtime"] <= before + 60_000, f"mtime {row['mtime']} is not the time in ms"


@_store_check("list_subkeys")
def subagents_are_listed(store: Any) -> None:
    """A session lists the subpaths below it, without itself."""
    _assert_equal([], store.list_subkeys(_KEY))
    for key in (_KEY, _SUB, _SUB._replace(subpath="subagents/workflows/w1/agent-b2"), _SUB._replace(session_id=_OTHER)):
        store.append(key, [_entry(1)])
    _assert_equal(["subagents/agent-a1", "subagents/workflows/w1/agent-b2"], sorted(store.list_subkeys(_KEY)))


@_store_check("delete")
def a_session_is_deleted_with_its_subagents(store: Any) -> None:
    """Deleting a session deletes its subagents and nothing else; deleting it twice is allowed."""
    other = _KEY._replace(session_id=_OTHER)
    for key in (_KEY, _SUB, other):
        store.append(key, [_entry(1)])
    store.delete(_KEY)
    store.delete(_KEY)
    _assert_equal([None, None, [_entry(1)]], [store.load(key) for key in (_KEY, _SUB, other)])
    store.append(_KEY, [_entry(2)])
    _assert_equal([_entry(2)], store.load(_KEY))


@_store_check("delete")
def a_subagent_is_deleted_alone(store: Any) -> None:
    """Deleting a subagent's transcript keeps its session and the other subagents."""
    other = _SUB._replace(subpath="subagents/agent-b2")
    for key in (_KEY, _SUB, other):
        store.append(key, [_entry(1)])
    store.delete(_SUB)
    _assert_equal([[_entry(1)], None, [_entry(1)]], [store.load(key) for key in (_KEY, _SUB, other)])


@_store_check("find")
def a_session_is_found_by_its_id(store: Any) -> None:
    """`find` returns the projects that contain a session, each once; a subagent's transcript alone is not a session."""
    _assert_equal([], store.find(_ID))
    store.append(_SUB._replace(project_key="-home-eve"), [_entry(1)])
    for key in (_KEY, _KEY, _KEY._replace(project_key="-home-bob"), _KEY._replace(session_id=_OTHER)):
        store.append(key, [_entry(1)])
    _assert_equal(["-home-ann-project", "-home-bob"], sorted(store.find(_ID)))


@_store_check("find", "delete", "list_sessions", "list_subkeys")
def what_is_deleted_is_listed_nowhere(store: Any) -> None:
    """A deleted session is neither found nor listed."""
    for key in (_KEY, _SUB):
        store.append(key, [_entry(1)])
    store.delete(_KEY)
    _assert_equal([[], [], []], [store.find(_ID), store.list_sessions(_KEY.project_key), store.list_subkeys(_KEY)])
