"""
The program that a `FakeCLI` runs: a copy of this file, with the script in the same folder.

It uses only the standard library, one thread and one `poll`, so it starts in about ten milliseconds and
answers control requests while it waits. It appends the frames that it reads, and how it was started, to files
that the test reads.
"""
from __future__ import annotations

import binascii
import fcntl
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False  # `typing` itself takes longer to import than the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FOLDER = os.path.dirname(os.path.abspath(__file__))
STDIN, STDOUT, STDERR = 0, 1, 2


class EndOfTurn(Exception):
    """Raised to skip the remaining steps of the turn."""


def append(name: str, line: bytes) -> int:
    """Append *line* to a file of the folder in one write; return the previous size of the file in bytes."""
    file = os.open(os.path.join(FOLDER, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = os.fstat(file).st_size
        write(file, line)
        return before
    finally:
        os.close(file)


def write(descriptor: int, line: bytes) -> None:
    """Write all of *line*."""
    view = memoryview(line)
    while view:
        view = view[os.write(descriptor, view) :]


def fresh_uuid() -> str:
    """Return a random UUID; importing `uuid` would take half of the startup time."""
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def flag(name: str) -> str | None:
    """Return the value of `--name=value` or `--name value` on the command line."""
    for index, word in enumerate(sys.argv):
        if word.startswith(name + "="):
            return word[len(name) + 1 :]
        if word == name and index + 1 < len(sys.argv):
            return sys.argv[index + 1]
    return None


def session_id(default: str) -> str:
    """Return the session id of this process, chosen as the CLI does."""
    known = fresh_uuid() if "--fork-session" in sys.argv else flag("--resume")
    return flag("--session-id") or known or default


def text_of(content: Any) -> str:
    """Return the text of a user message, its blocks joined by newlines."""
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content or () if isinstance(block, dict))


class Program:
    """One run: the script, the frames that were read, and the current turn."""

    def __init__(self, script: dict[str, Any]) -> None:
        self.script = script
        self.session = session_id(script["session_id"])
        self.placeholders = {"$session": self.session}
        self.unread = b""
        self.input_ended = False
        self.started = False
        self.held_requests: list[dict[str, Any]] = []
        self.prompts: list[dict[str, Any]] = []
        self.frame_counts: dict[str, int] = {}
        self.answered: set[object] = set()
        # A turn is open from the user message to a result, even if all its steps are done.
        self.is_open = False
        self.is_stopped = False
        self.stops_next_turn = False
        # The remaining steps of the turn.
        self.remaining_steps: list[dict[str, Any]] = []

    def run(self) -> None:
        """Run the start steps, then a turn for each user message, until stdin ends."""
        self.play(self.script["start"])
        self.started = True
        for frame in self.held_requests:
            self.answer(frame)
        while self.prompts or not self.input_ended:
            if self.prompts:
                self.play_turn(self.prompts.pop(0))
            else:
                self.poll_input(None)

    def play_turn(self, message: dict[str, Any]) -> None:
        """Run the next turn of the script, counted over all processes of this fake."""
        turns = self.script["turns"]
        number = append("turns", b".")
        self.placeholders["$prompt"] = text_of((message.get("message") or {}).get("content"))
        self.placeholders["$uuid"] = message.get("uuid") or fresh_uuid()
        self.is_open, self.is_stopped = True, False
        self.frame_counts["user"] = self.frame_counts.get("user", 1) - 1
        self.remaining_steps = turns[min(number, len(turns) - 1)]
        if self.stops_next_turn:
            self.stops_next_turn = False
            self.stop()
        self.play(self.remaining_steps)

    def play(self, steps: list[dict[str, Any]]) -> None:
        """Run the steps in order."""
        try:
            for number, step in enumerate(steps):
                self.remaining_steps = steps[number:]
                # Poll once, to process a stop that arrived without a wait.
                self.poll_input(0)
                if self.is_stopped:
                    return
                arguments = {key: value for key, value in step.items() if key != "do"}
                getattr(self, "do_" + step["do"])(**arguments)
        except EndOfTurn:
            pass  # the remaining steps of the turn are skipped
        self.remaining_steps = []

    def do_frame(self, frame: dict[str, Any]) -> None:
        write(STDOUT, self.encode_frame(frame))

    def do_raw(self, base64: str) -> None:
        write(STDOUT, self.decode_raw(base64))

    def do_one_byte_at_a_time(self, frames: list[dict[str, Any]]) -> None:
        for item in frames:
            line = self.encode_frame(item["frame"]) if item["do"] == "frame" else self.decode_raw(item["base64"])
            for index in range(len(line)):
                write(STDOUT, line[index : index + 1])

    def do_delay(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.is_stopped and (left := end - time.monotonic()) > 0:
            self.poll_input(left)

    def do_ask(self, request: dict[str, Any], request_id: str | None) -> None:
        request_id = request_id or fresh_uuid()
        self.do_frame({"type": "control_request", "request_id": request_id, "request": request})
        self.wait(lambda: request_id in self.answered)

    def do_wait_for(self, kind: str) -> None:
        self.wait(lambda: self.frame_counts.get(kind, 0) > 0)
        self.frame_counts[kind] -= 1

    def do_stderr(self, base64: str, repeat: int) -> None:
        for _ in range(repeat):
            write(STDERR, binascii.a2b_base64(base64))

    def do_exit(self, code: int) -> None:
        os._exit(code)

    def do_kill_self(self, signal: int) -> None:
        reset_signal(signal)
        os.kill(os.getpid(), signal)

    def do_ignore_sigterm(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def do_fork_grandchild(self, seconds: float) -> None:
        pid = os.fork()
        if pid:
            append("grandchildren", b"%d\n" % pid)
            return
        os.setsid()
        reset_signal(signal.SIGTERM)
        os.close(STDIN)
        time.sleep(seconds)
        os._exit(0)

    def wait(self, is_over: Callable[[], bool]) -> None:
        """Process input until *is_over*; a stop or the end of stdin ends the turn."""
        while not is_over():
            if self.is_stopped or self.input_ended:
                raise EndOfTurn
            self.poll_input(None)

    def poll_input(self, seconds: float | None) -> None:
        """Wait at most *seconds* for input and process it."""
        if self.input_ended:
            time.sleep(seconds or 0)
            return
        waiting = select.poll()
        waiting.register(STDIN, select.POLLIN)
        if not waiting.poll(None if seconds is None else max(0, int(seconds * 1000 + 0.999))):
            return
        chunk = os.read(STDIN, 1 << 20)
        self.input_ended = not chunk
        # The last line may lack its newline.
        *lines, self.unread = (self.unread + (chunk or b"\n" * bool(self.unread))).split(b"\n")
        for line in lines:
            self.receive(line)

    def receive(self, line: bytes) -> None:
        """Record a line and process its frame."""
        append("received", line + b"\n")
        if not line.strip():
            return
        try:
            frame = json.loads(line)
        except ValueError:
            # As the CLI does: an invalid line ends the process.
            write(STDERR, b"Error parsing streaming input line (type=unknown, %d chars): SyntaxError\n" % len(line))
            os._exit(1)
        if isinstance(frame, dict):
            self.process_frame(frame)

    def process_frame(self, frame: dict[str, Any]) -> None:
        """Process one frame of the host."""
        kind = frame.get("type")
        self.count(kind)
        if kind == "user":
            self.prompts.append(frame)
        elif kind == "control_response":
            self.answered.add((frame.get("response") or {}).get("request_id"))
        elif kind == "control_request":
            self.count((frame.get("request") or {}).get("subtype"))
            # Requests that arrive during the start steps are answered afterwards.
            (self.answer if self.started else self.held_requests.append)(frame)

    def count(self, kind: object) -> None:
        self.frame_counts[str(kind)] = self.frame_counts.get(str(kind), 0) + 1

    def answer(self, frame: dict[str, Any]) -> None:
        """Answer a control request of the host."""
        request = frame.get("request") or {}
        subtype = request.get("subtype")
        answer = self.script["responses"].get(subtype) or {"response": default_response(request)}
        if "silent" in answer:
            return
        if subtype == "initialize" and "response" in answer:
            agents = ["general-purpose", *(request.get("agents") or ()), flag("--agent")]
            answer["response"].setdefault("agents", [{"name": name} for name in agents if name])
        response = {"subtype": "error" if "error" in answer else "success", "request_id": frame.get("request_id")}
        self.do_frame({"type": "control_response", "response": {**response, **answer}})
        if subtype == "interrupt" and "error" not in answer:
            self.stop()

    def stop(self) -> None:
        """End the open turn as an interrupt does, unless the script itself waits for the interrupt."""
        if not self.is_open:
            # A requested turn that has not begun ends as soon as it begins.
            self.stops_next_turn = bool(self.prompts)
            return
        if any(step.get("kind") == "interrupt" for step in self.remaining_steps):
            return
        self.is_stopped = True
        for frame in self.script["stopped"]:
            self.do_frame(frame)

    def quit(self) -> None:
        """End the open turn, then the process."""
        self.stop()
        os._exit(0)

    def encode_frame(self, frame: dict[str, Any]) -> bytes:
        """Encode a frame after replacing its placeholders."""
        if frame.get("type") == "result":
            self.is_open = False
        frame = self.fill_placeholders(frame)
        try:
            return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        except UnicodeEncodeError:  # a lone surrogate, which the CLI writes as its escape
            return json.dumps(frame).encode() + b"\n"

    def decode_raw(self, base64: str) -> bytes:
        """Decode bytes that are written unchanged."""
        line = binascii.a2b_base64(base64)
        if b'"type":"result"' in line.replace(b" ", b""):
            self.is_open = False
        return line

    def fill_placeholders(self, value: Any) -> Any:
        """Replace the script's placeholders in *value*."""
        if isinstance(value, dict):
            return {key: self.fill_placeholders(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill_placeholders(item) for item in value]
        if not isinstance(value, str):
            return value
        if value == self.script["session_id"]:
            return self.session
        if "$" in value:
            for word, text in self.placeholders.items():
                value = value.replace(word, text)
        return value


def default_response(request: dict[str, Any]) -> dict[str, Any]:
    """Return the response to a control request that the script does not define."""
    table: dict[Any, dict[str, Any]] = {
        "interrupt": {"still_queued": []},
        "set_model": {"model": request.get("model")},
        "set_permission_mode": {"mode": request.get("mode")},
        "mcp_status": {"mcpServers": []},
        "mcp_set_servers": {"added": list(request.get("servers") or ()), "removed": [], "errors": {}},
        "get_context_usage": {"categories": [], "totalTokens": 19, "maxTokens": 1000000, "percentage": 0},
        "rewind_files": {"canRewind": True},
    }
    return table.get(request.get("subtype"), {})


def reset_signal(number: int) -> None:
    """Restore the default action of a signal."""
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)


def main() -> None:
    """Read the script, record how this process was started, and run."""
    with open(os.path.join(FOLDER, "script.json"), encoding="utf-8") as file:
        script = json.load(file)
    if "--version" in sys.argv[1:]:
        write(STDOUT, f"{script['version']} (Claude Code)\n".encode())
        return
    start = {"argv": sys.argv, "env": dict(os.environ), "pid": os.getpid(), "cwd": os.getcwd()}
    append("starts", json.dumps(start).encode() + b"\n")
    program = Program(script)
    # As the CLI does: SIGTERM exits, SIGINT ends the turn first.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    signal.signal(signal.SIGINT, lambda *_: program.quit())
    try:
        program.run()
    except BrokenPipeError:  # the SDK has closed the pipe
        os._exit(0)


if __name__ == "__main__":
    main()
