"""
The functions that people give: what is wrong with one is said when it is given, not when the CLI asks; and one that is
not waited for any more can find out.
"""
from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ._checks import wrong


class _Here(threading.local):
    """What is true in one thread."""

    call: Callable[..., Any] | None = None


_here = _Here()


def calls_go_to(call: Callable[..., Any]) -> None:
    """Let what is called with `in_callers_thread` in this thread be called by *call*, which takes it elsewhere."""
    _here.call = call


def in_callers_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Call *function* in the thread that the user called us in: this one, except in the workers of `query_many`."""
    call = _here.call
    return function(*args) if call is None else call(function, *args)


def accepts(name: str, function: object, parameters: Sequence[str]) -> Callable[..., Any]:
    """
    Accept a plain function that can be called with so many positional arguments.

    Args:
        name: What the function is given as, for the error.
        function: The function; a builtin without a signature is let through.
        parameters: Names of what it will be given, for the error.

    Raises:
        ConfigurationError: It is no function, is asynchronous, or takes other arguments.
    """
    called = f"it is called as {name_of(function)}({', '.join(parameters)})"
    if not callable(function):
        raise wrong(name, function, f"expected a function of ({', '.join(parameters)})")
    if any(map(inspect.iscoroutinefunction, (function, getattr(function, "__call__", None)))):  # noqa: B004
        raise wrong(name, function, "expected a plain function; nobody would await an async one")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        # Some builtins do not tell; they are called as everybody else.
        return function
    try:
        signature.bind(*parameters)
    except TypeError as error:
        raise wrong(name, function, f"{called}, but takes {signature}") from error
    return function


def listener(name: str, value: object, parameter: str = "message") -> Any:
    """
    Accept a function of one argument, for what it is told; *None* stays *None*.

    Raises:
        ConfigurationError: As for `accepts`.
    """
    return None if value is None else accepts(name, value, (parameter,))


def name_of(function: object) -> str:
    """Return what *function* is called, for messages."""
    found = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    return found if isinstance(found, str) else type(function).__name__


def check_callback(value: object) -> Any:
    """
    Accept a permission callback; *None* stays *None*. Used for the option `can_use_tool`.

    Raises:
        ConfigurationError: It cannot be called with three positional arguments.
    """
    if value is None:
        return None
    return accepts("can_use_tool", value, ("tool_name", "tool_input", "context"))


class Cancellation:
    """Tells a callback that nobody waits for its answer any more. Set by the SDK, from any thread; never taken back."""

    __slots__ = ("cancelled",)

    def __init__(self) -> None:
        self.cancelled = False
