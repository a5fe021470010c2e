"""Titles and tags: read from entries of the session only, and kept while a CLI has the session open."""
from __future__ import annotations

import json

import pytest
from disk import Disk

from agent_sdk import delete_session, get_session_info, list_sessions, rename_session, tag_session


def _turn(session, size: int = 100_000) -> None:
    session.user("a long turn")
    session.reply("x" * size)


def test_a_change_outlives_a_long_turn(disk: Disk) -> None:
    """A title and a tag stay when the CLI writes more than the part that a listing reads."""
    session = disk.session()
    _turn(session)
    rename_session(session.id, "mine")
    tag_session(session.id, "urgent")
    _turn(session)
    info = get_session_info(session.id)
    assert (info.custom_title, info.tag) == ("mine", "urgent")


@pytest.mark.parametrize("before", [0, 100_000])
def test_an_open_cli_does_not_undo_a_change(disk: Disk, before: int) -> None:
    """The CLI appends the title and the tag that it knows again; they are older than the change."""
    session = disk.session()
    old = [{"type": "custom-title", "customTitle": "old"}, {"type": "tag", "tag": "old"}]
    for entry in old:
        session.line(**entry)
    _turn(session, before)  # the old values may lie where no listing reads
    rename_session(session.id, "first")
    rename_session(session.id, "mine")
    tag_session(session.id, None)
    _turn(session)
    for entry in old:
        session.line(**entry)
    info = get_session_info(session.id)
    assert (info.custom_title, info.tag) == ("mine", None)


def test_a_later_change_of_the_cli_counts(disk: Disk) -> None:
    """A title or a tag that the CLI sets after the change replaces it, and so does the removal of a tag."""
    session = disk.session()
    rename_session(session.id, "mine")
    tag_session(session.id, "mine")
    session.line(type="custom-title", customTitle="new")
    session.line(type="tag", tag="new")
    info = get_session_info(session.id)
    assert (info.custom_title, info.tag) == ("new", "new")
    session.line(type="tag", tag="")
    assert get_session_info(session.id).tag is None
    rename_session(session.id, "mine")
    assert get_session_info(session.id).custom_title == "mine"


def test_a_change_keeps_the_time(disk: Disk) -> None:
    """An old session that is renamed or tagged is not the latest one."""
    old, new = disk.session().touch(1000), disk.session().touch(2000)
    rename_session(old.id, "title")
    tag_session(old.id, "tag")
    assert [info.session_id for info in list_sessions()] == [new.id, old.id]
    assert old.path.stat().st_mtime == 1000


def test_marks_go_with_the_session(disk: Disk) -> None:
    """Deleting a session deletes its marks; damaged marks count as none."""
    session = disk.session()
    rename_session(session.id, "mine")
    marks = session.path.with_suffix("") / "agent-sdk-marks.json"
    for text in ("[1]", "{", '{"title": 5}', '{"title": {"value": 5, "replaced": 7}}'):
        marks.write_text(text)
        assert get_session_info(session.id).custom_title == "mine"
        rename_session(session.id, "mine")
    delete_session(session.id)
    assert not session.path.with_suffix("").exists()


KEYS = {"customTitle": "custom_title", "aiTitle": "custom_title", "lastPrompt": "summary", "summary": "summary", "tag": "tag"}


@pytest.mark.parametrize(("key", "field"), KEYS.items())
def test_the_input_of_a_tool_is_no_title(disk: Disk, key: str, field: str) -> None:
    """A key of that name in a tool's input, a result or another entry changes nothing."""
    session = disk.session("hello")
    rename_session(session.id, "title") if field != "summary" else None
    before = getattr(get_session_info(session.id), field)
    session.use("x", {key: "wrong", "nested": [{"type": key, key: "wrong"}]})
    session.line(type="other", **{key: "wrong"})
    session.line(**{key: 5, "type": "custom-title"})
    session.line(type=["tag"], **{key: "wrong"})
    assert getattr(get_session_info(session.id), field) == before


RECORDS = {"custom-title": "customTitle", "ai-title": "aiTitle", "last-prompt": "lastPrompt", "summary": "summary"}


@pytest.mark.parametrize(("kind", "key"), RECORDS.items())
def test_a_store_may_reorder_keys(disk: Disk, kind: str, key: str) -> None:
    """The order of the keys and the space behind the colons do not matter."""
    session = disk.session("hello")
    for entry in ({key: "right", "sessionId": session.id, "type": kind}, {"tag": "t", "a": 1, "type": "tag"}):
        session.write(json.dumps(entry, separators=(", ", ": ")).encode() + b"\n")
    info = get_session_info(session.id)
    assert (info.summary, info.tag) == ("right", "t")
