"""Transcripts that are damaged, odd or end in the middle of a turn are read as the CLI reads them."""
from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from disk import Disk, Transcript

from agent_sdk import Message, UserMessage
from agent_sdk.stores import Key, MemoryStore
from agent_sdk.transcripts import (
    export_session,
    fork_session,
    get_session_messages,
    get_subagent_messages,
    import_session,
    search_sessions,
    session_figures,
)

LOST = "99999999-1111-4111-8111-999999999999"


def _texts(messages: list[Message]) -> list[str]:
    """Return the text, the tool use or the tool result of each message."""
    return [message.content or _id(message) for message in messages]


def _id(message: Message) -> str:
    block = message.raw["message"]["content"][0]
    return f"use {block['id']}" if block["type"] == "tool_use" else f"result {block['tool_use_id']}"


def _read(session: Transcript) -> list[str]:
    return _texts(get_session_messages(session.id))


def _forked(session: Transcript) -> list[str]:
    return _texts(get_session_messages(fork_session(session.id)))


def _parallel(session: Transcript, **parents: str) -> None:
    """Write a reply with two tools, whose results follow their own uses unless *parents* names others."""
    one = session.use("Read", {}, id="t1", reply="msg_1")
    two = session.use("Read", {}, id="t2", reply="msg_1")
    session.result("one", id="t1", parent=parents.get("t1", one))
    session.result("two", id="t2", parent=parents.get("t2", two))


PARALLEL = ["use t1", "use t2", "result t1", "result t2"]


@pytest.mark.parametrize("kind", ["user", "system", "attachment"])
def test_an_entry_for_the_model_may_be_the_newest(disk: Disk, kind: str) -> None:
    """Nothing is cut off where the newest entry is no visible message and a turn used tools in parallel."""
    session = disk.transcript()
    session.user("q0")
    _parallel(session)
    for text in ("a0", "q1", "a1", "/x"):
        session.user(text)
    extra: dict[str, Any] = {"message": {"role": "user", "content": "copy"}, "isMeta": True} if kind == "user" else {}
    session.entry(kind, **extra)
    expected = sorted(["q0", *PARALLEL, "a0", "q1", "a1", "/x"])
    assert sorted(_read(session)) == expected
    assert sorted(_forked(session)) == expected
    assert all(text in export_session(session.id) for text in ("q0", "a1", "/x"))


@pytest.mark.parametrize("parent", [LOST, "nonsense", 5])
def test_a_parent_that_is_missing_is_the_entry_before(disk: Disk, parent: Any) -> None:
    """What came before an entry without its parent is read, and is in a fork."""
    session = disk.transcript()
    session.user("q0")
    session.reply("a0")
    session.user("of a subagent", isSidechain=True, parent=None)
    session.user("q1", parent=parent)
    session.reply("a1")
    assert _read(session) == _forked(session) == ["q0", "a0", "q1", "a1"]


def test_the_entry_before_is_the_newest_one(disk: Disk) -> None:
    """The CLI writes the summary of a compaction, and the output of a command, with times out of order."""
    session = disk.transcript()
    session.user("q0")
    session.attachment()
    newest = session.reply("a0")
    session.user("older", timestamp="2026-01-31T11:00:00.000Z")
    session.user("q1", parent=LOST)
    assert _read(session) == _forked(session) == ["q0", "a0", "q1"]
    session.attachment(parent=newest)
    session.user("older", timestamp="2026-01-31T11:00:00.000Z", parent=newest)
    session.user("q2", parent=LOST)
    assert _read(session) == ["q0", "a0", "q2"]


def test_the_missing_parents_of_progress_and_tool_results_are_bridged(disk: Disk) -> None:
    """A progress entry and all results of a reply may lack their parents."""
    session = disk.transcript()
    session.user("q0")
    session.entry("progress", parent=LOST, data={})
    session.user("q1")
    _parallel(session, t1=LOST, t2=str(uuid.uuid4()))
    session.reply("a1")
    assert _read(session) == ["q0", "q1", *PARALLEL, "a1"]
    assert _forked(session) == ["q0", "q1", *PARALLEL, "a1"]


def test_an_unknown_entry_may_be_a_parent(disk: Disk) -> None:
    """An entry of a type of the future, or without a uuid, breaks no chain."""
    session = disk.transcript()
    session.user("q0")
    session.line(type="new-type", uuid=LOST, parentUuid=session.last)
    session.user("q1", parent=LOST)
    session.line(type="user", message={"role": "user", "content": "no uuid"}, parentUuid=session.last)
    session.user("q2", parent="")
    session.reply("a2", parent=session.last)
    assert _read(session) == ["q2", "a2"]  # an empty parent is none: the CLI begins there
    session.user("q3", parent=str(uuid.uuid4()))
    assert _read(session) == ["q2", "a2", "q3"]


def test_a_child_before_its_parent_is_read_once(disk: Disk) -> None:
    """Entries out of order are put in order; those before a parent that is itself bridged stay where they are."""
    session = disk.transcript()
    session.user("q0")
    session.write(b'{"half\n')
    session.reply("a1", parent=LOST)
    session.user("q1", parent=str(uuid.uuid4()), uuid=LOST)
    assert _read(session) == _forked(session) == ["q0", "a1", "q1"]
    session = disk.transcript()
    lines = []
    for text in ("q0", "a0", "q1", "a1"):
        session.user(text)
        lines.append(session.path.read_bytes())
        session.path.unlink()
    for at in (0, 1, 3, 2):
        session.write(lines[at])
    assert _read(session) == _forked(session) == ["q0", "a0", "q1", "a1"]


def test_a_fork_up_to_a_message_before_its_parents(disk: Disk) -> None:
    """A cut that leaves a parent out leaves what came before that in the copy."""
    session = disk.transcript()
    session.user("q0")
    end = session.reply("a1", parent=LOST)
    session.user("q1", uuid=LOST, parent=None)
    assert _texts(get_session_messages(fork_session(session.id, up_to_message_id=end))) == ["q0", "a1"]


def test_the_noted_leaf_is_the_end_unless_the_file_goes_on_from_it(disk: Disk) -> None:
    """The CLI's last `last-prompt` record decides between branches."""
    session = disk.transcript()
    session.user("q0")
    first = session.reply("a0")
    session.user("q1")
    second = session.reply("a1")
    session.user("late", parent=first)
    assert _read(session) == ["q0", "a0", "late"]
    session.line(type="last-prompt", leafUuid=second, sessionId=session.id)
    assert _read(session) == ["q0", "a0", "q1", "a1"]
    session.line(type="last-prompt", leafUuid=first, sessionId=session.id)
    assert _read(session) == ["q0", "a0", "late"]
    session.line(type="last-prompt", leafUuid=LOST, sessionId=session.id)
    assert _read(session) == ["q0", "a0", "late"]


def test_a_turn_goes_on_from_another_result_than_the_noted_leaf(disk: Disk) -> None:
    """The note of one tool use of a reply stands for all of them."""
    session = disk.transcript()
    session.user("q0")
    one = session.use("Read", {}, id="t1", reply="msg_1")
    two = session.use("Read", {}, id="t2", reply="msg_1")
    session.line(type="last-prompt", leafUuid=two, sessionId=session.id)
    result = session.result("one", id="t1", parent=one)
    session.result("two", id="t2", parent=two)
    session.reply("a0", parent=result)
    assert sorted(_read(session)) == sorted(["q0", *PARALLEL, "a0"]) and _read(session)[-1] == "a0"


def test_a_subagent_with_parallel_tools_is_read_whole(disk: Disk) -> None:
    """A subagent's transcript forks as the main one does, and its missing parents are bridged."""
    session = disk.session()
    agent = session.subagent("abc", None)
    hidden: dict[str, Any] = {"isSidechain": True, "agentId": "abc"}
    agent.user("task", **hidden)
    uses = [agent.use("Read", {}, id=f"t{n}", reply="msg_1", **hidden) for n in range(3)]
    results = [agent.result("r", id=f"t{n}", parent=use, **hidden) for n, use in enumerate(uses)]
    agent.reply("middle", parent=results[0], **hidden)
    agent.reply("end", parent=LOST, **hidden)
    told = _texts(get_subagent_messages(session.id, "abc"))
    assert (told[0], told[-2:]) == ("task", ["middle", "end"])
    assert sorted(told[1:-2]) == sorted(f"{kind} t{n}" for kind in ("use", "result") for n in range(3))


@pytest.mark.parametrize("prompt", ["said meanwhile", [{"type": "text", "text": "said meanwhile"}]])
def test_a_prompt_sent_while_the_model_worked_is_a_message(disk: Disk, prompt: Any) -> None:
    """A queued prompt is in messages, exports, forks and searches, and is no other entry's loss."""
    session = disk.transcript()
    session.user("q0")
    session.use("Read", {}, id="t1")
    session.result("one", id="t1")
    attachment = {"type": "queued_command", "prompt": prompt, "commandMode": "prompt", "origin": {"kind": "human"}}
    made = session.entry("attachment", attachment=attachment)
    session.attachment(5000)
    session.reply("a0")
    assert _read(session) == _forked(session) == ["q0", "use t1", "result t1", "said meanwhile", "a0"]
    queued = get_session_messages(session.id)[3]
    assert isinstance(queued, UserMessage) and queued.uuid == made and queued.raw["origin"] == {"kind": "human"}
    for form in ("markdown", "html", "json"):
        assert "said meanwhile" in export_session(session.id, format=form)
    hits = search_sessions("said meanwhile")
    assert [(excerpt.where, excerpt.uuid) for hit in hits for excerpt in hit.excerpts if hit.session_id == session.id] == [
        ("prompt", made)
    ]


def _compact(session: Transcript, anchor: str | None, kept: list[str], **fields: Any) -> None:
    """Write a compaction that preserves the messages *kept* behind the entry *anchor*; its summary is `LOST`."""
    preserved = {"preservedMessages": {"anchorUuid": anchor, "uuids": kept}} if anchor else {}
    metadata = {"trigger": "auto", "preTokens": 5, **preserved}
    session.entry("system", subtype="compact_boundary", content="c", compactMetadata=metadata, **fields)
    session.user("summary", isCompactSummary=True, uuid=LOST)


def test_messages_that_a_compaction_preserved_follow_its_summary(disk: Disk) -> None:
    """Preserved messages are part of the conversation, also in a fork, and are told once across compactions."""
    session = disk.transcript()
    session.user("q0")
    kept = [session.user("kept q"), session.reply("kept a")]
    _compact(session, LOST, kept, parent=None, logicalParentUuid=kept[-1])
    assert _read(session) == ["summary", "kept q", "kept a"]
    session.user("q1")
    assert _read(session) == _forked(session) == ["summary", "kept q", "kept a", "q1"]
    whole = get_session_messages(session.id, include_compacted=True)
    assert _texts(whole) == ["q0", "kept q", "kept a", "summary", "q1"]


def test_preserved_messages_of_which_one_is_missing_are_left_out(disk: Disk) -> None:
    """The CLI relinks all of them or none; a segment is named by its head and its tail."""
    session = disk.transcript()
    session.user("q0")
    kept = [session.user("kept q"), session.reply("kept a")]
    _compact(session, LOST, [*kept, str(uuid.uuid4())], parent=None, logicalParentUuid=kept[-1])
    session.user("q1")
    assert _read(session) == ["summary", "q1"]
    segment = {"headUuid": kept[0], "anchorUuid": LOST, "tailUuid": kept[-1]}
    text = session.path.read_text().replace('"preservedMessages":', f'"preservedSegment":{json.dumps(segment)},"old":')
    session.path.write_text(text)
    assert _read(session) == ["summary", "kept q", "kept a", "q1"]


@pytest.mark.parametrize("fields", [{"parent": None, "logicalParentUuid": str(uuid.uuid4())}, {"parent": None}, {}])
def test_a_compaction_without_its_logical_parent_hides_nothing(disk: Disk, fields: dict[str, Any]) -> None:
    """What came before is there when asked for, and the conversation begins with the summary all the same."""
    session = disk.transcript()
    session.user("q0")
    session.reply("a0")
    _compact(session, None, [], **fields)
    assert _read(session) == ["summary"]
    assert _texts(get_session_messages(session.id, include_compacted=True)) == ["q0", "a0", "summary"]
    assert "q0" in export_session(session.id)


@pytest.mark.parametrize("behind", [b"\0" * 50 + b"\n", b"garbage\n", b'{"type":"mode"}\n'])
def test_the_first_record_of_a_line_is_read(disk: Disk, behind: bytes) -> None:
    """NULs, garbage or a second record behind a record do not hide it from any reader."""
    session = disk.session()
    session.user("the second prompt")
    session.path.write_bytes(session.path.read_bytes()[:-1] + behind)
    session.reply("a1")
    assert _read(session) == _forked(session) == ["hello", "echo: hello", "the second prompt", "a1"]
    assert search_sessions("the second prompt") and session_figures(session.id).turns == 2
    store = MemoryStore()
    assert import_session(session.id, store) == 4


def test_entries_of_odd_types_are_left_out(disk: Disk) -> None:
    """A type that is a list, or a uuid that is a number, is an error of no reader."""
    session = disk.session()
    for odd in ({"type": ["x"], "uuid": LOST}, {"type": {"a": 1}}, {"type": "user", "uuid": 7}, {"type": None}):
        session.line(**odd)
    session.user("q1", agentId=["x"], timestamp=5)
    assert _read(session) == _forked(session) == ["hello", "echo: hello", "q1"]
    assert search_sessions("q1") and session_figures(session.id).turns
    assert "q1" in export_session(session.id)


def test_a_number_that_is_too_large_is_written_as_null(disk: Disk) -> None:
    """`1e999` is read as infinity, which JSON cannot hold."""
    session = disk.session()
    session.path.write_bytes(session.path.read_bytes().replace(b'"isSidechain"', b'"n":[1e999],"isSidechain"'))
    assert _forked(session) == ["hello", "echo: hello"]
    exported = json.loads(export_session(session.id, format="json"))
    assert exported["messages"][-1]["n"] == [None]
    store = MemoryStore()
    import_session(session.id, store)
    stored = store.load(Key(session.path.parent.name, session.id))
    assert stored is not None and stored[-1]["n"] == [None]


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_half_a_surrogate_pair_is_exported(disk: Disk, form: str) -> None:
    """Half a pair in prompts, replies, tools, titles and tags: a text with U+FFFD, and JSON with the escape."""
    session = disk.transcript()
    for line in (
        b'{"parentUuid":null,"isSidechain":false,"type":"user","uuid":"u1","message":{"role":"user","content":"p\\ud83d"}}\n',
        b'{"parentUuid":"u1","isSidechain":false,"type":"assistant","uuid":"u2","message":{"id":"m","role":"assistant",'
        b'"content":[{"type":"text","text":"r\\udc00"},{"type":"thinking","thinking":"t\\ud83d"},'
        b'{"type":"tool_use","id":"x","name":"N\\ud83d","input":{"a":"\\ud83d"}}]}}\n',
        b'{"type":"custom-title","customTitle":"title\\ud83d"}\n{"type":"tag","tag":"tag\\ud83d"}\n',
    ):
        session.write(line)
    text = export_session(session.id, format=form)
    assert text.encode()
    assert ("p\\ud83d" if form == "json" else "p\ufffd") in text
