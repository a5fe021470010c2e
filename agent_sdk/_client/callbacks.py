"""
Callbacks for the life of a client: by kind of message, and hooks by decorator.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._core.callbacks import check_callback
from .._core.text import did_you_mean
from ..errors import ConfigurationError
from ..options.options import Options

if TYPE_CHECKING:
    from .._protocol.turn import Turn
    from ..messages import Message

OnMessage = Callable[["Message"], object]
C = TypeVar("C", bound=OnMessage)
H = TypeVar("H", bound=Callable[..., object])


class ClientCallbacks:
    """What a `Client` calls back, turn after turn."""

    _options: Options
    _callbacks: list[tuple[str, OnMessage]]

    @overload
    def on(self, kind: str, callback: C) -> C: ...

    @overload
    def on(self, kind: str, callback: None = None) -> Callable[[C], C]: ...

    def on(self, kind: str, callback: Any = None) -> Any:
        """
        Call *callback* with every message of a kind, in all turns of this client.

        Args:
            kind: A predicate's name without `is_`: `"init"`, `"text"`, `"tool_use"`, `"result"` ...
            callback: A function of one message; without it, a decorator is returned.

        Raises:
            ConfigurationError: There is no such kind.
        """
        from ..messages import predicates

        if kind not in predicates():
            raise _unknown(kind, predicates())
        if callback is None:
            return lambda function: self.on(kind, function)
        self._callbacks.append((f"is_{kind}", check_callback("callback", callback)))
        return callback

    def hook(self, event: str, pattern: Any = None, *, matcher: Any = None, **how: Any) -> Callable[[H], H]:
        """
        Register the decorated function as a hook, from the next turn on: `@client.hook("pre_tool_use", "Bash")`.

        Args:
            event: Such as `"pre_tool_use"`.
            pattern: Which tools, agents or triggers; everything when not given.
            matcher: The same by name; a function of the context can be given in no other way.
            how: `timeout` in seconds and `fail_mode`, as for `hooks.Matcher`.

        Raises:
            ConfigurationError: There is no such event, or the function takes other arguments.
        """
        from ..hooks.base import event_name
        from ..hooks.matchers import Matcher

        if callable(event) or callable(pattern):
            text = "client.hook is a decorator: write @client.hook(event) above the function; one as the pattern is"
            raise ConfigurationError(f"{text} given as matcher=function")
        event_name(event)
        chosen = pattern if matcher is None else matcher

        def register(function: H) -> H:
            before = self._options.hooks or {}
            already = before.get(event, ())
            already = already if isinstance(already, (list, tuple)) else (already,)
            hooks = {**before, event: [*already, Matcher(chosen, function, **how)]}
            self._options = self._options.evolve(hooks=hooks)
            return function

        return register

    def _dispatch(self, turn: Turn, message: Message) -> None:
        turn.in_callback = True
        try:
            for name, callback in self._callbacks:
                if getattr(message, name):
                    callback(message)
        finally:
            turn.in_callback = False


def _unknown(kind: object, kinds: list[str]) -> ConfigurationError:
    hint = did_you_mean(str(kind).removeprefix("is_"), kinds, f"kinds are {', '.join(kinds)}")
    return ConfigurationError(f"on({kind!r}): no such kind; {hint}")
