"""
The hooks of one client: what is registered, and what happens when an event fires.

The CLI calls all callbacks that match at the same time, but hooks here run one after the other: each event is
registered once, with all that its matchers may fit, and its hooks run here in order. No I/O, no threads, no clock: who
runs an event brings a `Timer`, and sends the output.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from .. import _converter
from .._core import checks as check
from .._core import log as _log
from .._core.callbacks import Cancellation, function_name
from ..errors import HookError
from .base import Event, HookContext, copy_json, event_class, sample_input, snake
from .matchers import Handler, Matcher, parse_fail_mode, parse_matcher, wire_matcher
from .outputs import ends_chain, merge, next_context, to_output
from .result import Output, Result

#: Seconds that the CLI waits for an event: far more than any hook takes, whose own timeout starts with the hook.
CLI_TIMEOUT = 86400
_PREFIX = "hook_"


class Timer(Protocol):
    """
    Times one hook after the other, for whoever runs them.

    `start` is called before a hook, `stop` after it, whatever it did, in the same thread.
    """

    def start(self, timeout: float | None, expire: Callable[[], Output]) -> None:
        """
        Begin to time a hook.

        Args:
            timeout: Seconds; *None* for no limit.
            expire: Call it once when they have passed, from any thread, and send what it returns: it cancels the
                context and gives the output that answers in the hook's place. It does not block.
        """

    def stop(self) -> bool:
        """End the timing; tell whether `expire` was called, and so the event is answered."""
        ...


class _Untimed:
    """Lets hooks take as long as they do."""

    def start(self, timeout: float | None, expire: Callable[[], Output]) -> None:
        """Let it run."""

    def stop(self) -> bool:
        """Nothing was answered."""
        return False


_UNTIMED = _Untimed()


class Logger(Protocol):
    """Where failures of hooks are logged: a `logging.Logger`, or anything with its method."""

    def warning(self, msg: str, /, *args: object) -> Any:
        """Log one line; *args* fill *msg*."""


class HookOutcome(NamedTuple):
    """What became of one firing."""

    #: What answers the CLI; `{}` is no opinion.
    output: Output
    #: What went wrong, in order: exceptions of hooks as they were raised, and a `HookError` for a wrong answer.
    errors: list[Exception]
    #: A `Timer` ran out: *output* is what it was given, and must not be sent again.
    is_answered: bool = False


class _Step(NamedTuple):
    """One hook in the order of its event."""

    matcher: Matcher
    handler: Handler
    #: Its failure refuses.
    is_closed: bool


class HookSet:
    """
    All hooks of one client.

    Args:
        hooks: The option: event -> function, `Matcher`, dict, or a list of these.
        fail_mode: For matchers that give none: `closed` (the default) or `open`.
        logger: Where failures are logged; by default at DEBUG, as `agent_sdk.hooks`.

    Raises:
        ConfigurationError: Something in it is wrong.
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
        """Tell whether *event* has hooks; its name in either spelling."""
        # Without its class: that of an event without hooks need not be loaded.
        return event in self._steps or snake(event) in self._steps

    def add(self, event: str, hook: Any) -> Matcher:
        """
        Register one more hook, behind the others of its event. A process that runs already may not fire it.

        Args:
            event: The event's name, in either spelling.
            hook: A `Matcher`, a dict, or a function.

        Raises:
            ConfigurationError: There is no such event, or the hook is wrong.
        """
        facts, matcher = event_class(event).facts, parse_matcher(hook)
        matcher.check_for(facts)
        if matcher.fail_mode == "closed" and not facts.prevents:
            remedy = "nothing can be refused any more; catch the hook's own errors in it, and answer all the same"
            raise check.invalid("fail_mode", matcher.fail_mode, f"at {facts.name} {remedy}")
        is_closed = (matcher.fail_mode or self.fail_mode) == "closed" and facts.prevents
        steps = [_Step(matcher, handler, is_closed) for handler in matcher.handlers]
        # A new list: the event may be running.
        self._steps[facts.name] = [*self._steps.get(facts.name, ()), *steps]
        return matcher

    def prepare(self) -> None:
        """Make what first firings need, while there is time. May be left out."""
        for event in self._steps:
            self._context_structurer(event)(sample_input(event_class(event)))

    def _context_structurer(self, event: str) -> Callable[[dict[str, Any]], HookContext]:
        structure = self._structurers[event] = _converter.structurer(event_class(event))
        return structure

    def wire(self) -> dict[str, list[Output]] | None:
        """Return the `hooks` of the handshake; *None* when there are none."""
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
            callback_id: As the CLI sends it.
            fields: The `input` of its request.
            cancellation: Set by the caller when the CLI takes its question back; then no further hook runs.
            timer: Times each hook; *None* lets them take as long as they do.
        """
        event = callback_id.removeprefix(_PREFIX)
        steps = self._steps.get(event)
        if steps is None:
            error = HookError(f"there is no hook {callback_id!r}", event=event)
            return HookOutcome({}, [error])
        ctx = (self._structurers.get(event) or self._context_structurer(event))(fields)
        ctx.follow(cancellation)
        return _Firing(self, ctx, steps, timer or _UNTIMED).run()

    def fire(self, event: str, fields: Mapping[str, Any], **run: Any) -> HookOutcome:
        """
        Fire an event from our side, as the CLI would: for those that it never fires for an SDK.

        Args:
            event: Its name, in either spelling.
            fields: The input as the CLI would send it; `hook_event_name` is added.
            run: As for `run`.
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
        # For an answer that we could not give at all: the process died, the line was lost.
        registered["onFailure"] = "block" if any(step.is_closed for step in steps) else "continue"
    return registered


class _Firing:
    """One firing of one event: the hooks in order, and what they have said so far."""

    __slots__ = ("ctx", "errors", "hooks", "index", "output", "steps", "timeout_output", "timer")

    def __init__(self, hooks: HookSet, ctx: HookContext, steps: list[_Step], timer: Timer) -> None:
        self.hooks = hooks
        self.ctx = ctx
        self.steps = steps
        self.timer = timer
        #: Which of the steps runs.
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
            self.output = merge(self.output, self._refusal("The event was cancelled."))

    def _call_hook(self, step: _Step) -> Output | None:
        """Call a hook against the clock; *None* when its time ran out and the event is answered."""
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
            # A hook's bug ends neither the turn nor the process: it refuses, or is passed over, and is reported.
            output = self._on_error(step, error)
        finally:
            is_late = timer.stop()
        if before is not None and next_context(output, self.ctx) is self.ctx:
            given.clear()  # the hooks that follow see what will run, whatever this one has put there
            given.update(before)
        if not is_late:
            return output
        self.errors.append(self._timeout_error(step))
        self.output = self.output if self.timeout_output is None else self.timeout_output
        return None

    def _reject_change_in_place(self, output: Output) -> None:
        """Refuse a change of the input in place: it changes nothing of what will run."""
        if not ends_chain(output) and next_context(output, self.ctx) is self.ctx:
            event, remedy = self.ctx.event, "return hooks.Result.modify(new_input), or change a copy"
            raise HookError(f"{event}: the hook changed the input in place, which has no effect; {remedy}", event=event)

    def _expire(self) -> Output:
        step, later = self.steps[self.index], self.steps[self.index + 1 :]
        self.ctx.cancel()
        late = f"The hook {function_name(step.handler)} did not answer within {step.matcher.timeout} seconds."
        output = self.output
        if step.is_closed:
            output = merge(output, self._refusal(late))
        elif any(each.is_closed for each in later):
            # This one may be passed over, but not the others that now cannot be asked.
            output = merge(output, self._refusal(f"{late} It kept other hooks from being asked."))
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
        # The text may hold secrets: the model gets the kind alone.
        return self._refusal(f"The hook {name} failed ({type(error).__name__}).")

    def _timeout_error(self, step: _Step) -> HookError:
        name, event = function_name(step.handler), self.ctx.event
        text = f"the hook {name} did not answer {event} within {step.matcher.timeout} seconds; raise its timeout"
        self.hooks.log("%s", text)
        return HookError(text, event=event, handler=name)

    def _refusal(self, reason: str) -> Output:
        return Result.block(f"{reason} Refused to be on the safe side.").to_wire(self.ctx)
