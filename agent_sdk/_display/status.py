"""
Texts for messages of the CLI: notices, progress, and the summary line at the end of a run.

A field of a message may hold any value, so numbers are checked.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from .._render.text import one_line
from ..messages import Message, ResultMessage


@attrs.frozen
class Notice:
    """A line of information."""

    #: `info`, `warning` or `error`.
    level: str
    text: str
    #: On a terminal, the next progress replaces the notice.
    is_passing: bool = False


@attrs.frozen
class Progress:
    """A progress text, replaced by the next one."""

    text: str


StatusEvent = Notice | Progress


def describe(message: Message) -> Iterator[StatusEvent]:
    """Yield the event for a message outside of the conversation; nothing if it is of no interest to a person."""
    kind = message.subtype if message.type == "system" else message.type
    describer = _DESCRIBERS.get(str(kind))
    event = describer(message) if describer is not None else None
    if event is not None:
        yield event


def _retry(message: Any) -> Notice:
    status = f" (HTTP {message.error_status})" if message.error_status else ""
    wait = format_duration(message.retry_delay_ms)
    cause = one_line(message.error or "unknown").replace("_", " ")
    attempt = f"try {format_number(message.attempt)} of {format_number(message.max_retries)}"
    text = f"{attempt} failed{status}: {cause}; again in {wait}"
    return Notice("warning", text, is_passing=True)


def _rate_limit(message: Any) -> Notice | None:
    info = message.rate_limit_info
    status, kind = info.status, one_line(info.rate_limit_type or "usage").replace("_", " ")
    until = _reset_time(info.resets_at)
    if status == "rejected":
        return Notice("error", f"rate limit reached ({kind}){until}")
    if status != "allowed_warning":
        return None
    used = f", {info.utilization:.0%} used" if isinstance(info.utilization, float) else ""
    return Notice("warning", f"close to the rate limit ({kind}{used}){until}")


def _reset_time(epoch: object) -> str:
    try:
        return f"; it resets at {time.strftime('%H:%M', time.localtime(epoch))}" if epoch else ""  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        # The time is out of range; the rest of the notice is still useful.
        return ""


def _permission_denied(message: Any) -> Notice:
    return Notice("warning", f"{one_line(message.tool_name)} was denied: {one_line(message.content)}")


def _compacted(message: Any) -> Notice:
    before, after = message.compact_metadata.pre_tokens, message.compact_metadata.post_tokens
    return Notice("info", f"conversation compacted: {format_number(before)} → {format_number(after)} tokens")


def _status(message: Any) -> StatusEvent | None:
    if message.compact_result == "failed":
        return Notice("error", f"compaction failed: {one_line(message.compact_error or 'no reason given')}")
    if message.status == "compacting":
        return Progress("compacting the conversation")
    return Progress("waiting for the model") if message.status == "requesting" else None


def _information(message: Any) -> Notice | None:
    text = one_line(message.content)
    level = "warning" if message.get("level") == "warning" else "info"
    return Notice(level, text) if text else None


def _fallback(message: Any) -> Notice:
    after = f"; continuing with {one_line(message.fallback_model)}" if message.fallback_model else ""
    cause = one_line(message.trigger or "refusal").replace("_", " ")
    return Notice("warning", f"{one_line(message.original_model)} does not answer ({cause}){after}")


def _task_started(message: Any) -> StatusEvent:
    text = one_line(message.description or message.task_type or "task")
    return Notice("info", f"in the background: {text}") if message.is_backgrounded else Progress(text)


def _task_progress(message: Any) -> Progress:
    name = one_line(message.subagent_type or "task")
    usage = message.usage
    used = f" ({format_number(usage.tool_uses)} tool uses, {format_number(usage.total_tokens)} tokens)" if usage else ""
    return Progress(f"{name}: {one_line(message.description)}{used}")


def _task_ended(message: Any) -> Notice:
    summary = one_line(message.summary, 200)
    text = f"background task {one_line(message.status)}{f': {summary}' if summary else ''}"
    return Notice("error" if message.status == "failed" else "info", text)


def _tool_progress(message: Any) -> Progress:
    retry = message.subagent_retry
    again = f", try {format_number(retry.attempt)} of {format_number(retry.max_retries)} failed" if retry else ""
    span = format_duration(1000 * _as_float(message.elapsed_time_seconds))
    return Progress(f"{one_line(message.tool_name)} is running, {span}{again}")


def _hook_failure(message: Any) -> Notice | None:
    if message.outcome != "error":
        return None
    output = one_line(message.stderr or message.output, 200)
    return Notice("warning", f"hook {one_line(message.hook_name)} failed{f': {output}' if output else ''}")


def _sign_in(message: Any) -> StatusEvent:
    if message.error:
        return Notice("error", f"sign-in failed: {one_line(message.error)}")
    return Progress("signing in")


def _store_failure(message: Any) -> Notice:
    what = message.get("error") or message.get("error_code") or ""
    return Notice("error", f"part of the session could not be stored: {one_line(what)}")


_DESCRIBERS: dict[str, Callable[[Any], StatusEvent | None]] = {
    "api_retry": _retry,
    "auth_status": _sign_in,
    "compact_boundary": _compacted,
    "conversation_reset": lambda message: Notice("info", "the conversation starts anew"),
    "hook_response": _hook_failure,
    "informational": _information,
    "local_command_output": _information,
    "mirror_error": _store_failure,
    "model_fallback": _fallback,
    "model_refusal_fallback": _fallback,
    "model_refusal_no_fallback": _fallback,
    "notification": _information,
    "permission_denied": _permission_denied,
    "rate_limit_event": _rate_limit,
    "session_writes_lost": _store_failure,
    "status": _status,
    "task_notification": _task_ended,
    "task_progress": _task_progress,
    "task_started": _task_started,
    "thinking_tokens": lambda message: thinking_progress(message.estimated_tokens),
    "tool_progress": _tool_progress,
}


def thinking_progress(tokens: object) -> Progress:
    """Return the progress of a thinking model."""
    return Progress(f"thinking, about {format_number(tokens)} tokens")


def run_summary(result: ResultMessage, retries: int = 0, with_session: bool = True) -> str:
    """Return the summary of a run on one line: turns, duration, cost, tokens, session."""
    parts = [_count(result.num_turns, "turn"), format_duration(result.duration_ms), _format_cost(result)]
    output_tokens = getattr(result.usage, "output_tokens", 0)
    parts.append(f"{format_number(_input_tokens(result.usage))} in, {format_number(output_tokens)} out")
    refused = len(result.permission_denials) if isinstance(result.permission_denials, list) else 0
    parts += [f"{refused} denied"] if refused else []
    parts += [f"{retries} retried"] if retries else []
    parts += [f"session {one_line(result.session_id or '?')[:8]}"] if with_session else []
    return " · ".join(parts)


def failure_text(result: ResultMessage, shown: str = "") -> str:
    """Return the reason of a failure, on one or more lines; `""` for a success. *shown* is not repeated."""
    if result.is_aborted:
        return "stopped"
    if not result.is_error:
        return ""
    from ..messages.results import error_of

    error = error_of(result)
    name = type(error).__name__ if error is not None else ""
    if name and shown and shown == str(error):
        return name
    return f"{name}: {error}" if name and str(error) else str(result.subtype)


def format_dollars(dollars: object) -> str:
    """Return an amount in US dollars; small amounts get more digits."""
    amount = _as_float(dollars)
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}" if amount >= 0.001 else f"${amount:.6f}"


def _format_cost(result: ResultMessage) -> str:
    """Return the cost of this run; `total_cost_usd` of the CLI is the cost of the whole session."""
    rows = result.model_usage_since_last_result
    total = _as_float(result.total_cost_usd)
    if not isinstance(rows, dict):
        return format_dollars(total)
    own = sum(_as_float(getattr(row, "cost_usd", 0)) for row in rows.values())
    # One dollar sign per line: notebooks read text between two of them as a formula.
    session = "" if total <= own * 1.001 else f" (session {format_dollars(total)[1:]})"
    return format_dollars(own) + session


def _input_tokens(usage: object) -> float:
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(_as_float(getattr(usage, name, 0)) for name in names)


def _count(value: object, noun: str) -> str:
    return f"{format_number(value)} {noun}{'' if value == 1 else 's'}"


def format_duration(milliseconds: object) -> str:
    """Return a duration for people: `0.4 s`, `12 s`, `3 min 5 s`."""
    span = _as_float(milliseconds) / 1000
    if span < 60:
        return f"{span:.1f} s" if span < 10 else f"{span:.0f} s"
    minutes, rest = divmod(round(span), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def format_number(value: object) -> str:
    """Return a whole number with thousands separators; `?` for any other value."""
    return f"{value:,.0f}" if isinstance(value, (int, float)) and abs(value) < 1e15 else "?"


def _as_float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e15 else 0.0
