"""
Tokens and money over the life of a client, each counted once.

The CLI's totals are cumulative over a process and go on over resume and fork, so they are never added up: what counts
is what each result says of the time since the last one.
"""
from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

import attrs

from .._core.tokens import TokenTotals, as_number

if TYPE_CHECKING:
    from ..messages import ResultMessage, Usage
    from ..options.options import Options

#: Who wants to hear of every result in this thread: a `with Ledger()` block.
LEDGERS: ContextVar[tuple[Callable[[ResultMessage], None], ...]] = ContextVar("agent_sdk_ledgers", default=())
#: US dollars for a process when nothing is left: the CLI takes no zero, and ends with this after its first reply.
MIN_BUDGET = 1e-7


class UsageTotals:
    """Adds up results."""

    def __init__(self) -> None:
        self._totals = TokenTotals()
        #: The newest total by session, for a CLI that reports totals only.
        self._session_costs: dict[str, float] = {}

    @property
    def cost(self) -> float:
        """US dollars until now."""
        return self._totals.cost_usd

    @property
    def turns(self) -> int:
        """Results until now."""
        return self._totals.turns

    @property
    def usage(self) -> Usage:
        """The tokens until now."""
        from ..messages import Usage

        names = attrs.fields_dict(TokenTotals).keys() & attrs.fields_dict(Usage).keys()
        return Usage(**{name: getattr(self._totals, name) for name in names})

    def add(self, result: ResultMessage) -> None:
        """Count one result."""
        since = result.model_usage_since_last_result
        if isinstance(since, dict):  # empty after a turn that reached no model: it cost nothing
            spent = TokenTotals.sum(map(TokenTotals.from_wire, since.values()))
        else:  # the total's growth, and the turn's own tokens
            total, session = as_number(result.total_cost_usd), str(result.session_id)
            spent = TokenTotals.from_wire(result.usage)
            spent.cost_usd = max(0.0, total - self._session_costs.get(session, 0.0))
            self._session_costs[session] = total
        spent.turns = 1
        self._totals.add(spent)


def within_budget(options: Options, client_options: Options, spent: float) -> Options:
    """
    Return the options of a client's next process: it may spend what is left after *spent* US dollars.

    A budget of the turn's own, which differs from that of *client_options*, stays as it is.
    """
    budget = options.max_budget_usd
    if budget is None or not spent or budget != client_options.max_budget_usd:
        return options
    return options.evolve(max_budget_usd=max(budget - spent, MIN_BUDGET))
