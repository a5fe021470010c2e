"""
`Cassette`: records a run of the real CLI and replays it without the CLI, the network and an API key.

    with Cassette("tests/cassettes/greets.jsonl", record="once") as cassette:
        result = agent_sdk.query("Greet me", transport=cassette)

A cassette contains both directions. In a replay, hooks, permission callbacks and tools of this process run again, and
their responses are compared with the recorded ones. The CLI's own tools (files, commands) do not run again.
"""
from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._core import checks as check
from .._core.fields import TARGET
from ..errors import AgentSDKError, CassetteError, CassetteMismatchError, ConfigurationError
from ..options.options import FIELDS, SESSION, Options
from ..transport import OnStderr, Transport
from . import _diff as diff
from ._file import Recording, load, save
from ._player import Player
from ._recorder import Recorder
from ._scrub import Scrubber, canonical_paths

if TYPE_CHECKING:
    from .._core.literals import RecordMode

RECORD_MODES = ("none", "new", "once", "all")
#: Options that are not compared: a shared budget depends on the order in which queries end.
_IGNORED_OPTIONS = ("max_budget_usd",)
_COMPARED_OPTIONS = [
    (field.name, field.metadata[TARGET], field.default)
    for field in FIELDS
    if field.metadata[TARGET].by in ("argv", "environ") and field.name not in (*SESSION, *_IGNORED_OPTIONS)
]
_REMEDY = 'if the change is intended, record again with record="all" (pytest: --claude-record=all)'

MakeCLI = Callable[[], Transport]


class Cassette(Transport):
    """
    A recording that replaces the CLI; pass it as `transport=` to any number of queries and clients.

    As a context manager it writes the file at the end of the block, unless the block raises, and raises if a part of
    the recording was not replayed. Otherwise it writes the file whenever a process ends.

    Args:
        path: The file, in JSON lines; its folder is created when it is written.
        record: `"none"` replays only; `"once"` records if the file does not exist; `"new"` replays recorded processes
            and records additional ones; `"all"` records again.
        scrub: A function applied to each text before it is written or compared, to remove private data and data that
            differs between runs. Keys, tokens, mail addresses and the values of secret variables are always removed.

    Raises:
        CassetteError: The file is missing (with `"none"`), invalid, or has a newer format.
        CassetteMismatchError: The run differs from the recording; raised by queries and at the end of the block.
    """

    def __init__(
        self, path: str | os.PathLike[str], record: RecordMode = "none", *, scrub: Callable[[str], str] | None = None
    ) -> None:
        check.one_of("record", RECORD_MODES)(record)
        self.path = Path(path)
        self.record = record
        #: Recorded ids -> ids of this run, of sessions and messages.
        self.ids: dict[str, str] = {}
        self._scrub = scrub
        #: Guards the recordings and all players.
        self.lock = threading.RLock()
        self._recordings: list[Recording] = []
        self._players: list[Player] = []
        #: Recordings made by this run.
        self._new_recordings: list[Recording] = []
        self._mismatch: AgentSDKError | None = None
        self._is_entered = False
        if record != "all" and self.path.exists():
            self._recordings = load(self.path)
        elif record == "none":
            text = f'no cassette at {self.path}; record it with record="once" (pytest: --claude-record=once)'
            raise CassetteError(text, path=str(self.path))
        self._may_record = record in ("new", "all") or not self._recordings

    # --- one process

    def for_process(self, options: Options, make_cli: MakeCLI) -> Transport:
        """Return a player of the next recording with the same start parameters, or a recorder of the real CLI."""
        scrubber = Scrubber(options, self._scrub)
        started_with = scrubber.scrub(_describe_process(options))
        with self.lock:
            recording = next(self._unplayed(started_with), None)
            if recording is None:
                return self._recorder(started_with, scrubber, make_cli)
            self._map_session(recording, options)
            player = Player(self, recording, scrubber, options, make_cli)
            self._players.append(player)
            return player

    def _recorder(self, started_with: dict[str, Any], scrubber: Scrubber, make_cli: MakeCLI) -> Recorder:
        if not self._may_record:
            problem = self._unknown_process_error(started_with)
            self.add_failure(problem)
            raise problem
        recording = Recording(started_with)
        recorder = Recorder(make_cli(), recording, scrubber, self._save_if_alone)
        self._new_recordings.append(recording)
        return recorder

    def _unplayed(self, started_with: dict[str, Any]) -> Iterator[Recording]:
        played = [player.recording for player in self._players]
        for recording in self._recordings:
            same = canonical_paths(recording.started_with) == canonical_paths(started_with)
            if same and not any(recording is one for one in played):
                yield recording

    def _map_session(self, recording: Recording, options: Options) -> None:
        then = recording.started_with.get("session") or {}
        for name in ("session_id", "resume"):
            if then.get(name) and getattr(options, name):
                self.ids[then[name]] = getattr(options, name)

    def start(self, on_stderr: OnStderr | None = None) -> None:
        """Raise: each process has its own transport, which `for_process` returns."""
        raise ConfigurationError("a cassette cannot be started directly; pass it as the option transport=")

    def send_line(self, line: bytes) -> None:
        """Do nothing: each process has its own transport."""

    def wake(self) -> None:
        """Do nothing, as `send_line`."""

    def end_input(self) -> None:
        """Do nothing, as `send_line`."""

    # --- called by players

    def alternatives(self, player: Player) -> Iterator[tuple[Recording, Player | None]]:
        """Return the other recordings that *player* could replay, each with the player that currently has it."""
        found: list[tuple[Recording, Player | None]] = []
        found += [(recording, None) for recording in self._unplayed(player.recording.started_with)]
        found += [(one.recording, one) for one in self._players if one is not player and one.is_undecided]
        for recording, holder in found:
            self._map_session(recording, player.options)
            yield recording, holder

    def record_instead(self, player: Player) -> Transport | None:
        """Return a recorder of the real CLI to replace *player*, if recording is allowed."""
        if not self._may_record:
            return None
        scrubber = Scrubber(player.options, self._scrub)
        with self.lock:
            self._players.remove(player)
            return self._recorder(scrubber.scrub(_describe_process(player.options)), scrubber, player.make_cli)

    def add_failure(self, problem: AgentSDKError) -> None:
        """Store a mismatch, so that the end of the block raises it even if the program caught it."""
        self._mismatch = self._mismatch or problem

    def mismatch(self, what: str, recorded: Any, actual: Any) -> CassetteMismatchError:
        """Return the error for a run that differs from the recording."""
        text = f"{self.path}: {what}\n{diff.difference(recorded, actual)}\n{_REMEDY}"
        return CassetteMismatchError(text, path=str(self.path), recorded=recorded, actual=actual)

    def _unknown_process_error(self, started_with: dict[str, Any]) -> CassetteMismatchError:
        known = [recording.started_with for recording in self._recordings]
        if any(canonical_paths(one) == canonical_paths(started_with) for one in known):
            what = f"all {len(known)} recorded processes of this kind were replayed; another one was started with"
            return self.mismatch(what, None, started_with)
        what = "no recorded process has these start parameters; nearest recorded"
        return self.mismatch(what, diff.most_similar(started_with, known), started_with)

    # --- the end

    def close(self, grace: float = 1.0) -> None:
        """Write the recordings to the file."""
        with self.lock:
            if self._new_recordings:
                save(self.path, [*self._recordings, *self._new_recordings])

    def _save_if_alone(self) -> None:
        if not self._is_entered:
            self.close()

    def check(self) -> None:
        """
        Check that the whole recording was replayed.

        Raises:
            CassetteMismatchError: A part was not replayed, or a run differed from the recording.
        """
        if self._mismatch is not None:
            raise self._mismatch
        played = {id(player.recording): player for player in self._players}
        for recording in self._recordings if self.record != "new" else ():
            player = played.get(id(recording))
            left = _prompts_left(recording, set() if player is None else player.matched)
            if left:
                raise self.mismatch("the recording continues with a prompt that was not sent", left[0], None)

    def __enter__(self) -> Cassette:
        self._is_entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_entered = False
        if error is None:
            self.close()
            self.check()

    def __repr__(self) -> str:
        return (
            f"<Cassette {self.path} record={self.record!r}, {len(self._players)} of {len(self._recordings)} "
            f"processes replayed, {len(self._new_recordings)} recorded>"
        )


def _prompts_left(recording: Recording, matched: set[int]) -> list[Any]:
    events = enumerate(recording.events)
    return [
        value.get("message")
        for place, (kind, value) in events
        if kind == "host" and value.get("type") == "user" and place not in matched
    ]


def _describe_process(options: Options) -> dict[str, Any]:
    """Return the start parameters that identify a recorded process; the handshake contains the rest."""
    found: dict[str, Any] = {}
    for name, travel, default in _COMPARED_OPTIONS:
        value = getattr(options, name)
        if value is not None and value != default:
            found[name] = value if travel.encode is None else travel.encode(value)
    if options.can_use_tool is not None:
        found["can_use_tool"] = True
    session = {name: getattr(options, name) for name in SESSION if getattr(options, name)}
    return {**found, "session": session}
