"""Finding sessions, and adding up what they took."""
from __future__ import annotations

import uuid
from datetime import date, datetime, timezone
from typing import Any

import pytest
from disk import Disk, Transcript

from agent_sdk import ConfigurationError, SessionNotFoundError
from agent_sdk.transcripts import rename_session, search, search_sessions, session_figures, tag_session


def _ids(**wanted: Any) -> list[str]:
    return [hit.session_id for hit in search_sessions(**wanted)]


@pytest.fixture
def talk(disk: Disk) -> Transcript:
    """A session in which everything is said somewhere else."""
    session = disk.session("The PROMPT says Häuser")
    session.assistant({"type": "thinking", "thinking": "a Thought"})
    session.use("Bash", {"command": "run tool-INPUT", "deep": [{"x": "nested value"}]})
    session.result([{"type": "text", "text": "line one\nthe result"}])
    session.user("hidden words", isMeta=True)
    session.user("side words", isSidechain=True, parent=None)
    return session


FOUND = [
    ("prompt SAYS", "prompt"),
    ("HÄUSER", "prompt"),
    ("thought", "thinking"),
    ("Tool-Input", "tool use"),
    ("nested", "tool use"),
    ("one\nthe", "tool result"),
    ("tas\u212a", None),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_text_is_found_wherever_it_was_said(talk: Transcript, text: str, where: str | None) -> None:
    """Prompts, replies, thinking and tools are searched, in either case of letters."""
    hits = search_sessions(text)
    assert [excerpt.where for hit in hits for excerpt in hit.excerpts][:1] == ([where] if where else [])
    if where:
        assert hits[0].excerpts[0].uuid and hits[0].excerpts[0].timestamp


def test_letters_that_fold_in_unusual_ways_are_found(disk: Disk) -> None:
    """The Kelvin sign is a k, as `re.IGNORECASE` says, also past the quick look at the line."""
    session = disk.session("degrees \u212a")
    assert _ids(text="k") == [session.id]


@pytest.mark.parametrize("text", ["hidden words", "side words", "parentUuid", "external"])
def test_what_nobody_said_is_not_found(talk: Transcript, text: str) -> None:
    """Meta entries, sidechains and the entries' own fields are not the conversation."""
    assert search_sessions(text) == []


def test_a_title_is_found(talk: Transcript) -> None:
    """A title counts as text, and comes first."""
    rename_session(talk.id, "Moving house")
    [hit] = search_sessions("HOUSE")
    assert (hit.excerpts[0].where, hit.excerpts[0].uuid) == ("title", None)


def test_an_excerpt_is_short_and_on_one_line(disk: Disk) -> None:
    """An excerpt shows some words around what was found, at most five of them for a session."""
    session = disk.session("x" * 500 + "\nneedle\n" + "y" * 500)
    for _ in range(9):
        session.user("needle")
    [hit] = search_sessions("needle")
    assert len(hit.excerpts) == search.MAX_EXCERPTS
    text = hit.excerpts[0].text
    assert text.startswith("…x") and " needle " in text and text.endswith("y…") and len(text) < 150


def test_tag_branch_directory_and_limit_narrow_a_search(disk: Disk) -> None:
    """All conditions hold together; without a text no excerpt is made."""
    one, two = disk.session("one").touch(1000), disk.session("two", disk.project.parent).touch(2000)
    tag_session(one.id, "good")
    assert _ids(tag="good") == _ids(tag=" good\u200b") == [one.id]
    assert _ids(branch="main", directory=disk.project.parent) == [two.id]
    assert _ids(branch="other") == []
    assert len(_ids()) == 2 and len(_ids(limit=1)) == 1
    assert search_sessions(tag="good")[0].excerpts == []


def test_a_session_counts_from_its_begin_to_its_last_change(disk: Disk) -> None:
    """A time fits when the session was going on then, given in any of the usual ways."""
    session = disk.session()
    began = datetime(2026, 1, 31, 12, 0, 1, tzinfo=timezone.utc)
    session.touch(began.timestamp() + 60)
    assert _ids(since=began, until=began) == [session.id]
    assert _ids(since=began.timestamp() + 60) == [session.id]
    assert _ids(since=began.timestamp() + 61) == _ids(until=began.timestamp() - 1) == []
    assert _ids(since=date(2026, 1, 30), until=date(2026, 2, 1)) == [session.id]
    assert _ids(until=datetime.fromtimestamp(began.timestamp()).date()) == [session.id]


@pytest.mark.parametrize("wrong", [{"text": 5}, {"since": "yesterday"}, {"until": True}, {"tag": 5}, {"limit": -1}])
def test_a_wrong_condition_is_refused(disk: Disk, wrong: dict[str, Any]) -> None:
    """A condition that cannot be met is an error, not an empty list."""
    with pytest.raises(ConfigurationError):
        search_sessions(**wrong)


def _cost(session: Transcript, dollars: float) -> None:
    session.line(type="cost-state", sessionId=session.id, totalCostUSD=dollars, totalAPIDuration=100)


def test_figures_count_everything_once(disk: Disk) -> None:
    """A reply counts once for all its pieces, a tool use once, and subagents count in."""
    session = disk.session("one")
    session.use("Bash", {}, id="a", reply="msg")
    session.use("Read", {}, id="b", reply="msg")
    session.result("out", id="a")
    session.user([{"type": "text", "text": "two"}])
    session.user("<command-name>/compact</command-name>")
    session.user("[Request interrupted by user]")
    session.entry("system", subtype="compact_boundary")
    session.user("summary", isCompactSummary=True)
    agent = session.subagent("a1", "b")
    agent.user("go", isSidechain=True)
    agent.use("Bash", {}, id="c", isSidechain=True)
    figures = session_figures(session.id)
    assert figures.tools == {"Bash": 2, "Read": 1}
    assert (figures.turns, figures.subagents, figures.compactions) == (2, 1, 1)
    count = figures.tokens["claude-test"]
    assert (count.replies, count.input_tokens, count.output_tokens, count.cache_read_input_tokens) == (3, 36, 21, 3)
    assert figures.total_tokens == count.total_tokens == 60
    assert figures.duration_ms == 9000
    assert figures.cost_usd is None and not figures.is_cost_complete


def test_the_last_cost_of_a_session_holds_all_of_it(disk: Disk) -> None:
    """The CLI's figure is cumulative over resumes: it is not added up."""
    session = disk.session()
    _cost(session, 1.0)
    session.reply("more")
    assert not session_figures(session.id).is_cost_complete
    _cost(session, 1.5)
    figures = session_figures(session.id)
    assert (figures.cost_usd, figures.inherited_cost_usd, figures.api_duration_ms) == (1.5, 0.0, 100)
    assert figures.is_cost_complete


def _forked(disk: Disk, source: Transcript, dollars: float) -> Transcript:
    """Copy *source* as the CLI's `--fork-session` does: its entries unchanged, no cost, then a turn of its own."""
    fork = disk.transcript()
    fork.count = source.count + 5
    fork.line(type="queue-operation", operation="enqueue", timestamp=fork.time(), sessionId=fork.id)
    kept = [line for line in source.path.read_bytes().splitlines(True) if line.startswith(b'{"parentUuid"')]
    fork.write(b"".join(kept).replace(source.id.encode(), fork.id.encode()))
    fork.last = source.last
    fork.user("forked")
    fork.reply("yes")
    _cost(fork, dollars)
    return fork


def test_what_a_fork_inherited_is_not_its_own(disk: Disk) -> None:
    """The sum over a session and its forks counts every dollar and token once."""
    source = disk.session("root")
    _cost(source, 1.0)
    fork = _forked(disk, source, 1.25)
    sibling = _forked(disk, source, 1.5)
    second = _forked(disk, fork, 1.75)
    source.count = 50
    source.line(type="queue-operation", operation="enqueue", timestamp=source.time(), sessionId=source.id)
    source.reply("later")
    _cost(source, 4.0)
    figures = [session_figures(each.id) for each in (source, fork, sibling, second)]
    assert [each.cost_usd for each in figures] == [4.0, 0.25, 0.5, 0.5]
    assert [each.inherited_cost_usd for each in figures] == [0.0, 1.0, 1.0, 1.25]
    assert [each.turns for each in figures] == [1, 1, 1, 1]
    assert sum(each.tokens["claude-test"].replies for each in figures) == 5


def test_a_fork_whose_source_is_gone_keeps_the_whole_figure(disk: Disk) -> None:
    """Without the source nothing tells what was inherited."""
    source = disk.session()
    _cost(source, 1.0)
    fork = _forked(disk, source, 1.25)
    source.path.unlink()
    assert session_figures(fork.id).cost_usd == 1.25


def test_figures_of_an_unknown_session_are_an_error(disk: Disk) -> None:
    """There is nothing to add up."""
    with pytest.raises(SessionNotFoundError):
        session_figures(str(uuid.uuid4()))


def test_rubbish_in_a_transcript_spoils_no_figure(disk: Disk) -> None:
    """Fields of other types than the CLI writes are passed over."""
    session = disk.session()
    session.entry("assistant", message={"model": 5, "usage": {"input_tokens": "many"}, "content": "text"})
    session.entry("assistant", message="none", timestamp="never")
    session.line(type="cost-state", totalCostUSD="much")
    figures = session_figures(session.id)
    assert figures.cost_usd is None and figures.tokens["claude-test"].replies == 1
