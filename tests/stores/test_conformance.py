"""
The three stores keep the rules of all stores, and the suite itself finds a store that does not.
"""
from __future__ import annotations

import pytest

from agent_sdk import stores
from agent_sdk.testing import STORE_CHECKS, run_store_conformance


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request, tmp_path):
    """An empty store of each kind."""
    if request.param == "memory":
        return stores.MemoryStore()
    if request.param == "sqlite":
        return stores.SQLiteStore(tmp_path / "sessions.db")
    return stores.RedisStore(request.getfixturevalue("redis_server").url)


@pytest.mark.parametrize("name", STORE_CHECKS)
def test_store_keeps_the_rule(name, store):
    """Each store passes each check."""
    STORE_CHECKS[name](store)


def test_all_checks_run_on_a_whole_store():
    """`run_store_conformance` runs every check that is not skipped, each on a store of its own."""
    skipped = "a_lease_keeps_threads_apart"
    assert run_store_conformance(stores.MemoryStore, skip=[skipped]) == [n for n in STORE_CHECKS if n != skipped]


class Smallest:
    """The least that *session_store* takes."""

    def __init__(self):
        self.kept = {}

    def append(self, key, entries):
        self.kept.setdefault(tuple(key), []).extend(entries)

    def load(self, key):
        return self.kept.get(tuple(key))


def test_what_a_store_does_not_have_is_not_checked():
    """A store of `append` and `load` is asked for nothing else; where it breaks a rule, the check says which."""
    with pytest.raises(AssertionError, match="expected None"):
        run_store_conformance(Smallest)
    wrong = ["appending_nothing_changes_nothing", "an_entry_is_loaded_once", "what_was_loaded_is_the_callers"]
    ran = run_store_conformance(Smallest, skip=wrong)
    assert "entries_keep_their_order" in ran
    assert not [name for name in ran if "lease" in name or "user" in name]


def test_inherited_declarations_count_as_absent():
    """A subclass of `Store` has what it overrides, and no more."""

    class Partial(stores.Store):
        append, load = stores.MemoryStore.append, stores.MemoryStore.load

    assert stores.base.supports(Partial(), "append", "load")
    assert not stores.base.supports(Partial(), "find")
    assert not stores.base.supports(Partial(), "append", "delete")
