"""
The message that ends a turn, and the typed error that a bad one stands for.
"""
from __future__ import annotations

from typing import Any

import attrs

from .. import errors
from .._core.fields import WIRE, wire
from ..errors import StructuredOutputError
from .base import Message, shorten
from .registry import message_type
from .shared import DeferredToolUse, InvalidConfigFile, ModelUsage, Origin, PermissionDenial, Usage

#: How the CLI begins to tell that a hook blocked the prompt, or stopped the turn before the model was asked.
_BLOCKED_PREFIXES = ("UserPromptSubmit operation blocked by hook", "Operation stopped by hook")
#: Causes by the HTTP status of the API.
_BY_STATUS: dict[int, type[errors.ResultError]] = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    402: errors.InvalidRequestError,
    403: errors.AuthenticationError,
    404: errors.InvalidRequestError,
    413: errors.InvalidRequestError,
    429: errors.RateLimitError,
    529: errors.OverloadedError,
}

#: Causes by subtype, with the text for a result that has none.
_BY_SUBTYPE: dict[str, tuple[type[errors.ResultError], str]] = {
    "error_max_turns": (errors.MaxTurnsError, "max_turns was reached, after {0.num_turns} turns"),
    "error_max_budget_usd": (errors.MaxBudgetError, "max_budget_usd was reached, at ${0.total_cost_usd}"),
    "error_max_structured_output_retries": (errors.StructuredOutputError, "no output fits the schema"),
}


@message_type("result")
class ResultMessage(Message):
    """The end of a turn: outcome, cost, usage."""

    #: `is_error` on the wire; ask `is_error`, which knows the subtypes too.
    failed: bool = wire("is_error", False)
    #: The final text; an API failure's text too. Absent from error subtypes: see `errors`.
    result: str | None = None
    errors: list[str] = attrs.field(factory=list)
    #: Turns of the model in this turn; a round of tool results counts as one.
    num_turns: int = 0
    duration_ms: int = 0
    duration_api_ms: int = 0
    ttft_ms: float | None = None
    ttft_stream_ms: float | None = None
    time_to_request_ms: float | None = None
    #: Cumulative, over the process and what it resumed: take the newest, add nothing up.
    total_cost_usd: float = 0.0
    #: Of the main loop, in this turn.
    usage: Usage = attrs.field(factory=Usage)
    #: By model; cumulative, as `total_cost_usd`.
    model_usage: dict[str, ModelUsage] = attrs.field(factory=dict, metadata={WIRE: "modelUsage"})
    #: By model; of this turn.
    model_usage_since_last_result: dict[str, ModelUsage] | None = None
    permission_denials: list[PermissionDenial] = attrs.field(factory=list)
    #: The parsed output, when an output format was asked for.
    structured_output: Any = None
    stop_reason: str | None = None
    #: Why the loop ended: `completed`, `max_turns`, `api_error`, `aborted_tools`, ...; absent when no model was asked.
    terminal_reason: str | None = None
    #: The HTTP status of the API, when it failed.
    api_error_status: int | None = None
    api_error_type: str | None = None
    #: The prompts that this turn answered, when they were sent with a uuid.
    user_message_uuid: str | None = None
    user_message_uuids: list[str] | None = None
    #: Where the prompt came from, when nobody asked for this turn.
    origin: Origin | None = None
    deferred_tool_use: DeferredToolUse | None = None
    #: The slash command that was the whole turn.
    local_command: str | None = None
    resume_reason: str | None = None
    queued_turn_count: int | None = None
    result_index: int | None = None
    subagent_stats: dict[str, Any] | None = None
    #: Why the CLI could not start: `cwd_unavailable`, `config_file_invalid`, ...
    startup_failure_reason: str | None = None
    invalid_config_file: InvalidConfigFile | None = None
    credential_expires_at: str | None = None
    #: `off`, `cooldown` or `on`.
    fast_mode_state: str | None = None
    fast_mode_disabled_reason: str | None = None
    #: Set by the SDK: the run's messages, its results, and the exceptions of hooks and permission callbacks.
    messages: list[Any] = attrs.field(factory=list, init=False)
    results: list[Any] = attrs.field(factory=list, init=False)
    callback_errors: list[BaseException] = attrs.field(factory=list, init=False)
    #: Set by the SDK where the option `output` was given: the object, or why there is none in spite of a success.
    output: Any = attrs.field(default=None, init=False)
    output_error: StructuredOutputError | None = attrs.field(default=None, init=False)

    @property
    def content(self) -> str:
        """The final text, or `""`."""
        return self.result if isinstance(self.result, str) else ""

    @property
    def is_success(self) -> bool:
        """The subtype says success, and `is_error` on the wire does not deny it: API failures say both."""
        return self.subtype == "success" and not self.failed

    @property
    def is_error(self) -> bool:
        """The turn failed, for whatever reason."""
        return bool(self.failed) or (isinstance(self.subtype, str) and self.subtype.startswith("error"))

    @property
    def is_error_max_turns(self) -> bool:
        """`max_turns` was reached."""
        return self.subtype == "error_max_turns"

    @property
    def is_error_during_execution(self) -> bool:
        """The run broke, or was interrupted."""
        return self.subtype == "error_during_execution"

    @property
    def is_error_max_budget(self) -> bool:
        """`max_budget_usd` was reached."""
        return self.subtype == "error_max_budget_usd"

    @property
    def is_error_max_structured_output_retries(self) -> bool:
        """The model gave no output that fits the schema."""
        return self.subtype == "error_max_structured_output_retries"

    @property
    def is_aborted(self) -> bool:
        """The turn was interrupted."""
        return isinstance(self.terminal_reason, str) and self.terminal_reason.startswith("aborted_")

    @property
    def is_blocked(self) -> bool:
        """A hook kept the prompt from the model: the CLI calls it a success, and its content is the hook's reason."""
        # Nothing but the text tells it from a slash command, which asks no model either (CLI 2.1).
        return self.num_turns == 0 and self.content.startswith(_BLOCKED_PREFIXES)

    def raise_for_error(self) -> ResultMessage:
        """
        Raise the error that this result stands for; return the result itself when it is good.

        Raises:
            ResultError: One of its subclasses, by cause.
        """
        error = error_of(self)
        if error is not None:
            raise error
        return self

    def _summary(self) -> str:
        outcome = str(self.subtype) if self.is_success or self.subtype != "success" else "error"
        text = shorten(self.content or _error_text(self)) if self.content or self.is_error else ""
        return " ".join(part for part in (outcome, text, f"turns={self.num_turns}", f"${self.total_cost_usd}") if part)


def error_of(result: ResultMessage) -> errors.ResultError | None:
    """The typed error that *result* stands for, or *None* when it is good."""
    if not result.is_error:
        return result.output_error
    cause = _error_class(result)
    if cause is errors.RateLimitError:
        return errors.RateLimitError(_error_text(result), result=result, resets_at=_resets_at(result))
    return cause(_error_text(result), result=result)


def _error_class(result: ResultMessage) -> type[errors.ResultError]:
    status = result.api_error_status
    if isinstance(status, int) and status in _BY_STATUS:
        return _BY_STATUS[status]
    if "Not logged in" in _error_text(result):
        return errors.AuthenticationError
    return _BY_SUBTYPE.get(str(result.subtype), (errors.ExecutionError, ""))[0]


def _error_text(result: ResultMessage) -> str:
    texts = [error for error in result.errors if isinstance(error, str)] if isinstance(result.errors, list) else []
    text = "\n".join(texts).strip() or result.content.strip()
    if text:
        return text
    subtype = str(result.subtype or "success")  # whatever it came as
    if subtype in _BY_SUBTYPE:
        return _BY_SUBTYPE[subtype][1].format(result)
    if subtype != "success":
        return subtype
    status = result.api_error_status
    return "the turn failed" if status is None else f"the API answered with HTTP status {status}"


def _resets_at(result: ResultMessage) -> float | None:
    for message in reversed(result.messages):
        info = getattr(message, "rate_limit_info", None)
        if getattr(info, "status", None) == "rejected":
            moment = getattr(info, "resets_at", None)
            return float(moment) if isinstance(moment, (int, float)) else None
    return None
