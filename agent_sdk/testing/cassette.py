"""
`Cassette`: a real run, recorded once and replayed without the CLI, the network and a key.

    with Cassette("tests/cassettes/greets.jsonl", record="once") as cassette:
        result = agent_sdk.query("Greet me", transport=cassette)

Both directions are on the tape: hooks, permission callbacks and tools of this process run again in a replay, and what
they answer is held against what they answered then. What the CLI's own tools did (files, commands) is not done again.
"""
from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

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

RECORD_MODES = ("none", "new", "once", "all")
#: Options that make no other run: a shared budget shrinks in whatever order queries end.
_IGNORED_OPTIONS = ("max_budget_usd",)
_COMPARED_OPTIONS = [
    (field.name, field.metadata[TARGET], field.default)
    for field in FIELDS
    if field.metadata[TARGET].by in ("argv", "environ") and field.name not in (*SESSION, *_IGNORED_OPTIONS)
]
_REMEDY = 'record it anew with record="all" (pytest: --claude-record=all) if the change is meant'

MakeCLI = Callable[[], Transport]


class Cassette(Transport):
    """
    A tape in the place of the CLI: the option `transport=`, for any number of queries and clients.

    Use it in a `with` block: then the tape is written at the end, not after an error, and a block that played less
    than was recorded fails. Without one, it is written whenever a process ends.

    Args:
        path: The file, JSON lines; its folder is made when it is written.
        record: `"none"` replays only; `"once"` records if there is no file; `"new"` replays the processes that are on
            the tape and records others besides; `"all"` records anew.
        scrub: Changes each text before it is kept or compared, beside what is always taken out (keys, tokens, mail
            addresses, values of secret variables): for what is private to you, or differs from run to run.

    Raises:
        CassetteError: The file is missing (with `"none"`), damaged, or of a newer format.
        CassetteMismatchError: From queries and from the end of the block: the run differs from the recording.
    """

    def __init__(
        self, path: str | os.PathLike[str], record: str = "none", *, scrub: Callable[[str], str] | None = None
    ) -> None:
        check.one_of("record", RECORD_MODES)(record)
        self.path = Path(path)
        self.record = record
        #: Recorded ids -> ids of this run: sessions and messages that were named here.
        self.ids: dict[str, str] = {}
        self._scrub = scrub
        #: Guards the tape and all its players.
        self.lock = threading.RLock()
        self._recordings: list[Recording] = []
        self._players: list[Player] = []
        #: What was recorded by this run.
        self._new_recordings: list[Recording] = []
        self._mismatch: AgentSDKError | None = None
        self._is_entered = False
        if record != "all" and self.path.exists():
            self._recordings = load(self.path)
        elif record == "none":
            text = f'there is no cassette {self.path}; record it with record="once" (pytest: --claude-record=once)'
            raise CassetteError(text, path=str(self.path))
        self._may_record = record in ("new", "all") or not self._recordings

    # --- one process

    def for_process(self, options: Options, make_cli: MakeCLI) -> Transport:
        """Return a player of the next recording that was started in this way, or a recorder of the real CLI."""
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
        """Refuse: it is the processes that are started, each with a transport from `for_process`."""
        raise ConfigurationError("a cassette stands for many processes; give it as the option transport=")

    def send_line(self, line: bytes) -> None:
        """Do nothing: the transports of its processes carry the lines."""

    def wake(self) -> None:
        """Do nothing, as `send_line`."""

    def end_input(self) -> None:
        """Do nothing, as `send_line`."""

    # --- what a player asks

    def alternatives(self, player: Player) -> Iterator[tuple[Recording, Player | None]]:
        """Return the recordings that *player* might play as well, with the player that would have to give it away."""
        found: list[tuple[Recording, Player | None]] = []
        found += [(recording, None) for recording in self._unplayed(player.recording.started_with)]
        found += [(one.recording, one) for one in self._players if one is not player and one.is_undecided]
        for recording, holder in found:
            self._map_session(recording, player.options)
            yield recording, holder

    def record_instead(self, player: Player) -> Transport | None:
        """Return a recorder of the real CLI in the place of *player*, where that is allowed."""
        if not self._may_record:
            return None
        scrubber = Scrubber(player.options, self._scrub)
        with self.lock:
            self._players.remove(player)
            return self._recorder(scrubber.scrub(_describe_process(player.options)), scrubber, player.make_cli)

    def add_failure(self, problem: AgentSDKError) -> None:
        """Remember a mismatch, so that the block fails even if the program swallowed it."""
        self._mismatch = self._mismatch or problem

    def mismatch(self, what: str, recorded: Any, actual: Any) -> CassetteMismatchError:
        """Build the error for a run that is not as recorded."""
        text = f"{self.path}: {what}\n{diff.difference(recorded, actual)}\n{_REMEDY}"
        return CassetteMismatchError(text, path=str(self.path), recorded=recorded, actual=actual)

    def _unknown_process_error(self, started_with: dict[str, Any]) -> CassetteMismatchError:
        known = [recording.started_with for recording in self._recordings]
        if any(canonical_paths(one) == canonical_paths(started_with) for one in known):
            what = f"all recorded processes of this kind ({len(known)} in all) are played, one more was started with"
            return self.mismatch(what, None, started_with)
        what = "no recorded process was started like this one; the nearest"
        return self.mismatch(what, diff.most_similar(started_with, known), started_with)

    # --- the end

    def close(self, grace: float = 1.0) -> None:
        """Write what was recorded."""
        with self.lock:
            if self._new_recordings:
                save(self.path, [*self._recordings, *self._new_recordings])

    def _save_if_alone(self) -> None:
        if not self._is_entered:
            self.close()

    def check(self) -> None:
        """
        Look whether all that was recorded was played.

        Raises:
            CassetteMismatchError: Something was not, or a run differed from the recording.
        """
        if self._mismatch is not None:
            raise self._mismatch
        played = {id(player.recording): player for player in self._players}
        for recording in self._recordings if self.record != "new" else ():
            player = played.get(id(recording))
            left = _prompts_left(recording, set() if player is None else player.matched)
            if left:
                raise self.mismatch("the recording goes on with a prompt that never came", left[0], None)

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
            f"processes played, {len(self._new_recordings)} recorded>"
        )


def _prompts_left(recording: Recording, matched: set[int]) -> list[Any]:
    events = enumerate(recording.events)
    return [
        value.get("message")
        for place, (kind, value) in events
        if kind == "host" and value.get("type") == "user" and place not in matched
    ]


def _describe_process(options: Options) -> dict[str, Any]:
    """Return what makes a process the one that was recorded; the handshake tells the rest."""
    found: dict[str, Any] = {}
    for name, travel, default in _COMPARED_OPTIONS:
        value = getattr(options, name)
        if value is not None and value != default:
            found[name] = value if travel.encode is None else travel.encode(value)
    if options.can_use_tool is not None:
        found["can_use_tool"] = True
    session = {name: getattr(options, name) for name in SESSION if getattr(options, name)}
    return {**found, "session": session}
