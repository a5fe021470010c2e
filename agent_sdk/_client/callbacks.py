"""
`ClientCallbacks`: the callbacks of a client, by kind of message.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core.callbacks import check_callback
from .._core.text import did_you_mean
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .._protocol.turn_state import TurnState
    from ..messages import Message

OnMessage = Callable[["Message"], object]


class ClientCallbacks:
    """The callbacks registered with `Client.on`."""

    def __init__(self) -> None:
        self.registered: list[tuple[str, OnMessage]] = []

    def add(self, kind: str, callback: OnMessage) -> None:
        """Register *callback* for messages of *kind*."""
        self.registered.append((f"is_{kind}", check_callback("callback", callback)))

    def dispatch(self, state: TurnState, message: Message) -> None:
        """Call the callbacks registered for *message*."""
        for name, callback in self.registered:
            if getattr(message, name):
                state.call(callback, message)


def check_kind(kind: Any) -> None:
    """Check that *kind* is the name of a predicate without `is_`."""
    from ..messages import predicates

    kinds = predicates()
    if kind not in kinds:
        hint = did_you_mean(str(kind).removeprefix("is_"), kinds, f"kinds are {', '.join(kinds)}")
        raise ConfigurationError(f"on({kind!r}): unknown kind; {hint}")
