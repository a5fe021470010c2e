"""
The results of hooks, and their wire form at each event.

The CLI silently ignores unsupported results, so a result that its event does not support raises `HookError`.
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
SKIPPED = "Skipped by a hook. Continue without it."
DECISIONS = ("allow", "ask", "defer", "deny")
#: Higher is stricter. `defer` ends the turn, so it ranks above `ask`.
STRICTNESS = {"allow": 1, "ask": 2, "defer": 3, "skip": 4, "deny": 5}

#: The top-level keys of an output.
TOP_KEYS = (
    "continue", "suppressOutput", "stopReason", "decision", "systemMessage", "terminalSequence", "reason",
    "hookSpecificOutput", "async", "asyncTimeout",
)  # fmt: skip
#: The keys of `hookSpecificOutput`; the CLI ignores them at the top level.
SPECIFIC_KEYS = frozenset({
    "permissionDecision", "permissionDecisionReason", "updatedInput", "additionalContext", "updatedToolOutput",
    "updatedMCPToolOutput", "classifierContext", "sessionTitle", "suppressOriginalPrompt", "initialUserMessage",
    "watchPaths", "reloadSkills", "worktreePath", "displayContent", "retry", "action", "content", "hookEventName",
})  # fmt: skip

_UNSET: Any = object()


def _required_text(name: str, value: object) -> str:
    text: str | None = check.string(name)(value)
    if text is None:
        raise check.invalid(name, value, "must be a non-empty string")
    return text


@attrs.frozen(kw_only=True, repr=False)
class Result:
    """
    The result of a hook. Create it with the class methods. `+` merges two results: their texts are joined, and the
    stricter decision wins:

        Result.approve() + Result.with_context("The file is generated.")
    """

    #: `allow`, `deny`, `ask`, `defer` or `skip`; *None* abstains.
    decision: str | None = None
    reason: str | None = None
    #: *None* leaves the input unchanged.
    new_input: dict[str, Any] | None = None
    new_output: Any = _UNSET
    #: The reason to end the turn; *None* continues it.
    stop_reason: str | None = None
    context: str | None = None
    system_message: str | None = None
    suppressed: bool | None = None
    #: Timeout of an asynchronous result in seconds; *None* sets none.
    async_timeout: float | None = None
    is_async: bool | None = None

    @classmethod
    def approve(cls, reason: str | None = None) -> Result:
        """Allow the tool without a permission request. Abstains at events that need no permission."""
        return cls(decision="allow", reason=check.string("reason")(reason))

    @classmethod
    def block(cls, reason: str = BLOCKED) -> Result:
        """
        Deny the action. The model reads *reason* and the turn continues. At `stop` the model continues with *reason*.

        Args:
            reason: The reason, sent to the model.
        """
        return cls(decision="deny", reason=_required_text("reason", reason))

    @classmethod
    def modify(cls, input: Mapping[str, Any], reason: str | None = None, *, approve: bool = True) -> Result:
        """
        Change the input of the tool.

        Args:
            input: The complete new input. Later hooks receive it.
            reason: The reason for the change.
            approve: Allow the tool without a permission request; *False* applies the usual rules to the new input.
        """
        changed = check.mapping("input")(input)
        if changed is None:
            raise check.invalid("input", input, "expected the whole new input as a dict")
        return cls(decision="allow" if approve else None, reason=check.string("reason")(reason), new_input=changed)

    @classmethod
    def skip(cls, reason: str | None = None) -> Result:
        """Deny the action and ask the model to continue without it."""
        return cls(decision="skip", reason=check.string("reason")(reason))

    @classmethod
    def stop(cls, reason: str) -> Result:
        """End the turn. The action that the hook was called for, such as a tool or a prompt, is denied as well."""
        return cls(stop_reason=_required_text("reason", reason))

    @classmethod
    def with_context(cls, text: str) -> Result:
        """Add *text* to the model's context."""
        return cls(context=_required_text("text", text))

    @classmethod
    def with_system_message(cls, text: str) -> Result:
        """Show *text* to the user as a message of the stream. The model does not read it."""
        return cls(system_message=_required_text("text", text))

    @classmethod
    def suppress(cls) -> Result:
        """Hide the hook's output in the CLI's transcript view."""
        return cls(suppressed=True)

    @classmethod
    def run_async(cls, timeout: float | None = None) -> Result:
        """
        Abstain and let the CLI continue immediately.

        Args:
            timeout: Timeout of the asynchronous hook in the CLI, in seconds.
        """
        return cls(is_async=True, async_timeout=check.number("timeout", above=0)(timeout))

    @classmethod
    def permission(cls, decision: Literal["allow", "ask", "defer", "deny"], reason: str | None = None) -> Result:
        """
        Decide on a tool use: `allow`, `deny`, `ask` (make a permission request) or `defer` (end the turn immediately;
        the tool runs when the session is resumed).
        """
        if decision not in DECISIONS:
            raise check.invalid("decision", decision, f"expected one of {', '.join(DECISIONS)}")
        return cls(decision=decision, reason=check.string("reason")(reason))

    @classmethod
    def replace_output(cls, output: Any) -> Result:
        """
        Replace the tool result that the model reads, after the tool ran.

        Args:
            output: A value with the shape of `ctx.tool_response`, or text for Bash commands and MCP tools.
        """
        return cls(new_output=output)

    def __add__(self, other: object) -> Result:
        if not isinstance(other, Result):
            return NotImplemented
        changes = dict(_set_fields(other))
        for name in ("context", "system_message"):
            if name in changes and getattr(self, name) is not None:
                changes[name] = f"{getattr(self, name)}\n{changes[name]}"
        if STRICTNESS.get(self.decision or "", 0) > STRICTNESS.get(other.decision or "", 0):
            changes.update(decision=self.decision, reason=self.reason)
        return attrs.evolve(self, **changes)

    def to_wire(self, ctx: HookContext) -> Output:
        """
        Return the wire form of the result for the event of *ctx*.

        Raises:
            HookError: The event does not support the result.
        """
        output: Output = {}
        specific: Output = {}
        for name, value in _set_fields(self):
            write = _WRITERS.get(name)
            if write is not None:
                write(self, value, ctx, output, specific)
        if specific:
            output["hookSpecificOutput"] = {"hookEventName": ctx.facts.wire_name, **specific}
        return output

    def __repr__(self) -> str:
        return f"Result({', '.join(f'{name}={value!r}' for name, value in _set_fields(self))})"


_FIELDS = tuple((field.name, field.default) for field in attrs.fields(Result))


def _set_fields(result: Result) -> list[tuple[str, Any]]:
    pairs = ((name, getattr(result, name), default) for name, default in _FIELDS)
    return [(name, value) for name, value, default in pairs if value is not default]


def _unsupported(ctx: HookContext, answer: str, remedy: str) -> HookError:
    event = ctx.facts.name
    return HookError(f"{answer} is not supported for {event} hooks; {remedy}", event=event)


def _write_decision(result: Result, decision: str, ctx: HookContext, output: Output, specific: Output) -> None:
    reason = result.reason
    if decision == "skip":
        if not ctx.facts.prevents:
            raise _unsupported(ctx, "Result.skip()", "return None, or Result.stop() to end the turn")
        decision, reason = "deny", reason or SKIPPED
    _DECISION_WRITERS[ctx.facts.denial](decision, reason, ctx, output, specific)


def _write_permission(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision == "defer" and ctx.facts.name != "pre_tool_use":
        raise _unsupported(ctx, "defer", "only pre_tool_use hooks can defer a tool use")
    specific["permissionDecision"] = decision
    if reason is not None or decision == "deny":
        specific["permissionDecisionReason"] = reason or BLOCKED


def _write_request(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision not in ("allow", "deny"):
        raise _unsupported(ctx, decision, "use allow or deny, or return None to abstain")
    decided: Output = {"behavior": decision}
    if decision == "deny":
        decided["message"] = reason or BLOCKED
    specific["decision"] = decided


def _write_elicitation(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision not in ("allow", "deny"):
        raise _unsupported(ctx, decision, "use Result.block() to decline or Result.modify() to answer")
    if decision == "deny":
        # CLI 2.1 reads only the decision but documents only the action, so both are sent.
        output.update(decision="block", reason=reason or BLOCKED)
        specific["action"] = "decline"


def _write_block(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision not in ("allow", "deny"):
        raise _unsupported(ctx, decision, "return Result.block() or None")
    if decision == "deny":
        output.update(decision="block", reason=reason or BLOCKED)


def _reject_denial(decision: str, reason: str | None, ctx: HookContext, output: Output, specific: Output) -> None:
    if decision != "allow":
        answer = "Result.block()" if decision == "deny" else decision
        raise _unsupported(ctx, answer, "return None")


_DECISION_WRITERS: dict[str, Callable[[str, str | None, HookContext, Output, Output], None]] = {
    "permission": _write_permission,
    "request": _write_request,
    "elicitation": _write_elicitation,
    "block": _write_block,
    "none": _reject_denial,
}


def _write_input(result: Result, value: Any, ctx: HookContext, output: Output, specific: Output) -> None:
    if ctx.facts.changes is None:
        raise _unsupported(ctx, "Result.modify()", "use it in pre_tool_use, permission_request or elicitation hooks")
    key = ctx.facts.changes[0]
    if ctx.facts.denial == "elicitation":
        specific["action"] = "accept"
    if ctx.facts.denial != "request":
        specific[key] = value
        return
    if "decision" not in specific:
        raise _unsupported(ctx, "Result.modify(approve=False)", "omit approve=False, or use pre_tool_use")
    if specific["decision"]["behavior"] == "allow":
        specific["decision"][key] = value


def _write_output(result: Result, value: Any, ctx: HookContext, output: Output, specific: Output) -> None:
    if ctx.facts.name != "post_tool_use":
        raise _unsupported(ctx, "Result.replace_output()", "only post_tool_use hooks can replace a result")
    specific["updatedToolOutput"] = _in_result_shape(value, ctx)


def _in_result_shape(value: Any, ctx: HookContext) -> Any:
    """Convert text to the shape of the tool's result; the CLI silently ignores a replacement of another shape."""
    old = getattr(ctx, "tool_response", None)
    if isinstance(value, str) and isinstance(old, list):
        return [{"type": "text", "text": value}]
    if isinstance(value, str) and isinstance(old, dict):
        if "stdout" in old:
            return {**old, "stdout": value, "stderr": ""}
        raise _unsupported(ctx, "text as result of this tool", f"pass a dict with the keys {', '.join(map(str, old))}")
    return value


def _write_stop(result: Result, value: str, ctx: HookContext, output: Output, specific: Output) -> None:
    output.update({"continue": False, "stopReason": value})
    if ctx.facts.prevents:
        # `continue: false` alone ends the turn only after the tool ran (CLI 2.1), so the tool is denied as well.
        _DECISION_WRITERS[ctx.facts.denial]("deny", value, ctx, output, specific)
    if ctx.facts.denial == "request":
        specific["decision"]["interrupt"] = True


def _write_context(result: Result, value: str, ctx: HookContext, output: Output, specific: Output) -> None:
    if not ctx.facts.takes_context:
        raise _unsupported(ctx, "Result.with_context()", "use Result.with_system_message()")
    specific["additionalContext"] = value


def _write_message(result: Result, value: str, ctx: HookContext, output: Output, specific: Output) -> None:
    output["systemMessage"] = value


def _write_suppressed(result: Result, value: bool, ctx: HookContext, output: Output, specific: Output) -> None:
    output["suppressOutput"] = value


def _write_async(result: Result, value: bool, ctx: HookContext, output: Output, specific: Output) -> None:
    output["async"] = True
    if result.async_timeout is not None:
        output["asyncTimeout"] = round(result.async_timeout * 1000)


#: In the order of the fields: the decision is written before the values that depend on it.
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
