"""
The meter: tokens and money over the life of a client, each counted once.

The CLI's totals are cumulative over a process and go on over resume and fork, so they are never added up: what counts
is what each result says of the time since the last one.
"""
from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..messages import ModelUsage, ResultMessage, Usage
    from ..options.options import Options

#: Who wants to hear of every result in this thread: a `with Ledger()` block.
LEDGERS: ContextVar[tuple[Callable[[ResultMessage], None], ...]] = ContextVar("agent_sdk_ledgers", default=())
#: Above it, also infinite, no figure is believed.
_MOST = 1e15
#: US dollars for a process when nothing is left: the CLI takes no zero, and ends with this after its first reply.
MIN_BUDGET = 1e-7
_TOKENS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class UsageTotals:
    """Adds up results."""

    def __init__(self) -> None:
        self.cost = 0.0
        self.turns = 0
        self._tokens: dict[str, Any] = dict.fromkeys(_TOKENS, 0)
        self._totals: dict[str, float] = {}

    @property
    def usage(self) -> Usage:
        """The tokens until now."""
        from ..messages import Usage

        return Usage(**self._tokens)

    def add(self, result: ResultMessage) -> None:
        """Count one result."""
        self.turns += 1
        since = result.model_usage_since_last_result
        if isinstance(since, dict):  # empty after a turn that reached no model: it cost nothing
            for row in since.values():
                self.cost += as_number(getattr(row, "cost_usd", 0))
                self._add_tokens(row)
            return
        # For a CLI that does not say: the total's growth, and the turn's own tokens.
        total, session = as_number(result.total_cost_usd), str(result.session_id)
        self.cost += max(0.0, total - self._totals.get(session, 0.0))
        self._totals[session] = total
        self._add_tokens(result.usage)

    def _add_tokens(self, row: ModelUsage | Usage | None) -> None:
        for name in _TOKENS:
            self._tokens[name] += as_number(getattr(row, name, 0))


def as_number(value: object) -> Any:
    """Take a number as it came; what is none, or none that can be, counts nothing."""
    return value if isinstance(value, (int, float)) and 0 <= value < _MOST else 0


def within_budget(options: Options, usual: Options, spent: float) -> Options:
    """
    Return the options of a client's next process: it may spend what the ones before it have left.

    Args:
        options: What the turn wants. A budget that is the turn's own stays as it is.
        usual: What the client wants.
        spent: US dollars that the client has spent.
    """
    budget = options.max_budget_usd
    if budget is None or not spent or budget != usual.max_budget_usd:
        return options
    return options.evolve(max_budget_usd=max(budget - spent, MIN_BUDGET))
