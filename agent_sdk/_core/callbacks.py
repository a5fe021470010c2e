"""
Helpers for user callbacks: signature checks when a callback is registered, calls in the thread of the user, and
cancellation.
"""
from __future__ import annotations

import inspect
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import AgentSDKError, HookError
from .checks import invalid
from .text import code_name, truncate


class _ThreadState(threading.local):
    """State of one thread."""

    dispatcher: Callable[..., Any] | None = None


_thread_state = _ThreadState()
#: Packages whose functions are no callbacks of the user.
_LIBRARIES = (__name__.partition(".")[0], "attr", "attrs", "cattrs")


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
        called = f"it is called with ({', '.join(parameters)})"
        raise invalid(name, function, f"{called}, but takes {signature}") from error
    return function


def _is_generator(function: object) -> bool:
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def check_callback(name: str, value: object, parameter: str = "message") -> Any:
    """Accept a plain function of one argument; *None* stays *None*."""
    return None if value is None else check_signature(name, value, (parameter,))


def check_permission_callback(value: object) -> Any:
    """Accept a permission callback; *None* stays *None*. Used for the option `can_use_tool`."""
    if value is None:
        return None
    return check_signature("can_use_tool", value, ("tool_name", "tool_input", "context"))


def summarize_errors(errors: Sequence[Exception], where: str) -> str:
    """Return a warning text with the number of failed callbacks and the first error; *where* describes the context."""
    first = truncate(f"{type(errors[0]).__name__}: {errors[0]}", 300, "...")
    name = _callback_name(errors[0])
    return f"{len(errors)} callback error(s) {where}; the first{name and f', in {name}'}: {first}"


def _callback_name(error: Exception) -> str:
    """Return the name of the callback that raised *error*: the first function of the user in the traceback."""
    if isinstance(error, HookError) and error.handler:
        return error.handler
    for frame, _ in traceback.walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package not in _LIBRARIES and package not in sys.stdlib_module_names:
            return code_name(frame.f_code, frame.f_code.co_name)
    return ""


class CallbackErrors(list[BaseException]):
    """Exceptions raised by callbacks. Pickling replaces an exception that cannot be pickled with an `AgentSDKError`."""

    def __reduce__(self) -> tuple[Any, ...]:
        return CallbackErrors, ([_picklable(error) for error in self],)


def _picklable(error: BaseException) -> BaseException:
    import pickle

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
