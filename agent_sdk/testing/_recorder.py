"""
`Recorder`: runs the real CLI and records all lines in both directions.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core import json_lines
from ..errors import AgentSDKError
from ..transport import OnStderr, Transport
from ._file import Recording
from ._scrub import Scrubber


class Recorder(Transport):
    """A recorded process; *cli* is its transport, and *on_close* is called when it is closed."""

    def __init__(self, cli: Transport, recording: Recording, scrubber: Scrubber, on_close: Callable[[], None]) -> None:
        self._cli = cli
        self._recording = recording
        self._scrubber = scrubber
        self._on_close = on_close
        self._on_stderr: OnStderr | None = None

    @property
    def pid(self) -> int | None:  # type: ignore[override]
        """Process id of the CLI."""
        return self._cli.pid

    def start(self, on_stderr: OnStderr | None = None) -> None:
        self._on_stderr = on_stderr
        self._cli.start(None if on_stderr is None else self._record_stderr)

    def _record_stderr(self, line: str) -> None:
        self._record("stderr", line)
        if self._on_stderr is not None:
            self._on_stderr(line)

    def read_lines(self, timeout: float | None) -> list[bytes]:
        lines = self._cli.read_lines(timeout)
        for line in lines:
            self._record_frame("cli", line)
        return lines

    def send_line(self, line: bytes) -> None:
        self._record_frame("host", line)
        self._cli.send_line(line)

    def wake(self) -> None:
        self._cli.wake()

    def end_input(self) -> None:
        if ("closed", True) not in self._recording.events:
            self._record("closed", True)
        self._cli.end_input()

    def end_error(self) -> AgentSDKError:
        error = self._cli.end_error()
        facts = {"exit_code": getattr(error, "exit_code", None), "stderr": getattr(error, "stderr", "")}
        self._record("end", facts)
        return error

    def close(self, grace: float = 1.0) -> None:
        try:
            self._cli.close(grace)
        finally:
            self._on_close()

    def _record_frame(self, kind: str, line: bytes) -> None:
        frame = json_lines.decode(line)
        if frame is not None:
            self._record(kind, frame)

    def _record(self, kind: str, value: Any) -> None:
        self._recording.events.append((kind, self._scrubber.scrub(value)))
