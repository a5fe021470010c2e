"""Which sessions are listed, and what is told of them."""
from __future__ import annotations

import json
import os
import uuid
from typing import Any

import pytest
from disk import Disk

from agent_sdk import ConfigurationError
from agent_sdk.transcripts import SessionInfo, get_session_info, list_sessions
from agent_sdk.transcripts.head_and_tail import SCAN_BYTES


def _info(session_id: str) -> SessionInfo:
    info = get_session_info(session_id)
    assert info is not None
    return info


def test_a_listing_tells_what_the_ends_of_a_transcript_hold(disk: Disk) -> None:
    """All facts of a session come from its first and last 64 KiB."""
    session = disk.session("first prompt")
    session.line(type="last-prompt", lastPrompt="latest prompt", sessionId=session.id)
    session.touch(1_770_000_000.5)
    [info] = list_sessions()
    assert info.session_id == session.id
    assert info.summary == "latest prompt"
    assert info.first_prompt == "first prompt"
    assert (info.custom_title, info.tag) == (None, None)
    assert (info.cwd, info.git_branch) == (str(disk.project), "main")
    assert info.created_at == 1769860801000
    assert info.last_modified == 1_770_000_000_500
    assert info.file_size == session.path.stat().st_size
    assert info == _info(session.id)


def test_sessions_are_listed_newest_first_by_pages(disk: Disk) -> None:
    """The limit and the offset count from the newest."""
    ids = [disk.session(str(n)).touch(1000 + n).id for n in range(6)][::-1]
    assert [info.session_id for info in list_sessions()] == ids
    assert [info.session_id for info in list_sessions(limit=2, offset=1)] == ids[1:3]
    assert [info.session_id for info in list_sessions(limit=0)] == ids
    assert list_sessions(offset=9) == []


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"offset": -1}, {"limit": "5"}, {"limit": 1.5}, {"directory": 5}])
def test_a_wrong_argument_is_refused(disk: Disk, wrong: dict[str, Any]) -> None:
    """A page that cannot be is no empty page."""
    with pytest.raises(ConfigurationError):
        list_sessions(**wrong)


def test_a_title_wins_over_prompts(disk: Disk) -> None:
    """The title that was given counts, then the one the CLI made up, then the last prompt."""
    session = disk.session("prompt")
    session.line(type="ai-title", aiTitle="made up", sessionId=session.id)
    assert _info(session.id).summary == "made up"
    session.line(type="custom-title", customTitle='given "title" é', sessionId=session.id)
    session.line(type="last-prompt", lastPrompt="later", sessionId=session.id)
    assert _info(session.id).summary == _info(session.id).custom_title == 'given "title" é'


def test_a_title_at_the_start_of_a_long_transcript_is_found(disk: Disk) -> None:
    """What is not at the end is looked for at the start."""
    session = disk.transcript()
    session.line(type="custom-title", customTitle="early", sessionId=session.id)
    session.user("hi")
    for _ in range(3):
        session.attachment(SCAN_BYTES)
    assert _info(session.id).custom_title == "early"


def test_a_string_that_is_cut_off_does_not_count(disk: Disk) -> None:
    """A value that runs past the piece that was read is passed over for the one before it."""
    session = disk.session("prompt")
    session.line(type="custom-title", customTitle="whole", sessionId=session.id)
    session.write(b'{"type":"custom-title","customTitle":"half')
    assert _info(session.id).custom_title == "whole"


def test_text_in_the_conversation_is_no_fact_of_the_session(disk: Disk) -> None:
    """A prompt that holds JSON of a transcript gives the session no title and no tag."""
    session = disk.session('{"type":"tag","tag":"fake"} "customTitle":"fake"')
    session.use("Bash", {"tag": "input"})
    assert (_info(session.id).custom_title, _info(session.id).tag) == (None, None)


def test_the_last_tag_counts_and_an_empty_one_clears(disk: Disk) -> None:
    """A tag is taken off by an empty one."""
    session = disk.session()
    session.line(type="tag", tag="one", sessionId=session.id)
    session.line(type="tag", tag="two", sessionId=session.id)
    assert _info(session.id).tag == "two"
    session.line(type="tag", tag="", sessionId=session.id)
    assert _info(session.id).tag is None


NO_PROMPTS = [
    "<local-command-stdout>x</local-command-stdout>",
    "<session-start-hook>x",
    "<tick>",
    "<goal>g",
    "[Request interrupted by user for tool use]",
    "<ide_opened_file>a\nb</ide_opened_file>",
    " <ide_selection>x</ide_selection> ",
    "   ",
]


@pytest.mark.parametrize("text", NO_PROMPTS)
def test_what_no_user_wrote_is_no_first_prompt(disk: Disk, text: str) -> None:
    """The first prompt is the first one that a person gave."""
    session = disk.transcript()
    session.user(text)
    session.user("meta", isMeta=True)
    session.user("summary", isCompactSummary=True)
    session.result("a result")
    session.user([{"type": "image"}, {"type": "text", "text": "real\nprompt"}])
    assert _info(session.id).first_prompt == "real prompt"


def test_a_slash_command_is_a_first_prompt_only_for_want_of_another(disk: Disk) -> None:
    """A session of nothing but a command is named after it."""
    session = disk.transcript()
    session.user("<command-name>/compact</command-name>\n<command-args></command-args>")
    assert _info(session.id).first_prompt == "/compact"
    session.user("then this")
    assert _info(session.id).first_prompt == "then this"


def test_a_long_first_prompt_is_cut(disk: Disk) -> None:
    """A first prompt has at most 200 characters and an ellipsis."""
    assert _info(disk.session("x" * 500).id).first_prompt == "x" * 200 + "…"


def test_what_has_nothing_to_show_is_hidden(disk: Disk) -> None:
    """Sidechains, stubs, transcripts without a prompt and files of other names are not sessions to list."""
    sidechain = disk.transcript()
    sidechain.user("agent", isSidechain=True)
    bare = disk.transcript()
    bare.line(type="mode", mode="normal", sessionId=bare.id)
    disk.transcript().path.touch()
    (disk.folder() / "notes.jsonl").write_text("{}\n")
    (disk.folder() / f"{uuid.uuid4()}.txt").write_text("{}\n")
    (disk.folder() / f"{uuid.uuid4()}.jsonl").mkdir()
    os.mkfifo(disk.folder() / f"{uuid.uuid4()}.jsonl")
    assert list_sessions() == []
    assert get_session_info(sidechain.id) is None and get_session_info(bare.id) is None


def test_a_hidden_session_takes_no_place_in_a_page(disk: Disk) -> None:
    """A page is full although a newer transcript has nothing to show."""
    sessions = [disk.session(str(n)).touch(1000 + n) for n in range(3)]
    disk.transcript().line(type="mode", mode="normal")
    assert [info.session_id for info in list_sessions(limit=2)] == [sessions[2].id, sessions[1].id]


def test_a_session_without_a_directory_has_the_one_looked_in(disk: Disk) -> None:
    """Where a transcript does not tell its directory, the question does."""
    session = disk.transcript()
    session.line(type="user", message={"role": "user", "content": "bare"}, uuid=str(uuid.uuid4()))
    assert list_sessions(disk.project)[0].cwd == str(disk.project)
    assert list_sessions()[0].cwd is None


def test_only_the_ends_of_a_transcript_are_read(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing reads no more than 128 KiB of a transcript, and with a limit none that is not shown."""
    for n in range(3):
        session = disk.session(str(n))
        session.attachment(5 * SCAN_BYTES)
        session.touch(1000 + n)
    read: list[int] = []
    pread = os.pread

    def counted(descriptor: int, size: int, position: int) -> bytes:
        got = pread(descriptor, size, position)
        read.append(len(got))
        return got

    monkeypatch.setattr(os, "pread", counted)
    assert len(list_sessions(limit=1)) == 1
    assert sum(read) == 2 * SCAN_BYTES


def test_a_listing_shows_itself_in_a_notebook(disk: Disk) -> None:
    """A notebook shows sessions as a table in which no title can do harm."""
    disk.session("<script>alert(1)</script> | `x`")
    listed = list_sessions()
    assert "<script>" not in listed._repr_html_() and "&lt;script&gt;" in listed._repr_html_()
    assert "<script>" not in listed._repr_markdown_() and "\\|" in listed._repr_markdown_()
    assert listed[0]._repr_markdown_() == listed._repr_markdown_()


def test_an_info_is_a_plain_value(disk: Disk) -> None:
    """What a listing tells can be written as JSON."""
    disk.session()
    [info] = list_sessions()
    assert json.loads(json.dumps(info.to_dict()))["session_id"] == info.session_id
