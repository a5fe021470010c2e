"""
`ClientProcess`: the process of a client, started on demand, reused if possible, otherwise replaced.

A process is reusable if it runs, was started with the same options (some can be changed live), and no other process
has written to its session. A replacement resumes the session.
"""
from __future__ import annotations

import atexit
import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from .._core import log
from .._core.callbacks import summarize_errors
from .._core.ids import new_uuid
from .._core.json_lines import Frame
from .._process.cli import CLITransport
from .._process.command import command_of
from .._protocol import session_hooks
from .._protocol.activity import ActivityTracker
from .._protocol.callback_set import CallbackSet
from .._protocol.connection import Connection
from .._protocol.handshake import ServerInfo, shake_hands
from .._protocol.turn import Turn
from .._protocol.turn_state import TurnState
from ..errors import AgentSDKError, BusyError, CallbackWarning, ConfigurationError, ProcessError
from ..options.options import LOCAL, NAMES, NO_SESSION, SESSION, Options
from ..transcripts.changes import SessionChanges
from ..transcripts.location import SessionLocation
from .usage import UsageTotals, within_budget

if TYPE_CHECKING:
    from ..messages import Message
    from .store_sync import StoreSync

#: Seconds for the CLI to exit by itself after a turn: it writes the end of its transcript meanwhile.
ONE_SHOT_GRACE = 5.0
CLOSE_GRACE = 3.0
#: Options that the CLI can change while it runs: option -> control request and its field.
LIVE = {
    "model": ("set_model", "model"),
    "permission_mode": ("set_permission_mode", "mode"),
    "max_thinking_tokens": ("set_max_thinking_tokens", "max_thinking_tokens"),
}
_BY_PROCESS = NAMES - LOCAL - set(SESSION)


_stored_processes: weakref.WeakSet[ClientProcess] = weakref.WeakSet()


class ClientProcess:
    """The process of a client."""

    def __init__(self, options: Options, opening: dict[str, Any], usage: UsageTotals) -> None:
        self.connection: Connection | None = None
        self.activity = ActivityTracker()
        self.info = ServerInfo()
        #: Options of the running process, live changes included.
        self.running_options: Options | None = None
        #: Id of the session, from the newest init or result message.
        self.session_id: str | None = None
        #: The client's own options, without those of a single call.
        self.client_options = options
        self._usage = usage
        self._opening = opening
        #: Session id expected in the next init message.
        self._expected: str | None = None
        #: Where the newest process stores its sessions; *None* for a custom transport.
        self._location: SessionLocation | None = None
        self._transcript_changes: SessionChanges | None = None
        self._starting = threading.Lock()
        #: The process and thread that are starting the CLI.
        self._starter: tuple[int, int] | None = None
        #: How the session was opened: *startup*, *resume*, *fork*; empty after SessionStart hooks have run.
        self._source = ""
        self._last_init: Message | None = None
        self._store_sync: StoreSync | None = None

    @property
    def is_running(self) -> bool:
        """Whether a process is running."""
        return self.connection is not None and self.connection.is_usable

    # --- which session

    def switch_session(self, opening: dict[str, Any]) -> None:
        """Open another session with the next process."""
        self._opening, self._expected, self.session_id = opening, None, None

    @property
    def session_to_resume(self) -> str | None:
        """The session that the next turn resumes; empty for the newest one, *None* for a new one."""
        known = self.session_id or self._expected or self._opening.get("resume")
        return known or ("" if self._opening.get("continue_conversation") else None)

    @property
    def forks(self) -> bool:
        """Whether the next turn forks that session."""
        return bool(self._opening.get("fork_session")) and self.session_id is None and self._expected is None

    def _session_options(self, wanted: Options) -> dict[str, Any]:
        """Return the options with which the next process resumes this client's session."""
        known = self.session_id or self._expected
        if known is not None and self._exists(known, wanted):
            return {"resume": known}
        opening = dict(self._opening)
        self._source = session_hooks.source_of(opening)
        copies = opening.get("fork_session") or not (opening.get("resume") or opening.get("continue_conversation"))
        if copies and not opening.get("session_id"):
            # The SDK sets the id, so that a turn that dies before its first message can be resumed.
            opening["session_id"] = known or new_uuid()
        self._expected = opening.get("session_id") or opening.get("resume")
        return opening

    def _exists(self, session_id: str, wanted: Options) -> bool:
        # Without a location the transcripts cannot be checked; the session is assumed to exist.
        if self._location is None or self._location.find_all(session_id):
            return True
        if wanted.session_store is None:
            return False
        from .store_sync import exists

        return exists(wanted, session_id)

    # --- one process

    def ensure_running(self, wanted: Options, turn: Turn | None = None) -> Connection:
        """Return a connection to a process that matches the options *wanted*."""
        me = (os.getpid(), threading.get_ident())
        if self._starter == me:
            raise BusyError("this thread is still starting the process; retry when it has started")
        if self._starter is not None and self._starter[0] != me[0]:
            self._starting = threading.Lock()  # this process was forked while another thread held the lock
        with self._starting:
            self._starter = me
            try:
                return self._ensure_running(wanted, turn)
            finally:
                self._starter = None

    def _ensure_running(self, wanted: Options, turn: Turn | None) -> Connection:
        if self.connection is not None and not self._is_reusable(wanted):
            self.close()
        connection = self.connection  # another thread may close the client at any time
        if connection is None:
            connection = self._spawn(wanted, turn)
        elif turn is not None:
            turn.open(connection, self.activity)
        if turn is not None and self.running_options is not None:
            is_wanted, is_sent = wanted.include_partial_messages, self.running_options.include_partial_messages
            turn.state.drops_stream_events = is_sent and not is_wanted
        self._set_live(wanted)
        return connection

    def _is_reusable(self, wanted: Options) -> bool:
        if self.connection is None or not self.connection.poll():
            return False
        if self.running_options is None or self._opening_is_new:
            return False
        return (wanted is self.running_options or self._differs_live(wanted)) and not self._changed_elsewhere()

    def _differs_live(self, wanted: Options) -> bool:
        """Return whether the running process differs from *wanted* only in options that can change live."""
        changed = {name for name in _BY_PROCESS if getattr(wanted, name) != getattr(self.running_options, name)}
        if not wanted.include_partial_messages:
            changed.discard("include_partial_messages")  # surplus stream events are dropped: cheaper than a new process
        return changed <= LIVE.keys()

    @property
    def _opening_is_new(self) -> bool:
        return self.session_id is None and self._expected is None

    def _changed_elsewhere(self) -> bool:
        if self._transcript_changes is None or self.activity.tasks or self.connection is None:
            return False  # a new process would lose the background work
        if self._store_sync is not None and self._store_sync.changed_elsewhere(self.session_id or ""):
            return True
        waiting = {str(item[0].get("uuid")) for item in list(self.connection.inbox) if isinstance(item, tuple)}
        return self._transcript_changes.has_foreign_entries(waiting)

    def _spawn(self, wanted: Options, turn: Turn | None) -> Connection:
        before, started = self.running_options, self._with_client_options(wanted)
        options = started.evolve(**{**NO_SESSION, **self._session_options(wanted)})
        callbacks = CallbackSet(options)
        if callbacks.mirror is not None:
            from .store_sync import StoreSync

            location = None if turn is None else turn.state.location
            location = location or SessionLocation.with_overrides(options.cwd, options.env)
            self._store_sync = StoreSync(options, callbacks.mirror, location)
            _stored_processes.add(self)
            options = self._store_sync.options
        try:
            connection = self._connect(options, callbacks)
        except BaseException:
            self._forget_connection()
            raise
        self.connection, self.activity, self._transcript_changes = connection, ActivityTracker(), None
        try:
            self._start(connection, options, turn)
        except ProcessError as error:
            self.kill()
            if options.session_id is not None and "already in use" in error.stderr:
                text = f"session_id={options.session_id!r}: this session already exists; use resume= to resume it"
                raise ConfigurationError(text) from error
            raise
        except BaseException:
            connection.drop()  # also if the client was closed before the process started
            self.kill()
            raise
        self.running_options = started
        if before is not None and before.model is not None and started.model is None and options.resume is not None:
            self.set_live("model", None)  # resume alone keeps the session's previous model
        return connection

    def _start(self, connection: Connection, options: Options, turn: Turn | None) -> None:
        if turn is not None:
            turn.open(connection, self.activity)
        connection.start(wants_stderr=options.stderr is not None)
        from .. import _converter  # a slow import, done while the CLI starts

        _converter.prepare()
        connection.callbacks.prepare()
        self.info = shake_hands(connection, options, None if turn is None else turn.state, self._location)

    def _with_client_options(self, wanted: Options) -> Options:
        """Return the start options. Live options keep the client's own values, to which they can be reset later."""
        own = self.client_options
        differing = {name: getattr(own, name) for name in LIVE if getattr(own, name) != getattr(wanted, name)}
        return wanted.evolve(**differing)

    def _connect(self, options: Options, callbacks: CallbackSet) -> Connection:
        def make_cli() -> CLITransport:
            affordable = within_budget(options, self.client_options, self._usage.cost)
            command = command_of(affordable, callbacks.outside, callbacks.servers_file)
            self._location, command.owner = SessionLocation.of(command.cwd, command.env), self._store_sync
            return CLITransport(command)

        self._location = None
        transport = options.transport
        return Connection(make_cli() if transport is None else transport.for_process(options, make_cli), callbacks)

    # --- live changes

    def _set_live(self, wanted: Options) -> None:
        """Apply live options to the running process."""
        if self.running_options is None or self.running_options is wanted:
            return
        for name in LIVE:
            value = getattr(wanted, name)
            if value != getattr(self.running_options, name):
                self.set_live(name, value)

    def set_live(self, name: str, value: object) -> Frame:
        """Change one option of the running process."""
        connection = self.connection
        if connection is None:
            raise ProcessError("the client was closed by another thread", session_id=self.session_id)
        subtype, field = LIVE[name]
        if name == "permission_mode" and value is None:
            value = self.info.permission_mode or "default"
        answer = connection.request(subtype, {field: value})
        self.record(name, value)
        return answer

    def record(self, name: str, value: Any) -> None:
        """Record the option's new value in the running process."""
        if self.running_options is not None:
            self.running_options = self.running_options.evolve(**{name: value})

    # --- callbacks

    def take_errors(self) -> list[Exception]:
        """Return and clear the exceptions raised by callbacks."""
        return [] if self.connection is None else self.connection.callbacks.take_errors()

    def fire_session_start(self, init: Message) -> None:
        """Fire the SessionStart hooks, which the CLI never fires for an SDK."""
        source, self._source, self._last_init = self._source, "", init
        if source and self.connection is not None:
            session_hooks.fire_session_start(self.connection.callbacks, init, source, self._location)

    def fire_session_end(self, reason: str = "other") -> None:
        """Fire the SessionEnd hooks, which the CLI never fires for an SDK."""
        init, self._last_init = self._last_init, None
        if init is not None and self.connection is not None:
            session_hooks.fire_session_end(self.connection.callbacks, init, reason, self._location)
            errors = self.take_errors()
            if errors:  # no further result can contain them
                log.warn(summarize_errors(errors, "at the end of the session"), CallbackWarning)

    # --- after a turn

    def finish_turn(self, state: TurnState) -> None:
        """Flush the store and record the state of the transcript after a turn."""
        if self._store_sync is not None and self.connection is not None:
            self._store_sync.flush(self.connection)
            self._store_sync.record(self.session_id or "")
        if self.session_id is None or self._location is None:
            return
        if self._transcript_changes is None or self._transcript_changes.session_id != self.session_id:
            self._transcript_changes = SessionChanges(self.session_id, self._location)
        self._transcript_changes.record(state.uuids)

    # --- ending

    def close(self, grace: float = CLOSE_GRACE) -> None:
        """End the process; the session can be resumed."""
        connection = self.connection
        if connection is None:
            return
        try:
            if connection.is_usable and self.activity.tasks:
                self._stop_tasks(connection)
            connection.close(grace)
        finally:
            self.connection = None
            self._forget_connection()

    def _forget_connection(self) -> None:
        store_sync, self._store_sync = self._store_sync, None
        if store_sync is not None:
            store_sync.close()

    def clean_up(self) -> None:
        """Release the resources of a broken process."""
        if self._store_sync is not None and self.connection is not None and self.connection.broken:
            self.kill()

    def _stop_tasks(self, connection: Connection) -> None:
        # At the end of its input the CLI waits for background shells, which may be servers.
        try:
            connection.request("interrupt", {}, timeout=1.0)
        except AgentSDKError as error:
            log.debug("client", "background tasks were not stopped before closing: %s", error)

    def kill(self) -> None:
        """End the process immediately."""
        connection, self.connection = self.connection, None
        try:
            if connection is not None:
                connection.drop()
        finally:
            self._forget_connection()


@atexit.register
def _close_at_exit() -> None:
    # Registered after the exit hook that ends processes, so it runs first: pending entries reach their store.
    for process in list(_stored_processes):
        with contextlib.suppress(AgentSDKError):  # the remaining processes must be closed too
            process.close(grace=1.0)
