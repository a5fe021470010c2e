"""
`Player`: replays a recorded process. It returns the CLI's lines in order, and compares the SDK's lines with the
recording.

A line of the CLI is held until the SDK has written the lines recorded before it, so that requests and responses keep
their order. Ids that this run generates (of messages, requests, sessions) replace the recorded ones.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from .._core import json_lines
from .._core.json_lines import Frame
from ..errors import AgentSDKError, ProcessError
from ..options.options import Options
from ..transport import OnStderr, Transport
from . import _diff as diff
from ._file import Recording
from ._scrub import Scrubber, canonical_paths, rename_uuids

#: Seconds to wait in a turn for the next recorded line of the SDK before a mismatch is raised.
STALL_TIMEOUT = 5.0


class Tape(Protocol):
    """The part of the cassette that a player uses."""

    ids: dict[str, str]
    lock: threading.RLock

    def alternatives(self, player: Player) -> Iterator[tuple[Recording, Player | None]]: ...

    def record_instead(self, player: Player) -> Transport | None: ...

    def add_failure(self, problem: AgentSDKError) -> None: ...

    def mismatch(self, what: str, recorded: Any, actual: Any) -> AgentSDKError: ...


class Player(Transport):
    """A replayed process; a mismatch is raised when the SDK reads."""

    def __init__(
        self,
        cassette: Tape,
        recording: Recording,
        scrubber: Scrubber,
        options: Options,
        make_cli: Callable[[], Transport],
    ) -> None:
        #: Start parameters of the process, and the function that starts the real CLI.
        self.options = options
        self.make_cli = make_cli
        self._cassette = cassette
        self._scrubber = scrubber
        self._wake_lock = threading.Lock()
        self._wake_lock.acquire()
        self._lock = cassette.lock
        self._on_stderr: OnStderr | None = None
        self._sent: list[bytes] = []
        self._error: AgentSDKError | None = None
        #: The recorder of the real CLI, if this run matches no recording and may be recorded.
        self._cli: Transport | None = None
        self._input_ended = self._closed = False
        self.bind(recording)

    def bind(self, recording: Recording) -> None:
        """Replay *recording* from its start."""
        self.recording = recording
        #: Positions of the recorded lines of the SDK that were received.
        self.matched: set[int] = set()
        self._place = 0
        #: Recorded ids of the SDK's control requests -> ids of this run.
        self._requests: dict[str, str] = {}
        #: Pending lines of the CLI: a result for each prompt, a response for each request.
        self._awaited = 0
        self._has_begun = False

    # --- the transport

    def start(self, on_stderr: OnStderr | None = None) -> None:
        self._on_stderr = on_stderr

    @property
    def pid(self) -> int | None:  # type: ignore[override]
        """Process id of the CLI, if the real one runs."""
        return None if self._cli is None else self._cli.pid

    def read_lines(self, timeout: float | None) -> list[bytes]:
        if self._cli is not None:
            return self._cli.read_lines(timeout)
        lines = self._due_lines()
        if lines or timeout == 0:
            return lines
        since = time.monotonic()
        patience = STALL_TIMEOUT if self._awaited else None
        limits = [limit for limit in (timeout, patience) if limit is not None]
        was_rung = self._wake_lock.acquire(timeout=min(limits, default=-1))
        lines = self._due_lines()
        if not lines and not was_rung and self._awaited and time.monotonic() - since >= STALL_TIMEOUT:
            self._fail(self._stalled())
            self._raise_error()
        return lines

    def _due_lines(self) -> list[bytes]:
        self._raise_error()
        with self._lock:
            lines, is_over = self._release()
        if not lines and is_over:
            raise EOFError
        return lines

    def send_line(self, line: bytes) -> None:
        with self._lock:
            if self._cli is not None:
                self._cli.send_line(line)
                return
            self._sent.append(line)
            frame = json_lines.decode(line)
            if frame is not None and self._error is None and not self._closed:
                problem = self._match(frame)
                if problem is not None and not self._switch_recording() and not self._switch_to_cli():
                    self._fail(problem)
        self.wake()

    def wake(self) -> None:
        if self._cli is not None:
            self._cli.wake()
        try:
            self._wake_lock.release()
        except RuntimeError:
            return  # already signalled

    def end_input(self) -> None:
        self._input_ended = True
        if self._cli is not None:
            self._cli.end_input()
        self.wake()

    def close(self, grace: float = 1.0) -> None:
        self._input_ended = self._closed = True
        if self._cli is not None:
            self._cli.close(grace)
        self.wake()

    def end_error(self) -> AgentSDKError:
        if self._cli is not None:
            return self._cli.end_error()
        ends: list[Frame] = [value for kind, value in self.recording.events if kind == "end"]
        facts = self._scrubber.restore(ends[-1]) if ends else {}
        code = facts.get("exit_code")
        text = f"the CLI ended with exit code {code} before the result came (replayed)"
        return ProcessError(text, exit_code=code, stderr=facts.get("stderr", ""))

    # --- lines of the CLI

    def _release(self) -> tuple[list[bytes], bool]:
        """Return the lines that are due, and whether they are the last ones."""
        lines: list[bytes] = []
        events = self.recording.events
        while self._place < len(events) and not self._is_blocked(*events[self._place]):
            kind, value = events[self._place]
            self._place += 1
            if kind == "cli":
                lines.append(self._restore_frame(value))
            elif kind == "stderr" and self._on_stderr is not None:
                self._on_stderr(self._scrubber.restore(value))
        is_at_end = self._place < len(events) and events[self._place][0] == "end"
        return lines, is_at_end or self._input_ended

    def _is_blocked(self, kind: str, value: Any) -> bool:
        if kind == "host":
            return self._place not in self.matched
        return kind == "end" or (kind == "closed" and not self._input_ended)

    def _restore_frame(self, frame: Frame) -> bytes:
        frame = rename_uuids(self._scrubber.restore(frame), self._cassette.ids)
        if frame.get("type") == "control_response":
            response = frame["response"]
            response["request_id"] = self._requests.get(response.get("request_id"), response.get("request_id"))
            self._awaited -= 1
        else:
            self._has_begun = True
            self._awaited -= frame.get("type") == "result"
        return json_lines.encode(frame)[:-1]

    # --- lines of the SDK

    def _match(self, frame: Frame) -> AgentSDKError | None:
        """Compare a line of the SDK with the recording; return the mismatch, if any."""
        kept = self._scrubber.scrub(frame)
        place = self._find_place(frame)
        if place is None:
            return self._unrecorded(kept)
        recorded = self.recording.events[place][1]
        self._map_ids(frame, recorded)
        if canonical_paths(_without_ids(kept)) != canonical_paths(_without_ids(recorded)):
            return self._difference(recorded, kept)
        self.matched.add(place)
        self._awaited += frame.get("type") in ("user", "control_request")
        return None

    def _find_place(self, frame: Frame) -> int | None:
        """Return the position of the recorded line that *frame* must match."""
        wanted = _identity(frame)
        for place, (kind, value) in enumerate(self.recording.events):
            if kind == "host" and place not in self.matched and _identity(value) == wanted:
                return place
        return None

    def _map_ids(self, frame: Frame, recorded: Frame) -> None:
        if frame.get("type") == "user":
            self._cassette.ids[str(recorded.get("uuid"))] = str(frame.get("uuid"))
        elif frame.get("type") == "control_request":
            self._requests[str(recorded.get("request_id"))] = str(frame.get("request_id"))

    def _switch_recording(self) -> bool:
        """Switch to another recording that matches this run so far, unless lines of the current one were returned."""
        if self._has_begun:
            return False
        first = self.recording
        for recording, holder in self._cassette.alternatives(self):
            if self._try_recording(recording):
                if holder is not None:
                    holder._try_recording(first)
                return True
        self._try_recording(first)
        return False

    def _try_recording(self, recording: Recording) -> bool:
        """Switch to *recording*; return whether it contains the lines sent so far."""
        self.bind(recording)
        return all(self._match(json_lines.decode(line) or {}) is None for line in self._sent)

    @property
    def is_undecided(self) -> bool:
        """Whether the SDK has sent nothing yet that identifies the recording."""
        return not self._has_begun and self._cli is None and not any(b'"type":"user"' in line for line in self._sent)

    def _switch_to_cli(self) -> bool:
        cli = None if self._has_begun else self._cassette.record_instead(self)
        if cli is None:
            return False
        cli.start(self._on_stderr)
        for line in self._sent:
            cli.send_line(line)
        self._cli = cli
        return True

    # --- mismatches

    def _fail(self, problem: AgentSDKError) -> None:
        self._error = problem
        self._cassette.add_failure(problem)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _difference(self, recorded: Frame, actual: Frame) -> AgentSDKError:
        text = f"{_describe(actual)} differs from the recording"
        return self._cassette.mismatch(text, _without_ids(recorded), _without_ids(actual))

    def _unrecorded(self, actual: Frame) -> AgentSDKError:
        hosts = [value for kind, value in self.recording.events if kind == "host"]
        alike = [value for value in hosts if value.get("type") == actual.get("type")]
        sent = _without_ids(actual)
        recorded = diff.most_similar(sent, list(map(_without_ids, alike or hosts)))
        return self._cassette.mismatch(f"{_describe(actual)} was not recorded; nearest recorded", recorded, sent)

    def _stalled(self) -> AgentSDKError:
        events = self.recording.events
        if self._place >= len(events):
            return self._cassette.mismatch("the recording ends before this turn does", None, None)
        recorded = events[self._place][1]
        text = f"the recording continues with {_describe(recorded)}, not sent within {STALL_TIMEOUT:g} seconds"
        return self._cassette.mismatch(text, _without_ids(recorded) if isinstance(recorded, dict) else None, None)


def _identity(frame: Frame) -> tuple[Any, Any]:
    """Return the identity of a line of the SDK; a response has the id of the CLI's request."""
    kind = frame.get("type")
    if kind == "control_response":
        return kind, (frame.get("response") or {}).get("request_id")
    return kind, (frame.get("request") or {}).get("subtype")


def _without_ids(frame: Frame) -> Frame:
    """Return *frame* without the ids that each run generates."""
    return {key: value for key, value in frame.items() if key not in ("uuid", "request_id")}


def _describe(frame: Any) -> str:
    if not isinstance(frame, dict):
        return "the end of stdin"
    kind = frame.get("type")
    if kind == "user":
        return "the prompt"
    if kind == "control_response":
        return "the response to the CLI"
    return f"the request {(frame.get('request') or {}).get('subtype')!r}"
