"""
Tokens and cost over the life of a client; each result counts once.

The CLI's totals are cumulative over a process and continue after resume and fork, so they cannot be summed. Only
the usage since the previous result is added.
"""
from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..messages import ResultMessage, Usage
    from ..options.options import Options

#: Callbacks that receive every result of this thread, set by `with Ledger()` blocks.
LEDGERS: ContextVar[tuple[Callable[[ResultMessage], None], ...]] = ContextVar("agent_sdk_ledgers", default=())
#: Budget in US dollars when nothing is left: the CLI rejects zero, and with this value it ends after one reply.
MIN_BUDGET = 1e-7


class UsageTotals:
    """The sum of the usage of results."""

    def __init__(self) -> None:
        from .._core.tokens import TokenTotals  # loaded with the first client, not with the package

        self._totals = TokenTotals()
        #: Newest total cost by session, for a CLI that reports only totals.
        self._session_costs: dict[str, float] = {}

    @property
    def cost(self) -> float:
        """Total cost in US dollars."""
        return self._totals.cost_usd

    @property
    def turns(self) -> int:
        """Number of results."""
        return self._totals.turns

    @property
    def usage(self) -> Usage:
        """Total tokens."""
        import attrs

        from ..messages import Usage

        names = attrs.fields_dict(type(self._totals)).keys() & attrs.fields_dict(Usage).keys()
        return Usage(**{name: getattr(self._totals, name) for name in names})

    def add(self, result: ResultMessage) -> None:
        """Add one result."""
        from .._core.tokens import TokenTotals, as_number

        since = result.model_usage_since_last_result
        if isinstance(since, dict):  # empty after a turn without a model call, which costs nothing
            spent = TokenTotals.sum(map(TokenTotals.from_wire, since.values()))
        else:  # growth of the total cost, and the tokens of the turn
            total, session = as_number(result.total_cost_usd), str(result.session_id)
            spent = TokenTotals.from_wire(result.usage)
            spent.cost_usd = max(0.0, total - self._session_costs.get(session, 0.0))
            self._session_costs[session] = total
        spent.turns = 1
        self._totals.add(spent)


def within_budget(options: Options, client_options: Options, spent: float) -> Options:
    """
    Return the options of a client's next process, with the budget that is left after *spent* US dollars.

    A budget that differs from that of *client_options* was set for the turn and stays unchanged.
    """
    budget = options.max_budget_usd
    if budget is None or not spent or budget != client_options.max_budget_usd:
        return options
    return options.evolve(max_budget_usd=max(budget - spent, MIN_BUDGET))
