"""The scripted child process."""
from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_sdk.testing import FakeCLI, frames, steps
from agent_sdk.testing.fake_cli import _shebang

LIMIT = 10.0


class Host:
    """A plain host: lines out, frames in, every wait bounded."""

    def __init__(self, fake: FakeCLI, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [fake.path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.lines = self._read()

    def _read(self) -> Iterator[bytes]:
        assert self.process.stdout is not None
        descriptor, rest, end = self.process.stdout.fileno(), b"", time.monotonic() + LIMIT
        while select.select([descriptor], [], [], max(0, end - time.monotonic()))[0]:
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
        raise TimeoutError("the fake wrote nothing")

    def send(self, frame: dict[str, Any] | bytes) -> None:
        """Write a frame or a raw line."""
        assert self.process.stdin is not None
        self.process.stdin.write(frame if isinstance(frame, bytes) else json.dumps(frame).encode() + b"\n")
        self.process.stdin.flush()

    def prompt(self, text: str = "hello", **fields: Any) -> None:
        """Send a user message."""
        self.send({"type": "user", "message": {"role": "user", "content": text}, **fields})

    def ask(self, subtype: str, **fields: Any) -> None:
        """Send a control request with the id `r1`."""
        self.send({"type": "control_request", "request_id": "r1", "request": {"subtype": subtype, **fields}})

    def next(self) -> dict[str, Any]:
        """Read the next frame."""
        frame: dict[str, Any] = json.loads(next(self.lines))
        return frame

    def until_result(self) -> list[dict[str, Any]]:
        """Read the rest of a turn."""
        seen = [self.next()]
        while seen[-1]["type"] != "result":
            seen.append(self.next())
        return seen

    def close(self) -> int:
        """Close stdin and wait for the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(LIMIT)


@pytest.fixture
def host() -> Iterator[type[Host]]:
    """Give a class of hosts whose processes do not outlive the test."""
    made: list[Host] = []

    class TrackedHost(Host):
        def __init__(self, fake: FakeCLI, *arguments: str) -> None:
            super().__init__(fake, *arguments)
            made.append(self)

    yield TrackedHost
    for one in made:
        one.process.kill()
        one.process.wait(LIMIT)
        for pipe in (one.process.stdin, one.process.stdout, one.process.stderr):
            assert pipe is not None
            pipe.close()


def types(seen: list[dict[str, Any]]) -> list[str]:
    """Name the frames by subtype or type."""
    return [frame.get("subtype", frame["type"]) for frame in seen]


def test_plays_a_turn(host: type[Host]) -> None:
    """The frames are played after the user's message, and the end of stdin ends the process with 0."""
    with FakeCLI(frames.conversation("hello", "world")) as fake:
        one = host(fake)
        one.prompt()
        assert types(one.until_result()) == ["init", "assistant", "success"]
        assert one.close() == 0


def test_default_turn(host: type[Host]) -> None:
    """Without frames it says ok."""
    with FakeCLI() as fake:
        one = host(fake)
        one.prompt()
        assert one.until_result()[-1]["result"] == "ok"


def test_answers_initialize(host: type[Host]) -> None:
    """The answer to initialize has the given fields beside the usual ones."""
    with FakeCLI(initialize={"output_style": "terse"}) as fake:
        one = host(fake)
        one.ask("initialize")
        answer = one.next()["response"]
        assert (answer["subtype"], answer["request_id"]) == ("success", "r1")
        assert (answer["response"]["output_style"], answer["response"]["commands"][0]["name"]) == ("terse", "compact")


def test_never_answers_initialize(host: type[Host]) -> None:
    """With *None* initialize gets no answer."""
    with FakeCLI([frames.result()], initialize=None) as fake:
        one = host(fake)
        one.ask("initialize")
        one.prompt()
        assert one.next()["type"] == "result"


def test_one_turn_repeats(host: type[Host]) -> None:
    """A single turn is played for every message."""
    with FakeCLI([frames.result("$prompt")]) as fake:
        one = host(fake)
        one.prompt("a")
        one.prompt("b")
        assert [one.next()["result"] for _ in range(2)] == ["a", "b"]


def test_turns_count_over_processes(host: type[Host]) -> None:
    """A list of turns goes on in the next process, and its last turn repeats."""
    with FakeCLI([[frames.result("1")], [frames.result("2")]]) as fake:
        seen = []
        for _ in range(3):
            one = host(fake)
            one.prompt()
            seen.append(one.next()["result"])
            one.close()
        assert seen == ["1", "2", "2"]
        assert len(set(fake.pids)) == 3


def test_words_are_replaced(host: type[Host]) -> None:
    """The words for prompt, uuid and session are replaced anywhere in a frame."""
    turn = [frames.result("you said: $prompt", user_message_uuids=["$uuid"], other={"at": "$session"})]
    with FakeCLI(turn) as fake:
        one = host(fake, "--resume=s-1")
        one.prompt("hi", uuid="u-1")
        frame = one.next()
        assert (
            frame["result"], frame["user_message_uuids"], frame["other"]["at"], frame["session_id"]
        ) == ("you said: hi", ["u-1"], "s-1", "s-1")  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], frames.SESSION_ID),
        (["--session-id=s-2"], "s-2"),
        (["--resume", "s-3"], "s-3"),
        (["--resume=s-3", "--fork-session", "--session-id=s-4"], "s-4"),
    ],
    ids=["none", "session-id", "resume", "fork"],
)
def test_session_follows_the_flags(host: type[Host], arguments: list[str], expected: str) -> None:
    """The session id is that of the flags, else the constant."""
    with FakeCLI() as fake:
        one = host(fake, *arguments)
        one.prompt()
        assert {expected} == {frame["session_id"] for frame in one.until_result()}


def test_fork_gets_a_fresh_session(host: type[Host]) -> None:
    """A fork without an id of its own has a new one."""
    with FakeCLI() as fake:
        one = host(fake, "--resume=s-3", "--fork-session")
        one.prompt()
        assert one.next()["session_id"] not in ("s-3", frames.SESSION_ID)


def test_raw_bytes(host: type[Host]) -> None:
    """Bytes are written as they are."""
    with FakeCLI([b"\xff junk\n", frames.result()]) as fake:
        one = host(fake)
        one.prompt()
        assert next(one.lines) == b"\xff junk"


def test_lone_surrogate(host: type[Host]) -> None:
    """A lone surrogate travels as its escape, other text as UTF-8."""
    with FakeCLI([frames.user("\ud800"), frames.user("é")]) as fake:
        one = host(fake)
        one.prompt()
        assert b"\\ud800" in next(one.lines)
        assert "é".encode() in next(one.lines)


def test_one_byte_at_a_time(host: type[Host]) -> None:
    """Frames written byte by byte arrive whole."""
    with FakeCLI([steps.one_byte_at_a_time(frames.result("slow"), b'{"type":"x"}\n')]) as fake:
        one = host(fake)
        one.prompt()
        assert [one.next()["result"], one.next()["type"]] == ["slow", "x"]


def test_records_what_it_heard(host: type[Host]) -> None:
    """Lines, frames, command line, environment and folder of the process can be read while it runs."""
    with FakeCLI() as fake:
        one = host(fake, "--model=haiku")
        one.send(b"\n")
        one.prompt("hi")
        assert fake.wait_for("user")["message"]["content"] == "hi"
        assert [line[:6] for line in fake.received_lines] == [b"", b'{"type']
        assert [frame["type"] for frame in fake.received] == ["user"]
        assert [[fake.path, "--model=haiku"]] == fake.argv
        assert ([os.getcwd()], [one.process.pid]) == (fake.cwd, fake.pids)
        assert os.environ["PATH"] == fake.env[0]["PATH"]


def test_host_waits_in_vain() -> None:
    """Waiting for a frame that does not come ends with an error that says so."""
    with FakeCLI() as fake, pytest.raises(TimeoutError, match="0 of 1 frames 'interrupt'"):
        fake.wait_for("interrupt", timeout=0.01)


def test_version_is_no_start() -> None:
    """`--version` prints the version and is not recorded."""
    with FakeCLI(version="9.8.7") as fake:
        assert subprocess.check_output([fake.path, "--version"], timeout=LIMIT) == b"9.8.7 (Claude Code)\n"
        assert fake.argv == []


@pytest.mark.parametrize(
    ("subtype", "fields", "expected"),
    [
        ("set_model", {"model": "m"}, {"model": "m"}),
        ("set_permission_mode", {"mode": "plan"}, {"mode": "plan"}),
        ("mcp_status", {}, {"mcpServers": []}),
        ("interrupt", {}, {"still_queued": []}),
        ("anything_else", {}, {}),
    ],
)
def test_answers_control_requests(host: type[Host], subtype: str, fields: dict[str, Any], expected: object) -> None:
    """Any control request is answered with success."""
    with FakeCLI() as fake:
        one = host(fake)
        one.ask(subtype, **fields)
        response = one.next()["response"]
        assert ("success", "r1", expected) == (response["subtype"], response["request_id"], response["response"])


def test_given_responses(host: type[Host]) -> None:
    """A given response, error or silence takes the place of success."""
    given = {"a": {"x": 1}, "b": ValueError("no such thing"), "c": None}
    with FakeCLI(responses=given) as fake:
        one = host(fake)
        for subtype in ("c", "b", "a"):
            one.ask(subtype)
        assert one.next()["response"]["error"] == "no such thing"
        assert one.next()["response"]["response"] == {"x": 1}


@pytest.mark.parametrize(
    ("rest", "shown"),
    [
        ([steps.delay(60), frames.assistant("late")], 1),
        ([steps.wait_for("never"), frames.assistant("late")], 1),
        ([steps.ask({"subtype": "hook_callback"}), frames.assistant("late")], 2),
        ([], 1),
    ],
    ids=["delay", "wait_for", "ask", "no result"],
)
def test_interrupt_ends_the_turn(host: type[Host], rest: list[Any], shown: int) -> None:
    """An interrupt is answered, then the open turn ends with an aborted result that names the prompt."""
    with FakeCLI([[frames.assistant("a"), *rest], [frames.result("next")]]) as fake:
        one = host(fake)
        one.prompt(uuid="u-1")
        assert "assistant" in types([one.next() for _ in range(shown)])
        one.ask("interrupt")
        seen = one.until_result()
        one.prompt()
        assert types(seen) == ["control_response", "user", "error_during_execution"]
        assert (seen[-1]["terminal_reason"], seen[-1]["user_message_uuids"]) == ("aborted_streaming", ["u-1"])
        assert one.next()["result"] == "next"


def test_interrupt_between_turns(host: type[Host]) -> None:
    """An interrupt when nothing runs brings no result."""
    with FakeCLI() as fake:
        one = host(fake)
        one.prompt()
        one.until_result()
        one.ask("interrupt")
        one.ask("mcp_status")
        assert [one.next()["type"], one.next()["type"]] == ["control_response", "control_response"]


def test_interrupt_before_the_turn(host: type[Host]) -> None:
    """An interrupt right behind a prompt ends its turn as soon as it begins."""
    with FakeCLI([[frames.result("never")], [frames.result("next")]], start=[steps.wait_for("go")]) as fake:
        one = host(fake)
        one.prompt()
        one.ask("interrupt")
        one.send({"type": "go"})
        assert types(one.until_result()) == ["control_response", "user", "error_during_execution"]
        one.prompt()
        assert one.next()["result"] == "next"


def test_script_takes_the_interrupt_itself(host: type[Host]) -> None:
    """A script that waits for the interrupt goes on after it."""
    with FakeCLI([steps.wait_for("interrupt"), frames.result("mine")]) as fake:
        one = host(fake)
        one.prompt()
        one.ask("interrupt")
        seen = one.until_result()
        assert types(seen) == ["control_response", "success"]


def test_ask_waits_for_the_answer(host: type[Host]) -> None:
    """The turn goes on when the host has answered, and the answer is kept."""
    request = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {}}
    with FakeCLI([steps.ask(request, request_id="q1"), frames.result("$session")]) as fake:
        one = host(fake)
        one.prompt()
        asked = one.next()
        one.send({"type": "control_response", "response": {"subtype": "success", "request_id": "q1", "response": {}}})
        assert (request, "q1") == (asked["request"], asked["request_id"])
        assert one.next()["type"] == "result"
        assert fake.received[-1]["response"]["request_id"] == "q1"


def test_start_comes_before_initialize(host: type[Host]) -> None:
    """Steps of the start are done first; initialize is answered when they are through."""
    with FakeCLI(start=[steps.ask({"subtype": "mcp_message"}, request_id="q1")]) as fake:
        one = host(fake)
        one.ask("initialize")
        assert one.next()["type"] == "control_request"
        one.send({"type": "control_response", "response": {"request_id": "q1"}})
        assert one.next()["type"] == "control_response"


def test_exit_and_stderr(host: type[Host]) -> None:
    """A start can fail with a text on stderr and an exit code."""
    with FakeCLI(start=[steps.stderr("boom\n", repeat=2), steps.exit(3)]) as fake:
        _, errors = host(fake).process.communicate(timeout=LIMIT)
        assert errors == b"boom\nboom\n"


@pytest.mark.parametrize(
    ("step", "expected"),
    [(steps.exit(3), 3), (steps.kill_self(), -signal.SIGKILL), (steps.kill_self(signal.SIGTERM), -signal.SIGTERM)],
    ids=["exit", "SIGKILL", "SIGTERM"],
)
def test_ends_in_the_turn(host: type[Host], step: steps.Step, expected: int) -> None:
    """A turn can end the process, by exit code or by signal."""
    with FakeCLI([step]) as fake:
        one = host(fake)
        one.prompt()
        assert expected == one.process.wait(LIMIT)


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)], ids=["SIGTERM", "SIGINT"]
)
def test_signals(host: type[Host], number: int, expected: int) -> None:
    """SIGTERM and SIGINT exit as the CLI does, at the end of stdin too."""
    with FakeCLI([frames.init(), steps.delay(60)]) as fake:
        one = host(fake)
        one.prompt()
        one.next()
        assert one.process.stdin is not None
        one.process.stdin.close()
        one.process.send_signal(number)
        assert expected == one.process.wait(LIMIT)


def test_ignores_sigterm(host: type[Host]) -> None:
    """SIGTERM can be ignored."""
    with FakeCLI([steps.ignore_sigterm(), frames.init(), steps.wait_for("more"), frames.result()]) as fake:
        one = host(fake)
        one.prompt()
        one.next()
        one.process.terminate()
        one.send({"type": "more"})
        assert one.next()["type"] == "result"


def test_grandchild_holds_stdout(host: type[Host]) -> None:
    """A grandchild keeps stdout open after the exit, and is ended with the fake."""
    with FakeCLI([steps.fork_grandchild(60), frames.init(), steps.exit(0)]) as fake:
        one = host(fake)
        one.prompt()
        assert one.process.wait(LIMIT) == 0
        assert one.process.stdout is not None
        assert one.next()["subtype"] == "init"
        assert select.select([one.process.stdout], [], [], 0) == ([], [], [])
    assert list(one.lines) == []


def test_bad_line_is_the_end(host: type[Host]) -> None:
    """A line that is no JSON ends the process with 1, as the CLI."""
    with FakeCLI() as fake:
        one = host(fake)
        one.send(b"not json\n")
        assert one.process.wait(LIMIT) == 1
        assert fake.received_lines == [b"not json"]


def test_turn_is_played_after_the_end_of_stdin(host: type[Host]) -> None:
    """The end of stdin does not stop what was asked for."""
    with FakeCLI([steps.delay(0.01), frames.result("$prompt")]) as fake:
        one = host(fake)
        one.prompt("a")
        one.prompt("b")
        assert one.close() == 0
        assert [json.loads(line)["result"] for line in one.lines] == ["a", "b"]


def test_wrong_item() -> None:
    """What is no frame, bytes or step is refused at once."""
    with pytest.raises(TypeError, match="got str"):
        FakeCLI(["hello"])


def test_close_twice() -> None:
    """Closing removes the program and may be repeated."""
    fake = FakeCLI()
    assert Path(fake.path).exists()
    fake.close()
    fake.close()
    assert not Path(fake.path).exists()


def test_close_ends_what_is_left() -> None:
    """A process that is left over ends with the fake."""
    with FakeCLI() as fake:
        process = subprocess.Popen([fake.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(b'{"type":"control_request","request_id":"1","request":{"subtype":"x"}}\n')
        process.stdin.flush()
        fake.wait_for("x")
    assert process.wait(LIMIT) == -signal.SIGKILL
    process.communicate()


def test_repr() -> None:
    """The repr tells how often it was started."""
    with FakeCLI() as fake:
        assert f"<FakeCLI {fake.path}, 0 starts, 0 lines received>" == repr(fake)


def test_python_in_a_folder_with_spaces(tmp_path: Path) -> None:
    """A Python whose path does not fit the first line of a script is started through the shell."""
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    script = tmp_path / "script"
    script.write_text(f"{_shebang(str(folder / 'python'))}\nimport sys\nprint(sys.argv[1:])\n")
    script.chmod(0o700)
    assert subprocess.check_output([str(script), "x y"], timeout=LIMIT) == b"['x y']\n"
