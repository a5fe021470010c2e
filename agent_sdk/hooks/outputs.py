"""
Answers on their way to the wire: any value that a hook may return becomes an output, and the outputs of one firing
become one.
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

#: In lower case -> as the CLI spells it: `updated_mcp_tool_output` has a word in capitals.
_WIRE_KEYS = {key.lower(): key for key in (*TOP_KEYS, *SPECIFIC_KEYS)}


def to_output(answer: object, ctx: HookContext) -> Output:
    """
    Return the wire form of what a hook returned: `None` and `True` are no opinion, `False` refuses, a `Result` is
    written for its event, and a dict is sent as it is (keys in snake_case are spelled as the CLI does).

    Raises:
        HookError: It is none of these, makes no sense at this event, or cannot be written as JSON.
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
    raise HookError(f"{event}: a hook cannot answer with a {type(answer).__name__}; {remedy}", event=event)


def _check_encodable(output: Output, ctx: HookContext) -> Output:
    try:
        # Before it is sent: the line would be refused later, or a NaN would end the CLI.
        json_lines.dumps(output)
    except (TypeError, ValueError) as error:
        event = ctx.facts.name
        raise HookError(f"{event}: the hook's answer cannot be written as JSON: {error}", event=event) from error
    return output


def _normalize(answer: Mapping[Any, Any], ctx: HookContext) -> Output:
    output = {_wire_key(key, ctx): value for key, value in answer.items()}
    for key in output:
        if key not in TOP_KEYS:
            _reject_typo(key, TOP_KEYS, ctx)
    if output and not output.keys() & set(TOP_KEYS):
        event = ctx.facts.name
        text = f"{event}: a hook's answer has none of the keys that the CLI knows: {', '.join(map(repr, output))}"
        raise HookError(f"{text}; return a hooks.Result", event=event)
    _check_word("decision", output, ("approve", "block"), ctx)
    specific = output.get("hookSpecificOutput")
    if isinstance(specific, Mapping):
        named = {_wire_key(key, ctx): value for key, value in specific.items()}
        name = named.setdefault("hookEventName", ctx.facts.wire_name)
        if name != ctx.facts.wire_name:
            # The CLI takes such an answer for an empty one.
            raise HookError(f"hookEventName is {name!r} at {ctx.facts.name}; leave it out", event=ctx.facts.name)
        for key in named.keys() - SPECIFIC_KEYS - {"decision"}:
            _reject_typo(key, tuple(SPECIFIC_KEYS), ctx)
        _check_word("permissionDecision", named, DECISIONS, ctx)
        output["hookSpecificOutput"] = named
    if output.get("continue") is False and ctx.facts.prevents and not ends_chain({**output, "continue": True}):
        # By itself it ends the turn after the tool ran (CLI 2.1), and whoever says stop does not want that.
        output = merge(output, Result.stop(str(output.get("stopReason") or BLOCKED)).to_wire(ctx))
    return output


def _check_word(key: str, output: Mapping[str, Any], words: Iterable[str], ctx: HookContext) -> None:
    value = output.get(key)
    if value is not None and value not in words:
        event = ctx.facts.name
        raise HookError(f"{event}: {key}={value!r}: expected one of {', '.join(words)}", event=event)


def _wire_key(key: Any, ctx: HookContext) -> str:
    if not isinstance(key, str):
        raise HookError(f"{ctx.facts.name}: a hook's answer has strings as keys, not {key!r}", event=ctx.facts.name)
    # `continue_` and `async_`: Python's keywords cannot be named in dict(...).
    spelled = camel(key.rstrip("_"))
    return _WIRE_KEYS.get(spelled.lower(), spelled)


def _reject_typo(key: str, known: Sequence[str], ctx: HookContext) -> None:
    """Refuse what the CLI would ignore by mistake; a key that nobody knows may belong to a later version."""
    event = ctx.facts.name
    if key in SPECIFIC_KEYS and known is TOP_KEYS:
        raise HookError(f"{event}: {key} belongs into hookSpecificOutput, beside hookEventName", event=event)
    if near := nearest(key, known, cutoff=0.8):
        raise HookError(f"{event}: unknown key {key!r} in a hook's answer; did you mean {near!r}?", event=event)


def ends_chain(output: Output) -> bool:
    """Tell whether no further hook is asked after *output*: it refuses, defers, or ends the turn."""
    if output.get("decision") == "block" or output.get("continue") is False:
        return True
    specific = output.get("hookSpecificOutput")
    if not isinstance(specific, Mapping):
        return False
    decision = specific.get("decision")
    denied = isinstance(decision, Mapping) and decision.get("behavior") == "deny"
    return denied or specific.get("permissionDecision") in ("deny", "defer") or specific.get("action") == "decline"


def next_context(output: Output, ctx: HookContext) -> HookContext:
    """Return the context for the next hook: with the input, or the result, that *output* puts in place of the old."""
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
    """Join two outputs of one firing: texts add up, the stricter decision holds, else the later value."""
    if not first or not second:
        return first or second
    if second.get("async") is True:
        # A promise says nothing, and beside an opinion it would drown that.
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
