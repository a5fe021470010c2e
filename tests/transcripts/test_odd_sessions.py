"""Sessions with long first prompts, sidechains inside and odd times are listed and found like any other."""
from __future__ import annotations

import unicodedata
from datetime import date, datetime, timezone

import pytest
from disk import Disk

from agent_sdk import (
    ConfigurationError,
    SessionNotFoundError,
    get_session_info,
    get_session_messages,
    list_sessions,
    search_sessions,
)
from agent_sdk.transcripts.listing import short_time


def test_a_first_prompt_of_any_size_is_listed(disk: Disk) -> None:
    """A first prompt longer than the part that a listing reads is shown, and its session is found and searched."""
    session = disk.session("needle " + "p" * 300_000)
    info = get_session_info(session.id)
    assert info is not None
    assert info.first_prompt.startswith("needle ppp") and len(info.first_prompt) == 201
    assert (info.cwd, info.git_branch) == (str(disk.project), "main")
    assert [hit.session_id for hit in search_sessions("needle")] == [session.id]


def test_a_session_that_begins_in_the_middle_is_listed(disk: Disk) -> None:
    """A prompt far from the start is found where replies, results and slash commands come first."""
    session = disk.transcript()
    session.reply("x" * 100_000)
    session.result("y" * 100_000)
    session.user("<command-name>/init</command-name>")
    session.reply("z" * 100_000)
    assert get_session_info(session.id).first_prompt == "/init"
    session.user("the first prompt")
    session.reply("x" * 100_000)
    assert get_session_info(session.id).first_prompt == "the first prompt"


def test_sidechains_inside_a_session_do_not_hide_it(disk: Disk) -> None:
    """CLI 2.0 wrote a subagent's entries into the session's file, also as the first ones."""
    session = disk.transcript()
    session.user("Warmup", isSidechain=True)
    session.reply("ready", isSidechain=True)
    assert list_sessions() == []
    session.user("the prompt", parent=None)
    session.reply("the reply")
    assert [info.first_prompt for info in list_sessions()] == ["the prompt"]
    assert [hit.session_id for hit in search_sessions("the reply")] == [session.id]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_a_search_ignores_the_form_of_letters(disk: Disk, form: str, asked: str) -> None:
    """Composed and decomposed letters are equal, in either direction."""
    session = disk.session(unicodedata.normalize(form, "Ein Café in Ålesund"))
    for text in ("café", "ålesund", "é", "Café in Å"):
        assert [hit.session_id for hit in search_sessions(unicodedata.normalize(asked, text))] == [session.id]
    assert search_sessions("cafe in") == []


@pytest.mark.parametrize("space", ["\n", "\n    ", "\t", "  ", "\u00a0", "\r\n"])
def test_words_are_found_across_a_line_break(disk: Disk, space: str) -> None:
    """White space between two words matches any white space."""
    session = disk.session(f"hello{space}world")
    assert [hit.session_id for hit in search_sessions("hello world")] == [session.id]
    assert [hit.session_id for hit in search_sessions("hello\nworld")] == [session.id]
    assert search_sessions("helloworld") == []


def test_a_time_may_be_text(disk: Disk) -> None:
    """ISO 8601 text is a time; a date without a time counts as the whole day."""
    session = disk.session().touch(datetime(2026, 1, 31, 13, tzinfo=timezone.utc).timestamp())
    for since in ("2026-01-30", "2026-01-31T12:59:00Z", "2026-01-31T12:59:00+00:00"):
        assert [hit.session_id for hit in search_sessions(since=since)] == [session.id]
    assert search_sessions(since="2026-02-02") == search_sessions(until="2026-01-29") == []
    assert len(search_sessions(until="2026-02-01")) == 1
    for wrong in ("yesterday", "", "2026-13-01", float("nan"), float("inf"), True):
        with pytest.raises(ConfigurationError, match="since="):
            search_sessions(since=wrong)


@pytest.mark.parametrize("zone", [None, timezone.utc])
def test_the_first_and_the_last_year_are_times(disk: Disk, zone) -> None:
    """The earliest and latest dates of Python are valid limits, and such times in a transcript are shown."""
    disk.session()
    first, last = datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)
    assert len(search_sessions(since=first, until=last)) == 1
    assert search_sessions(since=last) == search_sessions(until=first) == []
    assert len(search_sessions(since=date.min, until=date.max)) == 1
    assert len(search_sessions(since="0001-01-01", until="9999-12-31")) == 1
    for milliseconds in (-(10**15), 10**15):
        assert short_time(milliseconds).endswith(":00")


def test_what_does_not_exist_raises(disk: Disk, tmp_path) -> None:
    """An unknown session and an unknown directory raise; a deleted directory still has its sessions."""
    with pytest.raises(SessionNotFoundError):
        get_session_messages("00000000-0000-4000-8000-000000000000")
    for look in (lambda: list_sessions(tmp_path / "misspelt"), lambda: search_sessions(directory=tmp_path / "misspelt")):
        with pytest.raises(ConfigurationError, match="no such directory"):
            look()
    gone = tmp_path / "gone"
    session = disk.session(directory=gone)
    assert [info.session_id for info in list_sessions(gone)] == [session.id]
