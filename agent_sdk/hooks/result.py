"""
What a hook may answer, and what that is on the wire of each event.

The CLI ignores what it does not know, so an answer that makes no sense for its event is an error here.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from .._core import checks as check
from ..errors import HookError
from .base import HookContext

Output = dict[str, Any]

BLOCKED = "Blocked by a hook."
SKIPPED = "Skipped by a hook; carry on without it."
DECISIONS = ("allow", "ask", "defer", "deny")
#: The stricter, the higher. `defer` ends the turn, and so stands above a question.
STRICTNESS = {"allow": 1, "ask": 2, "defer": 3, "skip": 4, "deny": 5}

#: What stands at the top of an answer.
TOP_KEYS = (
    "continue", "suppressOutput", "stopReason", "decision", "systemMessage", "terminalSequence", "reason",
    "hookSpecificOutput", "async", "asyncTimeout",
)  # fmt: skip
#: What stands in `hookSpecificOutput`: at the top it would be ignored.
SPECIFIC_KEYS = frozenset({
    "permissionDecision", "permissionDecisionReason", "updatedInput", "additionalContext", "updatedToolOutput",
    "updatedMCPToolOutput", "classifierContext", "sessionTitle", "suppressOriginalPrompt", "initialUserMessage",
    "watchPaths", "reloadSkills", "worktreePath", "displayContent", "retry", "action", "content", "hookEventName",
})  # fmt: skip

_NOTHING: Any = object()


def _reason(name: str, value: object) -> str:
    text: str | None = check.string(name)(value)
    if text is None:
        raise check.invalid(name, value, "say why in a few words")
    return text


@attrs.frozen(kw_only=True, repr=False)
class Result:
    """
    An answer of a hook. Made by the class methods; `+` joins two answers into one, whose texts add up and whose
    decision is the stricter of the two:

        Result.approve() + Result.with_context("The file is generated.")
    """

    #: `allow`, `deny`, `ask`, `defer` or `skip`; *None* is no opinion.
    decision: str | None = None
    reason: str | None = None
    #: *None* leaves the input as it is.
    new_input: dict[str, Any] | None = None
    new_output: Any = _NOTHING
    #: Why the turn ends; *None* lets it go on.
    stop_reason: str | None = None
    context: str | None = None
    system_message: str | None = None
    suppressed: bool | None = None
    #: Seconds; *None* when the answer is no promise.
    async_timeout: float | None = None
    is_async: bool | None = None

    @classmethod
    def approve(cls, reason: str | None = None) -> Result:
        """Let the tool run without a permission request. Where nothing asks for permission: no opinion."""
        return cls(decision="allow", reason=check.string("reason")(reason))

    @classmethod
    def block(cls, reason: str = BLOCKED) -> Result:
        """
        Refuse. The model reads *reason*, and the turn goes on; at `stop` it is what the model goes on with.

        Args:
            reason: Why, in words for the model.
        """
        return cls(decision="deny", reason=_reason("reason", reason))

    @classmethod
    def modify(cls, input: Mapping[str, Any], reason: str | None = None, *, approve: bool = True) -> Result:
        """
        Change what the tool runs with.

        Args:
            input: The new input, whole. The next hook gets it.
            reason: Why.
            approve: Let it run without a permission request; *False* puts the new input to the usual rules.
        """
        changed = check.mapping("input")(input)
        if changed is None:
            raise check.invalid("input", input, "expected the whole new input as a dict")
        return cls(decision="allow" if approve else None, reason=check.string("reason")(reason), new_input=changed)

    @classmethod
    def skip(cls, reason: str | None = None) -> Result:
        """Leave this one out, without blame: a refusal that tells the model to carry on."""
        return cls(decision="skip", reason=check.string("reason")(reason))

    @classmethod
    def stop(cls, reason: str) -> Result:
        """End the turn. The tool, the prompt or the like that the hook was asked about is refused as well."""
        return cls(stop_reason=_reason("reason", reason))

    @classmethod
    def with_context(cls, text: str) -> Result:
        """Tell the model *text* besides."""
        return cls(context=_reason("text", text))

    @classmethod
    def with_system_message(cls, text: str) -> Result:
        """Show *text* to the user, as a message of the stream; the model does not read it."""
        return cls(system_message=_reason("text", text))

    @classmethod
    def suppress(cls) -> Result:
        """Keep the hook's output out of the CLI's transcript view."""
        return cls(suppressed=True)

    @classmethod
    def run_async(cls, timeout: float | None = None) -> Result:
        """
        Let the CLI go on at once, without an opinion.

        Args:
            timeout: Seconds that the CLI may keep the hook in mind.
        """
        return cls(is_async=True, async_timeout=check.number("timeout", above=0)(timeout))

    @classmethod
    def permission(cls, decision: Literal["allow", "ask", "defer", "deny"], reason: str | None = None) -> Result:
        """
        Decide on a tool: `allow`, `deny`, `ask` (a permission request) or `defer` (the turn ends at once, and the tool
        runs when the session is resumed).
        """
        if decision not in DECISIONS:
            raise check.invalid("decision", decision, f"expected one of {', '.join(DECISIONS)}")
        return cls(decision=decision, reason=check.string("reason")(reason))

    @classmethod
    def replace_output(cls, output: Any) -> Result:
        """
        Change what the model reads as the tool's result, after it ran.

        Args:
            output: An object of the shape of `ctx.tool_response`, or text for commands and tools of servers.
        """
        return cls(new_output=output)

    def __add__(self, other: object) -> Result:
        if not isinstance(other, Result):
            return NotImplemented
        changes = dict(_told(other))
        for name in ("context", "system_message"):
            if name in changes and getattr(self, name) is not None:
                changes[name] = f"{getattr(self, name)}\n{changes[name]}"
        if STRICTNESS.get(self.decision or "", 0) > STRICTNESS.get(other.decision or "", 0):
            changes.update(decision=self.decision, reason=self.reason)
        return attrs.evolve(self, **changes)

    def to_wire(self, ctx: HookContext) -> Output:
        """
        Return the answer as the CLI reads it at the event of *ctx*.

        Raises:
            HookError: It makes no sense there.
        """
        output: Output = {}
        specific: Output = {}
        for name, value in _told(self):
            write = _WRITERS.get(name)
            if write is not None:
                write(self, value, ctx, output, specific)
        if specific:
            output["hookSpecificOutput"] = {"hookEventName": ctx.facts.wire_name, **specific}
        return output

    def __repr__(self) -> str:
        return f"Result({', '.join(f'{name}={value!r}' for name, value in _told(self))})"


_FIELDS = tuple((field.name, field.default) for field in attrs.fields(Result))


def _told(result: Result) -> list[tuple[str, Any]]:
    pairs = ((name, getattr(result, name), default) for name, default in _FIELDS)
    return [(name, value) for name, value, default in pairs if value is not default]


def _senseless(ctx: HookContext, answer: str, remedy: str) -> HookError:
    event = ctx.facts.name
    return HookError(f"{answer} makes no sense at {event}: {remedy}", event=event)


def _write_decision(result: Result, decision: str, ctx: HookContext, output: Output, specific: Output) -> None:
    reason = result.reason
    if decision == "skip":
        if not ctx.facts.prevents:
            raise _senseless(ctx, "skip", "there is nothing left to skip; return None, or stop to end the turn")
        decision, reason = "deny", reason or SKIPPED
    _REFUSALS[ctx.facts.refusal](decision, reason, ctx, output, specific)


def _permission(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision == "defer" and ctx.facts.name != "pre_tool_use":
        raise _senseless(ctx, "defer", "only a tool use can be deferred, at pre_tool_use")
    specific["permissionDecision"] = decision
    if reason is not None or decision == "deny":
        specific["permissionDecisionReason"] = reason or BLOCKED


def _request(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision not in ("allow", "deny"):
        raise _senseless(ctx, decision, "a permission request takes allow or deny; return None to let it be asked")
    decided: Output = {"behavior": decision}
    if decision == "deny":
        decided["message"] = reason or BLOCKED
    specific["decision"] = decided


def _elicitation(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision not in ("allow", "deny"):
        raise _senseless(ctx, decision, "block declines, and modify answers with fields")
    if decision == "deny":
        # CLI 2.1 reads the decision alone, and documents the action alone.
        output.update(decision="block", reason=reason or BLOCKED)
        specific["action"] = "decline"


def _block(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision not in ("allow", "deny"):
        raise _senseless(ctx, decision, "it takes block, or None for no opinion")
    if decision == "deny":
        output.update(decision="block", reason=reason or BLOCKED)


def _none(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision != "allow":
        raise _senseless(ctx, "block" if decision == "deny" else decision, "nothing waits for leave there; return None")


_REFUSALS: dict[str, Callable[[str, str | None, HookContext, Output, Output], None]] = {
    "permission": _permission,
    "request": _request,
    "elicitation": _elicitation,
    "block": _block,
    "none": _none,
}


def _write_input(result: Result, value: Any, ctx: HookContext, output: Output, specific: Output) -> None:
    if ctx.facts.changes is None:
        raise _senseless(ctx, "modify", "only pre_tool_use, permission_request and elicitations have a new input")
    key = ctx.facts.changes[0]
    if ctx.facts.refusal == "elicitation":
        specific["action"] = "accept"
    if ctx.facts.refusal != "request":
        specific[key] = value
        return
    if "decision" not in specific:
        raise _senseless(ctx, "modify with approve=False", "the input changes with the permission; use pre_tool_use")
    if specific["decision"]["behavior"] == "allow":
        specific["decision"][key] = value


def _write_output(result: Result, value: Any, ctx: HookContext, output: Output, specific: Output) -> None:
    if ctx.facts.name != "post_tool_use":
        raise _senseless(ctx, "replace_output", "only post_tool_use has a result to replace")
    specific["updatedToolOutput"] = _fitting(value, ctx)


def _fitting(value: Any, ctx: HookContext) -> Any:
    """Give text the shape of the tool's own result: in any other the CLI keeps the old one without a word."""
    old = getattr(ctx, "tool_response", None)
    if isinstance(value, str) and isinstance(old, list):
        return [{"type": "text", "text": value}]
    if isinstance(value, str) and isinstance(old, dict):
        if "stdout" in old:
            return {**old, "stdout": value, "stderr": ""}
        raise _senseless(ctx, "replace_output with text", f"give a dict with the keys {', '.join(map(str, old))}")
    return value


def _write_stop(result: Result, value: str, ctx: HookContext, output: Output, specific: Output) -> None:
    output.update({"continue": False, "stopReason": value})
    if ctx.facts.prevents:
        # By itself it ends the turn after the tool ran (CLI 2.1), and whoever says stop does not want that.
        _REFUSALS[ctx.facts.refusal]("deny", value, ctx, output, specific)
    if ctx.facts.refusal == "request":
        specific["decision"]["interrupt"] = True


def _write_context(result: Result, value: str, ctx: HookContext, output: Output, specific: Output) -> None:
    if not ctx.facts.takes_context:
        raise _senseless(ctx, "with_context", "the model is not told anything there; use with_system_message")
    specific["additionalContext"] = value


def _write_message(result: Result, value: str, ctx: HookContext, output: Output, specific: Output) -> None:
    output["systemMessage"] = value


def _write_suppressed(result: Result, value: bool, ctx: HookContext, output: Output, specific: Output) -> None:
    output["suppressOutput"] = value


def _write_async(result: Result, value: bool, ctx: HookContext, output: Output, specific: Output) -> None:
    output["async"] = True
    if result.async_timeout is not None:
        output["asyncTimeout"] = round(result.async_timeout * 1000)


#: In the order of the fields: a decision is written before what belongs to it.
_WRITERS: dict[str, Callable[[Result, Any, HookContext, Output, Output], None]] = {
    "decision": _write_decision,
    "new_input": _write_input,
    "new_output": _write_output,
    "stop_reason": _write_stop,
    "context": _write_context,
    "system_message": _write_message,
    "suppressed": _write_suppressed,
    "is_async": _write_async,
}
