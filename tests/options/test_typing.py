"""
The types of the options for type checkers are those of the options, and the words are those that are checked.
"""
from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

import agent_sdk
from agent_sdk import Options
from agent_sdk._core import literals
from agent_sdk._render.export import FORMATS
from agent_sdk.hooks.events import EVENTS
from agent_sdk.hooks.matchers import FAIL_MODES
from agent_sdk.messages.kinds import predicates
from agent_sdk.options import typing as declared
from agent_sdk.options.converters import EFFORTS
from agent_sdk.options.options import FIELDS, NAMES, SESSION
from agent_sdk.options.retry import CAUSES
from agent_sdk.permissions.modes import MODES
from agent_sdk.permissions.updates import BEHAVIORS, DESTINATIONS
from agent_sdk.testing.cassette import RECORD_MODES

HINTS = get_type_hints(declared.OptionValues)
METHODS = dict(inspect.getmembers(declared.OptionMethods, inspect.isfunction))

#: An option of each type that users may give, in its forms.
EXAMPLES: dict[str, list[Any]] = {
    "fallback_model": ["haiku", ("haiku", "sonnet")],
    "permission_mode": ["acceptEdits", "accept_edits"],
    "tools": ["default", ["Read"], ("Read",)],
    "system_prompt": ["short", ["a", "b"], {"type": "preset"}],
    "settings": ["{}", {}],
    "setting_sources": ["user", ["user", "project"]],
    "env": [{"A": None, "B": "b"}],
    "mcp_servers": [{"a": {"command": "a"}}],
    "thinking": ["adaptive", 2000, {"type": "disabled"}],
    "retry": [3, agent_sdk.Retry()],
    "hooks": [{"stop": print}, {"PreToolUse": [print]}],
    "agents": [{"a": agent_sdk.Agent(description="a", prompt="a")}],
    "timeout": [3, 0.5],
}


def fits(value: Any, hint: Any) -> bool:
    """Whether *value* is of the type *hint*."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any or (value is None and type(None) in inside):
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inside)
    if origin is Literal:
        return value in inside
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(fits(k, inside[0]) and fits(v, inside[1]) for k, v in value.items())
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return isinstance(value, origin) and all(fits(one, inside[0]) for one in value)
    if origin is Callable or hint is Callable:
        return callable(value)
    return isinstance(value, (int, float) if hint is float else origin or hint)


def test_every_option_has_a_type():
    """`OptionValues` has the options, and the keyword of Python that is accepted for one of them."""
    assert HINTS.keys() == NAMES | {"continue"}


def test_defaults_have_the_declared_type():
    """A default may be given by name."""
    assert [field.name for field in FIELDS if not fits(field.default, HINTS[field.name])] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_documented_values_have_the_declared_type(name):
    """What the documents show is accepted, by `Options` and by its types."""
    for value in EXAMPLES[name]:
        Options(**{name: value})
        assert fits(value, HINTS[name])


def test_smaller_sets_leave_out_what_is_declared_beside_them():
    """Functions with an argument of their own name, or with one session, take the other options."""
    every = HINTS.keys()
    assert get_type_hints(declared.OptionsWithoutOutput).keys() == every - {"output"}
    assert get_type_hints(declared.BatchOptions).keys() == every - {"max_budget_usd"}
    assert get_type_hints(declared.TurnOptions).keys() == every - {*SESSION, "continue"}


def test_every_option_has_a_method():
    """`with_<option>` is declared for each option with its type; flags are turned on without a value."""
    assert METHODS.keys() == {f"with_{name}" for name in NAMES - {"tools"}}
    for name, method in METHODS.items():
        value = inspect.signature(method).parameters["value"]
        hint = get_type_hints(method, {**vars(declared), "B": Any})["value"]
        assert (name, hint) == (name, HINTS[name.removeprefix("with_")])
        assert (name, value.default) == (name, True if hint is bool else inspect.Parameter.empty)


def test_methods_exist():
    """Each declared method is there, on `Options` and on a client."""
    client = agent_sdk.client()
    assert [name for name in METHODS if not callable(getattr(Options(), name))] == []
    assert [name for name in METHODS if not callable(getattr(client, name))] == []


@pytest.mark.parametrize(
    ("words", "checked"),
    [
        (literals.PermissionMode, {*MODES, *MODES.values()}),
        (literals.HookEvent, {*EVENTS, *(context.facts.wire_name for context in EVENTS.values())}),
        (literals.MessageKind, set(predicates())),
        (literals.Effort, set(EFFORTS)),
        (literals.FailMode, set(FAIL_MODES)),
        (literals.ExportFormat, set(FORMATS)),
        (literals.RetryCause, set(CAUSES)),
        (literals.RecordMode, set(RECORD_MODES)),
        (literals.RuleDestination, {*DESTINATIONS, *DESTINATIONS.values()}),
        (Literal["allow", "deny", "ask"], set(BEHAVIORS)),
    ],
    ids=["modes", "events", "kinds", "efforts", "fail modes", "formats", "causes", "record modes", "destinations", "behaviors"],
)
def test_words_are_those_that_are_checked(words, checked):
    """A `Literal` has exactly the words that are accepted."""
    assert set(get_args(words)) == checked
