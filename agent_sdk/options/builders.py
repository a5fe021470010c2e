"""
What `Options` can do: names checked, changed copies, a repr that masks secrets. Knows no single option.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from .._core.text import did_you_mean, truncate
from ..errors import ConfigurationError
from .rules import RULES

T = TypeVar("T")
B = TypeVar("B", bound="OptionBuilders")

#: Python has a keyword for one option's name; both are accepted where options are given by name.
ALIASES = {"continue": "continue_conversation"}
#: Options whose values may hold secrets.
_MASKED = ("env", "settings", "extra_args", "mcp_servers", "agents")


def checked_names(cls: type[T]) -> type[T]:
    """Make the constructor of *cls* answer an unknown name with the nearest valid one, and check its rules."""
    construct, names = cls.__init__, _names(cls)

    def __init__(self: T, *unnamed: Any, **given: Any) -> None:
        if unnamed:
            raise ConfigurationError(f"Options({unnamed[0]!r}): options go by name, such as model='sonnet'")
        for alias in ALIASES.keys() & given.keys():
            given[ALIASES[alias]] = given.pop(alias)
        unknown = given.keys() - names.keys()
        if unknown:
            raise _unknown_option(min(unknown), names)
        construct(self, **given)
        for broken, remedy in RULES:
            if broken(self):
                raise ConfigurationError(remedy)

    cls.__init__ = __init__  # type: ignore[assignment]
    return cls


_known: dict[type, dict[str, Any]] = {}


def _names(cls: type) -> dict[str, Any]:
    """Return the options with their defaults."""
    if cls not in _known:
        fields: tuple[Any, ...] = attrs.fields(cls)
        _known[cls] = {field.name: field.default for field in fields}
    return _known[cls]


def _hint(options: object, name: str) -> str:
    from .._core.official_names import METHODS

    if name in METHODS:
        return f"here it is {METHODS[name]}"
    known = [f"with_{option}" for option in _names(type(options))] if name.startswith("with_") else []
    return did_you_mean(name, known, "options are set by with_<option>, such as with_model")


def _unknown_option(name: str, names: dict[str, Any]) -> ConfigurationError:
    from .._core.official_names import OPTIONS

    if name in OPTIONS:
        return ConfigurationError(f"unknown option {name!r}; here it is {OPTIONS[name]}")
    hint = did_you_mean(name, names, "options_schema() lists them all")
    return ConfigurationError(f"unknown option {name!r}; {hint}")


class OptionBuilders:
    """Changed copies, and the repr."""

    __slots__ = ()

    def non_defaults(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, by name."""
        values = ((name, getattr(self, name), default) for name, default in _names(type(self)).items())
        return {name: value for name, value, default in values if value is not default and value != default}

    def evolve(self: B, **changes: Any) -> B:
        """
        Return a copy with *changes*.

        Raises:
            ConfigurationError: A name or value is wrong.
        """
        if not changes:
            return self
        return type(self)(**{**self.non_defaults(), **changes})

    def with_tools(self: B, *tools: str) -> B:
        """Return a copy whose *allowed_tools* are these: names, or one list of them."""
        return self.evolve(allowed_tools=_spread(tools))

    def without_tools(self: B, *tools: str) -> B:
        """Return a copy whose *disallowed_tools* are these: names, or one list of them."""
        return self.evolve(disallowed_tools=_spread(tools))

    def builder(self, name: str) -> str:
        """
        Return the option that the method `with_<option>` sets.

        Raises:
            AttributeError: There is no such option.
        """
        option = name.removeprefix("with_")
        if option == name or option not in _names(type(self)):
            raise AttributeError(f"no attribute {name!r}; {_hint(self, name)}", name=name, obj=self)
        return option

    def __getattr__(self: B, name: str) -> Callable[..., B]:
        # with_model("opus"), with_cwd(path) ...: one builder for each option.
        option = self.builder(name)
        return lambda value=True: self.evolve(**{option: value})

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_shown(name, value)}" for name, value in self.non_defaults().items())
        return f"Options({shown})"


def _shown(name: str, value: object) -> str:
    if name in _MASKED and isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: ***" for key in value) + "}"
    if name in _MASKED:
        return "***"
    return truncate(repr(value), 80, "...")


def _spread(names: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(names[0]) if len(names) == 1 and isinstance(names[0], (list, tuple)) else names
