"""
Structured output on the real CLI: into classes, dicts, and what happens when the model gives none.
"""
from __future__ import annotations

import dataclasses
import json
import pickle
import re
from typing import Literal, TypedDict

import attrs
import pytest
from helpers import told

import agent_sdk
from agent_sdk import ConfigurationError
from agent_sdk.errors import StructuredOutputError


@attrs.define
class Finding:
    """One thing that is wrong."""

    file: str
    line: int
    severity: Literal["low", "high"] = "low"


@attrs.define
class Report:
    """A code review."""

    summary: str
    findings: list[Finding] = attrs.field(factory=list)


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Movie(TypedDict):
    title: str
    year: int


SCHEMA = {"type": "object", "properties": {"answer": {"type": "number"}}, "required": ["answer"]}
GIVEN = {"summary": "Mostly fine.", "findings": [{"file": "a.py", "line": 3, "severity": "high"}]}

TARGETS = {
    "attrs": (Report, GIVEN, Report("Mostly fine.", [Finding("a.py", 3, "high")])),
    "dataclass": (Point, {"x": 1}, Point(1, 0)),
    "typed-dict": (Movie, {"title": "M", "year": 1931}, {"title": "M", "year": 1931}),
    "schema": (SCHEMA, {"answer": 42}, {"answer": 42}),
    "envelope": ({"type": "json_schema", "schema": SCHEMA}, {"answer": 42}, {"answer": 42}),
    "list": (list[Point], {"value": [{"x": 1}, {"x": 2, "y": 3}]}, [Point(1), Point(2, 3)]),
}


@pytest.mark.parametrize(("target", "given", "expected"), TARGETS.values(), ids=TARGETS)
def test_the_output_is_an_object_of_the_class(real, model, target, given, expected):
    """`output=` asks the model for its schema, and `result.output` is what it describes, already in `on_message`."""
    model.call_tool("StructuredOutput", given)
    seen = []
    result = agent_sdk.query("go", on_message=seen.append, output=target, **real)
    assert result.output == expected and type(result.output) is type(expected)
    assert result.structured_output == given
    assert seen[-1].output == expected
    assert result.raise_for_error() is result


@pytest.mark.smoke
def test_a_misfit_is_tried_again(real, model):
    """The CLI tells the model what does not fit, and the second try counts."""
    model.call_tool("StructuredOutput", {"summary": 5}).call_tool("StructuredOutput", {"summary": "five"})
    assert agent_sdk.query("go", output=Report, **real).output == Report("five")
    assert "must be string" in told(model)


@pytest.mark.parametrize("raises", [False, True])
def test_a_success_without_output_raises(real, model, raises):
    """A model that only talks ends in `StructuredOutputError` with what it said, whatever `raise_on_error` says."""
    with pytest.raises(StructuredOutputError, match="the reply was: I'd rather talk") as caught:
        model.reply("I'd rather talk.").reply("I'd rather talk.")
        agent_sdk.query("go", output=Report, raise_on_error=raises, **real)
    assert caught.value.result.is_success and caught.value.result.output is None
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_what_passes_the_schema_and_not_the_class_raises(real, model):
    """A validator of the class that the schema cannot say is checked too."""

    @attrs.define
    class Even:
        number: int = attrs.field()

        @number.validator
        def _check(self, attribute, value):
            if value % 2:
                raise ValueError("odd")

    model.call_tool("StructuredOutput", {"number": 3})
    with pytest.raises(StructuredOutputError, match="odd"):
        agent_sdk.query("go", output=Even, **real)


def test_a_stream_leaves_the_error_to_its_reader(real, model):
    """In a stream the result arrives without an output; asking for its error raises."""
    model.reply("Talk.").reply("Talk.")
    with agent_sdk.stream("go", output=Report, **real) as stream:
        assert [m.is_result for m in stream][-1]
    assert stream.result.output is None
    with pytest.raises(StructuredOutputError):
        stream.result.raise_for_error()


def test_giving_up_has_its_result(real, model):
    """After too many misfits the result is an error of its own kind, which raises when asked."""
    for _ in range(5):
        model.call_tool("StructuredOutput", {"summary": 5})
    result = agent_sdk.query("go", output=Report, **real)
    assert result.is_error_max_structured_output_retries
    with pytest.raises(StructuredOutputError):
        result.raise_for_error()


@pytest.mark.smoke
def test_an_output_for_one_call(client, model):
    """A client asks for an output in one call, goes on without, and keeps its session."""
    agent = client()
    agent.query("first")
    model.call_tool("StructuredOutput", {"x": 7})
    assert agent.query("second", output=Point).output == Point(7)
    result = agent.query("third")
    assert (result.output, result.is_success) == (None, True)
    assert model.requests[-1].user_texts == ["first", "second", "third"]


def test_output_format_stays_a_dict(real, model):
    """`output_format` gives the bare `structured_output`, and a success without one raises nothing."""
    model.call_tool("StructuredOutput", {"answer": 42})
    result = agent_sdk.query("go", output_format={"type": "json_schema", "schema": SCHEMA}, **real)
    assert (result.structured_output, result.output) == ({"answer": 42}, None)
    model.reply("No.").reply("No.")
    assert agent_sdk.query("go", output_format=SCHEMA, **real).structured_output is None


def test_the_report_of_a_background_agent_does_not_lose_the_output(real, model):
    """Where background work ends after the result with the output, the last result has it still."""
    model.when("subtask").reply("sub done")
    model.call_tool("Task", {"description": "d", "prompt": "subtask", "subagent_type": "general-purpose"})
    model.call_tool("StructuredOutput", {"x": 1})
    model.when("<task-notification>").reply("noticed")
    result = agent_sdk.query("go", output=Point, **real)
    assert result.output == Point(1)
    assert json.loads(result.results[0].content) == {"x": 1}


class NotJson:
    """Neither attrs nor a dataclass."""


WRONG = {
    "no-class": ({"output": NotJson}, "NotJson"),
    "no-schema": ({"output": {"type": "objekt"}}, "objekt"),
    "empty": ({"output": {}}, "expected a class, a JSON Schema"),
    "both": ({"output": Report, "output_format": SCHEMA}, "set the same value"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_wrong_outputs_are_errors_before_a_process_starts(options, said):
    """The CLI takes a wrong schema without a word in the handshake, so it is an error here."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        agent_sdk.query("go", **options)
