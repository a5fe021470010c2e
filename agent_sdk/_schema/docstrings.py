"""
Parse docstrings: the first paragraph and the description of each parameter.

Supports the Google style (`Args:`) and the Sphinx style (`:param name: text`).
"""
from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

_SECTION = re.compile(r"(Args|Arguments|Parameters|Params|Attributes|Keyword Args|Keyword Arguments):\s*$")
_ANY_SECTION = re.compile(r"[A-Z][A-Za-z ]*:\s*$")
_ENTRY = re.compile(r"(?P<indent>\s+)\*{0,2}(?P<name>\w+)\s*(\([^)]*\))?\s*:\s*(?P<text>.*)")
_FIELD = re.compile(r":(?:param|parameter|arg|argument|key|keyword)\s+(?:[^:]*\s)?\*{0,2}(?P<name>\w+)\s*:(?P<text>.*)")


def summary(docstring: str | None) -> str:
    """Return the first paragraph on one line; `""` without one."""
    lines: list[str] = []
    for line in inspect.cleandoc(docstring or "").split("\n"):
        if not line.strip() or line.startswith(":") or _ANY_SECTION.match(line):
            break
        lines.append(line.strip())
    return " ".join(lines)


def parameters(docstring: str | None) -> dict[str, str]:
    """Return the descriptions of parameters (or attributes) by name, each on one line."""
    lines = inspect.cleandoc(docstring or "").split("\n")
    found: dict[str, list[str]] = {}
    for name, text in (*_google_entries(lines), *_sphinx_entries(lines)):
        found.setdefault(name, []).append(text)
    return {name: " ".join(part for part in parts if part) for name, parts in found.items()}


def _google_entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    inside, name, indent = False, "", ""
    for line in lines:
        if line and not line[0].isspace():
            inside, name, indent = bool(_SECTION.match(line)), "", ""
            continue
        entry = _ENTRY.match(line) if inside else None
        # A line that is indented deeper than the first entry continues its description, even with a colon in it.
        if entry and len(entry["indent"]) <= len(indent or entry["indent"]):
            name, indent = entry["name"], entry["indent"]
            yield name, entry["text"].strip()
        elif name and line.strip():
            yield name, line.strip()


def _sphinx_entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    name = ""
    for line in lines:
        field = _FIELD.match(line)
        if field:
            name = field["name"]
            yield name, field["text"].strip()
        elif line[:1].isspace() and line.strip() and name:
            yield name, line.strip()
        else:
            name = ""
