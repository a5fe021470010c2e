"""
The message that ends a turn, and the typed error for a failed turn.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

import attrs

from .. import errors
from .._core.fields import WIRE, wire
from ..errors import StructuredOutputError
from .base import KnownMessage, Message, shorten
from .registry import message_type
from .shared import DeferredToolUse, InvalidConfigFile, ModelUsage, Origin, PermissionDenial, Usage

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Output = TypeVar("Output", default=Any)
else:
    from typing import TypeVar

    Output = TypeVar("Output")  # `typing` has defaults from Python 3.13 on

#: First words of the CLI's text when a hook blocked the prompt, or stopped the turn before the model was called.
_BLOCKED_PREFIXES = ("UserPromptSubmit operation blocked by hook", "Operation stopped by hook")
#: Error classes by HTTP status of the API.
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

#: Error classes by subtype, with the text for a result without one.
_BY_SUBTYPE: dict[str, tuple[type[errors.ResultError], str]] = {
    "error_max_turns": (errors.MaxTurnsError, "reached max_turns after {0.num_turns} turns"),
    "error_max_budget_usd": (errors.MaxBudgetError, "reached max_budget_usd at ${0.total_cost_usd}"),
    "error_max_structured_output_retries": (errors.StructuredOutputError, "no output matched the schema"),
}


@message_type("result")
class ResultMessage(KnownMessage, Generic[Output]):
    """The end of a turn: outcome, cost, usage. `query(..., output=T)` returns a `ResultMessage[T]`."""

    #: `is_error` on the wire. Use the property `is_error`, which also covers the error subtypes.
    failed: bool = wire("is_error", False)
    #: The final text, or the text of an API error. *None* for error subtypes; see `errors`.
    result: str | None = None
    errors: list[str] = attrs.field(factory=list)
    #: Model calls in this turn; a round of tool results counts as one.
    num_turns: int = 0
    duration_ms: int = 0
    duration_api_ms: int = 0
    ttft_ms: float | None = None
    ttft_stream_ms: float | None = None
    time_to_request_ms: float | None = None
    #: Cumulative over the process and the session it resumed; use the latest value, do not sum.
    total_cost_usd: float = 0.0
    #: Usage of the main loop in this turn.
    usage: Usage = attrs.field(factory=Usage)
    #: Usage by model; cumulative like `total_cost_usd`.
    model_usage: dict[str, ModelUsage] = attrs.field(factory=dict, metadata={WIRE: "modelUsage"})
    #: Usage by model in this turn.
    model_usage_since_last_result: dict[str, ModelUsage] | None = None
    permission_denials: list[PermissionDenial] = attrs.field(factory=list)
    #: The parsed output, when an output format was requested.
    structured_output: Any = None
    stop_reason: str | None = None
    #: Why the loop ended: `completed`, `max_turns`, `api_error`, `aborted_tools`, ...; *None* without a model call.
    terminal_reason: str | None = None
    #: The HTTP status of a failed API request.
    api_error_status: int | None = None
    api_error_type: str | None = None
    #: The uuids of the prompts that this turn answered, if the prompts had one.
    user_message_uuid: str | None = None
    user_message_uuids: list[str] | None = None
    #: The source of the prompt, for a turn that the CLI started on its own.
    origin: Origin | None = None
    deferred_tool_use: DeferredToolUse | None = None
    #: The slash command that made up the whole turn.
    local_command: str | None = None
    resume_reason: str | None = None
    queued_turn_count: int | None = None
    result_index: int | None = None
    subagent_stats: dict[str, Any] | None = None
    #: Why the CLI failed to start: `cwd_unavailable`, `config_file_invalid`, ...
    startup_failure_reason: str | None = None
    invalid_config_file: InvalidConfigFile | None = None
    credential_expires_at: str | None = None
    #: `off`, `cooldown` or `on`.
    fast_mode_state: str | None = None
    fast_mode_disabled_reason: str | None = None
    #: Set by the SDK: the messages and results of the run, and the exceptions of hooks and permission callbacks.
    messages: list[Message] = attrs.field(factory=list, init=False)
    results: list[ResultMessage] = attrs.field(factory=list, init=False)
    callback_errors: list[BaseException] = attrs.field(factory=list, init=False)
    #: Set by the SDK for the option `output`: the object, or the error when a successful turn returned no valid one.
    output: Output = attrs.field(default=None, init=False)
    output_error: StructuredOutputError | None = attrs.field(default=None, init=False)

    @property
    def content(self) -> str:
        """The final text, or `""`."""
        return self.result if isinstance(self.result, str) else ""

    @property
    def is_success(self) -> bool:
        """The subtype is `success` and `is_error` on the wire is false. API errors have `success` and `is_error`."""
        return self.subtype == "success" and not self.failed

    @property
    def is_error(self) -> bool:
        """The turn failed, for any reason."""
        return bool(self.failed) or (isinstance(self.subtype, str) and self.subtype.startswith("error"))

    @property
    def is_error_max_turns(self) -> bool:
        """The turn reached `max_turns`."""
        return self.subtype == "error_max_turns"

    @property
    def is_error_during_execution(self) -> bool:
        """The turn failed or was interrupted."""
        return self.subtype == "error_during_execution"

    @property
    def is_error_max_budget(self) -> bool:
        """The turn reached `max_budget_usd`."""
        return self.subtype == "error_max_budget_usd"

    @property
    def is_error_max_structured_output_retries(self) -> bool:
        """The model returned no output that matches the schema."""
        return self.subtype == "error_max_structured_output_retries"

    @property
    def is_aborted(self) -> bool:
        """The turn was interrupted."""
        return isinstance(self.terminal_reason, str) and self.terminal_reason.startswith("aborted_")

    @property
    def is_blocked(self) -> bool:
        """A hook blocked the prompt. The CLI reports success, and `content` is the hook's reason."""
        # Only the text distinguishes it from a slash command, which does not call the model either (CLI 2.1).
        return self.num_turns == 0 and self.content.startswith(_BLOCKED_PREFIXES)

    def raise_for_error(self) -> ResultMessage[Output]:
        """
        Raise the typed error of a failed turn, or return the result itself.

        Raises:
            ResultError: The turn failed; the subclass depends on the cause.
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
    """Return the typed error of *result*, or *None* when the turn succeeded."""
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
    subtype = str(result.subtype or "success")  # the CLI may send another type
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
