"""Archived sessions, and sessions that no person ran."""
from __future__ import annotations

import json

import pytest
from disk import Disk

from agent_sdk import SessionNotFoundError, archive_session, get_session_info, list_sessions, unarchive_session


def test_a_session_is_archived_until_its_next_prompt(disk: Disk) -> None:
    """The mark is that of the CLI; undoing it and a later prompt remove it."""
    session = disk.session()
    before = session.path.read_bytes()
    archive_session(session.id)
    mark = json.loads((session.path.with_suffix("") / "archived.json").read_text())
    assert mark["archived"] is True and mark["at"].endswith("Z")
    assert get_session_info(session.id).archived and session.path.read_bytes() == before
    unarchive_session(session.id)
    assert not get_session_info(session.id).archived
    archive_session(session.id)
    session.reply("a late reply", timestamp="2999-01-01T00:00:00.000Z")
    assert list_sessions()[0].archived
    session.user("a new prompt", timestamp="2999-01-01T00:00:00.000Z")
    assert not list_sessions()[0].archived


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"archived": 1, "at": "x"}', '{"archived": true, "at": 5}', "\0"])
def test_a_damaged_mark_archives_nothing(disk: Disk, text: str) -> None:
    """A file that is not such a mark counts as none."""
    session = disk.session()
    archive_session(session.id)
    (session.path.with_suffix("") / "archived.json").write_text(text)
    assert not get_session_info(session.id).archived


def test_an_unknown_session_is_not_archived(disk: Disk) -> None:
    """Archiving creates nothing for a session that does not exist."""
    for change in (archive_session, unarchive_session):
        with pytest.raises(SessionNotFoundError):
            change("00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize(("field", "hidden"), [("sdk-py", True), ("sdk-cli", True), ("cli", False), (None, False)])
def test_programmatic_sessions_may_be_left_out(disk: Disk, field: str | None, hidden: bool) -> None:
    """Sessions of SDKs and of daemons are listed unless the caller leaves them out; the limit counts what is listed."""
    session = disk.transcript()
    session.user("hello", entrypoint=field)
    assert len(list_sessions()) == 1
    assert len(list_sessions(include_programmatic=False, limit=1)) == (not hidden)
    daemon = disk.transcript()
    daemon.user("hello", sessionKind="daemon")
    assert daemon.id not in {info.session_id for info in list_sessions(include_programmatic=False)}
