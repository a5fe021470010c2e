"""
`Retry`: what to try again, how often, and how long to wait. The stream that does it is in `_client.retrying_stream`.
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

#: What can be tried again.
CAUSES: tuple[RetryCause, ...] = ("overloaded", "rate_limit", "server_error", "connection")
#: Attempts as they would be without a limit: 2 ** this is enough for every delay.
MAX_DOUBLINGS = 30
_RATE_LIMITED, _OVERLOADED = 429, 529
#: Failures that reached no API and that no second attempt heals.
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
    Try a failed turn again, in the same session: what was said and done until then is kept, and nothing is said twice.

    Given as the option `retry=`. The CLI repeats single requests by itself (`CLAUDE_CODE_MAX_RETRIES`, 10 by
    default); this begins where it gives up. A failed attempt that will be repeated is shown as an `api_retry`
    message in place of its result; its result is found in `result.results`.
    """

    #: Attempts in all, the first included.
    attempts: int = attrs.field(default=3, validator=_number_validator(least=1, whole=True))
    #: Which failures are tried again: `overloaded`, `rate_limit`, `server_error`, `connection`.
    on: tuple[RetryCause, ...] = attrs.field(default=CAUSES, converter=_parse_causes, kw_only=True)
    #: Seconds before the second attempt; doubled for each further one, and varied by a quarter.
    delay: float = attrs.field(default=2.0, validator=_number_validator(least=0), kw_only=True)
    #: Seconds that the doubling stops at.
    max_delay: float = attrs.field(default=60.0, validator=_number_validator(least=0), kw_only=True)
    #: Seconds to wait, at most, for the reset of a rate limit; one that is farther away is not waited for.
    max_wait: float = attrs.field(default=6 * 3600.0, validator=_number_validator(least=0), kw_only=True)
    #: HTTP statuses at which the turn is stopped at once, before the CLI has used up its own retries.
    give_up_on: tuple[int, ...] = attrs.field(default=(401, 402, 403), converter=_parse_statuses, kw_only=True)

    def pause(self, result: ResultMessage, attempt: int) -> float | None:
        """
        Return the seconds to wait before the attempt after *attempt*, or *None* when there is to be none.

        Args:
            result: How the attempt ended.
            attempt: Counts from 1.
        """
        cause = cause_of(result)
        if cause not in self.on or attempt >= self.attempts:
            return None
        resets_at = resets_at_of(result) if cause == "rate_limit" else None
        if resets_at is not None:
            wait = max(0.0, resets_at - time.time())
            return wait if wait <= self.max_wait else None
        doubled: float = self.delay * 2 ** min(attempt - 1, MAX_DOUBLINGS)
        # Many that failed together should not come back together.
        return min(self.max_delay, doubled) * random.uniform(0.75, 1.25)


def parse_retry(value: object) -> Retry | None:
    """Accept what the option `retry=` may be: a `Retry`, or a number of attempts."""
    if value is None or isinstance(value, Retry):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Retry(value)
    raise check.invalid("retry", value, "expected agent_sdk.Retry(...) or a number of attempts")


def cause_of(result: ResultMessage) -> str | None:
    """Name what made the turn fail, as `Retry.on` does; *None* for a good turn and for what is none of these."""
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
    """Return when the limit that was hit resets, in seconds since the epoch, where the CLI told."""
    moments = (rejected_until(message) for message in reversed(result.messages))
    return next((moment for moment in moments if moment is not None), None)


def rejected_until(message: Any) -> float | None:
    """Return until when the API takes no requests, where *message* says so."""
    info = getattr(message, "rate_limit_info", None)
    moment = getattr(info, "resets_at", None)
    is_rejected = getattr(info, "status", None) == "rejected" and isinstance(moment, (int, float))
    return float(moment) if is_rejected and moment is not None else None
