"""
`Ledger`: cost and tokens of many queries, by model and by tag. `_client.usage` counts a single client.
"""
from __future__ import annotations

import contextlib
import html
import threading
import weakref
from collections.abc import Iterator
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any

import attrs

from .._client.usage import LEDGERS
from .._core import checks as check
from .._core.text import join_surrogates, table
from .._core.tokens import TokenTotals

if TYPE_CHECKING:
    from ..messages import ResultMessage

#: Active tags of this thread or task, innermost last: pairs of ledger and tag.
_TAGS: ContextVar[tuple[tuple[Ledger, str], ...]] = ContextVar("agent_sdk_tags", default=())
#: Table column -> field of `TokenTotals`. A turn that used two models counts once for each model.
_COLUMNS = {
    "turns": "turns",
    "input": "input_tokens",
    "output": "output_tokens",
    "cache read": "cache_read_input_tokens",
    "cache write": "cache_creation_input_tokens",
    "USD": "cost_usd",
}


class Ledger:
    """
    Cost and tokens of many queries, by model and by tag. Each result counts once.

    Pass it as `on_message` to the queries to count, or use it as a context manager: it then counts every turn of this
    thread inside the block. With both, each result still counts once. `print` a ledger, or display it in a notebook.

        ledger = Ledger()
        with ledger, ledger.tag("review"):
            agent_sdk.query("Review the diff")
        print(ledger.total_cost_usd, ledger.by_tag["review"].output_tokens)

    A ledger is thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: Totals by tag and model.
        self._rows: dict[tuple[str, str], TokenTotals] = {}
        #: Turns by tag; a turn that used two models counts once.
        self._turns: dict[str, int] = {}
        self._counted: weakref.WeakSet[ResultMessage] = weakref.WeakSet()
        #: Newest cumulative totals by session and model, for a CLI that reports only these.
        self._totals: dict[tuple[str, str], TokenTotals] = {}
        self._tokens: list[Token[Any]] = []

    def __call__(self, message: Any) -> None:
        """Count *message* if it is a result; for `on_message=`."""
        if message.is_result:
            self.add(message)

    def add(self, result: ResultMessage) -> None:
        """Count a result and the earlier results of the same run; results already counted are ignored."""
        for one in [*(one for one in result.results if one is not result), result]:
            with self._lock:
                self._add(one, self._current_tag())

    def _add(self, result: ResultMessage, tag: str) -> None:
        if result in self._counted:
            return
        self._counted.add(result)
        self._turns[tag] = self._turns.get(tag, 0) + 1
        for model, spent in self._spent_since_last(result).items():
            spent.turns = 1
            self._rows.setdefault((tag, model), TokenTotals()).add(spent)

    def _spent_since_last(self, result: ResultMessage) -> dict[str, TokenTotals]:
        """Return the usage since the previous result, by model."""
        since = result.model_usage_since_last_result
        if isinstance(since, dict):
            return {str(model): TokenTotals.from_wire(row) for model, row in since.items()}
        grown = {}
        for model, row in (result.model_usage if isinstance(result.model_usage, dict) else {}).items():
            key, total = (str(result.session_id), str(model)), TokenTotals.from_wire(row)
            grown[str(model)] = total.since(self._totals.get(key, TokenTotals()))
            self._totals[key] = total
        return grown

    def _current_tag(self) -> str:
        return next((tag for ledger, tag in reversed(_TAGS.get()) if ledger is self), "")

    # --- totals

    @property
    def total(self) -> TokenTotals:
        """Totals over all models and tags."""
        total = TokenTotals.sum(self._copy().values())
        total.turns = sum(self._turns.values())
        return total

    @property
    def total_cost_usd(self) -> float:
        """Total cost in US dollars."""
        return self.total.cost_usd

    @property
    def by_model(self) -> dict[str, TokenTotals]:
        """Totals by model."""
        found: dict[str, TokenTotals] = {}
        for (_, model), spent in self._copy().items():
            found.setdefault(model, TokenTotals()).add(spent)
        return found

    @property
    def by_tag(self) -> dict[str, TokenTotals]:
        """Totals by tag; `""` for usage without a tag."""
        rows, found = self._copy(), {}
        for tag, turns in list(self._turns.items()):
            found[tag] = TokenTotals.sum(rows[key] for key in rows if key[0] == tag)
            found[tag].turns = turns
        return found

    def _copy(self) -> dict[tuple[str, str], TokenTotals]:
        with self._lock:
            return {key: attrs.evolve(spent) for key, spent in self._rows.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return all totals as plain data: `total`, `by_model`, `by_tag`, and `rows` by tag and model."""
        return {
            "total": self.total.to_dict(),
            "by_model": {model: spent.to_dict() for model, spent in self.by_model.items()},
            "by_tag": {tag: spent.to_dict() for tag, spent in self.by_tag.items()},
            "rows": [{"tag": tag, "model": model, **spent.to_dict()} for (tag, model), spent in self._copy().items()],
        }

    # --- contexts

    @contextlib.contextmanager
    def tag(self, name: str) -> Iterator[Ledger]:
        """
        Count results received inside the block under the tag *name*. In nested blocks the innermost tag applies.

        Raises:
            ConfigurationError: *name* is not a string.
        """
        tag: str | None = check.string("tag")(name)
        if tag is None:
            raise check.invalid("tag", name, "expected a string")
        token = _TAGS.set((*_TAGS.get(), (self, tag)))
        try:
            yield self
        finally:
            _TAGS.reset(token)

    def __enter__(self) -> Ledger:
        self._tokens.append(LEDGERS.set((*LEDGERS.get(), self.add)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        LEDGERS.reset(self._tokens.pop())

    # # --- representations

    def _table(self) -> list[list[str]]:
        rows = [[tag, model, *_cells(spent)] for (tag, model), spent in sorted(self._copy().items())]
        return [["tag", "model", *_COLUMNS], *rows, ["total", "", *_cells(self.total)]]

    def __str__(self) -> str:
        rows = self._table()
        return "\n".join(table(rows, right=range(2, len(rows[0]))))

    def _repr_html_(self) -> str:
        head, *rows = self._table()
        titles = "".join(f"<th>{html.escape(title)}</th>" for title in head)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        return join_surrogates(f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>")

    def __repr__(self) -> str:
        total = self.total
        return f"<Ledger {total.turns} turns, ${total.cost_usd:.6g}>"


def _cells(spent: TokenTotals) -> list[str]:
    figures = [getattr(spent, name) for name in _COLUMNS.values()]
    return [*(f"{figure:,}" for figure in figures[:-1]), f"{figures[-1]:.6f}"]
