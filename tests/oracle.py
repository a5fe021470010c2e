"""
What the CLI sends to the model when it resumes a transcript: the session's history, by definition.

`Oracle` writes transcripts with the real CLI, damages copies of them, resumes them, and compares the messages of the
request with those that this package reads. It contacts the scripted model on loopback only.

    python tests/oracle.py

prints the differences of the whole corpus.
"""
from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs

import agent_sdk
from agent_sdk import Client
from agent_sdk._process.locate import find_cli
from agent_sdk.testing import ScriptedModel, isolated_env
from agent_sdk.transcripts import get_session_messages, get_subagent_messages, list_subagents

PROBE = "the probe of the oracle"
#: One text, tool use, tool result or picture: its role and its text, or its kind and id.
Piece = tuple[str, str]
Lines = list[bytes]

_QUEUED = re.compile(r"(?s)(?:<system-reminder>\n)?The user sent a new message while you were working:\n(.*?)\n\nThis is")
_NOTIFICATION = re.compile(r"(?s)(?:<system-reminder>\n)?\[SYSTEM NOTIFICATION.*?(<task-notification>.*</task-notification>)")
#: What the CLI adds to a history that ends in the middle of a turn.
_REPAIRS = ("No response requested.", "Continue from where you left off.")
#: What it says of a background task whose end is not in the transcript.
_LOST_TASK = "before the previous session ended</summary>"
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def pieces(messages: Iterator[tuple[str, Any]]) -> list[Piece]:
    """Return the pieces of messages, each a pair of role and content."""
    found: list[Piece] = []
    for role, content in messages:
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        for block in blocks:
            if block["type"] == "text":
                found += _text_piece(role, block["text"])
            elif block["type"] == "tool_use":
                found.append(("use", block["id"]))
            elif block["type"] == "tool_result":
                if not str(block.get("content")).startswith("[Tool call interrupted"):
                    found.append(("result", block["tool_use_id"]))
            elif block["type"] in ("image", "document"):
                found.append((role, f"<{block['type']}>"))
    return found


def _text_piece(role: str, text: str) -> list[Piece]:
    if _LOST_TASK in text:
        return []
    known = _QUEUED.match(text) or _NOTIFICATION.match(text)
    if known:
        return [("user", known[1].strip())]
    if role == "system" or text.startswith("<system-reminder>") or text.strip() in _REPAIRS:
        return []
    return [(role, text.strip())]


def _ordered(whole: list[Piece]) -> list[Piece]:
    """
    Return pieces with those of neighbouring tools sorted.

    Tools run while the reply still comes, so that a result may be written before the next use. The CLI sends the uses
    of a reply first, and the API takes results in any order.
    """
    groups = [list(group) for _, group in groupby(whole, lambda piece: piece[0] in ("use", "result"))]
    return [piece for group in groups for piece in (sorted(group) if group[0][0] in ("use", "result") else group)]


def _is_open(piece: Piece, whole: list[Piece]) -> bool:
    """Return whether a tool use has no result, or a result no use: the model's API refuses them, a reader wants them."""
    other = {"use": "result", "result": "use"}.get(piece[0])
    return other is not None and (other, piece[1]) not in whole


@attrs.define
class Difference:
    """A transcript whose history is read in another way than the CLI reads it."""

    cli: list[Piece]
    sdk: list[Piece]

    def __str__(self) -> str:
        return f"\n  CLI sends {self.cli}\n  SDK reads {self.sdk}"


@attrs.define
class Oracle:
    """A CLI with a home, a project and a model of its own."""

    root: Path
    model: ScriptedModel
    #: How many pieces were compared.
    compared: int = 0

    @property
    def project(self) -> Path:
        """The CLI's working directory."""
        (self.root / "project").mkdir(exist_ok=True)
        return self.root / "project"

    @property
    def env(self) -> dict[str, str | None]:
        """The CLI's environment."""
        return {**isolated_env(self.root / "world"), **self.model.env}

    @property
    def config(self) -> str:
        """The CLI's configuration folder."""
        return str(self.env["CLAUDE_CONFIG_DIR"])

    def path(self, session_id: str) -> Path:
        """Return the transcript of a session."""
        return next(Path(self.config, "projects").glob(f"*/{session_id}.jsonl"))

    def client(self, **options: Any) -> Client:
        """Make a client that may use tools."""
        tools = ["Read", "Bash", "Task"]
        return Client(cwd=self.project, env=self.env, allowed_tools=tools, **options)

    def run(self, *prompts: Any, **options: Any) -> str:
        """Run turns in one process; return the session's id."""
        with self.client(**options) as client:
            return str([client.query(prompt) for prompt in prompts][-1].session_id)

    def damage(self, session_id: str, change: Callable[[Lines], Lines]) -> str:
        """Write a damaged copy of a session; return its id."""
        source, copy = self.path(session_id), str(uuid.uuid4())
        lines = [_replaced(line, session_id, copy) for line in source.read_bytes().splitlines(keepends=True)]
        source.with_name(f"{copy}.jsonl").write_bytes(b"".join(change(lines)))
        return copy

    def sent(self, session_id: str) -> list[Piece]:
        """Resume a session; return what the CLI sends of it, without entries that are for the model only."""
        hidden = {text for line in self.path(session_id).read_bytes().splitlines() for text in _hidden_texts(line)}
        before = len(self.model.requests)
        agent_sdk.query(PROBE, resume=session_id, cwd=self.project, env=self.env, timeout=120)
        calls = [call for call in self.model.requests[before:] if call.is_call and not call.is_aside]
        sent = pieces((message["role"], message["content"]) for message in calls[-1].messages)
        return [piece for piece in sent if piece[1] not in (PROBE, *hidden)]

    def read(self, session_id: str) -> list[Piece]:
        """Return what this package reads of a session."""
        messages = get_session_messages(session_id, config_dir=self.config)
        return pieces((message.type, message.raw["message"].get("content")) for message in messages)

    def compare(self, session_id: str) -> Difference | None:
        """Compare both readings of a session; *None* if they are equal."""
        read = self.read(session_id)
        sent = self.sent(session_id)
        read = [piece for piece in read if piece in sent or not _is_open(piece, read)]
        self.compared += len(sent)
        return None if _ordered(sent) == _ordered(read) else Difference(sent, read)

    def compare_subagents(self, session_id: str) -> list[Difference]:
        """Compare the last request of each subagent, and the reply to it, with what is read of its transcript."""
        found = []
        for agent_id in list_subagents(session_id, config_dir=self.config):
            messages = get_subagent_messages(session_id, agent_id, config_dir=self.config)
            read = pieces((message.type, message.raw["message"]["content"]) for message in messages)
            requests = [call.messages for call in self.model.requests if call.is_call]
            histories = [pieces((one["role"], one["content"]) for one in messages) for messages in requests]
            sent = [history for history in histories if history[:1] == read[:1]][-1]
            self.compared += len(sent)
            if read[:-1] != sent:
                found.append(Difference(sent, read[:-1]))
        return found

    # --- the corpus

    def parallel_tools(self) -> str:
        """Three tools at once, twice, between plain turns."""
        self.model.when("first tools").call_tools(*_commands("one", "two", "three"), text="at once").reply("done one")
        self.model.when("more tools").call_tools(*_commands("four", "five"), text="again").reply("done two")
        return self.run("hello", "first tools", "more tools", "goodbye")

    def parallel_subagents(self) -> str:
        """Two subagents at once, each with two tools at once, twice."""
        for name in ("red", "blue"):
            script = self.model.when(f"look for {name}")
            script.call_tools(*_commands(f"{name} 1", f"{name} 2"), text=f"{name} begins")
            script.call_tools(*_commands(f"{name} 3", f"{name} 4")).reply(f"{name} ends")
        task = {"subagent_type": "general-purpose", "run_in_background": False}
        tasks = [{**task, "description": name, "prompt": f"look for {name}"} for name in ("red", "blue")]
        self.model.when("start agents").call_tools(*(("Task", one) for one in tasks)).reply("both ended")
        return self.run("start agents", "and then")

    def slash_command(self) -> str:
        """A command of the project, behind parallel tools: its text is an entry for the model only."""
        folder = self.project / ".claude" / "commands"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "greet.md").write_text("Say hello to $ARGUMENTS.")
        self.model.when("tools first").call_tools(*_commands("one", "two")).reply("done")
        return self.run("tools first", "/greet the world", setting_sources=["project"])

    def stop_hook(self) -> str:
        """The feedback of a hook that lets the model go on once, behind parallel tools."""
        command = """test -e asked || { touch asked; echo '{"decision":"block","reason":"look again"}'; }"""
        settings = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}
        self.model.when("tools and stop").call_tools(*_commands("one", "two")).reply("not yet").reply("now")
        return self.run("tools and stop", settings=settings)

    def picture(self) -> str:
        """A picture in a prompt, behind parallel tools."""
        source = {"type": "base64", "media_type": "image/png", "data": _PIXEL}
        self.model.when("tools then picture").call_tools(*_commands("one", "two")).reply("done")
        return self.run("tools then picture", ["what is this", {"type": "image", "source": source}])

    def queued_prompt(self) -> str:
        """A prompt that is sent while a tool runs."""
        self.model.when("work").call_tool("Bash", {"command": "sleep 3; echo slept"}).reply("I saw both")
        command = [find_cli(), "-p", "--input-format=stream-json", "--output-format=stream-json", "--verbose"]
        environ = {key: value for key, value in self.env.items() if value is not None}
        process = subprocess.Popen(
            [*command, "--allowedTools=Bash"], cwd=self.project, env={**os.environ, **environ},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        session_id = ""
        for text in ("work for me", "and this too"):
            process.stdin.write(json.dumps({"type": "user", "message": {"role": "user", "content": text}}).encode())
            process.stdin.write(b"\n")
            process.stdin.flush()
            for line in process.stdout:
                frame = json.loads(line)
                session_id = frame.get("session_id") or session_id
                if frame["type"] == ("assistant" if text == "work for me" else "result"):
                    break
        process.communicate(timeout=30)
        return session_id

    def notification(self) -> str:
        """A background command that ends while another one runs."""
        background = {"command": "sleep 1; echo background", "run_in_background": True}
        script = self.model.when("both commands").call_tool("Bash", background)
        script.call_tool("Bash", {"command": "sleep 3; echo foreground"}).reply("both ended")
        return self.run("both commands", "next")

    def compaction(self) -> str:
        """A compaction between turns."""
        return self.run("long ago", "/compact", "today")

    def killed(self) -> str:
        """A CLI that is killed while the second of two tools runs."""
        self.model.when("be killed").call_tools(("Bash", {"command": "echo fast"}), ("Bash", {"command": "python3 -c 'import time; time.sleep(30)'"}))
        with self.client() as client:
            session_id = str(client.query("before").session_id)
            stream = client.stream("be killed")
            for message in stream:
                if message.is_tool_use:
                    time.sleep(1)
                    break
            pid = client.pid
            assert pid is not None
            subprocess.run(["kill", "-9", str(pid)], check=True)
            with contextlib.suppress(agent_sdk.AgentSDKError):
                list(stream)
        return session_id

    def fork_of_a_fork(self) -> str:
        """A fork by the CLI of a fork by this package."""
        session_id = self.parallel_tools()
        copy = agent_sdk.transcripts.fork_session(session_id, config_dir=self.config)
        again = self.run("in the fork", resume=copy, fork_session=True)
        return agent_sdk.transcripts.fork_session(again, config_dir=self.config)


def _commands(*words: str) -> list[tuple[str, dict[str, Any]]]:
    return [("Bash", {"command": f"echo {word}"}) for word in words]


def _replaced(line: bytes, old: str, new: str) -> bytes:
    return line.replace(old.encode(), new.encode())


def _hidden_texts(line: bytes) -> Iterator[str]:
    """Yield the texts of an entry that is for the model only."""
    if b'"isMeta":true' in line:
        entry, _ = json.JSONDecoder().raw_decode(line.decode())
        yield from (piece[1] for piece in pieces(iter([("user", (entry.get("message") or {}).get("content"))])))


CORPUS: tuple[Callable[[Oracle], str], ...] = (
    Oracle.parallel_tools,
    Oracle.parallel_subagents,
    Oracle.slash_command,
    Oracle.stop_hook,
    Oracle.picture,
    Oracle.queued_prompt,
    Oracle.notification,
    Oracle.compaction,
    Oracle.killed,
    Oracle.fork_of_a_fork,
)


# --- damage: each function takes the lines of a transcript and returns others


def _messages(lines: Lines) -> list[int]:
    return [at for at, line in enumerate(lines) if b'"parentUuid":' in line[:200] and b'"message":{' in line[:600]]


def _middle(lines: Lines) -> int:
    messages = _messages(lines)
    return messages[len(messages) // 2]


def _with_parent(line: bytes, parent: str) -> bytes:
    return re.sub(rb'"parentUuid":(null|"[^"]*")', f'"parentUuid":"{parent}"'.encode(), line, count=1)


def lost_parent(lines: Lines) -> Lines:
    """A message in the middle is gone."""
    at = _middle(lines)
    return [*lines[:at], *lines[at + 1 :]]


def lost_attachments(lines: Lines) -> Lines:
    """All attachments are gone: they are the parents of many messages."""
    return [line for line in lines if b'"attachment":{' not in line[:300]]


def unknown_parents(lines: Lines) -> Lines:
    """All results of tools name parents that are not in the file."""
    return [_with_parent(line, str(uuid.uuid4())) if b'"tool_result"' in line else line for line in lines]


def out_of_order(lines: Lines) -> Lines:
    """Two messages are in the wrong order."""
    at, end = _middle(lines), _messages(lines)[-1]
    return [*lines[:at], lines[end], *lines[at:end], *lines[end + 1 :]]


def nuls_behind(lines: Lines) -> Lines:
    """A record has NULs behind it, as after a crash of the machine."""
    at = _middle(lines)
    return [*lines[:at], lines[at].rstrip(b"\n") + b"\0" * 100 + b"\n", *lines[at + 1 :]]


def two_on_a_line(lines: Lines) -> Lines:
    """A record lacks its newline."""
    at = _middle(lines)
    return [*lines[:at], lines[at].rstrip(b"\n"), *lines[at + 1 :]]


def half_a_record(lines: Lines) -> Lines:
    """A record is cut off in its middle."""
    at = _middle(lines)
    return [*lines[:at], lines[at][: len(lines[at]) // 2] + b"\n", *lines[at + 1 :]]


def half_at_the_end(lines: Lines) -> Lines:
    """The last message is cut off."""
    end = _messages(lines)[-1]
    return [*lines[:end], lines[end][: len(lines[end]) // 2]]


def odd_types(lines: Lines) -> Lines:
    """Entries of unknown and of odd types, one of which is a parent."""
    at, made = _messages(lines)[-1], str(uuid.uuid4())
    odd = [f'{{"type":["x"],"uuid":"{uuid.uuid4()}","parentUuid":null}}\n'.encode(), b'{"type":5}\n', b"[]\n", b"7\n"]
    new = f'{{"type":"new-type","uuid":"{made}","parentUuid":null,"isSidechain":false}}\n'.encode()
    return [*lines[:at], *odd, new, _with_parent(lines[at], made), *lines[at + 1 :]]


def duplicates(lines: Lines) -> Lines:
    """The first half is there once more at the end."""
    return [*lines, *lines[: _middle(lines)]]


def huge_numbers(lines: Lines) -> Lines:
    """Each entry holds a number that no double holds."""
    return [re.sub(rb'"isSidechain":', b'"n":1e999,"isSidechain":', line, count=1) for line in lines]


DAMAGES = (
    lost_parent,
    lost_attachments,
    unknown_parents,
    out_of_order,
    nuls_behind,
    two_on_a_line,
    half_a_record,
    half_at_the_end,
    odd_types,
    duplicates,
    huge_numbers,
)


#: Differences that stay: the corpus and the damage, and the reason.
EXPLAINED = dict.fromkeys(
    [("queued_prompt", "lost_parent"), ("queued_prompt", "half_a_record")],
    "Where the result before a queued prompt is lost, the CLI moves the prompt up to the start of the user's message.",
)
#: Differences that are not understood yet; seen in some runs. All of them bridge a missing parent where the entries
#: before it have timestamps out of order, as those of a compaction and of a queued prompt have.
OPEN = {(corpus, damage.__name__) for corpus in ("queued_prompt", "compaction") for damage in DAMAGES}


def main() -> None:
    """Compare the whole corpus, whole and damaged."""
    transcripts = differences = compared = 0
    for make in CORPUS:
        with tempfile.TemporaryDirectory() as folder, ScriptedModel() as model:
            oracle = Oracle(Path(folder), model)
            session_id = make(oracle)
            copies = {damage.__name__: oracle.damage(session_id, damage) for damage in DAMAGES}
            found = oracle.compare_subagents(session_id)
            for name, each in {"whole": session_id, **copies}.items():
                difference = oracle.compare(each)
                transcripts += 1
                found += [] if difference is None else [difference]
                print(f"{make.__name__} {name}: {difference or 'equal'}", flush=True)
            compared, differences = compared + oracle.compared, differences + len(found)
    print(f"{transcripts} transcripts, {compared} entries compared, {differences} differences")


if __name__ == "__main__":
    sys.exit(main())
