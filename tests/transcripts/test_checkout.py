"""Sessions of a store as files for a while: read by all session functions; what they change is changed in the store."""
from __future__ import annotations

import os
import time
from typing import Any

import pytest
from disk import Disk
from helpers import until

import agent_sdk
from agent_sdk import ConfigurationError, SessionNotFoundError, stored_sessions, stores
from agent_sdk.stores import Key, MemoryStore, Store


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, disk: Disk) -> Store:
    """A store of each kind."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "sqlite":
        return stores.SQLiteStore(disk.config / "sessions.db")
    return stores.RedisStore(request.getfixturevalue("redis_server").url)


@pytest.fixture
def ids(store: Store, disk: Disk) -> list[str]:
    """Three sessions that are in the store and not on disk, oldest first."""
    made = [disk.session(f"prompt {number}") for number in range(3)]
    agent = made[0].agents / "agent-a1.jsonl"
    agent.write_bytes(made[0].path.read_bytes().replace(b'"isSidechain":false', b'"isSidechain":true'))
    for one in made:
        agent_sdk.import_session(one.id, store)
        agent_sdk.delete_session(one.id)
    return [one.id for one in made]


def test_all_is_read_as_from_disk(store: Store, ids: list[str], disk: Disk) -> None:
    """Listings, messages, subagents, figures, search and exports need nothing but the folder; it is gone afterwards."""
    with stored_sessions(store, directory=disk.project) as folder:
        assert {info.session_id for info in agent_sdk.list_sessions(disk.project, config_dir=folder)} == set(ids)
        messages = agent_sdk.get_session_messages(ids[1], config_dir=folder)
        assert [message.content for message in messages] == ["prompt 1", "echo: prompt 1"]
        assert agent_sdk.list_subagents(ids[0], config_dir=folder) == ["a1"]
        assert agent_sdk.session_figures(ids[2], config_dir=folder).turns == 1
        assert [hit.info.session_id for hit in agent_sdk.search_sessions("prompt 2", config_dir=folder)] == [ids[2]]
        assert "echo: prompt 0" in agent_sdk.export_session(ids[0], config_dir=folder)
    assert not os.path.exists(folder)
    assert agent_sdk.list_sessions() == []


def test_changes_go_back(store: Store, ids: list[str], disk: Disk) -> None:
    """Titles, tags, forks and deletions are in the store after the block, and nothing else has changed there."""
    before = store.load(Key(agent_sdk.transcripts.project_key(disk.project), ids[1])) or []
    for tag in ("red", "blue", "red"):
        with stored_sessions(store, *ids) as folder:
            agent_sdk.tag_session(ids[1], tag, config_dir=folder)
    with stored_sessions(store, *ids) as folder:
        agent_sdk.rename_session(ids[1], "Mine", config_dir=folder)
        fork = agent_sdk.fork_session(ids[1], config_dir=folder)
        agent_sdk.delete_session(ids[0], config_dir=folder)
    with stored_sessions(store, directory=disk.project) as folder:
        shown = {info.session_id: info for info in agent_sdk.list_sessions(config_dir=folder)}
    assert shown.keys() == {ids[1], ids[2], fork}
    assert (shown[ids[1]].custom_title, shown[ids[1]].tag, shown[fork].custom_title) == ("Mine", "red", "Mine (fork)")
    after = store.load(Key(agent_sdk.transcripts.project_key(disk.project), ids[1])) or []
    assert after[: len(before)] == before and len(after) == len(before) + 4
    assert store.list_subkeys(Key(agent_sdk.transcripts.project_key(disk.project), ids[0])) == []


def test_nothing_goes_back_after_an_error(store: Store, ids: list[str]) -> None:
    """A block that fails has changed nothing, and leaves no folder."""
    with pytest.raises(ZeroDivisionError), stored_sessions(store, ids[0]) as folder:
        agent_sdk.delete_session(ids[0], config_dir=folder)
        raise ZeroDivisionError
    assert not os.path.exists(folder)
    with stored_sessions(store, ids[0]) as folder:
        assert agent_sdk.get_session_info(ids[0], config_dir=folder) is not None


def test_the_newest_come_first(store: Store, ids: list[str], disk: Disk) -> None:
    """With a limit only the newest are loaded, and they keep their order."""
    with stored_sessions(store, directory=disk.project, limit=2) as folder:
        assert len(agent_sdk.list_sessions(config_dir=folder)) == 2
    project = agent_sdk.transcripts.project_key(disk.project)
    newest = max(row["mtime"] for row in store.list_sessions(project))
    until(lambda: time.time() * 1000 > newest + 1)
    store.append(Key(project, ids[0]), [{"type": "tag", "tag": "x"}])
    with stored_sessions(store, directory=disk.project) as folder:
        assert agent_sdk.list_sessions(config_dir=folder)[0].session_id == ids[0]


def test_unknown_sessions_are_told(store: Store, ids: list[str]) -> None:
    """An id that the store does not have, or that is none, is an error."""
    with pytest.raises(SessionNotFoundError), stored_sessions(store, ids[0].replace("-4", "-5", 1)):
        pytest.fail("nothing to see")
    with pytest.raises(ConfigurationError, match="session_id"), stored_sessions(store, "../x"):
        pytest.fail("nothing to see")


class Hostile(MemoryStore):
    """A store whose names lead elsewhere."""

    def find(self, session_id: str) -> list[str]:
        return ["../../outside"]

    def list_sessions(self, project_key: str) -> list[Any]:
        return [{"session_id": "../../outside", "mtime": 0}]


def test_names_that_lead_elsewhere_are_refused(disk: Disk) -> None:
    """What a store calls its projects and sessions never becomes a path outside of the folder."""
    with pytest.raises(ConfigurationError, match="project_key"), stored_sessions(Hostile(), disk.session().id):
        pytest.fail("nothing to see")
    with stored_sessions(Hostile()) as folder:
        assert agent_sdk.list_sessions(config_dir=folder) == []


class Small(Store):
    """The least that a store may be."""

    def __init__(self) -> None:
        self.kept = MemoryStore()

    def append(self, key: Key, entries: Any) -> None:
        self.kept.append(key, entries)

    def load(self, key: Key) -> Any:
        return self.kept.load(key)


def test_a_store_that_can_do_little(disk: Disk) -> None:
    """A store without listings gives sessions by their ids; what it cannot do is said."""
    store, session = Small(), disk.session("hi")
    agent_sdk.import_session(session.id, store)
    with stored_sessions(store, session.id, directory=disk.project) as folder:
        assert agent_sdk.get_session_messages(session.id, config_dir=folder)[0].content == "hi"
    with pytest.raises(ConfigurationError, match="cannot list"), stored_sessions(store):
        pytest.fail("nothing to see")
    with pytest.raises(ConfigurationError, match="cannot delete"):
        with stored_sessions(store, session.id, directory=disk.project) as folder:
            agent_sdk.delete_session(session.id, config_dir=folder)
    with pytest.raises(ConfigurationError, match="store=None"), stored_sessions(None):
        pytest.fail("nothing to see")
