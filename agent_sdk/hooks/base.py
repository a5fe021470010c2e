"""
What all hook events share: the context that a hook gets, and the register of events.

An event is declared once, by `@hook_event` above its class: its name, what a matcher of it is about, and what an answer
can do there. `matchers` and `result` read these facts.
"""
from __future__ import annotations

import copy
import importlib
import re
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeVar

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
    #: As the CLI spells it, such as `PreToolUse`.
    wire_name: str = ""
    #: The field that patterns are compared with; *None* when there is nothing to compare.
    matches: str | None = None
    #: The CLI is known to compare it by itself, so the pattern is sent to it.
    cli_matches: bool = False
    #: How the CLI takes a denial: `permission` and `request` by a decision on the tool, `elicitation` by an action,
    #: `block` by a word at the top of the answer, `none` not at all.
    denial: str = "none"
    #: A refusal keeps the thing from happening: then a hook that fails refuses, unless it fails open.
    prevents: bool = False
    #: The answer may add to what the model knows.
    takes_context: bool = False
    #: Where the answer's new input goes: this field of the wire, and this field of the next hook's context.
    changes: tuple[str, str] | None = None


@wire_object
class Effort(WireObject):
    """How hard the model thinks; `level` is `low`, `medium`, `high`, ..."""

    level: str = ""


@wire_object
class HookContext(WireObject):
    """
    What a hook is told: the fields of its event, and room for data of your own.

    `ctx["key"] = value` keeps data for the other hooks of the same firing. Reading `ctx["key"]`, `ctx.get("key")` and
    `"key" in ctx` look there first, then among the fields. A field that no class names is an attribute all the same.
    """

    #: The facts of the event.
    facts: ClassVar[Event] = Event()

    session_id: str = ""
    transcript_path: str = ""
    cwd: str = ""
    #: The prompt that the turn answers.
    prompt_id: str | None = None
    #: The permission mode, as the CLI spells it.
    permission_mode: str | None = None
    #: The subagent that this is about; *None* in the main conversation.
    agent_id: str | None = None
    agent_type: str | None = None
    effort: Effort | None = None
    #: The event as the CLI spells it.
    hook_event_name: str = ""
    _user_data: dict[Any, Any] = attrs.field(factory=dict, init=False)
    _cancellation: Cancellation | None = attrs.field(default=None, init=False)

    @property
    def event(self) -> str:
        """The event in snake_case, such as `pre_tool_use`."""
        return self.facts.name

    @property
    def cancelled(self) -> bool:
        """The CLI waits no longer, or the hook's time is up: the answer will be dropped."""
        return self._cancellation is not None and self._cancellation.cancelled

    def cancel(self) -> None:
        """Set `cancelled`. For the SDK, and for tests of your hooks."""
        if self._cancellation is None:
            self._cancellation = Cancellation()
        self._cancellation.cancelled = True

    def follow(self, cancellation: Cancellation | None) -> None:
        """Let *cancellation* decide what `cancelled` says. For the SDK."""
        self._cancellation = cancellation

    def matched_value(self) -> Any:
        """What patterns are compared with; *None* for events that have nothing to compare."""
        return None if self.facts.matches is None else getattr(self, self.facts.matches)

    def changeable(self) -> Any:
        """What an answer may put something else in the place of: a dict; *None* where there is no such thing."""
        value = None if self.facts.changes is None else getattr(self, self.facts.changes[1])
        return value if type(value) is dict else None

    def with_field(self, name: str, value: Any) -> HookContext:
        """Return a copy for the next hook, in which the field *name* is *value*; data of your own is shared."""
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
        """The data of your own under *name*, else the field *name*, else *default*."""
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
        name: The event as the CLI spells it.
        facts: Further fields of `Event`.
    """
    event = Event(snake(name), name, **facts)

    def register(cls: Any) -> Any:
        cls = wire_object(cls)
        # The default in the generated signature: a context made by hand knows its event.
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
    Return an event's name in snake_case.

    Args:
        name: In snake_case, or as the CLI spells it.

    Raises:
        ConfigurationError: There is no such event; the CLI would accept the name and never fire it.
    """
    return event_class(name).facts.name


def event_class(name: str) -> type[HookContext]:
    """
    Return the context class of an event; see `event_name`.

    Raises:
        ConfigurationError: There is no such event.
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
    """Return a copy of a value of JSON."""
    if type(value) is dict:
        return {key: item if type(item) is str else copy_json(item) for key, item in value.items()}
    return [copy_json(item) for item in value] if type(value) is list else value


def sample_input(cls: type[HookContext]) -> dict[str, Any]:
    """Return an input of the event with the keys that the CLI usually sends, in its order, and nothing in them."""
    common = ("session_id", "transcript_path", "cwd", "prompt_id", "permission_mode", "effort", "hook_event_name")
    shared = {field.name for field in attrs.fields(HookContext)}
    own = [field for field in attrs.fields(cls) if field.name not in shared and field.default is not None]
    return {**dict.fromkeys([*common, *map(wire_name, own)], ""), "effort": {"level": ""}}
