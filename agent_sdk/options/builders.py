"""
Behaviour of `Options`: checks of names, values and conflicts, changed copies, and a repr that masks secrets.
Refers to single options only in the rules.
"""
from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from .._core.checks import is_uuid
from .._core.text import did_you_mean, truncate
from ..errors import ConfigurationError
from .converters import unknown_local_tool

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .typing import OptionMethods, OptionValues
else:
    OptionMethods = object

B = TypeVar("B", bound="OptionBuilders")

#: `continue` is a Python keyword; both names are accepted where options are passed by name.
ALIASES = {"continue": "continue_conversation"}
#: Options whose values can contain secrets.
_SECRET_OPTIONS = ("env", "settings", "extra_args", "mcp_servers", "agents")
#: Types whose equal values are interchangeable. Other types are compared by identity: `{"a": 1} == {"a": True}`.
_SCALARS = (str, int, float, bool)


@attrs.frozen
class OptionRule:
    """A conflict between options: their names, the test and the remedy."""

    names: frozenset[str]
    is_broken: Callable[[Any], object]
    #: *None*: the test returns the text.
    remedy: str | None


RULES: tuple[OptionRule, ...] = (
    OptionRule(
        frozenset({"resume", "continue_conversation"}),
        lambda o: o.resume and o.continue_conversation,
        "resume and continue_conversation are mutually exclusive; set only one",
    ),
    OptionRule(
        frozenset({"resume_session_at", "resume"}),
        lambda o: o.resume_session_at and not o.resume,
        "resume_session_at requires resume; set resume to the session that contains the message",
    ),
    OptionRule(
        frozenset({"session_id", "resume", "continue_conversation", "fork_session"}),
        lambda o: o.session_id and (o.resume or o.continue_conversation) and not o.fork_session,
        "session_id sets the id of a new session; to resume a session under a new id, add fork_session=True",
    ),
    OptionRule(
        frozenset({"model", "fallback_model"}),
        lambda o: o.model is not None and o.fallback_model is not None and o.model in o.fallback_model,
        "fallback_model must differ from model",
    ),
    OptionRule(
        frozenset({"permission_mode"}),
        lambda o: o.permission_mode == "bypassPermissions" and os.name == "posix" and os.geteuid() == 0,
        "the CLI rejects permission_mode='bypass_permissions' for root; use another user or set allowed_tools",
    ),
    OptionRule(
        frozenset({"disallowed_tools", "custom_tools", "mcp_servers"}),
        lambda o: o.disallowed_tools and unknown_local_tool(o.disallowed_tools, o.mcp_servers, o.custom_tools),
        None,
    ),
    OptionRule(
        frozenset({"thinking", "max_thinking_tokens"}),
        lambda o: o.thinking is not None and o.max_thinking_tokens is not None,
        "thinking and max_thinking_tokens set the same value; set only one",
    ),
    OptionRule(
        frozenset({"can_use_tool", "permission_prompt_tool_name"}),
        lambda o: o.can_use_tool is not None and o.permission_prompt_tool_name is not None,
        "can_use_tool and permission_prompt_tool_name are mutually exclusive; set only one",
    ),
    OptionRule(
        frozenset({"output", "output_format"}),
        lambda o: o.output is not None and o.output_format is not None,
        "output and output_format set the same value; set only one",
    ),
    OptionRule(
        frozenset({"can_use_tool", "permission_prompts"}),
        lambda o: o.can_use_tool is not None and o.permission_prompts == "none",
        "can_use_tool is never called with permission_prompts='none'; set only one",
    ),
    OptionRule(
        frozenset({"session_store", "enable_file_checkpointing"}),
        lambda o: o.session_store is not None and o.enable_file_checkpointing,
        "enable_file_checkpointing is local to this machine and does not work with session_store; set only one",
    ),
    OptionRule(
        frozenset({"session_store", "persist_session"}),
        lambda o: o.session_store is not None and not o.persist_session,
        "session_store requires persist_session=True; remove one of the two options",
    ),
    OptionRule(
        frozenset({"session_store", "resume"}),
        lambda o: o.session_store is not None and o.resume and not is_uuid(o.resume),
        "with session_store, resume must be a session id; titles are local to one machine",
    ),
    OptionRule(
        frozenset({"sandbox", "settings"}),
        lambda o: o.sandbox is not None and isinstance(o.settings, str),
        "sandbox is merged into settings; with sandbox, settings must be a dict",
    ),
)


_fields: Callable[[type], dict[str, Any]] = functools.cache(attrs.fields_dict)
_defaults: Callable[[type], dict[str, Any]] = functools.cache(
    lambda cls: {name: field.default for name, field in _fields(cls).items()}
)


def _is_same(new: object, old: object) -> bool:
    return new is old or (type(new) is type(old) and isinstance(new, _SCALARS) and new == old)


def _changes(fields: Mapping[str, Any], given: dict[str, Any], current: Callable[[str], Any]) -> dict[str, Any]:
    """Return the values of *given* that differ from the current ones, converted."""
    for alias in ALIASES.keys() & given.keys():
        given[ALIASES[alias]] = given.pop(alias)
    unknown = given.keys() - fields.keys()
    if unknown:
        raise _unknown_option(min(unknown), fields)
    changes = {}
    for name, value in given.items():
        field, old = fields[name], current(name)
        # Defaults and current values are already converted, unless the user modified a dict or list in place.
        is_valid = value is field.default or (value is old and not isinstance(value, (dict, list)))
        new = value if is_valid or field.converter is None else field.converter(value)
        if value is not old and not _is_same(new, old):
            changes[name] = new
    return changes


def _fill(options: OptionBuilders, values: Mapping[str, Any], changed: Iterable[str]) -> None:
    for name, value in values.items():
        object.__setattr__(options, name, value)  # the class is frozen
    for rule in RULES:
        broken = not rule.names.isdisjoint(changed) and rule.is_broken(options)
        if broken:
            raise ConfigurationError(rule.remedy or str(broken))


def _attribute_hint(options: object, name: str) -> str:
    from .._core.official_names import METHODS

    if name in METHODS:
        return f"use {METHODS[name]}"
    known = [f"with_{option}" for option in _fields(type(options))] if name.startswith("with_") else []
    return did_you_mean(name, known, "options are set by with_<option>, such as with_model")


def _unknown_option(name: str, names: Iterable[str]) -> ConfigurationError:
    from .._core.official_names import OPTIONS

    if name in OPTIONS:
        return ConfigurationError(f"unknown option {name!r}; in this SDK: {OPTIONS[name]}")
    hint = did_you_mean(name, names, "options_schema() lists all options")
    return ConfigurationError(f"unknown option {name!r}; {hint}")


class OptionBuilders(OptionMethods):
    """Methods that return changed copies, and the repr."""

    __slots__ = ()

    def __init__(self, *unnamed: Any, **given: Any) -> None:
        if unnamed:
            raise ConfigurationError(f"Options({unnamed[0]!r}): options must be passed by name, such as model='sonnet'")
        defaults = _defaults(type(self))
        changes = _changes(_fields(type(self)), given, defaults.__getitem__)
        _fill(self, {**defaults, **changes}, changes)

    def non_defaults(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, by name."""
        values = ((name, getattr(self, name), default) for name, default in _defaults(type(self)).items())
        return {name: value for name, value, default in values if value is not default and value != default}

    def evolve(self: B, **changes: Unpack[OptionValues]) -> B:
        """
        Return a copy with *changes*; return this object itself when nothing changes.

        Raises:
            ConfigurationError: A name or value is invalid, or options conflict.
        """
        if not changes:
            return self
        fields = _fields(type(self))
        changed = _changes(fields, changes, functools.partial(getattr, self))  # type: ignore[arg-type]
        if not changed:
            return self
        copy = object.__new__(type(self))
        _fill(copy, {**{name: getattr(self, name) for name in fields}, **changed}, changed)
        return copy

    def with_tools(self: B, *tools: str) -> B:
        """Return a copy with *allowed_tools* set to these names or rules, given as arguments or as one list."""
        return self.evolve(allowed_tools=_flatten(tools))

    def without_tools(self: B, *tools: str) -> B:
        """Return a copy with *disallowed_tools* set to these names or rules, given as arguments or as one list."""
        return self.evolve(disallowed_tools=_flatten(tools))

    def builder(self, name: str) -> str:
        """
        Return the option that the method `with_<option>` sets.

        Raises:
            AttributeError: The option does not exist.
        """
        option = name.removeprefix("with_")
        if option == name or option not in _fields(type(self)):
            raise AttributeError(f"no attribute {name!r}; {_attribute_hint(self, name)}", name=name, obj=self)
        return option

    if not TYPE_CHECKING:  # which read the methods in `options.typing`

        def __getattr__(self, name: str) -> Callable[..., Any]:
        # with_model("opus"), with_cwd(path) ...: one builder per option.
            option = self.builder(name)
            return lambda value=True: self.evolve(**{option: value})

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_format_value(name, value)}" for name, value in self.non_defaults().items())
        return f"Options({shown})"


def _format_value(name: str, value: object) -> str:
    if name in _SECRET_OPTIONS and isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: ***" for key in value) + "}"
    if name in _SECRET_OPTIONS:
        return "***"
    return truncate(repr(value), 80, "...")


def _flatten(names: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(names[0]) if len(names) == 1 and isinstance(names[0], (list, tuple)) else names
