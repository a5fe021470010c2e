"""
`FakeCLI`: a scripted CLI in a real child process, so that tests include pipes, signals and exits.

    with FakeCLI(frames.conversation("hello", "world")) as fake:
        result = agent_sdk.query("hello", cli_path=fake.path)
        assert fake.received[-1]["message"]["content"] == "hello"

`frames` and `steps` build the script; the child process runs `_fake_program`.
"""
from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from .._core import json_lines
from . import _fake_program, steps
from . import frames as build

#: Kernels truncate the first line of a script at different lengths above this one.
_MAX_SHEBANG_CHARS = 120
_NO_CHANGES: Mapping[str, Any] = {}


class FakeCLI:
    """
    A replacement for the `claude` program that sends *frames* after a user message.

    It answers `initialize` and other control requests, runs one turn at a time (later messages are queued), ends
    the open turn on `interrupt`, and exits with 0 at the end of its stdin after all requested turns. It adds no
    result frame to a turn without one. An input line that is not JSON ends it, as it ends the CLI.

    Args:
        frames: One turn, repeated for each user message; or a list of turns, counted over all processes, whose
        last one is repeated. Items are frames (dicts), bytes, and `steps`. Defaults to the reply "ok".
        start: Steps at the start of each process, before it reads input. Control requests that arrive
        meanwhile are answered afterwards.
        initialize: Fields of the response to `initialize` that replace the defaults; *None* sends no response.
        responses: By `subtype` of control requests: the response, an exception whose text is the error, or
        *None* for no response. Other requests succeed.
        version: The version that `--version` prints before ` (Claude Code)`; such runs are not recorded.
    """

    def __init__(
        self,
        frames: Sequence[Any] | None = None,
        *,
        start: Sequence[Any] = (),
        initialize: Mapping[str, Any] | None = _NO_CHANGES,
        responses: Mapping[str, Any] | None = None,
        version: str = build.CLI_VERSION,
    ) -> None:
        turns = _turns([build.init(), build.assistant("ok"), build.result("ok")] if frames is None else frames)
        answers = {"initialize": _initialize_response(initialize, version), **(responses or {})}
        script = {
            "turns": [[steps.encode(item) for item in turn] for turn in turns],
            "start": [steps.encode(item) for item in start],
            "responses": {subtype: _encode_response(response) for subtype, response in answers.items()},
            "stopped": _interrupted_frames(),
            "session_id": build.SESSION_ID,
            "version": version,
        }
        self._folder = Path(tempfile.mkdtemp(prefix="fake-claude-"))
        # In case it is not closed.
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._program = self._install(script)

    @property
    def path(self) -> str:
        """The executable, for the option `cli_path=`."""
        return str(self._program)

    @property
    def received_lines(self) -> list[bytes]:
        """The lines that the SDK wrote, over all processes, unchanged; available while they run."""
        return self._lines("received")

    @property
    def received(self) -> list[dict[str, Any]]:
        """The frames that the SDK wrote, over all processes, without lines that are not frames."""
        decoded = map(json_lines.decode, self.received_lines)
        return [frame for frame in decoded if frame is not None]

    @property
    def argv(self) -> list[list[str]]:
        """The command line of each process, beginning with the program's path."""
        return [start["argv"] for start in self._starts()]

    @property
    def env(self) -> list[dict[str, str]]:
        """The environment of each process."""
        return [start["env"] for start in self._starts()]

    @property
    def cwd(self) -> list[str]:
        """The working directory of each process."""
        return [start["cwd"] for start in self._starts()]

    @property
    def pids(self) -> list[int]:
        """The id of each process."""
        return [start["pid"] for start in self._starts()]

    def wait_for(self, kind: str, n: int = 1, timeout: float = 10.0) -> dict[str, Any]:
        """
        Wait until the SDK has written *n* frames of a kind.

        Args:
            kind: The frame's `type`, or the `subtype` of a control request.
            n: Counted from the start, over all processes.
            timeout: Seconds.

        Returns:
            The *n*-th such frame.

        Raises:
            TimeoutError: Fewer frames were written in time.
        """
        limit = time.monotonic() + timeout
        while True:
            found = [frame for frame in self.received if kind in _frame_kinds(frame)]
            if len(found) >= n:
                return found[n - 1]
            if time.monotonic() > limit:
                raise TimeoutError(f"the SDK wrote {len(found)} of {n} frames {kind!r} in {timeout:g} s")
            time.sleep(0.005)  # files have no event to wait for

    def close(self) -> None:
        """End the processes that still run and remove the program. It may be called again."""
        left = [*self.pids, *map(int, self._lines("grandchildren"))]
        for pid in filter(self._runs_this_program, left):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> FakeCLI:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<FakeCLI {self.path}, {len(self._starts())} starts, {len(self.received_lines)} lines received>"

    def _install(self, script: Mapping[str, Any]) -> Path:
        (self._folder / "script.json").write_text(json.dumps(script), encoding="utf-8")
        source = Path(_fake_program.__file__).read_text(encoding="utf-8")
        program = self._folder / "claude"
        program.write_text(f"{_shebang(sys.executable)}\n{source}", encoding="utf-8")
        program.chmod(0o700)
        return program

    def _starts(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._lines("starts")]

    def _lines(self, name: str) -> list[bytes]:
        try:
            content = (self._folder / name).read_bytes()
        except OSError:
            return []
        # The text after the last newline is still being written.
        return content.split(b"\n")[:-1]

    def _runs_this_program(self, pid: int) -> bool:
        # The id may belong to another process by now. Only Linux allows a check; elsewhere nothing is ended.
        try:
            return self.path.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False


def _shebang(python: str) -> str:
    # Without site packages and PYTHON variables it starts in a third of the time.
    line = f"#!{python} -SE"
    if " " not in python and len(line) <= _MAX_SHEBANG_CHARS:
        return line
    # The shell runs this line as a command; to Python it is a string.
    return f"#!/bin/sh\n'''exec' '{python}' -SE \"$0\" \"$@\"\n' '''"


def _turns(frames: Sequence[Any]) -> list[list[Any]]:
    if frames and all(isinstance(item, (list, tuple)) for item in frames):
        return [list(turn) for turn in frames]
    return [list(frames)]


def _encode_response(response: Mapping[str, Any] | Exception | None) -> dict[str, Any]:
    if response is None:
        return {"silent": True}
    if isinstance(response, Exception):
        return {"error": str(response)}
    return {"response": dict(response)}


def _initialize_response(fields: Mapping[str, Any] | None, version: str) -> dict[str, Any] | None:
    if fields is None:
        return None
    model = {"value": "default", "resolvedModel": build.MODEL, "displayName": "Default", "description": ""}
    return {
        "commands": [{"name": "compact", "description": "Compact the conversation", "argumentHint": ""}],
        "output_style": "default",
        "available_output_styles": ["default"],
        "models": [model],
        "account": {"tokenSource": "none", "apiKeySource": "ANTHROPIC_API_KEY", "apiProvider": "firstParty"},
        "claude_code_version": version,
        "current_permission_mode": "default",
        "session_state": "idle",
        **fields,
    }


def _interrupted_frames() -> list[dict[str, Any]]:
    """Return the frames that end a turn on an interrupt."""
    result = build.error_result(
        errors=["[ede_diagnostic] result_type=user"],
        terminal_reason="aborted_streaming",
        user_message_uuid="$uuid",
        user_message_uuids=["$uuid"],
    )
    return [build.user({"type": "text", "text": "[Request interrupted by user]"}), result]


def _frame_kinds(frame: Mapping[str, Any]) -> tuple[Any, Any]:
    request = frame.get("request")
    return frame.get("type"), request.get("subtype") if isinstance(request, dict) else None
