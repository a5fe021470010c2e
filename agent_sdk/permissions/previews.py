"""
What a tool will do, as lines for a person to read: a diff for edits, the input for everything else.

All of it comes from the model, so that characters which do more than show themselves are written as escapes.
"""
from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import Any

from .._core import json_lines
from .updates import AddDirectories, PermissionUpdate, RulesUpdate, SetMode

#: Lines of one preview, at most: what is left out in the middle is counted, and the end is always shown.
MAX_LINES = 60
#: Characters of one line, at most; the same.
MAX_WIDTH = 2000
#: How much of either stays at the end: nothing may hide behind a long beginning.
TAIL_LINES, TAIL_WIDTH = 10, 500
#: Bytes of a file that is read for a diff, at most.
MAX_DIFF_BYTES = 1_000_000


def printable(text: object) -> str:
    """Return *text* on one line, with escapes for what would move the cursor, hide or reverse other text."""
    escaped = "".join(char if char.isprintable() else _escape(char) for char in str(text))
    left_out = len(escaped) - MAX_WIDTH
    if left_out <= 0:
        return escaped
    return f"{escaped[:MAX_WIDTH - TAIL_WIDTH]} …({left_out} more characters)… {escaped[-TAIL_WIDTH:]}"


def _escape(char: str) -> str:
    return "    " if char == "\t" else repr(char)[1:-1]


def preview_lines(tool_name: str, tool_input: dict[str, Any]) -> list[str]:
    """Return the lines that show what *tool_name* will do."""
    diff = _DIFFS.get(tool_name)
    lines = list(diff(tool_input) if diff is not None else _input_lines(tool_input))
    left_out = len(lines) - MAX_LINES
    if left_out > 0:
        lines[MAX_LINES - TAIL_LINES : -TAIL_LINES] = [f"… {left_out} more lines …"]
    return ["  " + printable(line) for line in lines]


def describe_update(update: PermissionUpdate) -> str:
    """Say in a few words what a change of the rules does."""
    if isinstance(update, RulesUpdate):
        what = f"{update.behavior} {', '.join(map(str, update.rules))}"
    elif isinstance(update, SetMode):
        what = f"mode {update.mode}"
    else:
        paths = getattr(update, "directories", ())
        what = f"{'add' if isinstance(update, AddDirectories) else 'remove'} {', '.join(paths)}"
    return printable(f"{what}, {getattr(update, 'destination', 'session')}")


def _input_lines(tool_input: dict[str, Any]) -> Iterator[str]:
    for name, value in tool_input.items():
        text = value if isinstance(value, str) else _to_text(value)
        first, *others = text.split("\n")
        if others:
            yield f"{name}:"
            yield from (f"    {line}" for line in (first, *others))
        else:
            yield f"{name}: {first}"


def _to_text(value: object) -> str:
    try:
        return json_lines.dumps(value)
    except (TypeError, ValueError):
        # Only an input made by hand comes here; it is shown, not sent.
        return repr(value)


def _edit_diff(tool_input: dict[str, Any]) -> Iterator[str]:
    edits = tool_input.get("edits")
    for edit in [edit for edit in edits if isinstance(edit, dict)] if isinstance(edits, list) else [tool_input]:
        yield from _diff(tool_input, str(edit.get("old_string", "")), str(edit.get("new_string", "")))
        if edit.get("replace_all"):
            yield "(everywhere in the file)"


def _write_diff(tool_input: dict[str, Any]) -> Iterator[str]:
    old = _read_text(str(tool_input.get("file_path", "")))
    if old is None:
        yield from _input_lines(tool_input)
        return
    yield from _diff(tool_input, old, str(tool_input.get("content", "")))


def _diff(tool_input: dict[str, Any], old: str, new: str) -> Iterator[str]:
    path = str(tool_input.get("file_path", ""))
    # Not splitlines, which also cuts where no editor shows a new line.
    before, after = (text.split("\n") if text else [] for text in (old, new))
    yield from difflib.unified_diff(before, after, path, path, lineterm="")


def _read_text(path: str) -> str | None:
    """Return the text of the file that would be replaced: empty when there is none, *None* when it is no short text."""
    try:
        if not os.path.isfile(path):
            return None if os.path.exists(path) else ""
        if os.path.getsize(path) > MAX_DIFF_BYTES:
            return None
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, ValueError):
        # Without a diff the whole input is shown.
        return None


_DIFFS = {"Edit": _edit_diff, "MultiEdit": _edit_diff, "Write": _write_diff}
