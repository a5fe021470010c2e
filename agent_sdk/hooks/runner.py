"""
The hooks of one client: their registration, and their execution when an event fires.

The CLI calls all matching callbacks in parallel, but the hooks of a client run one after the other. Therefore each
event is registered once, with the union of its matchers, and the SDK runs its hooks in order. This module does no I/O
and uses no threads and no clock: the caller provides a `Timer` and sends the output.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from .. import _converter
from .._core import checks as check
from .._core import log as _log
from .._core.callbacks import Cancellation
from .._core.text import function_name
from ..errors import HookError
from .base import Event, HookContext, copy_json, event_class, sample_input, snake
from .matchers import Handler, Matcher, parse_fail_mode, parse_matcher, wire_matcher
from .outputs import ends_chain, merge, next_context, to_output
from .result import Output, Result

#: Timeout of the CLI in seconds. A fallback only: each hook has its own timeout, which begins when the hook starts.
CLI_TIMEOUT = 86400
_PREFIX = "hook_"


class Timer(Protocol):
    """
    Times hooks one after the other. The caller of `HookSet.run` provides it.

    The runner calls `start` before each hook, and `stop` after it even if it raised, both in the same thread.
    """

    def start(self, timeout: float | None, expire: Callable[[], Output]) -> None:
        """
        Start timing a hook.

        Args:
            timeout: Seconds; *None* sets no limit.
            expire: Call it once after the timeout, from any thread, and send the output that it returns. It cancels
                the context and returns the output for the timed-out hook. It does not block.
        """

    def stop(self) -> bool:
        """Stop timing and return whether `expire` was called, that is, the event was already answered."""
        ...


class _Untimed:
    """A timer without limits."""

    def start(self, timeout: float | None, expire: Callable[[], Output]) -> None:
        """Do nothing."""

    def stop(self) -> bool:
        """Return False: no hook timed out."""
        return False


_UNTIMED = _Untimed()


class Logger(Protocol):
    """Logs failures of hooks: a `logging.Logger`, or any object with the same method."""

    def warning(self, msg: str, /, *args: object) -> Any:
        """Log *msg* formatted with *args*."""


class HookOutcome(NamedTuple):
    """The outcome of one event."""

    #: The output for the CLI; `{}` abstains.
    output: Output
    #: The failures in order: exceptions of hooks as raised, and a `HookError` for an invalid result.
    errors: list[Exception]
    #: A hook timed out: the `Timer` has already received *output*, so it must not be sent again.
    is_answered: bool = False


class _Step(NamedTuple):
    """One hook of an event."""

    matcher: Matcher
    handler: Handler
    #: A failure of the hook denies.
    is_closed: bool


class HookSet:
    """
    All hooks of one client.

    Args:
        hooks: The option `hooks`: event -> function, `Matcher`, dict, or a list of these.
        fail_mode: Default for matchers without a fail mode: `closed` (the default) or `open`.
        logger: Logs failures; defaults to the logger `agent_sdk.hooks` at level DEBUG.

    Raises:
        ConfigurationError: An event, a hook or the fail mode is invalid.
    """

    def __init__(
        self, hooks: Mapping[str, Any] | None = None, fail_mode: str | None = None, logger: Logger | None = None
    ) -> None:
        self.fail_mode = parse_fail_mode(fail_mode) or "closed"
        self.logger = logger
        self._steps: dict[str, list[_Step]] = {}
        #: Turns the input of an event into its context; filled when one fires, since that loads the converter.
        self._structurers: dict[str, Callable[[dict[str, Any]], HookContext]] = {}
        for event, given in (check.mapping("hooks")(hooks) or {}).items():
            for one in given if isinstance(given, (list, tuple)) else (given,):
                self.add(event, one)

    def __bool__(self) -> bool:
        return bool(self._steps)

    def has(self, event: str) -> bool:
        """Return whether *event*, in either spelling, has hooks."""
        # Does not look up the class, so that classes of events without hooks are not imported.
        return event in self._steps or snake(event) in self._steps

    def add(self, event: str, hook: Any) -> Matcher:
        """
        Append a hook to the hooks of its event. A process that is already running may not fire the event.

        Args:
            event: The name of the event, in either spelling.
            hook: A `Matcher`, a dict, or a function.

        Raises:
            ConfigurationError: The event does not exist, or the hook is invalid.
        """
        facts, matcher = event_class(event).facts, parse_matcher(hook)
        matcher.check_for(facts)
        if matcher.fail_mode == "closed" and not facts.prevents:
            remedy = "cannot prevent the action; catch exceptions in the hook and return a result"
            raise check.invalid("fail_mode", matcher.fail_mode, f"{facts.name} hooks {remedy}")
        is_closed = (matcher.fail_mode or self.fail_mode) == "closed" and facts.prevents
        steps = [_Step(matcher, handler, is_closed) for handler in matcher.handlers]
        # Create a new list, because hooks of the event may be running.
        self._steps[facts.name] = [*self._steps.get(facts.name, ()), *steps]
        return matcher

    def prepare(self) -> None:
        """Create the converters for the registered events ahead of their first use. Optional."""
        for event in self._steps:
            self._context_structurer(event)(sample_input(event_class(event)))

    def _context_structurer(self, event: str) -> Callable[[dict[str, Any]], HookContext]:
        structure = self._structurers[event] = _converter.structurer(event_class(event))
        return structure

    def wire(self) -> dict[str, list[Output]] | None:
        """Return the `hooks` field of the handshake; *None* without hooks."""
        registered = {}
        for event, steps in self._steps.items():
            facts = event_class(event).facts
            registered[facts.wire_name] = [_registration(facts, steps)]
        return registered or None

    def run(
        self,
        callback_id: str,
        fields: dict[str, Any],
        *,
        cancellation: Cancellation | None = None,
        timer: Timer | None = None,
    ) -> HookOutcome:
        """
        Run the hooks that the CLI called; never raises an `Exception`.

        Args:
            callback_id: The callback id that the CLI sent.
            fields: The `input` of the request.
            cancellation: The caller sets it when the CLI cancels the request; the remaining hooks are then skipped.
            timer: Times each hook; *None* sets no limit.
        """
        event = callback_id.removeprefix(_PREFIX)
        steps = self._steps.get(event)
        if steps is None:
            error = HookError(f"unknown hook callback id {callback_id!r}", event=event)
            return HookOutcome({}, [error])
        ctx = (self._structurers.get(event) or self._context_structurer(event))(fields)
        ctx.follow(cancellation)
        return _Firing(self, ctx, steps, timer or _UNTIMED).run()

    def fire(self, event: str, fields: Mapping[str, Any], **run: Any) -> HookOutcome:
        """
        Fire an event from the SDK, for events that the CLI does not fire for an SDK.

        Args:
            event: The name of the event, in either spelling.
            fields: The input as the CLI would send it; `hook_event_name` is added.
            run: Arguments of `run`.
        """
        if not self.has(event):
            return HookOutcome({}, [])
        facts = event_class(event).facts
        return self.run(_PREFIX + facts.name, {**fields, "hook_event_name": facts.wire_name}, **run)

    def log(self, text: str, *values: object) -> None:
        """Log a failure of a hook."""
        if self.logger is None:
            _log.debug("hooks", text, *values)
        else:
            self.logger.warning(text, *values)


def _registration(facts: Event, steps: list[_Step]) -> Output:
    registered: Output = {
        "matcher": wire_matcher(step.matcher.selector for step in steps) if facts.cli_matches else None,
        "hookCallbackIds": [_PREFIX + facts.name],
        "timeout": CLI_TIMEOUT,
    }
    if facts.prevents:
        # Applies when the SDK cannot answer at all, for example because its process died.
        registered["onFailure"] = "block" if any(step.is_closed for step in steps) else "continue"
    return registered


class _Firing:
    """One execution of the hooks of an event, with their merged output so far."""

    __slots__ = ("ctx", "errors", "hooks", "index", "output", "steps", "timeout_output", "timer")

    def __init__(self, hooks: HookSet, ctx: HookContext, steps: list[_Step], timer: Timer) -> None:
        self.hooks = hooks
        self.ctx = ctx
        self.steps = steps
        self.timer = timer
        #: Index of the current step.
        self.index = 0
        #: Answers in place of a hook that timed out.
        self.timeout_output: Output | None = None
        self.output: Output = {}
        self.errors: list[Exception] = []

    def run(self) -> HookOutcome:
        for index, step in enumerate(self.steps):
            if self.ctx.cancelled:
                self._refuse_remaining(self.steps[index:])
                break
            self.index = index
            output = self._call_hook(step)
            if output is None:
                return HookOutcome(self.output, self.errors, True)
            if output:
                self.output = merge(self.output, output)
                if ends_chain(output):
                    break
                self.ctx = next_context(output, self.ctx)
        return HookOutcome(self.output, self.errors)

    def _refuse_remaining(self, remaining: list[_Step]) -> None:
        """Refuse in place of the *remaining* hooks: the CLI withdrew the event, but may still read the answer."""
        if any(step.is_closed for step in remaining):
            self.output = merge(self.output, self._refusal("the event was cancelled."))

    def _call_hook(self, step: _Step) -> Output | None:
        """Call a hook and return its output; *None* when it timed out and the event was already answered."""
        timer = self.timer
        output: Output = {}
        given: Any = None
        before: Any = None
        try:
            given = self.ctx.changeable()
            before = copy_json(given)
            timer.start(step.matcher.timeout, self._expire)
            if step.matcher.selector.matches(self.ctx):
                answer = step.handler(self.ctx)
                if answer is not None:
                    output = to_output(answer, self.ctx)
                if given != before:
                    self._reject_change_in_place(output)
        except Exception as error:
            # An exception in a hook must not end the turn or the process. It denies or is skipped, and is reported.
            output = self._on_error(step, error)
        finally:
            is_late = timer.stop()
        if before is not None and next_context(output, self.ctx) is self.ctx:
            given.clear()  # undo changes in place: the remaining hooks must see the input that will run
            given.update(before)
        if not is_late:
            return output
        self.errors.append(self._timeout_error(step))
        self.output = self.output if self.timeout_output is None else self.timeout_output
        return None

    def _reject_change_in_place(self, output: Output) -> None:
        """Raise when a hook changed the input in place, because such a change has no effect on the tool."""
        if not ends_chain(output) and next_context(output, self.ctx) is self.ctx:
            event, remedy = self.ctx.event, "return hooks.Result.modify(new_input), or change a copy"
            raise HookError(f"{event}: the hook changed the input in place, which has no effect; {remedy}", event=event)

    def _expire(self) -> Output:
        step, later = self.steps[self.index], self.steps[self.index + 1 :]
        self.ctx.cancel()
        late = f"the hook {function_name(step.handler)} timed out after {step.matcher.timeout} seconds."
        output = self.output
        if step.is_closed:
            output = merge(output, self._refusal(late))
        elif any(each.is_closed for each in later):
            # This hook fails open, but later hooks fail closed and cannot run any more.
            output = merge(output, self._refusal(f"{late} Later hooks did not run."))
        self.timeout_output = output
        return output

    def _on_error(self, step: _Step, error: Exception) -> Output:
        name = function_name(step.handler)
        if isinstance(error, HookError) and not error.handler:
            error.handler = name
        self.errors.append(error)
        self.hooks.log("the hook %s failed at %s: %s: %s", name, self.ctx.event, type(error).__name__, error)
        if not step.is_closed:
            return {}
        # The text of the exception may contain secrets, so the model reads only its class.
        return self._refusal(f"the hook {name} failed ({type(error).__name__}).")

    def _timeout_error(self, step: _Step) -> HookError:
        name, event = function_name(step.handler), self.ctx.event
        text = f"the hook {name} timed out at {event} after {step.matcher.timeout} seconds; increase its timeout"
        self.hooks.log("%s", text)
        return HookError(text, event=event, handler=name)

    def _refusal(self, reason: str) -> Output:
        return Result.block(f"Denied: {reason}").to_wire(self.ctx)
