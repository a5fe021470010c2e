"""
`query_many`: many prompts at once, each in a process of its own. The threads that run them are in `_batch.workers`.
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
    Run many prompts, some at a time, and return what became of each, in order.

    When the CLI reports that a rate limit is reached, nothing new is started until it resets; with `retry=` what hit
    it goes on too. Ctrl-C stops all and leaves nothing running. What was finished until then is in the exception:
    `except KeyboardInterrupt as stop: stop.outcomes`; so it is in every other one that ends the call half way.

    Args:
        prompts: Each as for `query`; read to their end before the first starts.
        on_message: Called for every message, in this thread, one at a time; `message.session_id` tells them apart.
        max_workers: Queries, and so processes, at the same time.
        max_budget_usd: US dollars for all together. A query may spend what is left when it starts; nothing new is
            started once it is spent. Queries that run at the same time may go beyond it, each by what it spends.
        on_error: `"collect"` returns failures in their place; `"raise"` stops all at the first one, and raises it.
        progress: Whether a line on the standard error tells how far it is; by default if that is a terminal.
        options: Options to start from.
        overrides: Options by name, as for `query`; they hold for each prompt.

    Returns:
        One outcome for each prompt: `prompt`, `result`, `error`. Those that were not started for want of money have a
        `MaxBudgetError`.

    Raises:
        ConfigurationError: A prompt or an option is wrong; nothing was started.
        AgentSDKError: With `on_error="raise"`; whatever *on_message* raises comes through unchanged.
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
        raise ConfigurationError("session_id names one session; many prompts have one each")
    if len(outcomes) > 1 and (options.resume or options.continue_conversation) and not options.fork_session:
        raise ConfigurationError("many prompts cannot share one session; add fork_session=True for a copy for each")
    return options
