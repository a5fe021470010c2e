"""
Asks the user the questions of AskUserQuestion and reads the answers. Used by `prompts.ask`.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .previews import printable

WriteText = Callable[[str], Any]


def ask_question(question: object, read: Callable[[str], str], write: WriteText, attempts: int) -> str | None:
    """
    Ask one of the tool's `questions` and return the answer: a label, labels joined by commas, or free text. Returns
    *None* when the question is invalid or all *attempts* returned an empty line.
    """
    if not isinstance(question, Mapping) or not isinstance(question.get("question"), str):
        return None
    labels, several = _labels(question), question.get("multiSelect") is True
    write("\n".join(_question_lines(question)) + "\n")
    hint = "Numbers, with commas" if several else "Number"
    for _ in range(attempts):
        line = read(f"{hint}, or free text: " if labels else "Your answer: ").strip()
        if line:
            return _parse_choices(line, labels) if several else _parse_choice(line, labels)
    return None


def _options(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    options = question.get("options")
    return [option for option in options if isinstance(option, Mapping)] if isinstance(options, list) else []


def _labels(question: Mapping[str, Any]) -> list[str]:
    return [str(option.get("label", "")) for option in _options(question)]


def _question_lines(question: Mapping[str, Any]) -> list[str]:
    header = question.get("header")
    lines = ["", (f"[{printable(header)}] " if header else "") + printable(question["question"])]
    for number, option in enumerate(_options(question), start=1):
        about = option.get("description")
        lines.append(f"  {number}. {printable(option.get('label', ''))}" + (f": {printable(about)}" if about else ""))
    return lines


def _parse_choices(line: str, labels: list[str]) -> str:
    whole = _parse_choice(line, labels)
    if whole in labels:
        # A label may contain a comma.
        return whole
    return ", ".join(dict.fromkeys(_parse_choice(part.strip(), labels) for part in line.split(",") if part.strip()))


def _parse_choice(word: str, labels: list[str]) -> str:
    if word.isdecimal() and 1 <= int(word) <= len(labels):
        return labels[int(word) - 1]
    return next((label for label in labels if label.lower() == word.lower()), word)
