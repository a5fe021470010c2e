"""
The handshake: the `initialize` request and its response.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core.fields import TARGET
from .._core.json_lines import Frame
from .._core.text import did_you_mean
from ..errors import AgentSDKError, ConfigurationError, ControlTimeoutError
from ..options.options import FIELDS, Options
from ..transcripts.location import SessionLocation
from .callback_set import CallbackSet
from .connection import REQUEST_TIMEOUT, Connection
from .turn_errors import session_not_found

if TYPE_CHECKING:
    from .turn_state import TurnState

_INITIALIZE = [(field.name, field.metadata[TARGET]) for field in FIELDS if field.metadata[TARGET].by == "initialize"]


def initialize_request(options: Options, callbacks: CallbackSet) -> Frame:
    """Return the fields of the `initialize` request."""
    fields = callbacks.request()
    for name, travel in _INITIALIZE:
        value = getattr(options, name)
        if value is None or value is False:
            continue
        encoded = value if travel.encode is None else travel.encode(value)
        fields.update(encoded if not travel.name else {travel.name: encoded})
    if options.skills and "all" not in options.skills:
        fields["skills"] = list(options.skills)
    return fields


class ServerInfo:
    """The response to `initialize`: commands, models, agents and account, which no other request returns."""

    def __init__(self, raw: Frame | None = None) -> None:
        self.raw: Frame = raw or {}

    @property
    def permission_mode(self) -> str | None:
        """The permission mode in which the process started."""
        mode = self.raw.get("current_permission_mode")
        return mode if isinstance(mode, str) else None

    def rows(self, name: str) -> list[Any]:
        """Return a list of the response; empty if it is missing."""
        rows = self.raw.get(name)
        return rows if isinstance(rows, list) else []


def shake_hands(
    connection: Connection, options: Options, turn: TurnState | None, location: SessionLocation | None
) -> ServerInfo:
    """
    Send `initialize` and wait for the response, until *turn*, if given, expires or is aborted.

    A CLI that cannot resume the session sends a result instead, which stays in the inbox for the turn.

    Args:
        location: Where the CLI stores sessions, for the error.
    """
    future = connection.send_request("initialize", initialize_request(options, connection.callbacks))
    deadline = time.monotonic() + REQUEST_TIMEOUT
    limit = None if turn is None else turn.deadline()
    interrupted: Callable[[], bool] = (lambda: False) if turn is None else (lambda: turn.is_aborted)
    try:
        connection.wait(lambda: connection.is_settled(future) or interrupted(), min(deadline, limit or deadline))
        answer = future.result() if future.done else None
    except AgentSDKError:
        if turn is None:
            _raise_early_result(connection, options, location)
        if turn is None or not connection.inbox:
            raise
        answer = None
    if answer is not None:
        return _check_agents(ServerInfo(answer), options)
    if not future.done and interrupted():
        connection.drop()  # the process has done no work yet
    elif not future.done and time.monotonic() >= deadline:
        raise ControlTimeoutError(f"initialize: no response within {REQUEST_TIMEOUT:g} seconds", subtype="initialize")
    return ServerInfo()


def _check_agents(info: ServerInfo, options: Options) -> ServerInfo:
    """
    Check that the CLI accepted the agents.

    The CLI skips invalid definitions, and uses its default agent if the main agent is unknown.
    """
    known = [str(row.get("name")) for row in info.rows("agents") if isinstance(row, dict)]
    for name in (options.agents or {}) if known else ():
        if name not in known:
            raise ConfigurationError(f"agents[{name!r}]: the CLI rejected this agent definition; check its fields")
    leader = options.agent
    if known and leader is not None and leader not in known and ":" not in leader:  # plugins are loaded later
        hint = did_you_mean(leader, known, f"known agents: {', '.join(known)}")
        raise ConfigurationError(f"agent={leader!r}: unknown agent; {hint}")
    return info


def _raise_early_result(connection: Connection, options: Options, location: SessionLocation | None) -> None:
    for item in connection.inbox:
        errors = item[0].get("errors") if isinstance(item, tuple) else None
        if errors and options.resume is not None:
            raise session_not_found(str(errors[0]), options.resume, location)
