"""
Describe a mismatch: find the most similar recorded value, and format a diff of indented JSON.
"""
from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from .._core import json_lines
from .._core.text import truncate
from ._scrub import canonical_paths

#: Maximum characters shown of one value.
MAX_LINE_CHARS = 400
#: Maximum lines shown of a diff.
MAX_LINES = 80


def difference(recorded: Any, actual: Any) -> str:
    """Return a diff between *actual* and the *recorded* value."""
    lines = list(difflib.unified_diff(_lines(recorded), _lines(actual), "recorded", "now", lineterm="", n=4))
    cut = [*lines[:MAX_LINES], f"... {len(lines) - MAX_LINES} more lines"] if len(lines) > MAX_LINES else lines
    return "\n".join(cut)


def most_similar(actual: Any, recorded: Sequence[Any]) -> Any:
    """Return the value in *recorded* that is most similar to *actual*; *None* if *recorded* is empty."""
    text = "\n".join(_lines(actual))

    def likeness(candidate: Any) -> float:
        return difflib.SequenceMatcher(None, "\n".join(_lines(candidate)), text, autojunk=False).quick_ratio()

    return max(recorded, key=likeness, default=None)


def _lines(value: Any) -> list[str]:
    lines = json_lines.dumps(_sort_keys(canonical_paths(value)), indent=2).split("\n")
    return [truncate(line, MAX_LINE_CHARS, f"... ({len(line)} characters)") for line in lines]


def _sort_keys(value: Any) -> Any:
    """Return *value* with sorted keys, whose order has no meaning."""
    if isinstance(value, dict):
        return {key: _sort_keys(value[key]) for key in sorted(value)}
    return [_sort_keys(item) for item in value] if isinstance(value, list) else value
