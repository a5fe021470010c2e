"""
The functions that people give: what is wrong with one is said when it is given, not when the CLI asks; and one that is
not waited for any more can find out.
"""
from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import AgentSDKError
from .checks import invalid
from .text import truncate


class _ThreadState(threading.local):
    """What is true in one thread."""

    dispatcher: Callable[..., Any] | None = None


_thread_state = _ThreadState()


def set_dispatcher(dispatcher: Callable[..., Any]) -> None:
    """Let *dispatcher* make the calls of `dispatch` in this thread; it takes them to another thread."""
    _thread_state.dispatcher = dispatcher


def dispatch(function: Callable[..., Any], *args: Any) -> Any:
    """Call *function* in the thread that the user called us in: this one, except in the workers of `query_many`."""
    dispatcher = _thread_state.dispatcher
    return function(*args) if dispatcher is None else dispatcher(function, *args)


def check_signature(name: str, function: object, parameters: Sequence[str]) -> Callable[..., Any]:
    """
    Accept a plain function that can be called with so many positional arguments.

    Args:
        name: What the function is given as, for the error.
        function: The function; a builtin without a signature is let through.
        parameters: Names of what it will be given, for the error.
    """
    called = f"it is called as {function_name(function)}({', '.join(parameters)})"
    if not callable(function):
        raise invalid(name, function, f"expected a function of ({', '.join(parameters)})")
    if any(map(inspect.iscoroutinefunction, (function, getattr(function, "__call__", None)))):  # noqa: B004
        raise invalid(name, function, "expected a plain function; nobody would await an async one")
    if any(map(_is_generator, (function, getattr(function, "__call__", None)))):  # noqa: B004
        raise invalid(name, function, "expected a plain function; nobody would iterate over a generator")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        # Some builtins do not tell; they are called as everybody else.
        return function
    try:
        signature.bind(*parameters)
    except TypeError as error:
        raise invalid(name, function, f"{called}, but takes {signature}") from error
    return function


def _is_generator(function: object) -> bool:
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def check_callback(name: str, value: object, parameter: str = "message") -> Any:
    """Accept a plain function of one argument; *None* stays *None*."""
    return None if value is None else check_signature(name, value, (parameter,))


def function_name(function: object) -> str:
    """Return what *function* is called, for messages; of a lambda also where it stands."""
    found = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    name = found if isinstance(found, str) else type(function).__name__
    code = getattr(function, "__code__", None)
    if not name.endswith("<lambda>") or code is None:
        return name
    return f"{name} in line {code.co_firstlineno} of {os.path.basename(code.co_filename)}"


def check_permission_callback(value: object) -> Any:
    """Accept a permission callback; *None* stays *None*. Used for the option `can_use_tool`."""
    if value is None:
        return None
    return check_signature("can_use_tool", value, ("tool_name", "tool_input", "context"))


def summarize_errors(errors: Sequence[Exception], where: str) -> str:
    """Say *where* how many callbacks failed, and how the first did, for a warning."""
    first = truncate(f"{type(errors[0]).__name__}: {errors[0]}", 300, "...")
    return f"{len(errors)} callback error(s) {where}; the first: {first}"


class CallbackErrors(list[BaseException]):
    """What callbacks raised. Pickles whatever it holds: an exception that does not becomes an error with its text."""

    def __reduce__(self) -> tuple[Any, ...]:
        return CallbackErrors, ([_picklable(error) for error in self],)


def _picklable(error: BaseException) -> BaseException:
    import pickle
    import traceback

    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        # The class is the user's: its arguments, or what it holds, may not travel.
        return AgentSDKError("".join(traceback.format_exception_only(type(error), error)).strip())
    return error


class Deadline:
    """When the time of a turn is up, on the clock of `time.monotonic`; *None* once the turn is over."""

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        self.at: float | None = at

    def has_passed(self) -> bool:
        """Tell whether the time is up."""
        at = self.at  # once: the end of the turn may be in another thread
        return at is not None and time.monotonic() >= at


class Cancellation:
    """
    Tells a callback that nobody waits for its answer any more. Set by the SDK, from any thread; never taken back.

    Args:
        deadline: When nobody will; *None* when the turn has no `timeout`.
    """

    __slots__ = ("_is_set", "deadline")

    def __init__(self, deadline: Deadline | None = None) -> None:
        self._is_set = False
        self.deadline = deadline

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits any more."""
        return self._is_set or (self.deadline is not None and self.deadline.has_passed())

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        self._is_set = value
