"""
The meter: tokens and money over the life of a client, each counted once.

The CLI's totals are cumulative over a process and go on over resume and fork, so they are never added up: what counts is
what each result says of the time since the last one.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .messages import ModelUsage, ResultMessage, Usage


_TOKENS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class Meter:
    """Adds up results."""

    def __init__(self) -> None:
        self.cost = 0.0
        self.turns = 0
        self._tokens: dict[str, Any] = dict.fromkeys(_TOKENS, 0)
        self._totals: dict[str, float] = {}

    @property
    def usage(self) -> Usage:
        """The tokens until now."""
        from .messages import Usage

        return Usage(**self._tokens)

    def add(self, result: ResultMessage) -> None:
        """Count one result."""
        self.turns += 1
        since = result.model_usage_since_last_result
        if since:
            for row in since.values():
                self.cost += row.cost_usd or 0.0
                self._add_tokens(row)
            return
        # For a CLI that does not say: the total's growth, and the turn's own tokens.
        total, session = result.total_cost_usd or 0.0, result.session_id or ""
        self.cost += max(0.0, total - self._totals.get(session, 0.0))
        self._totals[session] = total
        if result.usage is not None:
            self._add_tokens(result.usage)

    def _add_tokens(self, row: ModelUsage | Usage) -> None:
        for name in _TOKENS:
            self._tokens[name] += getattr(row, name, 0) or 0
