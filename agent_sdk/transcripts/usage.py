"""
The usage of a session: tokens, cost, turns, tools, time.

The CLI writes a `cost-state` entry with the cumulative cost when its process ends. A resumed session continues from
the last value, so the last entry of a transcript contains the total. A session that the CLI forked continues from the
value of its source; the inherited part is subtracted, so that the sum over all sessions counts every dollar once. A
copy made by `fork_session` starts at zero, as does the session after `/clear`. Two concurrent processes in one session
overwrite each other's value, which is then too low.
"""
from __future__ import annotations

import os
from typing import Any

import attrs

from .._core.tokens import Figures
from ..errors import SessionNotFoundError
from . import paths, reader
from .entries import decode_entry, is_chained, kind_of, open_transcript, read_lines
from .listing import milliseconds
from .paths import Directory

COST_STATE = "cost-state"
_QUEUE = "queue-operation"
_COST_KINDS = (COST_STATE, _QUEUE)


@attrs.define
class TokenCount(Figures):
    """Tokens of one model."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    #: Number of API replies.
    replies: int = 0

    @property
    def total_tokens(self) -> int:
        """Total number of tokens."""
        written = self.cache_creation_input_tokens + self.cache_read_input_tokens
        return self.input_tokens + self.output_tokens + written


@attrs.define
class SessionFigures:
    """The usage of a session; for a fork, the usage since it was forked."""

    session_id: str
    #: Cost of this session alone, in US dollars; *None* if no process of it has exited normally and recorded it.
    cost_usd: float | None = None
    #: Cost inherited from the source of a fork, in US dollars, which the CLI's own value includes.
    inherited_cost_usd: float = 0.0
    #: False if there are messages after the last recorded cost: the session is open, or its CLI was killed.
    is_cost_complete: bool = False
    #: Tokens by model, including subagents. The CLI's own requests (titles, compactions) count only in the cost.
    tokens: dict[str, TokenCount] = attrs.field(factory=dict)
    #: Number of user prompts, without slash commands.
    turns: int = 0
    #: Number of uses by tool name, including subagents.
    tools: dict[str, int] = attrs.field(factory=dict)
    #: Milliseconds from the first entry to the last, including pauses.
    duration_ms: int = 0
    #: Milliseconds spent in API calls, recorded with the cost; for a fork, including the inherited time.
    api_duration_ms: int | None = None
    subagents: int = 0
    compactions: int = 0

    @property
    def total_tokens(self) -> int:
        """Total number of tokens of all models."""
        return sum(count.total_tokens for count in self.tokens.values())


def session_figures(
    session_id: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> SessionFigures:
    """
    Return the usage of a session, including abandoned branches.

    Args:
        session_id: Its id.
        directory: Look only under this working directory and its git worktrees; *None* looks everywhere.
        config_dir: As for `list_sessions`.

    Raises:
        SessionNotFoundError: The session does not exist.
        ConfigurationError: The id is not a UUID.
    """
    path = paths.require_transcript(session_id, directory, config_dir)
    count = _FigureCounter(SessionFigures(str(session_id)))
    try:
        count.read(path)
    except FileNotFoundError as error:
        raise SessionNotFoundError(f"session {session_id} was deleted just now", session_id=session_id) from error
    agents = reader.subagents_of(path)
    for agent in agents:
        count.read(agent.path, is_subagent=True)
    return count.finish(path, len(agents))


def _is_counted(start: bytes) -> bool:
    if b'"attachment":{' in start[:200]:
        return False
    return is_chained(start) or kind_of(start) in _COST_KINDS


class _FigureCounter:
    """Sums the usage of the entries of a session and its subagents."""

    def __init__(self, figures: SessionFigures) -> None:
        self._figures = figures
        self._replies: dict[str, tuple[str, dict[str, Any]]] = {}
        self._uses: set[str] = set()
        self._cost: dict[str, Any] = {}
        self._times: list[int] = []
        #: Time at which the file was created, if its first line contains it; older entries were copied by a fork.
        self._begun = ""
        self._has_copies = False
        self._last_copied: str | None = None

    def read(self, path: str, is_subagent: bool = False) -> None:
        with open_transcript(path) as file:
            for _, line in read_lines(file, _is_counted):
                entry = decode_entry(line)
                if entry is not None:
                    self._add(entry, is_subagent)

    def _add(self, entry: dict[str, Any], is_subagent: bool) -> None:
        kind = entry.get("type")
        if kind == COST_STATE:
            self._cost = entry
            self._figures.is_cost_complete = True
        elif kind == _QUEUE:
            self._begun = self._begun or str(entry.get("timestamp") or "")
        elif self._is_copy(entry):
            self._has_copies = True
            self._last_copied = entry.get("uuid") if kind in ("user", "assistant") else self._last_copied
        else:
            self._add_own(entry, is_subagent)

    def _is_copy(self, entry: dict[str, Any]) -> bool:
        if entry.get("forkedFrom"):
            return True
        timestamp = entry.get("timestamp")
        return isinstance(timestamp, str) and timestamp < self._begun

    def _add_own(self, entry: dict[str, Any], is_subagent: bool) -> None:
        made = milliseconds(entry.get("timestamp") if isinstance(entry.get("timestamp"), str) else None)
        if made is not None:
            self._times.append(made)
        message = entry.get("message")
        if entry.get("type") == "assistant" and isinstance(message, dict):
            is_paid = self._add_reply(message)
            self._figures.is_cost_complete &= is_subagent or not is_paid
        elif entry.get("type") == "user" and isinstance(message, dict) and not is_subagent:
            self._figures.turns += is_prompt(entry, message)
        self._figures.compactions += entry.get("subtype") == "compact_boundary"

    def _add_reply(self, message: dict[str, Any]) -> bool:
        """Count one entry of a reply; returns whether it was billed by the API."""
        usage, model = message.get("usage"), message.get("model")
        is_paid = model != "<synthetic>" and isinstance(usage, dict)
        if is_paid and isinstance(usage, dict):
            # A reply has several entries, each with a usage; the last one is final.
            self._replies[str(message.get("id"))] = (str(model), usage)
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and block.get("type") == "tool_use" and block.get("id") not in self._uses:
                self._uses.add(str(block.get("id")))
                name = str(block.get("name"))
                self._figures.tools[name] = self._figures.tools.get(name, 0) + 1
        return is_paid

    def finish(self, path: str, subagents: int) -> SessionFigures:
        figures = self._figures
        for model, usage in self._replies.values():
            count = TokenCount.from_wire(usage)
            count.replies = 1
            figures.tokens.setdefault(model, TokenCount()).add(count)
        figures.subagents = subagents
        figures.duration_ms = max(self._times) - min(self._times) if self._times else 0
        total = _amount(self._cost.get("totalCostUSD"))
        if self._cost and total is not None:
            if self._last_copied is not None:
                figures.inherited_cost_usd = _inherited_cost(path, self._last_copied, self._begun)
            figures.cost_usd = max(0.0, total - figures.inherited_cost_usd)
            duration = _amount(self._cost.get("totalAPIDuration"))
            figures.api_duration_ms = None if duration is None else int(duration)
        return figures


def _amount(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def is_prompt(entry: dict[str, Any], message: dict[str, Any]) -> bool:
    """Return whether a user entry is a prompt that begins a turn."""
    if entry.get("isMeta") or entry.get("isCompactSummary") or entry.get("isSidechain"):
        return False
    content = message.get("content")
    if isinstance(content, list):
        texts = [block for block in content if isinstance(block, dict)]
        if any(block.get("type") == "tool_result" for block in texts):
            return False
        content = next((str(block.get("text")) for block in texts if block.get("type") == "text"), "a block")
    return not str(content).lstrip().startswith(("<command-name>", "<local-command-", "[Request interrupted"))


def _inherited_cost(path: str, last_copied: str, begun: str) -> float:
    """
    Return the inherited cost of the forked session at *path*, in US dollars; 0.0 if its source no longer exists.

    The CLI copies entries unchanged and does not record their source. The source is the transcript in the same folder
    that contains *last_copied*, the uuid of the last copied message. The inherited cost is the cost of the source at
    the time *begun*.
    """
    if not begun:
        return 0.0
    folder = os.path.dirname(path)
    costs = [
        _cost_at(entry.path, last_copied.encode(), begun)
        for entry in paths.transcripts_in(folder, os.path.dirname(folder))
        if entry.path != path
    ]
    return max(costs, default=0.0)


def _cost_at(path: str, uuid: bytes, begun: str) -> float:
    """Return the cost of the transcript at *path* at the time *begun*; 0.0 if it only has a copy of *uuid*."""
    mark, is_source, cost, own_begin = b'"uuid":"' + uuid + b'"', False, 0.0, ""
    try:
        with open_transcript(path) as file:
            for _, line in read_lines(file, _is_cost_or_message):
                is_cost_kind = kind_of(line) in _COST_KINDS
                entry = decode_entry(line) if is_cost_kind or mark in line else None
                timestamp = str((entry or {}).get("timestamp") or "")
                if entry is None:
                    continue
                if not is_cost_kind:
                    # Another fork of the same source also contains the uuid, with a time before its own creation.
                    is_source = timestamp >= own_begin
                elif timestamp > begun:
                    break
                own_begin, cost = own_begin or timestamp, _total_cost(entry, cost)
    except OSError:
        # Deleted meanwhile.
        return 0.0
    return cost if is_source else 0.0


def _is_cost_or_message(start: bytes) -> bool:
    kind = kind_of(start)
    return kind is None or kind in ("user", "assistant", *_COST_KINDS)


def _total_cost(entry: dict[str, Any], before: float) -> float:
    total = _amount(entry.get("totalCostUSD"))
    return before if total is None else total
