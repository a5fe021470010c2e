"""
Footprints: whether somebody else wrote to a session since our last turn.
"""
from __future__ import annotations

import json

import pytest

from agent_sdk.transcripts import paths
from agent_sdk.transcripts.changes import MAX_CHECKS, SessionChanges
from agent_sdk.transcripts.location import SessionLocation

SESSION = "8a0d1f9c-6f0e-4b58-9a53-0d4f3b1f5f11"


@pytest.fixture
def transcript(tmp_path):
    """The path of the session's transcript, in a configuration folder of its own; the file is not there yet."""
    folder = tmp_path / "projects" / "-some-project"
    folder.mkdir(parents=True)
    return folder / f"{SESSION}.jsonl"


@pytest.fixture
def steps(tmp_path):
    """A footprint in that folder."""
    return SessionChanges(SESSION, SessionLocation.of(tmp_path, {"CLAUDE_CONFIG_DIR": str(tmp_path)}))


def write(transcript, *entries):
    """Append entries as the CLI does."""
    with transcript.open("ab") as file:
        for entry in entries:
            file.write(entry if isinstance(entry, bytes) else json.dumps(entry).encode() + b"\n")


def user(uuid, **fields):
    """An entry of the conversation."""
    return {"type": "user", "uuid": uuid, "message": {"role": "user", "content": "x"}, **fields}


def test_our_own_turn_is_no_step_of_another(transcript, steps):
    """What our turn wrote, also a moment after its end, is ours."""
    write(transcript, user("a"))
    steps.record(["a", "b"])
    assert steps.has_foreign_entries() is False
    write(transcript, {"type": "assistant", "uuid": "b"})
    assert steps.has_foreign_entries() is False


def test_a_foreign_message_is_noticed(transcript, steps):
    """A newer message that is not ours says that somebody else ran a turn."""
    write(transcript, user("a"))
    steps.record(["a"])
    write(transcript, user("foreign"))
    assert steps.has_foreign_entries() is True


def test_what_came_since_is_ours_too(transcript, steps):
    """Messages that the CLI sent us between turns are ours, when they are named."""
    write(transcript, user("a"))
    steps.record(["a"])
    write(transcript, user("late"))
    assert steps.has_foreign_entries({"late"}) is False
    assert steps.has_foreign_entries({"other"}) is True


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "summary", "uuid": "x"},
        {"type": "custom-title", "title": "t"},
        {"type": "file-history-snapshot", "uuid": "x"},
        user("x", isSidechain=True),
        user("x", isMeta=True),
        b"\n",
        b"{half a line",
        b"[1]\n",
        b"\xff\xfe\n",
    ],
    ids=["summary", "title", "snapshot", "sidechain", "meta", "blank", "half", "list", "damaged"],
)
def test_other_entries_are_no_turns(transcript, steps, entry):
    """Only messages of the conversation itself count."""
    write(transcript, user("a"))
    steps.record(["a"])
    write(transcript, entry)
    assert steps.has_foreign_entries() is False


def test_a_step_forgets_what_was_before(transcript, steps):
    """After our next turn, what lies before it is of no interest."""
    write(transcript, user("a"))
    steps.record(["a"])
    write(transcript, user("foreign"))
    steps.record(["b"])
    assert steps.has_foreign_entries() is False


def test_a_transcript_that_comes_late_is_found(transcript, steps):
    """The CLI writes the file a moment after the first turn; our own messages in it are ours."""
    steps.record(["a"])
    assert steps.has_foreign_entries() is False
    write(transcript, user("a"))
    assert steps.has_foreign_entries() is False
    write(transcript, user("foreign"))
    assert steps.has_foreign_entries() is True


def test_a_transcript_that_never_comes_is_not_looked_for_for_ever(steps, monkeypatch):
    """Where the CLI saves nothing, the folders are searched a few times and no more."""
    looks = []
    monkeypatch.setattr(paths, "transcripts_of", lambda *given: looks.append(given) or [])
    for _ in range(3 * MAX_CHECKS):
        steps.record([])
        assert steps.has_foreign_entries() is False
    assert len(looks) == MAX_CHECKS


def test_a_transcript_that_goes_away_does_no_harm(transcript, steps):
    """A file that was deleted, or cut, is no foreign turn."""
    write(transcript, user("a"), user("b"))
    steps.record(["a", "b"])
    transcript.write_bytes(b"")
    assert steps.has_foreign_entries() is False
    transcript.unlink()
    assert steps.has_foreign_entries() is False
