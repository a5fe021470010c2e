"""
What a mismatch looks like: the nearest recorded thing, and how it differs, as a difference of indented JSON.
"""
from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from .._core import json_lines
from .._core.text import truncate
from ._scrub import canonical_paths

#: Characters of one value that are shown.
MAX_LINE_CHARS = 400
#: Lines of a difference that are shown.
MAX_LINES = 80


def difference(recorded: Any, actual: Any) -> str:
    """Show how *actual* differs from what was *recorded*."""
    lines = list(difflib.unified_diff(_lines(recorded), _lines(actual), "recorded", "now", lineterm="", n=4))
    cut = [*lines[:MAX_LINES], f"... {len(lines) - MAX_LINES} lines more"] if len(lines) > MAX_LINES else lines
    return "\n".join(cut)


def most_similar(actual: Any, recorded: Sequence[Any]) -> Any:
    """Return which of *recorded* is most like *actual*; *None* of none."""
    text = "\n".join(_lines(actual))

    def likeness(candidate: Any) -> float:
        return difflib.SequenceMatcher(None, "\n".join(_lines(candidate)), text, autojunk=False).quick_ratio()

    return max(recorded, key=likeness, default=None)


def _lines(value: Any) -> list[str]:
    lines = json_lines.dumps(_sort_keys(canonical_paths(value)), indent=2).split("\n")
    return [truncate(line, MAX_LINE_CHARS, f"... ({len(line)} characters)") for line in lines]


def _sort_keys(value: Any) -> Any:
    """Return *value* with its keys sorted: their order has no meaning."""
    if isinstance(value, dict):
        return {key: _sort_keys(value[key]) for key in sorted(value)}
    return [_sort_keys(item) for item in value] if isinstance(value, list) else value
