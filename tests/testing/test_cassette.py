"""
`Cassette`: a run of the real CLI comes again without it, and fails readably when the program has changed.
"""
from __future__ import annotations

import json
import pickle
import threading

import pytest

import agent_sdk
from agent_sdk import Retry
from agent_sdk.errors import CassetteError, CassetteMismatchError, ConfigurationError, ProcessError
from agent_sdk.testing import Cassette, FakeCLI, frames, steps
from agent_sdk.testing import _player as player

UUID = "8a0d1f9c-6f0e-4b58-9a53-0d4f3b1f5f11"
#: Looks like a key, is none.
KEY = "sk-" + "ant-" + 6 * "abcd"
NOWHERE = {"cli_path": "/nowhere/claude"}
ASK = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "ls"}, "tool_use_id": "t"}
GOOD = [frames.init(), frames.assistant("ok"), frames.result("ok", user_message_uuids=["$uuid"])]


@pytest.fixture
def tape(tmp_path):
    """Where the tape of the test lies."""
    return tmp_path / "tapes" / "tape.jsonl"


def lines_of(tape, kind):
    """What a tape holds of one kind."""
    lines = [json.loads(line) for line in tape.read_text().splitlines()]
    return [line[kind] for line in lines if kind in line]


def record(tape, turns=None, prompts=("hello",), **options):
    """Record prompts of one client on a fake CLI."""
    with FakeCLI(GOOD if turns is None else turns) as fake, Cassette(tape, record="all") as cassette:
        with agent_sdk.client(cli_path=fake.path, transport=cassette, **options) as client:
            return [client.query(prompt) for prompt in prompts]


def replay(tape, prompts=("hello",), mode="none", **options):
    """Replay them, with no CLI there."""
    with Cassette(tape, record=mode) as cassette:
        with agent_sdk.client(transport=cassette, **NOWHERE, **options) as client:
            return [client.query(prompt) for prompt in prompts]


# --- the modes


def test_none_needs_the_tape(tape):
    """Without a tape `none` says how to record one, and other modes are known by name."""
    with pytest.raises(CassetteError, match="record=\"once\""):
        Cassette(tape)
    with pytest.raises(ConfigurationError):
        Cassette(tape, record="always")


def test_once_records_then_replays(tape):
    """`once` records where there is no tape and replays where there is one."""
    with FakeCLI(GOOD) as fake:
        for _ in range(2):
            with Cassette(tape, record="once") as cassette:
                assert agent_sdk.query("hello", transport=cassette, cli_path=fake.path).content == "ok"
        assert len(fake.pids) == 1


def test_all_records_anew(tape):
    """`all` takes no notice of what is there."""
    record(tape)
    assert record(tape, [frames.init(), frames.result("other")])[0].content == "other"
    assert replay(tape)[0].content == "other"


def test_new_replays_what_is_there_and_records_the_rest(tape):
    """`new` tells the runs apart by what they say, and adds those that are not on the tape."""
    record(tape)
    with FakeCLI([frames.init(), frames.result("fresh")]) as fake:
        for starts in (1, 1):
            with Cassette(tape, record="new") as cassette:
                options = {"transport": cassette, "cli_path": fake.path}
                assert agent_sdk.query("another", **options).content == "fresh"
                assert agent_sdk.query("hello", **options).content == "ok"
            assert len(fake.pids) == starts
    assert len(lines_of(tape, "process")) == 2


def test_without_a_block_each_process_is_written(tape):
    """A cassette that is used without `with` is written when a process ends."""
    with FakeCLI(GOOD) as fake:
        agent_sdk.query("hello", cli_path=fake.path, transport=Cassette(tape, record="once"))
    assert agent_sdk.query("hello", transport=Cassette(tape), **NOWHERE).content == "ok"


def test_a_run_that_failed_is_not_written(tape):
    """After an error in its block a recording is thrown away."""
    with FakeCLI(GOOD) as fake, pytest.raises(ZeroDivisionError), Cassette(tape, record="once") as cassette:
        agent_sdk.query("hello", cli_path=fake.path, transport=cassette)
        raise ZeroDivisionError
    assert not tape.exists()


# --- what comes again


def test_ids_of_this_run_stand_for_recorded_ones(tape):
    """The result names the prompt's own uuid, and the session has the id that this run gave it."""
    record(tape)
    [result] = replay(tape, session_id=UUID)
    with Cassette(tape) as cassette, agent_sdk.client(transport=cassette, **NOWHERE) as client:
        seen = []
        result = client.query("hello", seen.append)
        assert result.user_message_uuids != lines_of(tape, "cli")[-1]["user_message_uuids"]
        assert result.is_success and seen[-1] is result


def test_several_turns_and_processes(tape):
    """A tape holds the turns of one process and the processes that follow."""
    turns = [[frames.init(), frames.result(text)] for text in ("one", "two", "three")]

    def run(**options):
        with agent_sdk.client(**options) as client:
            results = [client.query("a"), client.query("b")]
        return [*results, agent_sdk.query("c", **options)]

    with FakeCLI(turns) as fake, Cassette(tape, record="once") as cassette:
        run(transport=cassette, cli_path=fake.path)
    with Cassette(tape) as cassette:
        assert [result.content for result in run(transport=cassette, **NOWHERE)] == ["one", "two", "three"]
    assert len(lines_of(tape, "process")) == 2


def test_processes_at_the_same_time_find_their_own_recording(tape):
    """In whatever order processes come, each plays what was recorded for its prompt."""
    prompts = [f"prompt {number}" for number in range(6)]
    with FakeCLI([frames.init(), steps.delay(0.01), frames.result("ok")]) as fake:
        with Cassette(tape, record="once") as cassette:
            agent_sdk.query_many(prompts, transport=cassette, cli_path=fake.path)
    with Cassette(tape) as cassette:
        outcomes = agent_sdk.query_many([*reversed(prompts)], transport=cassette, **NOWHERE)
    assert all(outcome.is_success for outcome in outcomes)


def test_callbacks_run_again(tape):
    """Questions of the CLI are asked again, and the answers are held against the recorded ones."""
    asked = []
    record(tape, [frames.init(), steps.ask(ASK), frames.result("ok")], can_use_tool=lambda *_: True)
    replay(tape, can_use_tool=lambda name, *_: asked.append(name) or True)
    assert asked == ["Bash"]


def test_standard_error_and_the_end_come_again(tape):
    """Lines of standard error reach their callback, and a CLI that died dies again in the same way."""
    turn = [frames.init(), steps.stderr("careful\n"), steps.exit(3)]
    with FakeCLI(turn) as fake, Cassette(tape, record="once") as cassette, pytest.raises(ProcessError):
        try:
            agent_sdk.query("x", transport=cassette, cli_path=fake.path, stderr=lambda line: None)
        finally:
            cassette.close()
    seen = []
    with pytest.raises(ProcessError) as caught:
        agent_sdk.query("x", transport=Cassette(tape), stderr=seen.append, **NOWHERE)
    assert seen == ["careful"]
    assert (caught.value.exit_code, caught.value.stderr) == (3, "careful\n")


def test_control_requests_and_retries_come_again(tape):
    """What a program asks of the CLI itself is on the tape, and so are further attempts."""
    failed = frames.result("no", is_error=True, api_error_status=529, terminal_reason="api_error")

    def run(**options):
        with agent_sdk.client(**options) as client:
            client.start()
            client.set_permission_mode("plan")
            return client.query("x", retry=Retry(2, delay=0.01)).content

    with FakeCLI([[frames.init(), failed], GOOD]) as fake, Cassette(tape, record="once") as cassette:
        assert run(cli_path=fake.path, transport=cassette) == "ok"
    with Cassette(tape) as cassette:
        assert run(transport=cassette, **NOWHERE) == "ok"


def test_a_replay_is_without_waits_and_threads(tape, monkeypatch):
    """No time is replayed, and nothing is started."""
    record(tape, [frames.init(), steps.delay(0.1), frames.result("ok")])
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("it waits"))
    threads = threading.active_count()
    replay(tape)
    assert threading.active_count() == threads


# --- what does not fit


def test_another_prompt_is_shown_as_a_difference(tape):
    """A prompt that was not recorded fails with the recorded one beside it, and with what to do."""
    record(tape)
    with pytest.raises(CassetteMismatchError) as caught:
        replay(tape, ["good bye"])
    text = str(caught.value)
    assert '-    "content": "hello",' in text and '+    "content": "good bye",' in text
    assert str(tape) in text and "--claude-record=all" in text
    assert pickle.loads(pickle.dumps(caught.value)).recorded == caught.value.recorded


def test_another_answer_is_shown_as_a_difference(tape):
    """A permission callback that decides otherwise fails where it does."""
    record(tape, [frames.init(), steps.ask(ASK), frames.result("ok")], can_use_tool=lambda *_: True)
    with pytest.raises(CassetteMismatchError, match="the response to the CLI") as caught:
        replay(tape, can_use_tool=lambda *_: False)
    assert '"behavior": "deny"' in str(caught.value)


@pytest.mark.parametrize("changed", [{"model": "opus"}, {"system_prompt": "Be rude."}], ids=str)
def test_other_options_are_shown_as_a_difference(tape, changed):
    """Options are part of the recording, whether they travel on the command line or in the handshake."""
    record(tape, model="sonnet", system_prompt="Be kind.")
    with pytest.raises(CassetteMismatchError) as caught:
        replay(tape, **{"model": "sonnet", "system_prompt": "Be kind.", **changed})
    [[_, value]] = changed.items()
    assert f'"{value}"' in str(caught.value) and "\n-" in str(caught.value)


def test_too_much_is_told(tape):
    """A further turn, or a further process, is not on the tape."""
    record(tape)
    with pytest.raises(CassetteMismatchError, match="was not recorded"):
        replay(tape, ["hello", "again"])
    with pytest.raises(CassetteMismatchError, match="all 1 recorded processes"), Cassette(tape) as cassette:
        for _ in range(2):
            agent_sdk.query("hello", transport=cassette, **NOWHERE)


def test_too_little_is_told(tape):
    """A block that played less than was recorded fails at its end."""
    record(tape, prompts=["hello", "again"])
    with pytest.raises(CassetteMismatchError, match="was not sent"):
        replay(tape)


def test_a_swallowed_mismatch_fails_the_block(tape):
    """A program that swallows the error does not hide it."""
    record(tape)
    with pytest.raises(CassetteMismatchError), Cassette(tape) as cassette:
        [outcome] = agent_sdk.query_many(["other"], transport=cassette, **NOWHERE)
        assert isinstance(outcome.error, CassetteMismatchError)


def test_waiting_for_nothing_ends(tape, monkeypatch):
    """A turn that waits for what the tape does not have ends with an error, soon."""
    monkeypatch.setattr(player, "STALL_TIMEOUT", 0.1)
    record(tape)
    lines = tape.read_text().splitlines()
    tape.write_text("\n".join(line for line in lines if '"type":"result"' not in line and '"end"' not in line))
    with pytest.raises(CassetteMismatchError):
        replay(tape)


@pytest.mark.parametrize("content", ["", "no json", '{"x": 1}', '{"agent_sdk_cassette": 99}'])
def test_what_is_no_cassette_is_refused(tape, content):
    """A damaged file, another file and a newer format are refused by name."""
    tape.parent.mkdir()
    tape.write_text(content)
    with pytest.raises(CassetteError, match=r"tape\.jsonl"):
        Cassette(tape)


# --- what is kept


def test_nothing_private_is_kept(tape, tmp_path, monkeypatch):
    """Keys, tokens, mail addresses and the machine's folders are not on the tape; a replay has its own folders."""
    here, there = tmp_path / "here", tmp_path / "there" / "deep"
    here.mkdir()
    there.mkdir(parents=True)
    monkeypatch.setenv("MY_SERVICE_TOKEN", "correct-horse-battery")
    said = f"{here}/file.txt: {KEY} me@example.com correct-horse-battery x-api-key: 12345678"
    turn = [frames.init(cwd=str(here)), frames.assistant(said), frames.result(said)]
    account = {"email": "me@example.com", "organization": "Secret Inc", "apiKeySource": "env"}
    with FakeCLI(turn, initialize={"account": account}) as fake, Cassette(tape, record="once") as cassette:
        agent_sdk.query("hello", cwd=here, transport=cassette, cli_path=fake.path, env={"API_KEY": "0123456789abc"})
    kept = tape.read_text()
    for private in (str(here), str(tmp_path), "sk-", "me@example", "correct-horse", "12345678", "Secret Inc"):
        assert private not in kept, private
    with Cassette(tape) as cassette:
        result = agent_sdk.query("hello", cwd=there, transport=cassette, **NOWHERE)
    assert result.content.startswith(f"{there}/file.txt: <<secret>> <<email>>")


def test_paths_of_prompts_and_answers_are_compared_by_their_meaning(tape, tmp_path):
    """A prompt that names the own folder is the same prompt in another one."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here, there = tmp_path / "here", tmp_path / "there"
    record(tape, prompts=[f"look at {here}/x"], cwd=here)
    assert replay(tape, [f"look at {there}/x"], cwd=there)[0].is_success


def test_what_differs_from_run_to_run_can_be_scrubbed(tape):
    """`scrub=` takes out what is volatile or private, before it is kept or compared."""

    def scrub(text):
        return "today" if text.startswith("day") else text

    with FakeCLI(GOOD) as fake, Cassette(tape, record="once", scrub=scrub) as cassette:
        agent_sdk.query("day 1", transport=cassette, cli_path=fake.path)
    with Cassette(tape, scrub=scrub) as cassette:
        assert agent_sdk.query("day 2", transport=cassette, **NOWHERE).is_success


def test_the_head_names_the_versions(tape):
    """The first line says what the file is, and what it was recorded with."""
    record(tape)
    head = json.loads(tape.read_text().splitlines()[0])
    assert head == {"agent_sdk_cassette": 1, "sdk": agent_sdk.__version__, "cli": frames.CLI_VERSION}


# --- the real CLI


class Agent:
    """A program with a hook, a permission callback and a tool of its own."""

    def __init__(self, answer="42", allows=True):
        self.answer = answer
        self.allows = allows
        self.calls = []

    def lookup(self, word: str) -> str:
        """Look a word up."""
        self.calls.append(("tool", word))
        return f"{word} is {self.answer}"

    def hook(self, ctx):
        self.calls.append(("hook", ctx.tool_name))

    def may(self, name, given, context):
        self.calls.append(("permission", name))
        return self.allows

    def run(self, prompt="find it", **options):
        """Run the agent once."""
        return agent_sdk.query(
            prompt,
            hooks={"pre_tool_use": self.hook},
            can_use_tool=self.may,
            custom_tools=[self.lookup],
            **options,
        )


@pytest.fixture
def taped(tape, real, model):
    """A tape of the agent on the real CLI, its model gone since, and what it did."""
    model.call_tool("mcp__sdk__lookup", {"word": "life"}).call_tool("Write", {"file_path": "made", "content": "x"})
    model.reply("It is 42.")
    agent = Agent()
    with Cassette(tape, record="once") as cassette:
        result = agent.run(transport=cassette, **real)
    model.close()
    assert result.content == "It is 42."
    return agent.calls


@pytest.mark.e2e
@pytest.mark.smoke
def test_a_whole_agent_replays_without_cli_and_network(taped, tape, tmp_path):
    """Hook, permission callback and tool run again as they did, in another folder, with nothing there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    agent, seen = Agent(), []
    with Cassette(tape) as cassette:
        result = agent.run(transport=cassette, on_message=seen.append, cwd=elsewhere, **NOWHERE)
    assert result.content == "It is 42."
    assert agent.calls == taped
    assert {("tool", "life"), ("hook", "Write"), ("permission", "Write")} <= set(agent.calls)
    assert next(message for message in seen if message.is_init).cwd == str(elsewhere)
    assert not (elsewhere / "made").exists()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("agent", "shown"),
    [(Agent(answer="43"), "life is 43"), (Agent(allows=False), '"behavior": "deny"')],
    ids=["tool", "permission"],
)
def test_a_changed_agent_fails_readably(taped, tape, tmp_path, agent, shown):
    """When the agent's behaviour changes, the replay fails with the difference, and never hangs."""
    with pytest.raises(CassetteMismatchError) as caught, Cassette(tape) as cassette:
        agent.run(transport=cassette, cwd=tmp_path, **NOWHERE)
    assert any(line.startswith("+") and shown in line for line in str(caught.value).splitlines())


@pytest.mark.e2e
def test_a_real_tape_holds_nothing_of_the_machine(taped, tape, tmp_path):
    """The tape of a real run names neither the folders nor the key nor the address of the model."""
    kept = tape.read_text()
    for private in (str(tmp_path), str(tmp_path).replace("/", "-").replace("_", "-"), "scripted-model-no-key"):
        assert private not in kept


@pytest.mark.e2e
def test_a_real_conversation_with_a_fork_replays(tape, real):
    """Turns in one process, a resumed process and a fork of the real CLI come again."""

    def run(**options):
        with agent_sdk.client(**options) as client:
            said = [client.query("one").content, client.query("two", max_turns=5).content]
            with client.fork() as fork:
                return [*said, fork.query("three").content, fork.session_id != client.session_id]

    with Cassette(tape, record="once") as cassette:
        recorded = run(transport=cassette, **real)
    with Cassette(tape) as cassette:
        assert run(transport=cassette, cwd=real["cwd"], **NOWHERE) == recorded
    assert recorded == ["echo: one", "echo: two", "echo: three", True]
