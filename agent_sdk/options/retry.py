"""
`Retry`: which failures to retry, how often, and how long to wait. `_client.retrying_stream` runs the retries.
"""
from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs

from .._core import checks as check

if TYPE_CHECKING:
    from .._core.literals import RetryCause
    from ..messages import ResultMessage

#: Failures that can be retried.
CAUSES: tuple[RetryCause, ...] = ("overloaded", "rate_limit", "server_error", "connection")
#: Maximum exponent of the backoff: 2 ** 30 exceeds every delay.
MAX_DOUBLINGS = 30
_RATE_LIMITED, _OVERLOADED = 429, 529
#: Error codes of failures that never reached the API and that a retry cannot fix.
_NEVER_RETRIED = ("authentication_failed", "billing_error", "invalid_request", "oauth_org_not_allowed")


def _parse_causes(value: RetryCause | Iterable[RetryCause]) -> tuple[RetryCause, ...]:
    return check.string_list("on", among=CAUSES)(value) or ()


def _parse_statuses(value: Iterable[int]) -> tuple[int, ...]:
    whole = check.number("give_up_on", least=100, whole=True)
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise check.invalid("give_up_on", value, "expected a list of HTTP statuses such as [401, 403]")
    return tuple(int(whole(status)) for status in value)


def _number_validator(*, least: int, whole: bool = False) -> Callable[[Any, Any, Any], None]:
    def validate(retry: Retry, field: Any, value: Any) -> None:
        if value is None:
            raise check.invalid(field.name, value, "expected a number")
        check.number(field.name, least=least, whole=whole)(value)

    return validate


@attrs.frozen
class Retry:
    """
    Retry a failed turn in the same session. The session keeps all work of the failed attempt; the prompt is not resent.

    Pass it as the option `retry=`. The CLI retries single API requests itself (`CLAUDE_CODE_MAX_RETRIES`, 10 by
    default); `Retry` takes effect when the CLI gives up. Each attempt that is retried emits an `api_retry` message
    instead of its result; `result.results` contains its result.
    """

    #: Maximum number of attempts, including the first.
    attempts: int = attrs.field(default=3, validator=_number_validator(least=1, whole=True))
    #: Failures to retry: `overloaded`, `rate_limit`, `server_error`, `connection`.
    on: tuple[RetryCause, ...] = attrs.field(default=CAUSES, converter=_parse_causes, kw_only=True)
    #: Seconds before the second attempt. Each further attempt doubles it, with a random variation of 25 %.
    delay: float = attrs.field(default=2.0, validator=_number_validator(least=0), kw_only=True)
    #: Maximum seconds of the doubled delay.
    max_delay: float = attrs.field(default=60.0, validator=_number_validator(least=0), kw_only=True)
    #: Maximum seconds to wait for a rate limit to reset; if it resets later, the turn is not retried.
    max_wait: float = attrs.field(default=6 * 3600.0, validator=_number_validator(least=0), kw_only=True)
    #: HTTP statuses that stop the turn at once, before the CLI has used its own retries.
    give_up_on: tuple[int, ...] = attrs.field(default=(401, 402, 403), converter=_parse_statuses, kw_only=True)

    def pause(self, result: ResultMessage, attempt: int) -> float | None:
        """
        Return the seconds to wait after *attempt*, or *None* if the turn is not retried.

        Args:
            result: The result of the attempt.
            attempt: Number of the attempt, counting from 1.
        """
        cause = cause_of(result)
        if cause not in self.on or attempt >= self.attempts:
            return None
        resets_at = resets_at_of(result) if cause == "rate_limit" else None
        if resets_at is not None:
            wait = max(0.0, resets_at - time.time())
            return wait if wait <= self.max_wait else None
        doubled: float = self.delay * 2 ** min(attempt - 1, MAX_DOUBLINGS)
        # Jitter: turns that failed together should not retry together.
        return min(self.max_delay, doubled) * random.uniform(0.75, 1.25)


def parse_retry(value: object) -> Retry | None:
    """Accept a value of the option `retry=`: a `Retry`, or a number of attempts."""
    if value is None or isinstance(value, Retry):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Retry(value)
    raise check.invalid("retry", value, "expected agent_sdk.Retry(...) or a number of attempts")


def cause_of(result: ResultMessage) -> str | None:
    """Return the cause of a failed turn as in `Retry.on`; *None* for a good turn and for any other failure."""
    if not result.is_error or result.terminal_reason != "api_error":
        return None
    status = result.api_error_status
    if not isinstance(status, int):
        return None if _error_codes(result) & set(_NEVER_RETRIED) or "Not logged in" in result.content else "connection"
    if status in (_RATE_LIMITED, _OVERLOADED):
        return "rate_limit" if status == _RATE_LIMITED else "overloaded"
    return "server_error" if status // 100 == 5 else None


def _error_codes(result: ResultMessage) -> set[str]:
    return {str(getattr(message, "error", None)) for message in result.messages if message.is_assistant}


def resets_at_of(result: ResultMessage) -> float | None:
    """Return when the rate limit resets, in seconds since the epoch; *None* if the CLI did not report it."""
    moments = (rejected_until(message) for message in reversed(result.messages))
    return next((moment for moment in moments if moment is not None), None)


def rejected_until(message: Any) -> float | None:
    """Return the time until which the API rejects requests, if *message* reports it."""
    info = getattr(message, "rate_limit_info", None)
    moment = getattr(info, "resets_at", None)
    is_rejected = getattr(info, "status", None) == "rejected" and isinstance(moment, (int, float))
    return float(moment) if is_rejected and moment is not None else None
