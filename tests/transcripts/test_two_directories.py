"""Two directories whose names give one project key: no session of one is shown, found or continued in the other."""
from __future__ import annotations

import pytest
from disk import Disk

import agent_sdk
from agent_sdk import SessionNotFoundError, stores
from agent_sdk.stores import Key
from agent_sdk.transcripts import project_key, store_transfer
from agent_sdk.transcripts.location import SessionLocation
from agent_sdk.transcripts.paths import is_foreign

PAIRS = [("shop.eu", "shop-eu"), ("日本", "中国"), ("a b", "a_b"), ("x" * 250, "x" * 249 + "y")]


@pytest.fixture(params=PAIRS, ids=["sign", "cjk", "space", "long"])
def places(request, disk: Disk):
    """Two directories with one key, or with keys that the CLI's own hash alone tells apart."""
    made = [disk.project / name for name in request.param]
    for place in made:
        place.mkdir()
    return made


def test_sessions_are_listed_for_their_own_directory(disk: Disk, places) -> None:
    """A listing and a search show the sessions that began in the directory."""
    ours, theirs = disk.session("our apple", places[0]), disk.session("their apple", places[1])
    for place, session in zip(places, (ours, theirs), strict=True):
        assert [info.session_id for info in agent_sdk.list_sessions(place)] == [session.id]
        assert [hit.session_id for hit in agent_sdk.search_sessions("apple", directory=place)] == [session.id]
    assert len(agent_sdk.list_sessions()) == 2


def test_a_session_is_found_for_its_own_directory(disk: Disk, places) -> None:
    """Functions that take a directory treat the other directory's session as one that does not exist."""
    theirs = disk.session("theirs", places[1])
    assert agent_sdk.get_session_info(theirs.id, places[0]) is None
    assert agent_sdk.get_session_info(theirs.id, places[1]).cwd == str(places[1])
    for change in (
        lambda: agent_sdk.rename_session(theirs.id, "mine", places[0]),
        lambda: agent_sdk.delete_session(theirs.id, places[0]),
        lambda: agent_sdk.fork_session(theirs.id, places[0]),
        lambda: agent_sdk.export_session(theirs.id, directory=places[0]),
    ):
        with pytest.raises(SessionNotFoundError):
            change()


def test_the_newest_transcript_is_ones_own(disk: Disk, places) -> None:
    """The session to continue, and to lock, is the newest of the directory."""
    ours, theirs = disk.session("ours", places[0]).touch(1000), disk.session("theirs", places[1]).touch(2000)
    assert SessionLocation.of(places[0]).newest_transcript() == str(ours.path)
    assert SessionLocation.of(places[1]).newest_transcript() == str(theirs.path)
    ours.path.unlink()
    assert SessionLocation.of(places[0]).newest_transcript() is None


def test_a_first_prompt_of_any_size_hides_nothing(disk: Disk, places) -> None:
    """The directory is read behind a first line that is longer than the part that a listing reads."""
    disk.session("p" * 200_000, places[1])
    assert agent_sdk.list_sessions(places[0]) == []
    assert SessionLocation.of(places[0]).newest_transcript() is None


def test_a_store_gives_each_directory_its_own(disk: Disk, places) -> None:
    """The sessions of a store are those of the directory, and a limit counts only these."""
    store = stores.MemoryStore()
    ours, theirs = disk.session("ours", places[0]), disk.session("theirs", places[1])
    for session in (ours, theirs):
        store.append(Key(project_key(places[0]), session.id), store_transfer.entries_of(str(session.path)))
    with agent_sdk.stored_sessions(store, directory=places[0], limit=1) as folder:
        assert [info.session_id for info in agent_sdk.list_sessions(config_dir=folder)] == [ours.id]


def test_sessions_of_a_moved_directory_stay(disk: Disk, tmp_path) -> None:
    """Only a directory with the same key is another one: a moved directory, a subdirectory and no directory count."""
    own = str(disk.project)
    link = tmp_path / "disk-project"
    link.symlink_to(disk.project)
    assert not any(is_foreign(cwd, own) for cwd in (None, "", own, own + "/sub", "/old/place", own.upper()))
    assert not is_foreign(str(link), own)
    assert is_foreign(own.replace("/project", ".project"), own)
