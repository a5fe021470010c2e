"""
Helpers for user callbacks: signature checks when a callback is registered, calls in the thread of the user, and
cancellation.
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
    """State of one thread."""

    dispatcher: Callable[..., Any] | None = None


_thread_state = _ThreadState()


def set_dispatcher(dispatcher: Callable[..., Any]) -> None:
    """Make `call_in_user_thread` call *dispatcher* in this thread; *dispatcher* runs the function in another thread."""
    _thread_state.dispatcher = dispatcher


def call_in_user_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Call *function* in the thread that called the SDK: this thread, except in the workers of `query_many`."""
    dispatcher = _thread_state.dispatcher
    return function(*args) if dispatcher is None else dispatcher(function, *args)


def check_signature(name: str, function: object, parameters: Sequence[str]) -> Callable[..., Any]:
    """
    Check that *function* is a plain function that accepts the positional arguments *parameters*, and return it.

    Args:
        name: Name of the callback, for the error.
        function: The function. A builtin without a signature is accepted.
        parameters: Names of the arguments, for the error.
    """
    called = f"it is called as {function_name(function)}({', '.join(parameters)})"
    if not callable(function):
        raise invalid(name, function, f"expected a function of ({', '.join(parameters)})")
    if any(map(inspect.iscoroutinefunction, (function, getattr(function, "__call__", None)))):  # noqa: B004
        raise invalid(name, function, "expected a plain function; async functions are not awaited")
    if any(map(_is_generator, (function, getattr(function, "__call__", None)))):  # noqa: B004
        raise invalid(name, function, "expected a plain function, not a generator function")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        # Some builtins have no signature; accept them unchecked.
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
    """Return the name of *function* for messages; for a lambda also its file and line."""
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
    """Return a warning text with the number of failed callbacks and the first error; *where* describes the context."""
    first = truncate(f"{type(errors[0]).__name__}: {errors[0]}", 300, "...")
    return f"{len(errors)} callback error(s) {where}; the first: {first}"


class CallbackErrors(list[BaseException]):
    """Exceptions raised by callbacks. Pickling replaces an exception that cannot be pickled with an `AgentSDKError`."""

    def __reduce__(self) -> tuple[Any, ...]:
        return CallbackErrors, ([_picklable(error) for error in self],)


def _picklable(error: BaseException) -> BaseException:
    import pickle
    import traceback

    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        # A user's exception class may be impossible to pickle because of its arguments or attributes.
        return AgentSDKError("".join(traceback.format_exception_only(type(error), error)).strip())
    return error


class Deadline:
    """The time at which a turn expires, on the clock of `time.monotonic`; *None* once the turn is over."""

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        self.at: float | None = at

    def has_passed(self) -> bool:
        """Return whether the deadline has passed."""
        at = self.at  # read once: another thread may end the turn
        return at is not None and time.monotonic() >= at


class Cancellation:
    """
    Signals to a callback that its result is no longer needed. The SDK sets it, from any thread, and never resets it.

    Args:
        deadline: When the turn expires; *None* without a `timeout`.
    """

    __slots__ = ("_is_set", "deadline")

    def __init__(self, deadline: Deadline | None = None) -> None:
        self._is_set = False
        self.deadline = deadline

    @property
    def cancelled(self) -> bool:
        """Whether the callback's result is no longer needed."""
        return self._is_set or (self.deadline is not None and self.deadline.has_passed())

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        self._is_set = value
