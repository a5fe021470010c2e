"""
`UserSessions` on the real CLI: one unbroken history for each user, across threads, processes and hosts.
"""
from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest
from helpers import in_thread

from agent_sdk import BusyError, SessionBusyError, SessionNotFoundError, StoreError, UserSessions, stores
from agent_sdk.testing import isolated_env

WORKER = """
import json, sys
from agent_sdk import UserSessions, stores
fields = json.loads(sys.argv[1])
store = stores.RedisStore(fields["url"], lease_ttl=fields["ttl"])
users = UserSessions(store, session_store=store, cwd=fields["cwd"], env=fields["env"])
show = (lambda message: print("init", flush=True) if message.is_init else None)
result = users.query("ann", fields["prompt"], on_message=show)
print(result.session_id, flush=True)
"""


@pytest.fixture
def store(tmp_path):
    """A store on this machine."""
    return stores.SQLiteStore(tmp_path / "sessions.db", timeout=0.2)


@pytest.fixture
def users(store, real):
    """The users of one worker."""
    return UserSessions(store, **real)


@pytest.fixture
def hosts(redis_server, real, model, tmp_path):
    """Start workers on hosts by name: processes with homes of their own, and one Redis between them."""
    started = []

    def start(host, prompt, ttl=30.0):
        env = {**isolated_env(tmp_path / host), **model.env}
        fields = {"url": redis_server.url, "ttl": ttl, "cwd": str(real["cwd"]), "env": env, "prompt": prompt}
        argv = [sys.executable, "-W", "error", "-c", WORKER, json.dumps(fields)]
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()
        worker.communicate()


def finished(worker):
    """Wait for a worker, and return the session that it ran in."""
    out = worker.communicate(timeout=60)[0].split()
    assert worker.returncode == 0
    return out[-1]


@pytest.mark.smoke
def test_each_user_has_a_session_of_their_own(users, store, model):
    """A user's turns go on with their session; another's do not; `forget` begins anew."""
    first = users.query("ann", "a")
    users.query("bob", "x")
    assert users.query("ann", "b").session_id == first.session_id == users.session_id("ann") == store.session_id("ann")
    assert model.requests[-1].user_texts == ["a", "b"]
    assert users.session_id("bob") not in (None, first.session_id)
    users.forget("ann")
    assert users.session_id("ann") is None
    assert users.query("ann", "c").session_id != first.session_id
    assert model.requests[-1].user_texts == ["c"]


def test_the_session_is_remembered_at_once(users, model):
    """The id is in the store when the first message comes, so that a crash in the turn loses nothing."""
    seen = []
    users.query(7, "a", on_message=lambda m: seen.append((m.is_init, users.session_id("7"), m.session_id)))
    assert seen[0][0] and seen[0][1] == seen[0][2]


def test_a_callbacks_error_and_an_abort_free_the_user(users, model):
    """However a turn ends, the user's next one runs, and goes on with the session."""

    def fail(message):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        users.query("ann", "a", on_message=fail)
    assert users.query("ann", "b", wait=0).is_success
    assert model.requests[-1].user_texts[-1] == "b"


def test_a_turn_in_a_callback_is_refused_at_once(users):
    """A user's turn cannot wait for the turn that it is called from; another user's can run there."""
    caught = []

    def callback(message):
        if message.is_init:
            assert users.query("bob", "inner").is_success
            with pytest.raises(SessionBusyError, match="user 'ann'") as error:
                users.query("ann", "inner")
            caught.append(error.value)

    assert users.query("ann", "outer", on_message=callback).is_success
    assert isinstance(caught[0], BusyError)
    assert caught[0].user == "ann"


def test_a_user_that_is_busy(users, model):
    """A second turn waits for the first as long as it is told to."""
    hold, began = threading.Event(), threading.Event()
    model.reply(chunks=["one", " two"], until=hold)
    thread = in_thread(lambda: users.query("ann", "slow", on_message=lambda m: began.set()))
    assert began.wait(60)
    with pytest.raises(SessionBusyError, match=r"user 'ann': another turn is running .* wait="):
        users.query("ann", "impatient", wait=0.1)
    threading.Timer(0.2, hold.set).start()
    assert users.query("ann", "patient").is_success
    thread.join(60)
    assert model.requests[-1].user_texts == ["slow", "patient"]


def test_a_session_that_is_gone_is_said(users, store):
    """A remembered session without a transcript is an error, not silently a new one; `forget` is the way on."""
    store.remember("ann", "12345678-1234-4123-8123-123456789abc")
    with pytest.raises(SessionNotFoundError):
        users.query("ann", "a")
    users.forget("ann")
    assert users.query("ann", "a").is_success


def test_a_locked_file_costs_no_turn(real, tmp_path):
    """Where the store fails during a turn, the turn succeeds, and a message before its result tells."""
    store = stores.SQLiteStore(tmp_path / "sessions.db", timeout=0.2, lease_ttl=1.0)
    users, other, seen = UserSessions(store, **real), sqlite3.connect(store.path, isolation_level=None), []
    lock = {"session_start": [lambda ctx: other.execute("BEGIN IMMEDIATE") and None]}
    result = users.query("ann", "a", on_message=seen.append, hooks=lock)
    other.execute("ROLLBACK")
    assert [m.subtype for m in seen[-2:]] == ["mirror_error", "success"]
    assert f"the session {result.session_id} of user 'ann' could not be stored" in seen[-2].error
    assert result.messages[-2] is seen[-2]
    assert users.session_id("ann") is None
    assert users.query("ann", "b").is_success


def test_another_host_goes_on_with_a_users_session(hosts, redis_server, model):
    """The third turn, on host B, knows the first two from host A; the fourth, back on A, knows all three."""
    turns = (("A", "one"), ("A", "two"), ("B", "three"), ("A", "four"))
    ids = [finished(hosts(host, prompt)) for host, prompt in turns]
    assert len(set(ids)) == 1
    assert model.requests[-2].user_texts == ["one", "two", "three"]
    assert model.requests[-1].user_texts == ["one", "two", "three", "four"]
    assert stores.RedisStore(redis_server.url).session_id("ann") == ids[0]


def test_three_workers_at_once_give_one_history(hosts, model):
    """Turns that begin at once for one user run one after the other, and none is lost."""
    ids = [finished(worker) for worker in [hosts(host, f"from {host}") for host in ("A", "B", "C")]]
    assert len(set(ids)) == 1
    finished(hosts("D", "last"))
    texts = model.requests[-1].user_texts
    assert (sorted(texts[:3]), texts[3:]) == (["from A", "from B", "from C"], ["last"])


def test_a_killed_worker_frees_its_user(hosts, model, redis_server):
    """A worker that is killed in its turn frees the user within the lease's time; the next goes on with the session."""
    hold = threading.Event()
    model.reply(chunks=["one", " two"], until=hold)
    killed = hosts("A", "lost", ttl=1.0)
    assert killed.stdout.readline() == "init\n"
    known = stores.RedisStore(redis_server.url).session_id("ann")
    model.wait_for_request(1, timeout=60)
    killed.send_signal(signal.SIGKILL)
    hold.set()
    assert finished(hosts("A", "next", ttl=1.0)) == known
    assert model.requests[-1].user_texts[-1] == "next"


def test_a_users_first_turn_is_killed_and_its_host_is_gone(hosts, model, redis_server):
    """Another host goes on with what had reached the store, or begins anew under the same id."""
    hold = threading.Event()
    model.reply(chunks=["one", " two"], until=hold)
    killed = hosts("A", "lost", ttl=1.0)
    assert killed.stdout.readline() == "init\n"
    killed.send_signal(signal.SIGKILL)
    hold.set()
    assert finished(hosts("B", "next", ttl=1.0)) == stores.RedisStore(redis_server.url).session_id("ann")
    assert model.requests[-1].user_texts[-1] == "next"


def test_a_store_that_is_down_before_the_turn_is_an_error(hosts, redis_server, real):
    """Without the store nobody knows which session is the user's: nothing is begun."""
    users = UserSessions(stores.RedisStore(redis_server.url), **real)
    redis_server.stop()
    with pytest.raises(StoreError, match="is it running"):
        users.query("ann", "a")
