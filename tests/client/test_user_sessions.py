"""
`UserSessions` without a CLI: what it accepts, and what it asks of a store.
"""
from __future__ import annotations

import pickle

import pytest

import agent_sdk
from agent_sdk import ConfigurationError, SessionBusyError, StoreError, UserSessions, errors, stores


@pytest.fixture
def store():
    """An empty store."""
    return stores.MemoryStore()


@pytest.mark.parametrize("user", ["", None, 1.5, True, b"ann", "a\0b", ["ann"]], ids=repr)
def test_a_user_has_a_name(store, user):
    """A user is a string or a whole number; nothing is looked up for anything else."""
    users = UserSessions(store)
    for call in (users.session_id, users.forget, lambda user: users.query(user, "a")):
        with pytest.raises(ConfigurationError, match="user_id="):
            call(user)


def test_a_number_is_its_digits(store):
    """A primary key is the same user as a number and as text."""
    store.remember("7", "s7")
    assert UserSessions(store).session_id(7) == UserSessions(store).session_id("7") == "s7"


@pytest.mark.parametrize("name", ["resume", "session_id", "continue_conversation", "continue", "persistent"])
def test_the_session_is_not_the_callers_to_choose(store, name):
    """Options that open a session are refused, for all users and for one call."""
    value = True if "contin" in name or name == "persistent" else "12345678-1234-4123-8123-123456789abc"
    with pytest.raises(ConfigurationError, match=name):
        UserSessions(store, **{name: value})
    with pytest.raises(ConfigurationError, match=name):
        UserSessions(store).query("ann", "a", **{name: value})
    if name in ("resume", "session_id"):
        with pytest.raises(ConfigurationError, match="select a session"):
            UserSessions(store, agent_sdk.Options(**{name: value}))


@pytest.mark.parametrize("wait", [-1, "long"], ids=repr)
def test_the_time_to_wait_is_checked(store, wait):
    """A wait is a number of seconds."""
    with pytest.raises(ConfigurationError, match="wait="):
        UserSessions(store).query("ann", "a", wait=wait)


def test_a_store_must_keep_users():
    """A store that only keeps transcripts is refused at once, with the method that it lacks."""

    class Transcripts(stores.Store):
        append, load = stores.MemoryStore.append, stores.MemoryStore.load

    for wrong in (Transcripts(), object(), None):
        with pytest.raises(ConfigurationError, match="the store has no method session_id"):
            UserSessions(wrong)


@pytest.mark.parametrize(
    "options, says",
    [
        ({"enable_file_checkpointing": True}, "enable_file_checkpointing"),
        ({"persist_session": False}, "persist_session"),
        ({"resume": "my title"}, "resume must be a session id"),
        ({"session_store_flush": "sometimes"}, "session_store_flush"),
        ({"session_store": object()}, "it has no method append; subclass agent_sdk.stores.Store"),
        ({"session_wait": -1}, "session_wait"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_what_does_not_go_with_a_session_store(store, options, says):
    """Options that contradict a session store are refused before a process starts."""
    with pytest.raises(ConfigurationError, match=says):
        agent_sdk.Options(**{"session_store": store, **options})


@pytest.mark.parametrize(
    "error",
    [SessionBusyError("busy", session_id="s", user="ann", waited=1.5), StoreError("no", store="S", operation="append")],
    ids=lambda error: type(error).__name__,
)
def test_errors_pickle(error):
    """An error that crosses processes keeps its facts."""
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))
    assert isinstance(again, errors.AgentSDKError)


def test_the_repr_names_the_store(store):
    """The repr says where users are kept."""
    assert repr(UserSessions(store)) == "<UserSessions in <MemoryStore 0 users, 0 transcripts>>"
