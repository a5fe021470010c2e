"""
A CLI that plays a script: a real child process, so that pipes, signals and exits are tested for real.

    with FakeCLI(frames.conversation("hello", "world")) as fake:
        result = agent_sdk.query("hello", cli_path=fake.path)
        assert fake.received[-1]["message"]["content"] == "hello"

What it plays is made in `frames` and `steps`; what runs is `_fake_program`.
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

#: Kernels cut a script's first line somewhere above this length.
_MAX_SHEBANG_CHARS = 120
_NO_CHANGES: Mapping[str, Any] = {}


class FakeCLI:
    """
    A stand-in for the `claude` program that plays *frames* after a user message.

    It answers `initialize` and other control requests, keeps to one turn at a time (messages that come
    meanwhile wait), ends the open turn on `interrupt`, and exits with 0 at the end of its stdin once what was
    asked for is played. A turn without a result frame gets none. A line that is no JSON ends it, as the CLI.

    Args:
        frames: One turn, repeated for each user message; or a list of turns, counted over all
            processes, the last one repeated. Items are frames (dicts), bytes, and `steps`. *None*: "ok".
        start: Steps for the start of each process, before any input is read. Control requests that come
            meanwhile are answered when they are through.
        initialize: Fields of the answer to `initialize` that differ from the default; *None* never answers.
        responses: For a control request's `subtype`: the response, an exception whose text is
            the error, or *None* to never answer. Anything else is answered with success.
        version: What `--version` prints before ` (Claude Code)`; such a run is not recorded.
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
        # For who forgets to close it.
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._program = self._install(script)

    @property
    def path(self) -> str:
        """The executable, for the option `cli_path=`."""
        return str(self._program)

    @property
    def received_lines(self) -> list[bytes]:
        """The lines that the host wrote, as they came, over all processes; readable while they run."""
        return self._lines("received")

    @property
    def received(self) -> list[dict[str, Any]]:
        """The frames that the host wrote, over all processes; lines that are none are left out."""
        decoded = map(json_lines.decode, self.received_lines)
        return [frame for frame in decoded if frame is not None]

    @property
    def argv(self) -> list[list[str]]:
        """The command line of each start, the program's path first."""
        return [start["argv"] for start in self._starts()]

    @property
    def env(self) -> list[dict[str, str]]:
        """The environment of each start."""
        return [start["env"] for start in self._starts()]

    @property
    def cwd(self) -> list[str]:
        """The working directory of each start."""
        return [start["cwd"] for start in self._starts()]

    @property
    def pids(self) -> list[int]:
        """The process id of each start."""
        return [start["pid"] for start in self._starts()]

    def wait_for(self, kind: str, n: int = 1, timeout: float = 10.0) -> dict[str, Any]:
        """
        Wait until the host has written *n* frames of a kind.

        Args:
            kind: The frame's `type`, or the `subtype` of a control request.
            n: Counts from the start, over all processes.
            timeout: Seconds.

        Returns:
            The *n*-th such frame.

        Raises:
            TimeoutError: There were fewer.
        """
        limit = time.monotonic() + timeout
        while True:
            found = [frame for frame in self.received if kind in _frame_kinds(frame)]
            if len(found) >= n:
                return found[n - 1]
            if time.monotonic() > limit:
                raise TimeoutError(f"the host wrote {len(found)} of {n} frames {kind!r} in {timeout:g} s")
            time.sleep(0.005)  # a file has no event to wait on

    def close(self) -> None:
        """End processes that are left and remove the program. May be called again."""
        left = [*self.pids, *map(int, self._lines("grandchildren"))]
        for pid in filter(self._runs_this_program, left):
            with contextlib.suppress(OSError):  # it ended by itself just now
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
        # What follows the last newline is being written.
        return content.split(b"\n")[:-1]

    def _runs_this_program(self, pid: int) -> bool:
        # The id may belong to somebody else by now; only Linux tells, elsewhere nothing is ended.
        try:
            return self.path.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False


def _shebang(python: str) -> str:
    # No site packages and no PYTHON variables: it starts in a third of the time.
    line = f"#!{python} -SE"
    if " " not in python and len(line) <= _MAX_SHEBANG_CHARS:
        return line
    # Read by the shell as a command, by Python as a text.
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
    """The frames that end a turn on an interrupt."""
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
