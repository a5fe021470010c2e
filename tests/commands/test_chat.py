"""
`python -m agent_sdk chat`, in a terminal and in a pipe, with the real CLI behind it.
"""
from __future__ import annotations

import codecs
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from helpers import alive, until

import agent_sdk
from agent_sdk._process.tree import descendants
from agent_sdk.testing import isolated_env

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.e2e


@pytest.fixture
def world(model, tmp_path):
    """Where a chat runs: its environment and its folder, as arguments of a process."""
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    ours = {**isolated_env(tmp_path / "world"), **model.env, "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1"}
    env = {name: value for name, value in {**os.environ, **ours}.items() if value is not None}
    (tmp_path / "project").mkdir()
    return {"cwd": tmp_path / "project", "env": env}


class Chat:
    """A chat in a terminal: what a person types, and what stands on the screen."""

    def __init__(self, world, *words):
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(world["cwd"])
            command = [sys.executable, "-m", "agent_sdk", "chat", *words]
            os.execve(command[0], command, world["env"])
        self.seen = ""
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode  # a read may end in a character

    def until(self, text, seconds=60):
        """Read until *text* is on the screen, after what was waited for before; return what came before it."""
        limit = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < limit, f"{text!r} is not in {self.seen!r}"
            if select.select([self._terminal], [], [], 0.1)[0]:
                self.seen += self._read()
        before, _, self.seen = self.seen.partition(text)
        return before

    def _read(self):
        try:
            # Without what readline says to the terminal.
            return re.sub(r"\x1b\[\?\d+[hl]", "", self._decode(os.read(self._terminal, 1 << 16)))
        except OSError:  # the other end is gone
            return ""

    def type(self, text):
        """Press keys."""
        os.write(self._terminal, text.encode())

    def press(self, key, text):
        """Press a key until *text* comes: `input` misses a Ctrl-C between two of its looks for a character."""
        for _ in range(20):
            self.type(key)
            with contextlib.suppress(AssertionError):
                return self.until(text, seconds=1)
        raise AssertionError(f"{text!r} does not come")

    def say(self, text):
        """Wait until it is our turn, and say something."""
        self.until("> ")
        self.type(text + "\n")

    def end(self):
        """Press Ctrl-D; return the exit code."""
        self.until("> ")
        self.type("\x04")
        self.until("To continue: python -m agent_sdk chat --resume")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self):
        """Leave nothing behind when a test fails."""
        if alive(self.pid):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._terminal)


@pytest.fixture
def chat(world):
    """Start chats, and end them with the test."""
    made = []

    def start(*words):
        made.append(Chat(world, *words))
        return made[-1]

    yield start
    for one in made:
        one.kill()


@pytest.mark.smoke
def test_a_conversation(chat, model):
    """Lines are turns of one session; Ctrl-D ends it and says how to go on."""
    talk = chat()
    talk.say("hello")
    talk.until("echo: hello")
    talk.until("✓ 1 turn")
    talk.say("first line\\")
    talk.until("… ")
    talk.type("second line\n")
    talk.until("✓ 1 turn")
    assert model.requests[-1].user_texts == ["hello", "first line\nsecond line"]
    assert talk.end() == 0


def test_ctrl_c_stops_the_turn(chat, model):
    """Ctrl-C stops the turn and not the chat; the next line goes on with the session."""
    talk = chat()
    talk.say("one")
    talk.until("✓ 1 turn")
    held = threading.Event()
    model.when("two").reply(chunks=["beginning ", "end"], until=held)
    talk.say("two")
    talk.until("beginning")
    talk.type("\x03")
    talk.until("✗ stopped")  # while the model is held
    held.set()
    talk.say("three")
    talk.until("✓ 1 turn")
    texts = model.requests[-1].user_texts
    assert (texts[0], texts[-1]) == ("one", "three")
    talk.until("> ")
    talk.type("half a line")
    talk.until("half a line")
    talk.press("\x03", "\n> ")
    talk.type("four\n")
    talk.until("✓ 1 turn")
    assert model.requests[-1].prompt == "four"
    assert talk.end() == 0


def test_commands(chat, model):
    """`/fork`, `/resume`, `/model`, `/cost`, `/new` and `/help` change or tell what they say."""
    talk = chat()
    talk.say("/help")
    talk.until("/fork")
    talk.say("/fork")
    talk.until("✗ ConfigurationError: fork: this client has no session yet")
    talk.say("one")
    first = re.search(r"session (\w+)", talk.until("\n> ") + talk.seen)[1]
    talk.type("/model haiku\n")
    talk.until("model: haiku")
    talk.say("two")
    talk.until("✓ 1 turn")
    assert "haiku" in model.requests[-1].model
    talk.say("/cost")
    assert "$0.0" in talk.until("tokens in")
    talk.say("/fork")
    talk.until("in a copy of")
    talk.say("three")
    assert f"session {first}" not in talk.until("\n> ")
    assert model.requests[-1].user_texts == ["one", "two", "three"]
    talk.type(f"/resume {first}\n")
    talk.until(f"continues session {first}")
    talk.say("four")
    talk.until("✓ 1 turn")
    assert model.requests[-1].user_texts == ["one", "two", "four"]
    talk.say("/sessions")
    talk.until("CHANGED")
    talk.say("/new")
    talk.until("a new session")
    talk.say("five")
    talk.until("✓ 1 turn")
    assert model.requests[-1].user_texts == ["five"]
    assert talk.end() == 0


def test_commands_of_the_cli_reach_it_and_mistakes_reach_nobody(chat, model):
    """A command of the CLI is its own affair; an unknown one never becomes a prompt."""
    talk = chat()
    talk.say("/nosuch thing")
    talk.until("unknown command /nosuch; see /help")
    talk.say("hello")
    talk.until("✓ 1 turn")
    asked = len(model.requests)
    talk.say("/compact")
    talk.until("conversation compacted")
    assert any(request.is_compaction for request in model.requests[asked:])
    assert not any("/nosuch" in text for request in model.requests for text in request.user_texts)
    assert talk.end() == 0


def test_permissions_are_asked_for(chat, model):
    """A tool is shown and asked for at the terminal; what was typed before is no answer."""
    model.call_tool("Bash", {"command": "touch made.txt"}).reply("Done.")
    talk = chat()
    talk.say("go")
    talk.until("Claude wants to use Bash")
    talk.until("Allow?")
    talk.type("no, use python\n")
    talk.until("✓ 2 turns")
    assert "use python" in str(model.requests[-1].tool_results)
    assert talk.end() == 0


def test_earlier_lines_come_back(chat, world):
    """What was said before, also in another chat, is there with the arrow key."""
    pytest.importorskip("readline")
    for _ in range(2):
        talk = chat()
        talk.until("> ")
        talk.type("unusual words\n" if _ == 0 else "\x1b[A\n")
        talk.until("echo: unusual words")
        talk.until("✓ 1 turn")
        assert talk.end() == 0
    history = Path(world["env"]["HOME"], ".local/state/agent_sdk/chat_history")
    assert history.stat().st_mode & 0o777 == 0o600


def piped(world, text, *words):
    """Run a chat that reads *text*."""
    command = [sys.executable, "-m", "agent_sdk", "chat", *words]
    return subprocess.run(command, check=False, input=text, capture_output=True, text=True, **world)


def test_a_chat_in_a_pipe(world):
    """Without a terminal lines are read to their end, and nothing but plain text is written; `/cost` knows of forks."""
    done = piped(world, "one\n\n/cost\n/exit\nnot this\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("echo: one\n\n✓ 1 turn") and "\x1b" not in done.stdout
    assert "tokens in" in done.stdout and "not this" not in done.stdout
    told = re.findall("(.*) tokens in", piped(world, "one\n/cost\n/fork\ntwo\n/cost\n").stdout)
    assert len(told) == len(set(told)) == 2


def test_a_session_is_taken_up(chat, world, model):
    """`--resume` takes a start of an id, `--continue` the latest session of the directory; nothing is left running."""
    done = piped(world, "one\n")
    session_id = done.stdout.split()[-1]
    for words in (["--resume", session_id[:8]], ["--continue"]):
        done = piped(world, "more\n", *words)
        assert done.stdout.split()[-1] == session_id
        assert model.requests[-1].user_texts[0] == "one"
    talk = chat("--resume", session_id)
    talk.say("last")
    talk.until("✓ 1 turn")
    children = descendants(talk.pid)
    assert children
    assert talk.end() == 0
    until(lambda: not any(alive(child) for child in children))
