"""
Conversion of hook results to the wire: each return value becomes an output, and the outputs of one event are merged.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core import json_lines
from .._core.fields import camel
from .._core.text import nearest
from ..errors import HookError
from .base import HookContext
from .result import BLOCKED, DECISIONS, SPECIFIC_KEYS, STRICTNESS, TOP_KEYS, Output, Result

#: Lower case -> the CLI's spelling, because `updatedMCPToolOutput` has a word in capitals.
_WIRE_KEYS = {key.lower(): key for key in (*TOP_KEYS, *SPECIFIC_KEYS)}


def to_output(answer: object, ctx: HookContext) -> Output:
    """
    Convert the return value of a hook to its wire form: `None` and `True` abstain, `False` denies, a `Result` is
    encoded for its event, and a dict is sent unchanged (keys in snake_case are converted to the CLI's spelling).

    Raises:
        HookError: The value has another type, is not supported for the event, or cannot be written as JSON.
    """
    if answer is None or answer is True:
        return {}
    if answer is False:
        answer = Result.block()
    if isinstance(answer, Result):
        return _check_encodable(answer.to_wire(ctx), ctx)
    if isinstance(answer, Mapping):
        return _check_encodable(_normalize(answer, ctx), ctx)
    event = ctx.facts.name
    remedy = "return a hooks.Result, None, True, False or a dict"
    raise HookError(f"{event}: a hook returned a value of type {type(answer).__name__}; {remedy}", event=event)


def _check_encodable(output: Output, ctx: HookContext) -> Output:
    try:
        # Checked before sending: otherwise encoding the line fails later, or a NaN makes the CLI exit.
        json_lines.dumps(output)
    except (TypeError, ValueError) as error:
        event = ctx.facts.name
        raise HookError(f"{event}: the hook's result cannot be written as JSON: {error}", event=event) from error
    return output


def _normalize(answer: Mapping[Any, Any], ctx: HookContext) -> Output:
    output = {_wire_key(key, ctx): value for key, value in answer.items()}
    for key in output:
        if key not in TOP_KEYS:
            _reject_typo(key, TOP_KEYS, ctx)
    if output and not output.keys() & set(TOP_KEYS):
        event = ctx.facts.name
        text = f"{event}: the dict that a hook returned has no supported key: {', '.join(map(repr, output))}"
        raise HookError(f"{text}; return a hooks.Result", event=event)
    _check_word("decision", output, ("approve", "block"), ctx)
    specific = output.get("hookSpecificOutput")
    if isinstance(specific, Mapping):
        named = {_wire_key(key, ctx): value for key, value in specific.items()}
        name = named.setdefault("hookEventName", ctx.facts.wire_name)
        if name != ctx.facts.wire_name:
            # The CLI treats such a result as empty.
            raise HookError(f"{ctx.facts.name}: hookEventName is {name!r}; omit it", event=ctx.facts.name)
        for key in named.keys() - SPECIFIC_KEYS - {"decision"}:
            _reject_typo(key, tuple(SPECIFIC_KEYS), ctx)
        _check_word("permissionDecision", named, DECISIONS, ctx)
        output["hookSpecificOutput"] = named
    if output.get("continue") is False and ctx.facts.prevents and not ends_chain({**output, "continue": True}):
        # `continue: false` alone ends the turn only after the tool ran (CLI 2.1), so the tool is denied as well.
        output = merge(output, Result.stop(str(output.get("stopReason") or BLOCKED)).to_wire(ctx))
    return output


def _check_word(key: str, output: Mapping[str, Any], words: Iterable[str], ctx: HookContext) -> None:
    value = output.get(key)
    if value is not None and value not in words:
        event = ctx.facts.name
        raise HookError(f"{event}: {key}={value!r}: expected one of {', '.join(words)}", event=event)


def _wire_key(key: Any, ctx: HookContext) -> str:
    if not isinstance(key, str):
        raise HookError(f"{ctx.facts.name}: keys of a hook's result must be strings, not {key!r}", event=ctx.facts.name)
    # Accepts `continue_` and `async_`, because Python keywords cannot be arguments of dict(...).
    spelled = camel(key.rstrip("_"))
    return _WIRE_KEYS.get(spelled.lower(), spelled)


def _reject_typo(key: str, known: Sequence[str], ctx: HookContext) -> None:
    """Raise for keys that the CLI would ignore. Other unknown keys may belong to a later version of the CLI."""
    event = ctx.facts.name
    if key in SPECIFIC_KEYS and known is TOP_KEYS:
        raise HookError(f"{event}: {key} must be inside hookSpecificOutput", event=event)
    if near := nearest(key, known, cutoff=0.8):
        raise HookError(f"{event}: unknown key {key!r} in a hook's result; did you mean {near!r}?", event=event)


def ends_chain(output: Output) -> bool:
    """Return whether *output* skips the remaining hooks: it denies, defers or ends the turn."""
    if output.get("decision") == "block" or output.get("continue") is False:
        return True
    specific = output.get("hookSpecificOutput")
    if not isinstance(specific, Mapping):
        return False
    decision = specific.get("decision")
    denied = isinstance(decision, Mapping) and decision.get("behavior") == "deny"
    return denied or specific.get("permissionDecision") in ("deny", "defer") or specific.get("action") == "decline"


def next_context(output: Output, ctx: HookContext) -> HookContext:
    """Return the context for the next hook, with the input or result that *output* replaces."""
    specific = output.get("hookSpecificOutput")
    if not isinstance(specific, Mapping):
        return ctx
    if "updatedToolOutput" in specific:
        return ctx.with_field("tool_response", specific["updatedToolOutput"])
    if ctx.facts.changes is None:
        return ctx
    key, field = ctx.facts.changes
    decision = specific.get("decision")
    source = decision if isinstance(decision, Mapping) else specific
    return ctx.with_field(field, source[key]) if key in source else ctx


def merge(first: Output, second: Output) -> Output:
    """Merge two outputs of one event: texts are joined, the stricter decision wins, else the later value."""
    if not first or not second:
        return first or second
    if second.get("async") is True:
        # An async output has no decision, and the CLI would ignore a decision beside `async`.
        return first
    kept = {key: value for key, value in first.items() if key not in ("async", "asyncTimeout")}
    output = {**kept, **second}
    _join_texts(output, kept, second, "systemMessage")
    mine, theirs = kept.get("hookSpecificOutput"), second.get("hookSpecificOutput")
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        output["hookSpecificOutput"] = _merge_specific(mine, theirs)
    return output


def _merge_specific(first: Mapping[str, Any], second: Mapping[str, Any]) -> Output:
    specific = {**first, **second}
    _join_texts(specific, first, second, "additionalContext")
    if _strictness(first) > _strictness(second):
        for key in ("permissionDecision", "permissionDecisionReason"):
            specific.pop(key, None)
            if key in first:
                specific[key] = first[key]
    if isinstance(first.get("decision"), Mapping) and isinstance(second.get("decision"), Mapping):
        denied = second["decision"].get("behavior") == "deny"
        specific["decision"] = second["decision"] if denied else {**first["decision"], **second["decision"]}
    return specific


def _strictness(specific: Mapping[str, Any]) -> int:
    return STRICTNESS.get(str(specific.get("permissionDecision")), 0)


def _join_texts(into: Output, first: Mapping[str, Any], second: Mapping[str, Any], key: str) -> None:
    if isinstance(first.get(key), str) and isinstance(second.get(key), str):
        into[key] = f"{first[key]}\n{second[key]}"
