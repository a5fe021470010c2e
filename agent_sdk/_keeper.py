"""
The keeper: one client's process, started when needed, kept while it fits, replaced when it does not.

A process fits a turn when it was started with the same options (what the CLI can change live is changed live), lives, and
nobody else wrote to its session meanwhile. The next one resumes the session.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import _log
from ._control.connection import ASK_TIMEOUT, Connection
from ._control.handshake import ServerInfo, request_of
from ._control.host import Host
from ._control.ledger import Ledger
from ._control.protocol import Frame
from ._control.turn import Turn, new_uuid, session_not_found
from ._process.cli import CLITransport
from ._process.command import command_of
from .errors import AgentSDKError, ControlTimeoutError
from .options import LOCAL, NAMES, NO_SESSION, SESSION, Options
from .transcripts.footprint import Footprint
from .transcripts.paths import find_transcripts, transcript_path

if TYPE_CHECKING:
    from .messages import Message

#: Seconds for the CLI to end by itself after a turn: it writes the end of its transcript then.
ONE_SHOT_GRACE = 5.0
CLOSE_GRACE = 3.0
#: What the CLI can change while it runs: option -> the verb and its field.
LIVE = {
    "model": ("set_model", "model"),
    "permission_mode": ("set_permission_mode", "mode"),
    "max_thinking_tokens": ("set_max_thinking_tokens", "max_thinking_tokens"),
}
_BY_PROCESS = NAMES - LOCAL - set(SESSION)


def _source_of(opening: Mapping[str, Any]) -> str:
    if opening.get("fork_session"):
        return "fork"
    return "resume" if opening.get("resume") or opening.get("continue_conversation") else "startup"


class Keeper:
    """The process of one client."""

    def __init__(self, opening: dict[str, Any]) -> None:
        self.connection: Connection | None = None
        self.ledger = Ledger()
        self.info = ServerInfo()
        #: The options of the running process, live changes included.
        self.applied: Options | None = None
        #: The session as the newest init or result named it.
        self.session_id: str | None = None
        self._opening = opening
        self._expected: str | None = None
        self._env: dict[str, str] | None = None
        self._footprint: Footprint | None = None
        self._starting = threading.Lock()
        #: How the session was opened, until it is announced: *startup*, *resume*, *fork*.
        self._source = ""
        self._last_init: Message | None = None

    @property
    def is_running(self) -> bool:
        """Whether a process lives."""
        return self.connection is not None and self.connection.is_usable

    # --- which session

    def move(self, opening: dict[str, Any]) -> None:
        """Open another session with the next process."""
        self._opening, self._expected, self.session_id = opening, None, None

    def resumes(self, options: Options) -> str | None:
        """Return the session that the next process would resume, to be named when that fails."""
        return options.resume or self.session_id or self._opening.get("resume")

    def _session_options(self) -> dict[str, Any]:
        """Return the options that make the next process go on where this client stands."""
        known = self.session_id or self._expected
        if known is not None and self._is_on_disk(known):
            return {"resume": known}
        opening = dict(self._opening)
        self._source = _source_of(opening)
        copies = opening.get("fork_session") or not (opening.get("resume") or opening.get("continue_conversation"))
        if copies and not opening.get("session_id"):
            # Named by us, so that a turn that dies before its first message can be gone on with.
            opening["session_id"] = known or new_uuid()
        self._expected = opening.get("session_id") or opening.get("resume")
        return opening

    def _is_on_disk(self, session_id: str) -> bool:
        # Where the transcripts of the last process are not here to be looked at, its word is taken.
        return self._env is None or bool(find_transcripts(session_id, self._env))

    # --- one process

    def ready(self, wanted: Options, turn: Turn | None = None) -> Connection:
        """
        Return a connection to a process that fits *wanted*.

        Raises:
            AgentSDKError: It cannot be started, or did not answer.
        """
        with self._starting:
            if self.connection is not None and not self._fits(wanted):
                self.close()
            if self.connection is None:
                self._spawn(wanted, turn)
            elif turn is not None:
                turn.open(self.connection, self.ledger)
            assert self.connection is not None and self.applied is not None
            if turn is not None:
                turn.drops_stream_events = self.applied.include_partial_messages > wanted.include_partial_messages
            self._set_live(wanted)
            return self.connection

    def _fits(self, wanted: Options) -> bool:
        if self.connection is None or not self.connection.look() or self.applied is None or self._opening_is_new:
            return False
        return (wanted is self.applied or self._differs_live(wanted)) and not self._was_overstepped()

    def _differs_live(self, wanted: Options) -> bool:
        """Whether the running process can be made to fit *wanted*."""
        changed = {name for name in _BY_PROCESS if getattr(wanted, name) != getattr(self.applied, name)}
        if not wanted.include_partial_messages:
            changed.discard("include_partial_messages")  # what nobody wants is left out, that is cheaper
        return changed <= LIVE.keys()

    @property
    def _opening_is_new(self) -> bool:
        return self.session_id is None and self._expected is None

    def _was_overstepped(self) -> bool:
        if self._footprint is None or self.ledger.tasks or self.connection is None:
            return False  # background work would be lost with its process
        waiting = {str(item[0].get("uuid")) for item in list(self.connection.inbox) if not isinstance(item, str)}
        return self._footprint.was_overstepped(waiting)

    def _spawn(self, wanted: Options, turn: Turn | None) -> None:
        options = wanted.evolve(**{**NO_SESSION, **self._session_options()})
        host = Host(options)
        if options.transport is None:
            command = command_of(options, host.outside, host.servers_file)
            self._env = command.env
            connection = Connection(CLITransport(command), host)
        else:
            self._env = None
            connection = Connection(options.transport, host)
        self.connection, self.ledger, self._footprint = connection, Ledger(), None
        try:
            if turn is not None:
                turn.env = self._env
                turn.open(connection, self.ledger)
            connection.start(wants_stderr=wanted.stderr is not None)
            from . import _converter  # slow to import: now, while the CLI starts

            _converter.prepare()
            host.prepare()
            self._shake_hands(connection, options, turn)
        except BaseException:
            self.abandon()
            raise
        self.applied = wanted

    def _shake_hands(self, connection: Connection, options: Options, turn: Turn | None) -> None:
        future = connection.post("initialize", request_of(options, connection.host))
        deadline = time.monotonic() + ASK_TIMEOUT
        limit = None if turn is None else turn.deadline()
        interrupted: Callable[[], bool] = (lambda: False) if turn is None else (lambda: turn.is_aborted)
        try:
            connection.wait(lambda: connection.settled(future) or interrupted(), min(deadline, limit or deadline))
            if future.done:
                self.info = ServerInfo(future.result())
        except AgentSDKError:
            # A session that cannot be resumed: its result says why, and the turn takes it from the inbox.
            if turn is None:
                self._raise_early_result(connection, options)
            if turn is None or not connection.inbox:
                raise
        if not future.done and interrupted():
            connection.drop()  # it has not said a word yet: nothing is lost with it
        elif not future.done and time.monotonic() >= deadline:
            raise ControlTimeoutError("initialize: the CLI did not answer within 60 seconds", subtype="initialize")

    def _raise_early_result(self, connection: Connection, options: Options) -> None:
        for item in connection.inbox:
            errors = None if isinstance(item, str) else item[0].get("errors")
            if errors and options.resume is not None:
                raise session_not_found(str(errors[0]), options.resume, options.cwd, self._env)

    # --- live changes

    def _set_live(self, wanted: Options) -> None:
        """Change what the CLI can change while it runs."""
        if self.applied is None or self.applied is wanted:
            return
        for name in LIVE:
            value = getattr(wanted, name)
            if value != getattr(self.applied, name):
                self.set_live(name, value)

    def set_live(self, name: str, value: object) -> Frame:
        """
        Change one option of the running process.

        Raises:
            ControlError: The CLI refused.
        """
        assert self.connection is not None
        verb, field = LIVE[name]
        if name == "permission_mode" and value is None:
            value = self.info.permission_mode or "default"
        answer = self.connection.ask(verb, {field: value})
        self.noted(name, value)
        return answer

    def noted(self, name: str, value: object) -> None:
        """Remember that the running process has this value now."""
        if self.applied is not None:
            self.applied = self.applied.evolve(**{name: value})

    # --- callbacks

    def take_errors(self) -> list[Exception]:
        """Return what callbacks have raised since the last time."""
        return [] if self.connection is None else self.connection.host.take_errors()

    def announce(self, init: Message) -> None:
        """Fire what the CLI never fires for an SDK: Setup and SessionStart, once for a session that was opened."""
        source, self._source, self._last_init = self._source, "", init
        if source:
            fields = {"permission_mode": init.permission_mode, "model": init.model}
            self._fire("setup", init, {**fields, "trigger": "init"})
            self._fire("session_start", init, {**fields, "source": source})

    def farewell(self, reason: str = "other") -> None:
        """Fire SessionEnd, which the CLI never fires for an SDK."""
        if self._last_init is not None:
            init, self._last_init = self._last_init, None
            self._fire("session_end", init, {"reason": reason})

    def _fire(self, event: str, init: Message, fields: Frame) -> None:
        hooks = None if self.connection is None else self.connection.host.hooks
        if hooks is None or not hooks.has(event):
            return
        session_id = str(init.session_id)
        common = {
            "session_id": session_id,
            "transcript_path": transcript_path(session_id, init.cwd, self._env),
            "cwd": init.cwd,
        }
        outcome = hooks.fire(event, {**common, **fields})
        for error in outcome.errors:
            self.connection.host.failed(error)  # type: ignore[union-attr]

    # --- after a turn

    def settle(self, turn: Turn) -> None:
        """Remember how the transcript looked after a turn of ours, in a process that is kept."""
        if self.session_id is None or self._env is None:
            return
        if self._footprint is None or self._footprint.session_id != self.session_id:
            self._footprint = Footprint(self.session_id, self._env)
        self._footprint.step(turn.uuids)

    # --- ending

    def close(self, grace: float = CLOSE_GRACE) -> None:
        """End the process; the session can be gone on with."""
        connection = self.connection
        if connection is None:
            return
        try:
            if connection.is_usable and self.ledger.tasks:
                self._stop_tasks(connection)
            connection.close(grace)
        finally:
            self.connection = None

    def _stop_tasks(self, connection: Connection) -> None:
        # After the end of its input the CLI waits for background shells, which may be servers.
        try:
            connection.ask("interrupt", {}, timeout=1.0)
        except AgentSDKError as error:
            _log.debug("client", "background tasks were not stopped before closing: %s", error)

    def abandon(self) -> None:
        """End the process without ceremony."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.drop()
