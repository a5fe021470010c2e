"""
`RedisStore` on a real server: the seed's keys, and clear errors where the server is gone.
"""
from __future__ import annotations

import pickle

import pytest
from helpers import until

from agent_sdk import ConfigurationError, StoreError
from agent_sdk.stores import Key, RedisStore

redis = pytest.importorskip("redis")

KEY = Key("-home-ann", "11111111-2222-4333-8444-555555555555")


def test_the_users_key_is_the_seeds(redis_server):
    """A worker in Ruby finds a user's session under `agent:session:<user>`, as the bare id, and we find its."""
    store, plain = RedisStore(redis_server.url), redis.Redis.from_url(redis_server.url)
    store.remember("ann", "s1")
    assert plain.get("agent:session:ann") == b"s1"
    assert plain.keys("*") == [b"agent:session:ann"]
    plain.set("agent:session:bob", "s2")
    assert store.session_id("bob") == "s2"
    plain.close()


def test_prefixes_are_apart(redis_server):
    """Two programs on one server do not see each other's users, sessions and leases."""
    one, two = RedisStore(redis_server.url, prefix="one:"), RedisStore(redis_server.url, prefix="two:")
    one.remember("ann", "s1")
    one.append(KEY, [{"uuid": "u1"}])
    assert (two.session_id("ann"), two.load(KEY)) == (None, None)
    with one.lease("ann"), two.lease("ann", wait=0):
        pass


def test_a_lease_has_its_time_at_the_server(redis_server):
    """The server itself ends the lease of a holder that died."""
    store, plain = RedisStore(redis_server.url), redis.Redis.from_url(redis_server.url)
    with store.lease("ann", ttl=20.0):
        assert 0 < plain.pttl("agent:lease:ann") <= 20_000
    assert not plain.exists("agent:lease:ann")
    plain.close()


def test_a_server_that_is_gone_is_a_clear_error(redis_server):
    """The error names the server and the operation; when the server is back the store goes on by itself."""
    store = RedisStore(redis_server.url)
    store.remember("ann", "s1")
    redis_server.stop()
    says = rf"Redis at redis://127\.0\.0\.1:{redis_server.port}/0: .*is it running"
    with pytest.raises(StoreError, match=says) as caught:
        store.append(KEY, [{"uuid": "u1"}])
    assert (caught.value.operation, caught.value.timed_out) == ("append", False)
    redis_server.start()
    assert store.session_id("ann") == "s1"


def test_a_lease_that_cannot_be_renewed_is_lost(redis_server):
    """A holder knows when its lease may have gone to somebody else; giving it back raises nothing."""
    lease = RedisStore(redis_server.url).lease("ann", ttl=0.3)
    redis_server.stop()
    until(lambda: lease.is_lost)
    lease.release()


def test_a_lease_survives_a_restart(redis_server):
    """A server that comes back in time is told of the lease again, also when it has forgotten it."""
    store, plain = RedisStore(redis_server.url), redis.Redis.from_url(redis_server.url)
    with store.lease("ann", ttl=1.0) as lease:
        plain.delete("agent:lease:ann")
        until(lambda: plain.exists("agent:lease:ann"))
        assert not lease.is_lost
    plain.close()


def test_a_lease_that_could_not_be_given_back_is_taken_up_again(redis_server):
    """After an outage a process does not wait for a lease of its own."""
    store = RedisStore(redis_server.url)
    lease = store.lease("ann", ttl=60.0)
    redis_server.stop()
    lease.release()
    redis_server.start()
    assert redis.Redis.from_url(redis_server.url).exists("agent:lease:ann")
    with store.lease("ann", wait=0):
        pass


def test_secrets_are_not_shown(redis_server):
    """Neither the repr nor an error shows the password."""
    store = RedisStore(f"redis://ann:hunter2@127.0.0.1:{redis_server.port}/0")
    with pytest.raises(StoreError) as caught:
        store.session_id("ann")
    assert "hunter2" not in repr(store) + str(caught.value)


def test_a_wrong_address_is_a_configuration_error():
    """What is no Redis address is refused when the store is made."""
    with pytest.raises(ConfigurationError, match="RedisStore"):
        RedisStore("localhost:6379")


def test_a_store_pickles(redis_server):
    """A worker that gets the store by pickle talks to the same server."""
    store = RedisStore(redis_server.url, prefix="app:")
    store.remember("ann", "s1")
    assert pickle.loads(pickle.dumps(store)).session_id("ann") == "s1"
