"""
`ask`: a permission callback that asks the user at the terminal or in the notebook.

Lines are read with `input`, which a notebook replaces with an input field. The displayed text comes from the model;
`previews` escapes it so that it cannot overwrite the question.
"""
from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any, Protocol

from .._core import checks as check
from .context import PermissionContext
from .decisions import Allow, Deny, PermissionCallback
from .previews import describe_update, preview_lines, printable
from .questions import ask_question

ReadLine = Callable[[str], str]

#: Maximum number of times the user is asked until the answer is valid.
MAX_ATTEMPTS = 3


class TextOutput(Protocol):
    """The stream that questions are written to."""

    def write(self, text: str, /) -> Any:
        """Write *text*."""

    def flush(self) -> Any:
        """Flush the written text."""


def ask(input: ReadLine | None = None, output: TextOutput | None = None) -> PermissionCallback:
    """
    Return a callback that shows a preview of the tool and asks: yes, no, or always if the CLI suggests a rule.

    Text after `no` is sent to the model. End of input denies. Questions of AskUserQuestion are asked one by one. Valid
    answers are numbers, labels or free text; multiple-choice answers are separated by commas.

    Args:
        input: Reads one line, called with the question; defaults to Python's `input`.
        output: The stream for the preview; defaults to `sys.stdout`.

    Raises:
        ConfigurationError: *input* is not a function.
    """
    check.function("input")(input)

    def decide(tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> Allow | Deny:
        if context.cancelled:
            return Deny()
        # Looked up for each question, because a notebook may replace both at any time.
        read = input or builtins.input
        stream = output or sys.stdout
        try:
            if tool_name == "AskUserQuestion":
                return _ask_questions(read, stream, tool_input)
            _show_request(stream, tool_name, tool_input, context)
            return _read_answer(read, stream, context)
        except EOFError:
            return Deny("No user is available to allow this tool.")

    return decide


def _show_request(stream: TextOutput, tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> None:
    title = context.title or f"Claude wants to use {tool_name}"
    lines = ["", printable(title), *preview_lines(tool_name, tool_input)]
    facts = (("reason", context.decision_reason), ("path", context.blocked_path), ("subagent", context.agent_id))
    lines += [f"  ({name}: {printable(text)})" for name, text in facts if text]
    stream.write("\n".join(lines) + "\n")
    stream.flush()


def _read_answer(read: ReadLine, stream: TextOutput, context: PermissionContext) -> Allow | Deny:
    updates = [] if context.suppress_always_allow_rule else context.suggestions
    choices = "[y]es / [n]o" + (f" / [a]lways ({'; '.join(map(describe_update, updates))})" if updates else "")
    for _ in range(MAX_ATTEMPTS):
        word, _, rest = read(f"Allow? {choices}: ").strip().partition(" ")
        if word.lower() in ("y", "yes") and not rest:
            return Allow()
        if word.lower() in ("a", "always") and updates and not rest:
            return Allow(updated_permissions=updates)
        if word.lower().rstrip(",:.") in ("n", "no"):
            return Deny(rest.strip()) if rest.strip() else Deny()
        stream.write("Please enter one of these choices. Text after 'no' is sent to Claude.\n")
        stream.flush()
    return Deny()


def _ask_questions(read: ReadLine, stream: TextOutput, tool_input: dict[str, Any]) -> Allow | Deny:
    questions = tool_input.get("questions")
    answers: dict[str, str] = {}
    for question in questions if isinstance(questions, list) else ():
        answer = ask_question(question, read, stream.write, MAX_ATTEMPTS)
        if answer is None:
            return Deny("The user did not answer the questions.")
        answers[str(question["question"])] = answer
    return Allow({**tool_input, "answers": answers})
