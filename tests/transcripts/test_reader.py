"""The conversation in a transcript: branches, compactions, parallel tools, subagents, damage."""
from __future__ import annotations

import pickle
import uuid
from typing import Any

import pytest
from disk import Disk

from agent_sdk import AssistantMessage, ConfigurationError, Message, SessionNotFoundError, UserMessage
from agent_sdk.transcripts import entries, fork_session, get_session_messages, get_subagent_messages, list_subagents
from agent_sdk.transcripts.entries import CHUNK_SIZE


def _uuids(messages: list[Message]) -> list[str | None]:
    return [message.uuid for message in messages]


def test_messages_are_of_the_classes_of_a_query(disk: Disk) -> None:
    """A message from disk answers the same questions as one from a run."""
    session = disk.session("hi")
    session.use("Bash", {"command": "ls"})
    session.result("out", toolUseResult={"stdout": "out"})
    prompt, reply, use, result = get_session_messages(session.id)
    assert isinstance(prompt, UserMessage) and isinstance(reply, AssistantMessage)
    assert prompt.content == "hi" and prompt.session_id == session.id and prompt.timestamp
    assert reply.content == "echo: hi" and reply.usage is not None and reply.usage.output_tokens == 7
    assert use.is_tool_use and isinstance(use, AssistantMessage) and use.tool_input == {"command": "ls"}
    assert result.is_tool_result and isinstance(result, UserMessage) and result.tool_use_result == {"stdout": "out"}
    assert not any(message.is_subagent for message in (prompt, reply, use, result))
    assert reply.parent_uuid == prompt.uuid and prompt.cwd == str(disk.project) and prompt.git_branch == "main"
    assert prompt.raw["message"] == {"role": "user", "content": "hi"}


def test_a_page_of_messages(disk: Disk) -> None:
    """The limit and the offset count from the first message."""
    session = disk.transcript()
    made = [session.user(str(n)) for n in range(5)]
    assert _uuids(get_session_messages(session.id, limit=2, offset=1)) == made[1:3]
    assert _uuids(get_session_messages(session.id, limit=0)) == made
    assert _uuids(get_session_messages(session.id, offset=4)) == made[4:]
    with pytest.raises(ConfigurationError):
        get_session_messages(session.id, limit=-1)


def test_an_unknown_session_has_no_messages(disk: Disk) -> None:
    """Reading the messages of an unknown session raises; it has no subagents."""
    unknown = str(uuid.uuid4())
    with pytest.raises(SessionNotFoundError):
        get_session_messages(unknown)
    assert list_subagents(unknown) == [] == get_subagent_messages(unknown, "a")


def test_the_newest_branch_is_the_conversation(disk: Disk) -> None:
    """A branch that was left is not told."""
    session = disk.transcript()
    first, answer = session.user("one"), session.reply("1")
    session.user("left")
    session.reply("left too")
    other = session.user("taken", parent=answer)
    last = session.reply("2")
    assert _uuids(get_session_messages(session.id)) == [first, answer, other, last]


def test_what_follows_the_last_message_does_not_count_as_an_end(disk: Disk) -> None:
    """The end of the conversation is its last message, whatever attachments and notes hang behind."""
    session = disk.session()
    session.entry("system", subtype="stop_hook_summary")
    session.attachment()
    assert [message.type for message in get_session_messages(session.id)] == ["user", "assistant"]


@pytest.mark.parametrize("flag", ["isSidechain", "isMeta"])
def test_hidden_entries_are_left_out_but_hold_the_chain_together(disk: Disk, flag: str) -> None:
    """An entry that is not for the reader may still be the parent of one that is."""
    session = disk.transcript()
    first = session.user("one")
    session.user("hidden", **{flag: True})
    last = session.reply("two")
    assert _uuids(get_session_messages(session.id)) == [first, last]


def test_a_later_sidechain_is_not_the_conversation(disk: Disk) -> None:
    """The newest entry of the main conversation is its end, not a newer one of a subagent."""
    session = disk.session()
    main = _uuids(get_session_messages(session.id))
    session.user("agent", parent=None, isSidechain=True)
    session.reply("agent too", isSidechain=True)
    assert _uuids(get_session_messages(session.id)) == main


def test_a_compaction_hides_what_came_before(disk: Disk) -> None:
    """After a compaction the conversation begins with its summary; all of it is told when asked for."""
    session = disk.transcript()
    before = [session.user("old"), session.reply("older")]
    session.entry("system", None, logicalParentUuid=before[1], subtype="compact_boundary", content="compacted",
                  compactMetadata={"trigger": "manual", "preTokens": 5})
    summary = session.user("summary", isCompactSummary=True)
    after = session.user("new")
    assert _uuids(get_session_messages(session.id)) == [summary, after]
    assert _uuids(get_session_messages(session.id, include_compacted=True)) == [*before, summary, after]
    boundary = get_session_messages(session.id, include_system_messages=True)[0]
    assert boundary.is_compact_boundary and boundary.compact_metadata.pre_tokens == 5


def test_a_chain_may_be_a_circle(disk: Disk) -> None:
    """Entries that are each other's parents end the walk, not the program."""
    session = disk.transcript()
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    session.user("a", parent=two, uuid=one)
    session.user("b", parent=one, uuid=two)
    assert _uuids(get_session_messages(session.id)) == [one, two]
    tail = session.user("c", parent=two)
    assert _uuids(get_session_messages(session.id)) == [one, two, tail]


def _parallel(disk: Disk, answered_by: str) -> tuple[Any, list[str]]:
    """A reply with three tool uses, each answered at its own entry; the turn goes on from one of the results."""
    session = disk.transcript()
    prompt = session.user("three")
    uses = [session.use("Read", {"n": n}, id=f"t{n}", reply="msg_1") for n in "abc"]
    results = {n: session.result(n, id=f"t{n}", parent=use) for n, use in zip("abc", uses, strict=True)}
    end = session.reply("done", parent=results[answered_by])
    return session, [prompt, *uses, *results.values(), end]


def test_parallel_tools_are_told_whole(disk: Disk) -> None:
    """Every tool use and every result of a reply is there, whichever the turn went on from."""
    session, everything = _parallel(disk, "c")
    told = _uuids(get_session_messages(session.id))
    assert sorted(map(str, told)) == sorted(everything)
    assert told[:4] == everything[:4] and told[-1] == everything[-1]
    session, everything = _parallel(disk, "a")
    told = _uuids(get_session_messages(session.id))
    assert sorted(map(str, told)) == sorted(everything)
    # What was missed stands behind the last piece of the reply that was on the path.
    assert told == [everything[0], everything[1], *everything[2:4], *everything[5:7], everything[4], everything[7]]


def test_a_result_that_hangs_elsewhere_is_joined_by_its_tool_use(disk: Disk) -> None:
    """A result whose parent is no entry of the reply still belongs to the open tool use that it answers, once."""
    session = disk.transcript()
    prompt = session.user("two")
    one = session.use("Read", {}, id="t1", reply="msg_1")
    two = session.use("Read", {}, id="t2", reply="msg_1")
    note = session.attachment()
    on_path = session.result("one", id="t1", parent=two)
    end = session.reply("done")
    stray = session.result("two", id="t2", parent=note)
    session.result("two again", id="t2", parent=note)
    session.reply("and on", parent=end)
    told = _uuids(get_session_messages(session.id))
    assert told[:5] == [prompt, one, two, stray, on_path]
    assert len(told) == 7


def test_a_tool_use_that_two_replies_claim_places_no_result(disk: Disk) -> None:
    """An ambiguous id is never used to put a result back."""
    session = disk.transcript()
    session.user("x")
    session.use("Read", {}, id="same", reply="msg_1")
    session.use("Read", {}, id="same", reply="msg_2")
    end = session.reply("end")
    note = session.attachment()
    session.result("?", id="same", parent=note)
    session.reply("last", parent=end)
    assert [message.is_tool_result for message in get_session_messages(session.id)].count(True) == 0


def test_damage_costs_one_line(disk: Disk) -> None:
    """Broken lines, unknown entries and binary rubbish are passed over."""
    session = disk.transcript()
    first = session.user("one")
    for junk in (b"{half a line\n", b"\n", b"[]\n", b"null\n", b"\0\0\0\n", b'{"type":"user"}\n', b'{"type":"new"}\n'):
        session.write(junk)
    session.line(type="user", uuid=5, message={})
    last = session.reply("two \u2028 three")
    assert _uuids(get_session_messages(session.id)) == [first, last]
    assert get_session_messages(session.id)[1].content == "two \u2028 three"


@pytest.mark.parametrize("damaged", [2, 3])
def test_what_came_before_a_damaged_line_is_not_lost(disk: Disk, damaged: int) -> None:
    """What hung on a damaged entry hangs on the one before it, for readers and in a fork."""
    session = disk.transcript()
    for number in range(3):
        session.user(f"p{number}")
        session.reply(f"r{number}")
    lines = session.path.read_bytes().split(b"\n")
    lines[damaged] = lines[damaged][:50]
    session.path.write_bytes(b"\n".join(lines))
    whole = ["p0", "r0", "p1", "r1", "p2", "r2"]
    expected = whole[:damaged] + whole[damaged + 1 :]
    for session_id in (session.id, fork_session(session.id)):
        assert [message.content for message in get_session_messages(session_id)] == expected


def test_a_byte_that_is_no_utf8_spoils_one_character(disk: Disk) -> None:
    """A message with a damaged character is told all the same."""
    session = disk.session("hello world")
    session.path.write_bytes(session.path.read_bytes().replace(b"hello world", b"hello\xffworld"))
    assert get_session_messages(session.id)[0].content == "hello\ufffdworld"


def test_the_last_line_may_lack_its_newline_or_its_end(disk: Disk) -> None:
    """While a CLI writes, what is whole is told."""
    session = disk.session()
    whole = session.path.read_bytes()
    session.path.write_bytes(whole[:-1])
    assert len(get_session_messages(session.id)) == 2
    session.path.write_bytes(whole[:-20])
    assert len(get_session_messages(session.id)) == 1


def test_a_message_whose_content_is_no_message_is_still_told(disk: Disk) -> None:
    """An entry that does not fit its class comes as a generic message."""
    session = disk.transcript()
    made = session.entry("user", message="text")
    [message] = get_session_messages(session.id)
    assert message.uuid == made and message.raw["message"] == "text"


def test_what_nobody_reads_is_not_decoded(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CLI's log of its requests and its attachments are passed over without decoding."""
    session = disk.transcript()
    session.user("one")
    session.line(type="api-request-blob", uuid="x", message={"role": "user", "content": "y" * (3 * CHUNK_SIZE)})
    session.attachment(2 * CHUNK_SIZE)
    session.reply("two")
    decoded: list[int] = []
    decode = entries.json_lines.decode

    def counted(line: bytes) -> Any:
        decoded.append(len(line))
        return decode(line)

    monkeypatch.setattr(entries.json_lines, "decode", counted)
    assert len(get_session_messages(session.id)) == 2
    assert len(decoded) == 2 and max(decoded) < 2000


def test_an_attachment_that_holds_another_one_is_read_right(disk: Disk) -> None:
    """Where the quick look at an attachment could be mistaken it is decoded."""
    session = disk.transcript()
    first = session.user("one")
    session.entry("attachment", attachment={"inner": {"type": "attachment", "uuid": "not-this"}})
    last = session.reply("two")
    assert _uuids(get_session_messages(session.id)) == [first, last]


def test_a_long_transcript_is_read_twice_instead_of_kept(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the room for decoded entries, messages are the same."""
    session = disk.transcript()
    made = [session.user(f"prompt {n} " + "x" * 100) for n in range(50)]
    monkeypatch.setattr(entries, "MAX_KEPT_BYTES", 1000)
    told = get_session_messages(session.id)
    assert _uuids(told) == made
    assert told[-1].content.startswith("prompt 49 ")


def test_messages_pickle(disk: Disk) -> None:
    """What was read may be sent to another process."""
    session = disk.session()
    [prompt, _] = get_session_messages(session.id)
    assert pickle.loads(pickle.dumps(prompt)).content == "hello"


def test_subagents_are_listed_and_read(disk: Disk) -> None:
    """A subagent's messages tell which tool use and which agent started it."""
    session = disk.session()
    for agent_id, more in (("b2", {"parentAgentId": "a1"}), ("a1", {})):
        agent = session.subagent(agent_id, f"toolu_{agent_id}", **more)
        agent.user("go", isSidechain=True, agentId=agent_id)
        agent.attachment()
        agent.reply("gone", isSidechain=True, agentId=agent_id)
    assert list_subagents(session.id) == ["a1", "b2"]
    prompt, reply = get_subagent_messages(session.id, "b2")
    assert (prompt.content, reply.content) == ("go", "gone")
    assert prompt.parent_tool_use_id == "toolu_b2" and prompt.is_subagent
    assert prompt.parent_agent_id == "a1" and prompt.agent_id == "b2"
    assert get_subagent_messages(session.id, "a1")[0].get("parent_agent_id") is None
    assert len(get_subagent_messages(session.id, "a1", limit=1, offset=1)) == 1


def test_subagents_in_folders_of_their_own_are_found(disk: Disk) -> None:
    """A workflow's agents lie one folder deeper."""
    session = disk.session()
    inner = session.agents / "workflows" / "run"
    inner.mkdir(parents=True)
    agent = session.subagent("deep", "toolu_1")
    agent.user("go")
    agent.path.rename(inner / agent.path.name)
    assert list_subagents(session.id) == ["deep"]
    assert get_subagent_messages(session.id, "deep")[0].parent_tool_use_id is None


@pytest.mark.parametrize("agent_id", ["../../x", "none", "a/b"])
def test_an_agent_that_is_not_there_has_no_messages(disk: Disk, agent_id: str) -> None:
    """An agent's id is compared, never made part of a path."""
    session = disk.session()
    session.subagent("a1", None).user("go")
    assert get_subagent_messages(session.id, agent_id) == []


def test_a_subagent_behind_a_link_is_refused(disk: Disk, tmp_path: Any) -> None:
    """A link out of the projects folder is no subagent."""
    session = disk.session()
    secret = tmp_path / "secret.jsonl"
    secret.write_bytes(session.path.read_bytes())
    (session.agents / "agent-x.jsonl").symlink_to(secret)
    assert list_subagents(session.id) == []
