"""
What the CLI tells of itself, in words: notices, signs of life, and the line at the end of a run.

Takes messages as they come: a field may hold anything, and none of it is trusted to be a number.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from .._render.text import one_line
from ..messages import Message, ResultMessage


@attrs.frozen
class Noted:
    """Something to know, in a line."""

    #: `info`, `warning` or `error`.
    level: str
    text: str
    #: The next sign of life may take its place, where lines can be replaced.
    is_passing: bool = False


@attrs.frozen
class Working:
    """A sign of life, which the next one takes the place of."""

    text: str


Told = Noted | Working


def told(message: Message) -> Iterator[Told]:
    """Say what a message means that is no part of the conversation; nothing, when a person need not know."""
    kind = message.subtype if message.type == "system" else message.type
    teller = _TELLERS.get(str(kind))
    found = teller(message) if teller is not None else None
    if found is not None:
        yield found


def _retry(message: Any) -> Noted:
    status = f" (HTTP {message.error_status})" if message.error_status else ""
    wait = seconds(message.retry_delay_ms)
    cause = one_line(message.error or "unknown").replace("_", " ")
    text = f"try {figure(message.attempt)} of {figure(message.max_retries)} failed{status}: {cause}; again in {wait}"
    return Noted("warning", text, is_passing=True)


def _rate_limit(message: Any) -> Noted | None:
    info = message.rate_limit_info
    status, kind = info.status, one_line(info.rate_limit_type or "usage").replace("_", " ")
    until = _moment(info.resets_at)
    if status == "rejected":
        return Noted("error", f"rate limit reached ({kind}){until}")
    if status != "allowed_warning":
        return None
    used = f", {info.utilization:.0%} used" if isinstance(info.utilization, float) else ""
    return Noted("warning", f"close to the rate limit ({kind}{used}){until}")


def _moment(epoch: object) -> str:
    try:
        return f"; it resets at {time.strftime('%H:%M', time.localtime(epoch))}" if epoch else ""  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        # No moment that this machine knows: the rest is worth saying.
        return ""


def _denied(message: Any) -> Noted:
    return Noted("warning", f"{one_line(message.tool_name)} was refused: {one_line(message.content)}")


def _compacted(message: Any) -> Noted:
    sizes = message.compact_metadata
    return Noted("info", f"conversation compacted: {figure(sizes.pre_tokens)} → {figure(sizes.post_tokens)} tokens")


def _status(message: Any) -> Told | None:
    if message.compact_result == "failed":
        return Noted("error", f"compaction failed: {one_line(message.compact_error or 'no reason given')}")
    if message.status == "compacting":
        return Working("compacting the conversation")
    return Working("waiting for the model") if message.status == "requesting" else None


def _notice(message: Any) -> Noted | None:
    text = one_line(message.content)
    level = "warning" if message.get("level") == "warning" else "info"
    return Noted(level, text) if text else None


def _fallback(message: Any) -> Noted:
    after = f": {one_line(message.fallback_model)} goes on" if message.fallback_model else ""
    cause = one_line(message.trigger or "refusal").replace("_", " ")
    return Noted("warning", f"{one_line(message.original_model)} does not answer ({cause}){after}")


def _task_started(message: Any) -> Told:
    text = one_line(message.description or message.task_type or "task")
    return Noted("info", f"in the background: {text}") if message.is_backgrounded else Working(text)


def _task_progress(message: Any) -> Working:
    who = one_line(message.subagent_type or "task")
    usage = message.usage
    used = f" ({figure(usage.tool_uses)} tool uses, {figure(usage.total_tokens)} tokens)" if usage else ""
    return Working(f"{who}: {one_line(message.description)}{used}")


def _task_ended(message: Any) -> Noted:
    summary = one_line(message.summary, 200)
    text = f"background task {one_line(message.status)}{f': {summary}' if summary else ''}"
    return Noted("error" if message.status == "failed" else "info", text)


def _tool_progress(message: Any) -> Working:
    retry = message.subagent_retry
    again = f", try {figure(retry.attempt)} of {figure(retry.max_retries)} failed" if retry else ""
    span = seconds(1000 * _number(message.elapsed_time_seconds))
    return Working(f"{one_line(message.tool_name)} is running, {span}{again}")


def _hook(message: Any) -> Noted | None:
    if message.outcome != "error":
        return None
    said = one_line(message.stderr or message.output, 200)
    return Noted("warning", f"hook {one_line(message.hook_name)} failed{f': {said}' if said else ''}")


def _sign_in(message: Any) -> Told:
    if message.error:
        return Noted("error", f"sign-in failed: {one_line(message.error)}")
    return Working("signing in")


def _lost(message: Any) -> Noted:
    what = message.get("error") or message.get("error_code") or ""
    return Noted("error", f"part of the session could not be stored: {one_line(what)}")


_TELLERS: dict[str, Callable[[Any], Told | None]] = {
    "api_retry": _retry,
    "auth_status": _sign_in,
    "compact_boundary": _compacted,
    "conversation_reset": lambda message: Noted("info", "the conversation starts anew"),
    "hook_response": _hook,
    "informational": _notice,
    "local_command_output": _notice,
    "mirror_error": _lost,
    "model_fallback": _fallback,
    "model_refusal_fallback": _fallback,
    "model_refusal_no_fallback": _fallback,
    "notification": _notice,
    "permission_denied": _denied,
    "rate_limit_event": _rate_limit,
    "session_writes_lost": _lost,
    "status": _status,
    "task_notification": _task_ended,
    "task_progress": _task_progress,
    "task_started": _task_started,
    "thinking_tokens": lambda message: thinking(message.estimated_tokens),
    "tool_progress": _tool_progress,
}


def thinking(tokens: object) -> Working:
    """The sign of life of a model that thinks."""
    return Working(f"thinking, about {figure(tokens)} tokens")


def closing(result: ResultMessage, retries: int = 0, with_session: bool = True) -> str:
    """What a run cost, on one line: turns, time, money, tokens, session."""
    parts = [_count(result.num_turns, "turn"), seconds(result.duration_ms), _money_of(result)]
    parts.append(f"{figure(_tokens_in(result.usage))} in, {figure(getattr(result.usage, 'output_tokens', 0))} out")
    refused = len(result.permission_denials) if isinstance(result.permission_denials, list) else 0
    parts += [f"{refused} refused"] if refused else []
    parts += [f"{retries} tried again"] if retries else []
    parts += [f"session {one_line(result.session_id or '?')[:8]}"] if with_session else []
    return " · ".join(parts)


def failure(result: ResultMessage, said: str = "") -> str:
    """
    Why a run failed, in a line or more; `""` for a good one.

    Args:
        result: The end of the run.
        said: An error that was told already: it is not told twice.
    """
    if result.is_aborted:
        return "stopped"
    if not result.is_error:
        return ""
    from ..messages.results import error_of

    error = error_of(result)
    name = type(error).__name__ if error is not None else ""
    if name and said and said == str(error):
        return name
    return f"{name}: {error}" if name and str(error) else str(result.subtype)


def money(dollars: object) -> str:
    """A sum in US dollars, with as many digits as it needs to say something."""
    amount = _number(dollars)
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}" if amount >= 0.001 else f"${amount:.6f}"


def _money_of(result: ResultMessage) -> str:
    """What this run cost; the CLI's total is that of the whole session."""
    rows = result.model_usage_since_last_result
    total = _number(result.total_cost_usd)
    if not isinstance(rows, dict):
        return money(total)
    own = sum(_number(getattr(row, "cost_usd", 0)) for row in rows.values())
    # One dollar sign a line: between two of them notebooks read mathematics.
    return money(own) if total <= own * 1.001 else f"{money(own)} (session {money(total)[1:]})"


def _tokens_in(usage: object) -> float:
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(_number(getattr(usage, name, 0)) for name in names)


def _count(value: object, noun: str) -> str:
    return f"{figure(value)} {noun}{'' if value == 1 else 's'}"


def seconds(milliseconds: object) -> str:
    """A duration as a person says it: `0.4 s`, `12 s`, `3 min 5 s`."""
    span = _number(milliseconds) / 1000
    if span < 60:
        return f"{span:.1f} s" if span < 10 else f"{span:.0f} s"
    minutes, rest = divmod(round(span), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def figure(value: object) -> str:
    """A whole number with its thousands set apart; `?` for what is none."""
    return f"{value:,.0f}" if isinstance(value, (int, float)) and abs(value) < 1e15 else "?"


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e15 else 0.0
