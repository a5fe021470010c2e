"""
Errors: a tree, with facts as attributes, that survives a pickle.
"""
from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest

from agent_sdk import errors
from agent_sdk._converter import structure_message
from agent_sdk.testing import frames

CLASSES = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.AgentSDKError)]
MESSAGES = [structure_message(frame) for frame in frames.conversation("hello", "world")]

#: Values for every fact that an error can carry.
FACTS = {
    "searched": ["/a/claude", "/b/claude"],
    "exit_code": -9,
    "stderr": "one\ntwo\n",
    "argv": ["claude", "--x=***"],
    "cwd": "/somewhere",
    "session_id": "s-1",
    "messages": MESSAGES,
    "line": "not json",
    "subtype": "set_model",
    "error_code": "E1",
    "elapsed": 1.5,
    "last_message": MESSAGES[-1],
    "result": MESSAGES[-1],
    "directory": "/somewhere",
    "found": ["/there/s-1.jsonl"],
    "event": "pre_tool_use",
    "handler": "check",
    "tool_name": "Bash",
    "tool_input": {"command": "true"},
    "denials": [{"tool_name": "Bash"}],
    "resets_at": 1_800_000_000.0,
}


def facts_of(kind):
    """Return values for the keyword arguments of a class."""
    parameters = inspect.signature(kind.__init__).parameters.values()
    taken = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    return {name: FACTS.get(name, f"the {name}") for name in taken}


def shown(value):
    """Return a comparable form of a value."""
    if isinstance(value, list):
        return [shown(one) for one in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "twin", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy], ids=["pickle", "copy", "deep"]
)
def test_every_error_pickles_with_its_facts(kind, twin):
    """A copy of an error has its class, text and attributes."""
    facts = facts_of(kind)
    error = kind("what happened", **facts)
    other = twin(error)
    assert (type(other), str(other), other.args) == (kind, str(error), error.args)
    for name in facts:
        assert shown(getattr(other, name)) == shown(getattr(error, name))
        assert name not in FACTS or shown(facts[name]) == shown(getattr(error, name))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_facts_may_be_left_out(kind):
    """An error can be created from a text alone, and every attribute has a default."""
    error = kind("what happened")
    assert str(error) == "what happened"
    for name in facts_of(kind):
        assert hasattr(error, name)


def test_the_tree_is_drawn():
    """The module docstring lists each class below its base class, with its builtin base classes."""
    drawn = errors.__doc__
    for kind in CLASSES:
        line = next(line for line in drawn.splitlines() if re.search(rf"\b{kind.__name__}\b", line))
        for base in kind.__bases__:
            if base not in (Exception, errors.AgentSDKError) and base.__module__ == "builtins":
                assert base.__name__ in line


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ConfigurationError, (ValueError, TypeError)),
        (errors.AgentTimeoutError, (TimeoutError,)),
        (errors.ControlTimeoutError, (TimeoutError, errors.ControlError)),
        (errors.JSONDecodeError, (ValueError,)),
    ],
)
def test_errors_are_also_what_python_calls_them(kind, builtin):
    """Each error is caught by an except clause for its builtin base class."""
    assert all(issubclass(kind, one) for one in builtin)


@pytest.mark.parametrize(
    ("code", "name"), [(0, None), (3, None), (None, None), (-9, "SIGKILL"), (-15, "SIGTERM"), (-250, "250")]
)
def test_a_process_error_names_the_signal(code, name):
    """`signal` is the name of the signal for a negative exit code."""
    assert errors.ProcessError("x", exit_code=code).signal == name


def test_a_process_error_shows_the_last_lines():
    """The text of a ProcessError ends with the last twenty lines of standard error."""
    text = str(errors.ProcessError("it ended", stderr="".join(f"line {n}\n" for n in range(30))))
    assert text.splitlines() == ["it ended", *(f"line {n}" for n in range(10, 30))]


def test_lists_are_the_error_s_own():
    """Changing the arguments after construction does not change the error."""
    given = ["a"]
    error = errors.CLINotFoundError("x", searched=given)
    given.append("b")
    assert error.searched == ["a"]
