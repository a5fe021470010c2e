"""
The base class of hook contexts, and the registry of hook events.

`@hook_event` declares an event on its context class: its name, the field that matchers compare, and the effects that a
hook's result can have. `matchers` and `result` read these facts.
"""
from __future__ import annotations

import copy
import importlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

import attrs

from .._core.callbacks import Cancellation
from .._core.text import did_you_mean
from ..errors import ConfigurationError
from ..messages.base import WireObject, wire_name
from ..messages.registry import wire_object

T = TypeVar("T")

_FAMILIES = ("tool_hooks", "turn_hooks", "session_hooks")
_MISSING = object()

_events: dict[str, type[HookContext]] = {}
_imported: set[str] = set()


class Event(NamedTuple):
    """The facts of one hook event."""

    #: In snake_case, such as `pre_tool_use`.
    name: str = ""
    #: In the CLI's spelling, such as `PreToolUse`.
    wire_name: str = ""
    #: The field that patterns are compared with; *None* when the event has no such field.
    matches: str | None = None
    #: The CLI compares the field itself, so the pattern is sent to it.
    cli_matches: bool = False
    #: How a denial is sent: `permission` and `request` as a decision on the tool, `elicitation` as an action, `block`
    #: as a top-level key. `none` means that the event cannot be denied.
    denial: str = "none"
    #: A denial prevents the action. A hook that fails then denies, unless it fails open.
    prevents: bool = False
    #: The result may add context for the model.
    takes_context: bool = False
    #: The fields for a new input: the key on the wire, and the field of the next hook's context.
    changes: tuple[str, str] | None = None


@wire_object
class Effort(WireObject):
    """The reasoning effort of the model; `level` is `low`, `medium`, `high`, ..."""

    level: str = ""


@wire_object
class HookContext(WireObject):
    """
    The argument of a hook: the fields of its event, and your own data.

    `ctx["key"] = value` stores data for the later hooks of the same event. `ctx["key"]`, `ctx.get("key")` and
    `"key" in ctx` look up your data first, then the fields. Undeclared fields are attributes too.
    """

    #: The facts of the event.
    facts: ClassVar[Event] = Event()

    session_id: str = ""
    transcript_path: str = ""
    cwd: str = ""
    #: The prompt that the turn answers.
    prompt_id: str | None = None
    #: The permission mode, in the CLI's spelling.
    permission_mode: str | None = None
    #: The subagent in which the event occurred; *None* in the main conversation.
    agent_id: str | None = None
    agent_type: str | None = None
    effort: Effort | None = None
    #: The event in the CLI's spelling.
    hook_event_name: str = ""
    _user_data: dict[Any, Any] = attrs.field(factory=dict, init=False)
    _cancellation: Cancellation | None = attrs.field(default=None, init=False)

    if TYPE_CHECKING:
        # A hook of several events reads the fields of each.
        def __getattr__(self, name: str) -> Any: ...

    @property
    def event(self) -> str:
        """The event in snake_case, such as `pre_tool_use`."""
        return self.facts.name

    @property
    def cancelled(self) -> bool:
        """The CLI cancelled the request or the hook timed out. The hook's result will be discarded."""
        return self._cancellation is not None and self._cancellation.cancelled

    def cancel(self) -> None:
        """Set `cancelled`. Used by the SDK, and by tests of your hooks."""
        if self._cancellation is None:
            self._cancellation = Cancellation()
        self._cancellation.cancelled = True

    def follow(self, cancellation: Cancellation | None) -> None:
        """Read `cancelled` from *cancellation*. Used by the SDK."""
        self._cancellation = cancellation

    def matched_value(self) -> Any:
        """Return the value that patterns are compared with; *None* for events without one."""
        return None if self.facts.matches is None else getattr(self, self.facts.matches)

    def changeable(self) -> Any:
        """Return the dict that a hook's result may replace; *None* for events without one."""
        value = None if self.facts.changes is None else getattr(self, self.facts.changes[1])
        return value if type(value) is dict else None

    def with_field(self, name: str, value: Any) -> HookContext:
        """Return a copy for the next hook with the field *name* set to *value*. Your own data is shared."""
        changed = copy.copy(self)
        setattr(changed, name, value)
        return changed

    def __getitem__(self, name: Any) -> Any:
        if name in self._user_data:
            return self._user_data[name]
        return WireObject.__getitem__(self, name)

    def __setitem__(self, name: Any, value: Any) -> None:
        self._user_data[name] = value

    def __delitem__(self, name: Any) -> None:
        del self._user_data[name]

    def __contains__(self, name: object) -> bool:
        return self.get(name, _MISSING) is not _MISSING

    def get(self, name: Any, default: Any = None) -> Any:
        """Return your own data under *name*, else the field *name*, else *default*."""
        try:
            return self[name]
        except KeyError:
            return default

    def _summary(self) -> str:
        return " ".join(str(part) for part in (self.event, self.matched_value()) if part)


def hook_event(name: str, **facts: Any) -> Callable[[type[T]], type[T]]:
    """
    Define the context class of an event and register it.

    Args:
        name: The event in the CLI's spelling.
        facts: Other fields of `Event`.
    """
    event = Event(snake(name), name, **facts)

    def register(cls: Any) -> Any:
        cls = wire_object(cls)
        # Sets the default in the generated signature: a context created in Python has its event.
        vars(cls)["__init__"].__kwdefaults__["hook_event_name"] = name
        cls.fixed = {"hook_event_name": name}
        cls.facts = event
        _events[event.name] = cls
        return cls

    return register


def snake(name: str) -> str:
    """Return *name* in snake_case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def event_name(name: str) -> str:
    """
    Return the name of an event in snake_case.

    Args:
        name: In snake_case or in the CLI's spelling.

    Raises:
        ConfigurationError: The event does not exist. The CLI would accept the name and never fire the event.
    """
    return event_class(name).facts.name


def event_class(name: str) -> type[HookContext]:
    """
    Return the context class of an event; see `event_name`.

    Raises:
        ConfigurationError: The event does not exist.
    """
    if name in _events:
        return _events[name]
    wanted = snake(name) if isinstance(name, str) else ""
    for family in ("", *_FAMILIES):
        if family:
            _load_family(family)
        if wanted in _events:
            return _events[wanted]
    raise _unknown_event(name, wanted)


def all_events() -> dict[str, type[HookContext]]:
    """Return the context class of every event, by its name in snake_case."""
    for family in _FAMILIES:
        _load_family(family)
    return dict(_events)


def _load_family(family: str) -> None:
    if family not in _imported:
        importlib.import_module(f"{__package__}.{family}")
        _imported.add(family)


def _unknown_event(name: object, wanted: str) -> ConfigurationError:
    hint = did_you_mean(wanted, _events, "hook_events() lists them all")
    return ConfigurationError(f"unknown hook event {name!r}; {hint}")


def copy_json(value: Any) -> Any:
    """Return a copy of a JSON value."""
    if type(value) is dict:
        return {key: item if type(item) is str else copy_json(item) for key, item in value.items()}
    return [copy_json(item) for item in value] if type(value) is list else value


def sample_input(cls: type[HookContext]) -> dict[str, Any]:
    """Return an input of the event with the keys that the CLI usually sends, in its order, with empty values."""
    common = ("session_id", "transcript_path", "cwd", "prompt_id", "permission_mode", "effort", "hook_event_name")
    shared = {field.name for field in attrs.fields(HookContext)}
    own = [field for field in attrs.fields(cls) if field.name not in shared and field.default is not None]
    return {**dict.fromkeys([*common, *map(wire_name, own)], ""), "effort": {"level": ""}}
