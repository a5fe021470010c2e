"""
`query_many`: runs many prompts concurrently, each in its own process. `_batch.workers` implements the threads.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from .._client.callbacks import OnMessage
from .._client.functions import one_shot
from .._client.prompt import Prompt, content_of
from .._core import checks as check
from .._core.callbacks import check_callback
from ..errors import ConfigurationError
from ..options.options import Options, options_of
from .progress import ProgressLine
from .workers import Outcome, WorkerPool

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options.typing import BatchOptions

__all__ = ["Outcome", "query_many"]


def query_many(
    prompts: Iterable[Prompt],
    on_message: OnMessage | None = None,
    *,
    max_workers: int = 4,
    max_budget_usd: float | None = None,
    on_error: Literal["collect", "raise"] = "collect",
    progress: bool | None = None,
    options: Options | None = None,
    **overrides: Unpack[BatchOptions],
) -> list[Outcome]:
    """
    Run many prompts concurrently, and return their outcomes in order.

    When the CLI reports a rate limit, no further query starts until the limit resets; with `retry=`, the queries that
    hit the limit are retried then. Ctrl-C stops all queries. An exception that ends the call early, including
    `KeyboardInterrupt`, has the outcomes so far: `except KeyboardInterrupt as stop: stop.outcomes`.

    Args:
        prompts: Prompts as for `query`. The iterable is consumed before the first query starts.
        on_message: Called for every message, in this thread, one at a time; `message.session_id` names its session.
        max_workers: Maximum number of concurrent queries, and so of processes.
        max_budget_usd: Budget in US dollars for all queries. Each query may spend what is left when it starts; once the
            budget is spent, no query starts. Concurrent queries can exceed it, each by its own cost.
        on_error: `"collect"` returns failures as outcomes; `"raise"` stops all queries and raises the first failure.
        progress: Whether to show a progress line on standard error; defaults to whether that is a terminal.
        options: Base options.
        overrides: Options by name, as for `query`; they apply to each prompt.

    Returns:
        One outcome per prompt: `prompt`, `result`, `error`. Queries not started because the budget was spent have a
        `MaxBudgetError`.

    Raises:
        ConfigurationError: A prompt or an option is invalid; no query was started.
        AgentSDKError: With `on_error="raise"`. Exceptions of *on_message* propagate unchanged.
    """
    _check_limits(prompts, on_message, max_workers, max_budget_usd, on_error)
    one_shot(options, **overrides)  # for its errors, before anything starts
    outcomes = [Outcome(prompt) for prompt in prompts]
    wanted = _check_prompts(outcomes, options_of(options, **overrides))
    pool = WorkerPool(outcomes, wanted, on_message, max_budget_usd, raises=on_error == "raise")
    with ProgressLine(progress) as line:
        pool.run(max_workers, lambda: line.show(pool.status_line()))
    return outcomes


def _check_limits(prompts: object, on_message: object, max_workers: object, budget: object, on_error: object) -> None:
    if isinstance(prompts, (str, bytes)) or not isinstance(prompts, Iterable):
        raise check.invalid("prompts", prompts, "expected a list of prompts; for one prompt use query")
    check_callback("on_message", on_message)
    check.number("max_workers", least=1, whole=True)(max_workers)
    check.number("max_budget_usd", above=0)(budget)
    check.one_of("on_error", ("collect", "raise"))(on_error)


def _check_prompts(outcomes: list[Outcome], options: Options) -> Options:
    for outcome in outcomes:
        content_of(outcome.prompt)
    if len(outcomes) > 1 and options.session_id is not None:
        raise ConfigurationError("session_id sets the id of a single session; query_many starts one per prompt")
    if len(outcomes) > 1 and (options.resume or options.continue_conversation) and not options.fork_session:
        raise ConfigurationError("query_many cannot run several prompts in one session; add fork_session=True")
    return options
