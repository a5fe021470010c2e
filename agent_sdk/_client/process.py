"""
`ClientProcess`: one client's process, started when needed, kept while it is reusable, replaced when it is not.

A process is reusable when it was started with the same options (what the CLI can change live is changed live), lives,
and nothing else wrote to its session meanwhile. Its replacement resumes the session.
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
from .._process.cli import CLITransport
from .._process.command import command_of
from .._protocol import session_hooks
from .._protocol.activity import ActivityTracker
from .._protocol.callback_set import CallbackSet
from .._protocol.connection import Connection
from .._protocol.handshake import ServerInfo, shake_hands
from .._protocol.protocol import Frame
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


_stored_processes: weakref.WeakSet[ClientProcess] = weakref.WeakSet()


class ClientProcess:
    """The process of one client."""

    def __init__(self, options: Options, opening: dict[str, Any], usage: UsageTotals) -> None:
        self.connection: Connection | None = None
        self.activity = ActivityTracker()
        self.info = ServerInfo()
        #: The options of the running process, live changes included.
        self.running_options: Options | None = None
        #: The session as the newest init or result named it.
        self.session_id: str | None = None
        #: The client's own options, without those of one call.
        self.client_options = options
        self._usage = usage
        self._opening = opening
        #: The session that the next init is expected to name.
        self._expected: str | None = None
        #: Where the newest process keeps its sessions; *None* where a transport of the user's hides it.
        self._location: SessionLocation | None = None
        self._transcript_changes: SessionChanges | None = None
        self._starting = threading.Lock()
        #: The process and thread that start the CLI now.
        self._starter: tuple[int, int] | None = None
        #: How the session was opened, until its hooks are fired: *startup*, *resume*, *fork*.
        self._source = ""
        self._last_init: Message | None = None
        self._store_sync: StoreSync | None = None

    @property
    def is_running(self) -> bool:
        """Whether a process lives."""
        return self.connection is not None and self.connection.is_usable

    # --- which session

    def switch_session(self, opening: dict[str, Any]) -> None:
        """Open another session with the next process."""
        self._opening, self._expected, self.session_id = opening, None, None

    @property
    def session_to_resume(self) -> str | None:
        """The session that the next turn goes on with; empty for the newest one, *None* for a new one."""
        known = self.session_id or self._expected or self._opening.get("resume")
        return known or ("" if self._opening.get("continue_conversation") else None)

    @property
    def forks(self) -> bool:
        """Whether the next turn writes to a copy of that session."""
        return bool(self._opening.get("fork_session")) and self.session_id is None and self._expected is None

    def _session_options(self, wanted: Options) -> dict[str, Any]:
        """Return the options that make the next process go on where this client stands."""
        known = self.session_id or self._expected
        if known is not None and self._exists(known, wanted):
            return {"resume": known}
        opening = dict(self._opening)
        self._source = session_hooks.source_of(opening)
        copies = opening.get("fork_session") or not (opening.get("resume") or opening.get("continue_conversation"))
        if copies and not opening.get("session_id"):
            # Named by us, so that a turn that dies before its first message can be gone on with.
            opening["session_id"] = known or new_uuid()
        self._expected = opening.get("session_id") or opening.get("resume")
        return opening

    def _exists(self, session_id: str, wanted: Options) -> bool:
        # Without a location the transcripts of the last process cannot be looked at: it is trusted.
        if self._location is None or self._location.find_all(session_id):
            return True
        if wanted.session_store is None:
            return False
        from .store_sync import exists

        return exists(wanted, session_id)

    # --- one process

    def ensure_running(self, wanted: Options, turn: Turn | None = None) -> Connection:
        """Return a connection to a process that fits *wanted*."""
        me = (os.getpid(), threading.get_ident())
        if self._starter == me:
            raise BusyError("this very thread is starting the process; call it when the process runs")
        if self._starter is not None and self._starter[0] != me[0]:
            self._starting = threading.Lock()  # this process was forked while another thread held it
        with self._starting:
            self._starter = me
            try:
                return self._ensure_running(wanted, turn)
            finally:
                self._starter = None

    def _ensure_running(self, wanted: Options, turn: Turn | None) -> Connection:
        if self.connection is not None and not self._is_reusable(wanted):
            self.close()
        connection = self.connection  # another thread may close the client at any moment
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
        """Whether live changes make the running process fit *wanted*."""
        changed = {name for name in _BY_PROCESS if getattr(wanted, name) != getattr(self.running_options, name)}
        if not wanted.include_partial_messages:
            changed.discard("include_partial_messages")  # what nobody wants is left out, that is cheaper
        return changed <= LIVE.keys()

    @property
    def _opening_is_new(self) -> bool:
        return self.session_id is None and self._expected is None

    def _changed_elsewhere(self) -> bool:
        if self._transcript_changes is None or self.activity.tasks or self.connection is None:
            return False  # background work would be lost with its process
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
                text = f"session_id={options.session_id!r}: this session exists already; resume it with resume="
                raise ConfigurationError(text) from error
            raise
        except BaseException:
            connection.drop()  # also when the client was closed meanwhile, before there was a process to end
            self.kill()
            raise
        self.running_options = started
        if before is not None and before.model is not None and started.model is None and options.resume is not None:
            self.set_live("model", None)  # resume alone keeps the model that the session had
        return connection

    def _start(self, connection: Connection, options: Options, turn: Turn | None) -> None:
        if turn is not None:
            turn.open(connection, self.activity)
        connection.start(wants_stderr=options.stderr is not None)
        from .. import _converter  # slow to import: now, while the CLI starts

        _converter.prepare()
        connection.callbacks.prepare()
        self.info = shake_hands(connection, options, None if turn is None else turn.state, self._location)

    def _with_client_options(self, wanted: Options) -> Options:
        """Return what to start a process with: what can change live is the client's own, so that it can be set back."""
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
        """Change what the CLI can change while it runs."""
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
            raise ProcessError("the client was closed meanwhile", session_id=self.session_id)
        verb, field = LIVE[name]
        if name == "permission_mode" and value is None:
            value = self.info.permission_mode or "default"
        answer = connection.request(verb, {field: value})
        self.record(name, value)
        return answer

    def record(self, name: str, value: Any) -> None:
        """Remember that the running process has this value now."""
        if self.running_options is not None:
            self.running_options = self.running_options.evolve(**{name: value})

    # --- callbacks

    def take_errors(self) -> list[Exception]:
        """Return what callbacks have raised since the last time."""
        return [] if self.connection is None else self.connection.callbacks.take_errors()

    def fire_session_start(self, init: Message) -> None:
        """Fire what the CLI never fires for an SDK at the begin of a session."""
        source, self._source, self._last_init = self._source, "", init
        if source and self.connection is not None:
            session_hooks.fire_session_start(self.connection.callbacks, init, source, self._location)

    def fire_session_end(self, reason: str = "other") -> None:
        """Fire SessionEnd, which the CLI never fires for an SDK."""
        init, self._last_init = self._last_init, None
        if init is not None and self.connection is not None:
            session_hooks.fire_session_end(self.connection.callbacks, init, reason, self._location)
            errors = self.take_errors()
            if errors:  # no result is left to hold them
                log.warn(summarize_errors(errors, "as the session ended"), CallbackWarning)

    # --- after a turn

    def finish_turn(self, state: TurnState) -> None:
        """Remember how the transcript looked after a turn of ours, in a process that is kept."""
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
        """End the process; the session can be gone on with."""
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
        """Give back what was for a process that was torn."""
        if self._store_sync is not None and self.connection is not None and self.connection.broken:
            self.kill()

    def _stop_tasks(self, connection: Connection) -> None:
        # After the end of its input the CLI waits for background shells, which may be servers.
        try:
            connection.request("interrupt", {}, timeout=1.0)
        except AgentSDKError as error:
            log.debug("client", "background tasks were not stopped before closing: %s", error)

    def kill(self) -> None:
        """End the process without ceremony."""
        connection, self.connection = self.connection, None
        try:
            if connection is not None:
                connection.drop()
        finally:
            self._forget_connection()


@atexit.register
def _close_at_exit() -> None:
    # Registered after the hook that ends processes, and so run before it: what they wrote goes to their store first.
    for process in list(_stored_processes):
        with contextlib.suppress(AgentSDKError):  # the next one is to be closed too
            process.close(grace=1.0)
