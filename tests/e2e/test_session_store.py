"""
The option `session_store` on the real CLI: what is mirrored, what is resumed from the store, and what a failure costs.
"""
from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

import pytest
from helpers import in_thread, until

import agent_sdk
from agent_sdk import SessionNotFoundError, StoreError, StoreWarning, stores
from agent_sdk._process import registry
from agent_sdk.stores import Key
from agent_sdk.testing import isolated_env
from agent_sdk.transcripts.private_config import PREFIX


@pytest.fixture
def store(tmp_path):
    """A store on this machine."""
    return stores.SQLiteStore(tmp_path / "sessions.db")


@pytest.fixture
def here(real, store):
    """Options of a host that has run the session."""
    return {**real, "session_store": store}


@pytest.fixture
def there(real, model, store, tmp_path):
    """Options of another host: a home of its own, and the same store."""
    return {**real, "env": {**isolated_env(tmp_path / "there"), **model.env}, "session_store": store}


@pytest.fixture(autouse=True)
def _nothing_left():
    """No test leaves a private folder behind, however its turn ends."""
    yield
    until(lambda: not private_folders())


def private_folders():
    return list(Path(tempfile.gettempdir()).glob(PREFIX + "*"))


def transcripts(options):
    """The transcripts in a home."""
    return list(Path(options["env"]["CLAUDE_CONFIG_DIR"]).glob("projects/*/*.jsonl"))


def key_of(options, session_id):
    return Key(agent_sdk.transcripts.project_key(options["cwd"]), session_id)


def test_a_turn_is_in_the_store_when_its_result_comes(here, store):
    """Before a result is delivered, the store has the turn that it ends."""
    counts = []

    def look(message):
        if message.is_result:
            entries = store.load(key_of(here, message.session_id))
            counts.append([entry["type"] for entry in entries if entry["type"] in ("user", "assistant")])

    with agent_sdk.client(**here) as agent:
        agent.query("a", on_message=look)
        agent.query("b", on_message=look)
    assert counts == [["user", "assistant"], ["user", "assistant"] * 2]


def test_the_store_has_what_the_disk_has(here, store, model):
    """After the end of the process nothing of the transcript is missing, subagents included."""
    model.when("subtask").reply("sub done")
    model.call_tool("Task", {"description": "d", "prompt": "subtask", "subagent_type": "general-purpose"})
    model.reply("launched").reply("final")
    session_id = agent_sdk.query("delegate", **here).session_id
    assert agent_sdk.import_session(session_id, store, config_dir=here["env"]["CLAUDE_CONFIG_DIR"]) == 0
    assert len(store.list_subkeys(key_of(here, session_id))) == 1


@pytest.mark.smoke
def test_another_host_resumes_from_the_store(here, there, model):
    """The session goes on where its transcript is not; neither home gets a copy, and the folder is gone afterwards."""
    first = agent_sdk.query("a", **here)
    seen = []

    def look(message):
        seen.extend(private_folders())

    second = agent_sdk.query("b", on_message=look, resume=first.session_id, **there)
    assert (second.session_id, model.requests[-1].user_texts) == (first.session_id, ["a", "b"])
    assert len(set(seen)) == 1
    assert (private_folders(), transcripts(there)) == ([], [])


def test_hosts_take_turns(here, there, model):
    """A transcript that is older than the store is not resumed: no turn of the other host is lost."""
    session_id = agent_sdk.query("a", **here).session_id
    for prompt, host in (("b", there), ("c", here), ("d", there), ("e", here)):
        agent_sdk.query(prompt, resume=session_id, **host)
    assert model.requests[-1].user_texts == ["a", "b", "c", "d", "e"]


def test_a_transcript_that_is_current_is_used(here, store, model):
    """On the machine that ran the session it is resumed from disk, and no folder is made."""
    session_id = agent_sdk.query("a", **here).session_id
    agent_sdk.query("b", on_message=lambda m: private_folders() and pytest.fail(), resume=session_id, **here)
    assert model.requests[-1].user_texts == ["a", "b"]


def test_hosts_may_have_the_project_elsewhere(here, there, model, tmp_path, store):
    """Another host may run in another directory; the store keeps the session in one place."""
    session_id = agent_sdk.query("a", **here).session_id
    (tmp_path / "elsewhere").mkdir()
    agent_sdk.query("b", resume=session_id, **{**there, "cwd": tmp_path / "elsewhere"})
    agent_sdk.query("c", resume=session_id, **here)
    assert model.requests[-1].user_texts == ["a", "b", "c"]
    assert store.find(session_id) == [key_of(here, session_id).project_key]


def test_a_client_goes_on_from_the_store(here, there, model):
    """A client that resumed from the store keeps its process, and a new process of it resumes once more."""
    session_id = agent_sdk.query("a", **here).session_id
    with agent_sdk.client(resume=session_id, **there) as agent:
        agent.query("b")
        pid = agent.pid
        agent.query("c")
        assert agent.pid == pid
        agent.query("d", max_turns=3)
        assert agent.pid != pid
        os.kill(agent.pid, 9)
        agent.query("e")
        assert model.requests[-1].user_texts == ["a", "b", "c", "d", "e"]


def test_the_latest_session_is_continued(here, there, model):
    """`continue_conversation` finds the newest session of the directory, whichever host ran it."""
    agent_sdk.query("old", **here)
    agent_sdk.query("new", **here)
    agent_sdk.query("b", continue_conversation=True, **there)
    assert model.requests[-1].user_texts == ["new", "b"]
    agent_sdk.query("c", continue_conversation=True, **here)
    assert model.requests[-1].user_texts == ["new", "b", "c"]


def test_a_fork_is_whole_in_the_store(here, there, model):
    """A fork that was made on one host is resumed on another, and the original is as it was."""
    session_id = agent_sdk.query("a", **here).session_id
    fork = agent_sdk.query("b", resume=session_id, fork_session=True, **there).session_id
    agent_sdk.query("c", resume=fork, **here)
    assert model.requests[-1].user_texts == ["a", "b", "c"]
    agent_sdk.query("d", resume=session_id, **there)
    assert model.requests[-1].user_texts == ["a", "d"]


def test_a_session_begun_without_the_store_is_completed(real, here, there, model):
    """Resuming with a store brings there what was said before."""
    session_id = agent_sdk.query("a", **real).session_id
    agent_sdk.query("b", resume=session_id, **here)
    agent_sdk.query("c", resume=session_id, **there)
    assert model.requests[-1].user_texts == ["a", "b", "c"]


def test_a_session_in_neither_place_is_not_found(there):
    """An unknown session is the error that it is without a store."""
    with pytest.raises(SessionNotFoundError):
        agent_sdk.query("a", resume="12345678-1234-4123-8123-123456789abc", **there)


class Boom(Exception):
    pass


@pytest.mark.parametrize("raised", [Boom, KeyboardInterrupt], ids=lambda raised: raised.__name__)
def test_the_private_folder_goes_when_the_turn_is_broken_off(here, there, raised):
    """An exception in a callback, Ctrl-C too, leaves no folder; the session goes on."""
    session_id = agent_sdk.query("a", **here).session_id

    def fail(message):
        raise raised

    with pytest.raises(raised):
        agent_sdk.query("b", on_message=fail, resume=session_id, **there)
    assert private_folders() == []
    assert agent_sdk.query("c", resume=session_id, **there).is_success


def test_the_private_folder_goes_when_the_cli_cannot_start(here, there):
    """A start that fails leaves no folder."""
    session_id = agent_sdk.query("a", **here).session_id
    with pytest.raises(agent_sdk.AgentSDKError):
        agent_sdk.query("b", resume=session_id, extra_args={"no-such-flag": None}, **there)
    assert private_folders() == []


def test_the_private_folder_goes_with_a_client_that_nobody_closed(here, there):
    """A client that is collected takes its folder along; what its process writes while it ends goes with that."""
    agent = agent_sdk.client(resume=agent_sdk.query("a", **here).session_id, **there)
    agent.query("b")
    assert len(private_folders()) == 1
    del agent
    gc.collect()
    until(lambda: (registry.reap(), not private_folders())[1])


PROGRAM = """
import json, sys
import agent_sdk
from agent_sdk.stores import SQLiteStore
fields = json.loads(sys.argv[1])
store = SQLiteStore(fields.pop("path"))
client = agent_sdk.client(session_store=store, resume=fields.pop("id"), cwd=fields["cwd"], env=fields["env"])
stream = client.stream("b")
for message in stream:
    if fields["ends"] == "in a turn":
        sys.exit()
"""


@pytest.mark.parametrize("ends", ["in a turn", "after it"])
def test_the_private_folder_goes_at_exit(here, there, store, ends, model):
    """A program that closes nothing leaves no folder, and the store has its turns."""
    session_id = agent_sdk.query("a", **here).session_id
    fields = {"path": store.path, "id": session_id, "cwd": str(there["cwd"]), "env": there["env"], "ends": ends}
    subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(fields)], check=True, timeout=60)
    assert private_folders() == []
    agent_sdk.query("c", resume=session_id, **here)
    assert model.requests[-1].user_texts[-1] == "c"


def test_two_hosts_at_once_run_one_after_the_other(here, there, model):
    """Where the hosts share no disk the store's lease keeps their turns apart."""
    session_id = agent_sdk.query("a", **here).session_id
    hold, began = threading.Event(), threading.Event()
    model.when("slow").reply(chunks=["one", " two"], until=hold)
    thread = in_thread(
        lambda: agent_sdk.query("slow", resume=session_id, on_message=lambda m: began.set(), **here)
    )
    assert began.wait(60)
    with pytest.raises(agent_sdk.SessionBusyError, match="perhaps on another host"):
        agent_sdk.query("b", resume=session_id, session_wait=0.1, **there)
    hold.set()
    thread.join(60)
    agent_sdk.query("b", resume=session_id, **there)
    assert model.requests[-1].user_texts == ["a", "slow", "b"]


@pytest.mark.smoke
def test_a_redis_that_stops_costs_no_turn(real, redis_server, model):
    """Redis goes away in a turn: the turn succeeds, a message tells; when it is back the store is made whole."""
    store, seen = stores.RedisStore(redis_server.url), []

    def stop(message):
        seen.append(message)
        if message.is_init:
            redis_server.stop()

    with agent_sdk.client(session_store=store, **real) as agent:
        assert agent.query("a", on_message=stop).content == "echo: a"
        report = next(m for m in seen if m.subtype == "mirror_error")
        assert report.key.session_id == agent.session_id and "is it running" in report.error
        assert seen[-1].is_result
        redis_server.start()
        seen.clear()
        assert agent.query("b", on_message=seen.append).content == "echo: b"
        assert not [m for m in seen if m.subtype == "mirror_error"]
        key = key_of(real, agent.session_id)
    config = real["env"]["CLAUDE_CONFIG_DIR"]
    assert agent_sdk.import_session(key.session_id, store, config_dir=config) == 0


def test_a_turn_that_the_store_missed_is_kept_on_this_machine(real, there, redis_server, model):
    """A session goes on though Redis stops; its end comes home, and into the store at the next resume."""
    store = stores.RedisStore(redis_server.url)
    session_id = agent_sdk.query("a", **{**real, "session_store": store}).session_id
    host = {**there, "session_store": store}

    def stop(message):
        if message.is_init:
            redis_server.stop()

    with pytest.warns(StoreWarning, match="it is saved in .*uploads it"):
        assert agent_sdk.query("b", resume=session_id, on_message=stop, **host).is_success
    assert len(transcripts(there)) == 1
    redis_server.start()
    agent_sdk.query("c", resume=session_id, **host)
    agent_sdk.query("d", resume=session_id, **{**real, "session_store": store})
    assert model.requests[-1].user_texts == ["a", "b", "c", "d"]


def test_a_store_that_is_down_and_a_session_that_is_here(real, redis_server, model):
    """What this machine has is resumed without the store, and a message says so; what it has not is an error."""
    store, seen = stores.RedisStore(redis_server.url), []
    session_id = agent_sdk.query("a", session_store=store, **real).session_id
    redis_server.stop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StoreWarning)
        agent_sdk.query("b", resume=session_id, session_store=store, on_message=seen.append, **real)
    assert model.requests[-1].user_texts == ["a", "b"]
    told = [m.error for m in seen if m.subtype == "mirror_error"]
    assert "using the transcript of this machine" in told[0]
    with pytest.raises(StoreError, match="is not on this machine, and the store failed"):
        agent_sdk.query("c", resume="12345678-1234-4123-8123-123456789abc", session_store=store, **real)


def test_a_store_that_hangs_is_not_waited_for(here, there, store, model, monkeypatch):
    """After `load_timeout_ms` a session of this machine goes on from disk, and one of another host is an error."""
    session_id = agent_sdk.query("a", **here).session_id
    held = threading.Event()
    monkeypatch.setattr(type(store), "load", lambda self, key: held.wait(60))
    monkeypatch.setattr(type(store), "is_bounded", False)
    with pytest.raises(StoreError, match="load_timeout_ms"):
        agent_sdk.query("b", resume=session_id, load_timeout_ms=100, **there)
    seen = []
    agent_sdk.query("c", on_message=seen.append, resume=session_id, load_timeout_ms=100, **here)
    held.set()
    assert model.requests[-1].user_texts == ["a", "c"]
    assert "load_timeout_ms" in next(message.error for message in seen if message.is_storage_error)


def test_hosts_that_diverged_are_told(here, there, model, store, monkeypatch):
    """A turn that the store missed, and another host went on without, is not lost in silence: a message names its file."""
    session_id = agent_sdk.query("a", **here).session_id
    with monkeypatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", StoreWarning)
        patch.setattr(type(store), "append", lambda *_: 1 / 0)
        agent_sdk.query("b", resume=session_id, **here)
    agent_sdk.query("c", resume=session_id, **there)
    seen = []
    agent_sdk.query("d", on_message=seen.append, resume=session_id, **here)
    assert model.requests[-1].user_texts == ["a", "c", "d"]
    told = next(message.error for message in seen if message.is_storage_error)
    assert "another host continued the session" in told and str(transcripts(here)[0]) in told


def test_a_client_that_is_kept_notices_another_host(here, there, model):
    """A turn that another host ran in the session is not lost to a client whose process was running meanwhile."""
    with agent_sdk.client(**here) as first:
        session_id = first.query("a").session_id
        pid = first.pid
        first.query("b")
        assert first.pid == pid
        with agent_sdk.client(resume=session_id, **there) as second:
            second.query("c")
            first.query("d")
            second.query("e")
        first.query("f")
    assert model.requests[-1].user_texts == ["a", "b", "c", "d", "e", "f"]


def test_a_store_without_a_count_is_loaded_to_know(here, there, model, store):
    """A store of the least methods keeps two kept clients in one history as well."""

    class Least:
        def __init__(self):
            self.append, self.load = store.append, store.load

    with agent_sdk.client(**{**here, "session_store": Least()}) as first:
        session_id = first.query("a").session_id
        agent_sdk.query("b", resume=session_id, **{**there, "session_store": Least()})
        first.query("c")
    assert model.requests[-1].user_texts == ["a", "b", "c"]


def test_a_store_that_takes_nothing_costs_no_more_than_the_timeout(real, model):
    """A store whose `append` never comes back does not hold the turn up beyond its `timeout`; a message tells."""
    held, seen = threading.Event(), []

    class Hangs:
        def append(self, key, entries):
            held.wait()

        def load(self, key):
            return None

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = agent_sdk.query("a", seen.append, session_store=Hangs(), timeout=10, **real)
    held.set()
    assert result.is_success
    assert "timed out after" in next(message.error for message in seen if message.is_storage_error)
    assert any(issubclass(one.category, StoreWarning) for one in caught)


def test_the_smallest_store(real, there, model):
    """A store of `append` and `load` is enough to go on with a session on another host."""

    class Smallest:
        def __init__(self):
            self.kept = {}

        def append(self, key, entries):
            self.kept.setdefault(key, []).extend(entries)

        def load(self, key):
            return self.kept.get(key)

    store = Smallest()
    session_id = agent_sdk.query("a", **{**real, "session_store": store}).session_id
    agent_sdk.query("b", resume=session_id, **{**there, "session_store": store})
    assert model.requests[-1].user_texts == ["a", "b"]


def test_two_directories_with_one_key_continue_their_own_sessions(here, real, model, tmp_path):
    """With and without a store, `continue_conversation` never goes on with the session of another directory."""
    ours, theirs = tmp_path / "shop.eu", tmp_path / "shop-eu"
    for place in (ours, theirs):
        place.mkdir()
    for host in (here, real):
        agent_sdk.query("their secret", **{**host, "cwd": theirs})
        agent_sdk.query("a", continue_conversation=True, **{**host, "cwd": ours})
        agent_sdk.query("their next", continue_conversation=True, **{**host, "cwd": theirs})
        assert "their secret" in model.requests[-1].user_texts
        agent_sdk.query("b", continue_conversation=True, **{**host, "cwd": ours})
        assert model.requests[-1].user_texts[-2:] == ["a", "b"]
        assert not any("their" in text for text in model.requests[-1].user_texts)


def test_a_turn_in_one_directory_does_not_make_another_wait(real, model, tmp_path):
    """Continuing the latest session waits for turns of that directory only."""
    ours, theirs = tmp_path / "shop.eu", tmp_path / "shop-eu"
    for place in (ours, theirs):
        place.mkdir()
    agent_sdk.query("a", **{**real, "cwd": ours})
    with agent_sdk.client(**{**real, "cwd": theirs}) as other:
        other.query("one")
        with other.stream("two") as running:
            next(iter(running))
            result = agent_sdk.query("b", continue_conversation=True, session_wait=0, **{**real, "cwd": ours})
    assert result.is_success
