"""Titles, tags, deletions and copies of sessions on disk."""
from __future__ import annotations

import json
import os
import stat
import uuid
from pathlib import Path
from typing import Any

import pytest
from disk import Disk, Transcript

from agent_sdk import ConfigurationError, SessionNotFoundError
from agent_sdk.transcripts import (
    delete_session,
    fork_session,
    get_session_info,
    get_session_messages,
    list_sessions,
    rename_session,
    tag_session,
)


def _entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_title_is_one_line_at_the_end(disk: Disk) -> None:
    """Renaming appends one entry, as the CLI does, and the last one counts."""
    session = disk.session()
    before = session.path.read_bytes()
    rename_session(session.id, '  My "title" é  ')
    added = session.path.read_bytes()[len(before) :]
    assert session.path.read_bytes().startswith(before)
    assert json.loads(added) == {"type": "custom-title", "customTitle": 'My "title" é', "sessionId": session.id}
    rename_session(session.id, "Second")
    info = get_session_info(session.id)
    assert info is not None and info.summary == "Second"


@pytest.mark.parametrize("title", ["", "   ", None, 5])
def test_a_title_must_be_text(disk: Disk, title: Any) -> None:
    """An empty title is refused, and nothing is written."""
    session = disk.session()
    before = session.path.read_bytes()
    with pytest.raises(ConfigurationError):
        rename_session(session.id, title)
    assert session.path.read_bytes() == before


def test_a_line_that_was_cut_off_does_not_swallow_a_change(disk: Disk) -> None:
    """Behind half a line a change begins on a line of its own."""
    session = disk.session()
    session.write(b'{"type":"last-pro')
    rename_session(session.id, "saved")
    info = get_session_info(session.id)
    assert info is not None and info.custom_title == "saved"
    assert session.path.read_bytes().splitlines()[-1].startswith(b'{"type":"custom-title"')


TAGS = [("plain", "plain"), (" spaced ", "spaced"), ("a\u200bb\u202ec\ufeff\ue000", "abc"), ("ﬁ①", "fi1"), ("é", "é")]


@pytest.mark.parametrize(("given", "stored"), TAGS)
def test_a_tag_is_cleaned(disk: Disk, given: str, stored: str) -> None:
    """What cannot be seen does not make two tags differ."""
    session = disk.session()
    tag_session(session.id, given)
    assert list_sessions()[0].tag == stored
    assert session.path.read_bytes().splitlines()[-1].startswith(b'{"type":"tag","tag":"')
    tag_session(session.id, None)
    assert list_sessions()[0].tag is None


@pytest.mark.parametrize("tag", ["", " ", "\u200b", 5])
def test_a_tag_must_leave_something_to_be_seen(disk: Disk, tag: Any) -> None:
    """An invisible tag is refused; taking the tag off is said with None."""
    session = disk.session()
    with pytest.raises(ConfigurationError):
        tag_session(session.id, tag)


@pytest.mark.parametrize(
    "change", [delete_session, fork_session, lambda one: rename_session(one, "t"), lambda one: tag_session(one, "t")]
)
def test_a_session_that_is_not_there_is_an_error(disk: Disk, change: Any) -> None:
    """A change never makes a file of its own."""
    unknown = str(uuid.uuid4())
    disk.folder()
    with pytest.raises(SessionNotFoundError) as caught:
        change(unknown)
    assert caught.value.session_id == unknown and caught.value.found == []
    assert list(disk.folder().iterdir()) == []


def test_deleting_takes_all_of_a_session_and_nothing_else(disk: Disk) -> None:
    """The transcript goes, and the folder beside it."""
    session, other = disk.session(), disk.session()
    session.subagent("a1", None).user("go")
    delete_session(session.id)
    assert not session.path.exists() and not session.path.with_suffix("").exists()
    assert other.path.exists()
    with pytest.raises(SessionNotFoundError):
        delete_session(session.id)


def test_deleting_does_not_follow_a_link(disk: Disk, tmp_path: Path) -> None:
    """A folder that a link beside the transcript leads to keeps its files."""
    session = disk.session()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    session.path.with_suffix("").symlink_to(tmp_path / "precious")
    delete_session(session.id)
    assert (tmp_path / "precious" / "file").exists()


def _rich(disk: Disk) -> Transcript:
    session = disk.transcript()
    session.line(type="mode", mode="normal", sessionId=session.id)
    session.user("one", slug="s", teamName="")
    session.entry("progress", content="…")
    session.entry("progress", content="…")
    session.use("Read", {}, agentName="n")
    session.result("out", sourceToolAssistantUUID=session.last)
    session.user("agent", isSidechain=True, parent=None)
    kept = session.reply("two", parent=None)
    session.entry("system", None, logicalParentUuid=kept, subtype="compact_boundary",
                  compactMetadata={"preservedSegment": {"headUuid": kept}, "preservedMessages": {"uuids": [kept]}})
    session.reply("three")
    session.line(type="content-replacement", sessionId=session.id, replacements=[{"a": 1}])
    session.line(type="content-replacement", sessionId="other", replacements=[{"b": 1}])
    session.line(type="cost-state", sessionId=session.id, totalCostUSD=5)
    return session


def test_a_fork_is_the_same_conversation_under_new_ids(disk: Disk) -> None:
    """Every uuid is a new one, every link leads where it led, and the source is not touched."""
    session = _rich(disk)
    before = session.path.read_bytes()
    new_id = fork_session(session.id)
    path = session.path.with_name(f"{new_id}.jsonl")
    assert session.path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sources = [e for e in _entries(session.path) if e.get("uuid") and e["type"] != "progress" and not e["isSidechain"]]
    *copies, replacement, title = _entries(path)
    renamed = {source["uuid"]: copy["uuid"] for source, copy in zip(sources, copies, strict=True)}
    assert not set(renamed) & set(renamed.values())
    for source, copy in zip(sources, copies, strict=True):
        assert copy["forkedFrom"] == {"sessionId": session.id, "messageUuid": source["uuid"]}
        assert copy["sessionId"] == new_id and copy.get("message") == source.get("message")
        assert not {"teamName", "agentName", "slug", "sourceToolAssistantUUID"} & set(copy)
    assert [copy["timestamp"] for copy in copies[:-1]] == [source["timestamp"] for source in sources[:-1]]
    assert copies[-1]["timestamp"] > sources[-1]["timestamp"]
    # The tool use followed two progress entries, which are not copied.
    assert copies[1]["parentUuid"] == copies[0]["uuid"]
    kept, boundary = copies[3], copies[4]
    assert boundary["logicalParentUuid"] == kept["uuid"] and boundary["parentUuid"] is None
    assert boundary["compactMetadata"]["preservedSegment"] == {"headUuid": kept["uuid"]}
    assert (replacement["replacements"], replacement["sessionId"]) == ([{"a": 1}], new_id)
    assert (title["customTitle"], title["sessionId"]) == ("one (fork)", new_id)


def test_a_fork_reads_as_its_source(disk: Disk) -> None:
    """The copy tells the same messages."""
    session = disk.session("hi")
    session.user("there")
    copy = get_session_messages(fork_session(session.id, disk.project))
    assert [m.content for m in copy] == [m.content for m in get_session_messages(session.id)]


def test_a_fork_may_end_early(disk: Disk) -> None:
    """What was said after the last message to copy is left out."""
    session = disk.transcript()
    session.user("one")
    last = session.reply("two")
    session.user("three")
    new_id = fork_session(session.id, up_to_message_id=last, title="Short")
    assert [m.content for m in get_session_messages(new_id)] == ["one", "two"]
    info = get_session_info(new_id)
    assert info is not None and info.custom_title == "Short"


@pytest.mark.parametrize("title", ["given", "made up"])
def test_a_fork_is_named_after_its_source(disk: Disk, title: str) -> None:
    """The copy's title is that of its source, marked."""
    session = disk.session("prompt")
    session.line(type="ai-title", aiTitle="made up", sessionId=session.id)
    if title == "given":
        rename_session(session.id, title)
    info = get_session_info(fork_session(session.id))
    assert info is not None and info.custom_title == f"{title} (fork)"


@pytest.mark.parametrize("last", ["x", "../x", "5b58194b-bcec-4909-9e64-247a89d27404"])
def test_a_fork_up_to_a_message_that_is_not_there_is_refused(disk: Disk, last: str) -> None:
    """Neither a wrong id nor an unknown one leaves a file behind."""
    session = disk.session()
    with pytest.raises(ConfigurationError):
        fork_session(session.id, up_to_message_id=last)
    assert [path.name for path in disk.folder().iterdir()] == [session.path.name]


def test_a_session_without_messages_cannot_be_forked(disk: Disk) -> None:
    """There is nothing to go on with."""
    session = disk.transcript()
    session.line(type="mode", mode="normal", sessionId=session.id)
    with pytest.raises(ConfigurationError):
        fork_session(session.id)


def test_half_a_copy_is_taken_away(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full no broken session stays behind."""
    session = disk.session()
    real, opened = os.open, []

    def full(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_EXCL:
            opened.append(path)
            os.close(real(path, flags, mode))
            return real("/dev/full", os.O_WRONLY)
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(OSError):
        fork_session(session.id)
    assert opened and not os.path.exists(opened[0])
