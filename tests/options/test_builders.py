"""
Changed copies of options: only what changes is converted and checked.
"""
from __future__ import annotations

import sys
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_sdk import ConfigurationError, Options
from agent_sdk.options import builders
from agent_sdk.options.options import NAMES, NO_SESSION
from agent_sdk.stores import MemoryStore

STORE = MemoryStore()


def _ask(tool_name, tool_input, context):
    return True


#: Names of the rules, and some others; None and False are the defaults.
VALUES = {
    "resume": [None, str(uuid.UUID(int=7)), "a title"],
    "continue": [False, True],
    "fork_session": [False, True],
    "session_id": [None, str(uuid.UUID(int=8))],
    "resume_session_at": [None, "x"],
    "model": [None, "a", "b"],
    "fallback_model": [None, "a", ["b", "c"]],
    "permission_mode": [None, "plan", "bypass_permissions"],
    "thinking": [None, "adaptive"],
    "max_thinking_tokens": [None, 0, 5],
    "can_use_tool": [None, _ask],
    "permission_prompt_tool_name": [None, "mcp__x__y"],
    "permission_prompts": [None, "none", "host"],
    "output": [None, int],
    "output_format": [None, {"type": "object"}],
    "session_store": [None, STORE],
    "enable_file_checkpointing": [False, True],
    "persist_session": [True, False],
    "sandbox": [None, {"enabled": True}],
    "settings": [None, "{}", {"a": 1}, {"a": True}],
    "tools": [None, [], "Read"],
    "timeout": [None, 1, 1.0],
}
changes = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()})


def _made(make):
    try:
        return make()
    except ConfigurationError as error:
        return str(error)


@given(changes, changes)
@settings(max_examples=300, deadline=None)
def test_a_copy_equals_one_made_anew(first, second):
    """`evolve` gives what all values together give, or the same error."""
    options = _made(lambda: Options(**first))
    if isinstance(options, str):
        return
    whole = {name: value for name, value in options.non_defaults().items() if name != "continue_conversation"}
    whole = {**whole, "continue": options.continue_conversation, **second}
    evolved, rebuilt = _made(lambda: options.evolve(**second)), _made(lambda: Options(**whole))
    assert (evolved, repr(evolved)) == (rebuilt, repr(rebuilt))


def test_rules_name_their_options():
    """A rule is checked when one of its options changes, so it names all that its test reads."""
    for rule in builders.RULES:
        read = set(rule.is_broken.__code__.co_names) & NAMES
        assert rule.names == read


def test_unchanged_values_are_not_converted():
    """A copy runs the converters of the changed options, and no others."""
    options = Options(model="a", tools=["Read"], env={"A": "1"}, settings={"a": 1}, resume="x")
    ran = []

    def note(frame, event, arg):
        if event == "call" and frame.f_code.co_name == "check":
            ran.append(frame.f_locals.get("value"))

    sys.setprofile(note)
    try:
        copy = options.evolve(model="b", tools=options.tools)
        reset = copy.evolve(**NO_SESSION)
    finally:
        sys.setprofile(None)
    assert ran == ["b"]
    assert copy.env is options.env
    assert (reset.model, reset.resume) == ("b", None)


@pytest.mark.parametrize(
    "same", [{}, {"model": "a"}, {"tools": None, "fork_session": False}, NO_SESSION, {"continue": False}], ids=str
)
def test_a_copy_without_a_change_is_the_same_object(same):
    """`evolve` returns the options themselves when every value is as it was."""
    options = Options(model="a")
    assert options.evolve(**same) is options


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"fork_session": 1}, "expected True or False"),
        ({"fork_session": 0}, "expected True or False"),
        ({"tool_workers": True}, "whole number"),
        ({"modle": "x", "model": 5}, "unknown option 'modle'"),
    ],
    ids=str,
)
def test_a_value_that_equals_the_present_one_is_checked(wrong, words):
    """A value of a wrong type is an error, also where it equals the present value."""
    with pytest.raises(ConfigurationError, match=words):
        Options(fork_session=True).evolve(**wrong)


def test_a_value_that_was_changed_in_place_is_checked():
    """A dict that the user changed after it was given is checked again, though it is the same object."""
    servers = {"a": {"type": "http", "url": "http://a"}}
    options = Options(mcp_servers=servers)
    assert options.evolve(mcp_servers=servers) is options
    servers["b"] = 5
    with pytest.raises(ConfigurationError, match="mcp_servers"):
        options.evolve(mcp_servers=servers)
