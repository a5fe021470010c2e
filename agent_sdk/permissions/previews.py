"""
Previews of tool uses as lines of text for the user: a diff for edits, the input for all other tools.

The text comes from the model, so control characters are escaped.
"""
from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import Any

from .._core import json_lines
from .updates import AddDirectories, PermissionUpdate, RulesUpdate, SetMode

#: Maximum lines of a preview. Lines in the middle are omitted and counted; the end is always shown.
MAX_LINES = 60
#: Maximum characters of a line, truncated in the same way.
MAX_WIDTH = 2000
#: Lines and characters kept at the end, so a long beginning cannot hide the end.
TAIL_LINES, TAIL_WIDTH = 10, 500
#: Maximum size in bytes of a file that is read for a diff.
MAX_DIFF_BYTES = 1_000_000


def printable(text: object) -> str:
    """Return *text* on one line. Characters that move the cursor, or hide or reverse text, are escaped."""
    escaped = "".join(char if char.isprintable() else _escape(char) for char in str(text))
    left_out = len(escaped) - MAX_WIDTH
    if left_out <= 0:
        return escaped
    return f"{escaped[:MAX_WIDTH - TAIL_WIDTH]} …({left_out} more characters)… {escaped[-TAIL_WIDTH:]}"


def _escape(char: str) -> str:
    return "    " if char == "\t" else repr(char)[1:-1]


def preview_lines(tool_name: str, tool_input: dict[str, Any]) -> list[str]:
    """Return the preview of a use of *tool_name*."""
    diff = _DIFFS.get(tool_name)
    lines = list(diff(tool_input) if diff is not None else _input_lines(tool_input))
    left_out = len(lines) - MAX_LINES
    if left_out > 0:
        lines[MAX_LINES - TAIL_LINES : -TAIL_LINES] = [f"… {left_out} more lines …"]
    return ["  " + printable(line) for line in lines]


def describe_update(update: PermissionUpdate) -> str:
    """Return a short description of a permission update."""
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
        # Only an input created in Python can fail here, and it is only displayed.
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
    # Not splitlines(), which also splits at characters that editors do not show as a line break.
    before, after = (text.split("\n") if text else [] for text in (old, new))
    yield from difflib.unified_diff(before, after, path, path, lineterm="")


def _read_text(path: str) -> str | None:
    """Return the text of the file to be replaced, `""` if it does not exist, *None* if it is too long or not text."""
    try:
        if not os.path.isfile(path):
            return None if os.path.exists(path) else ""
        if os.path.getsize(path) > MAX_DIFF_BYTES:
            return None
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, ValueError):
        # The caller shows the whole input instead of a diff.
        return None


_DIFFS = {"Edit": _edit_diff, "MultiEdit": _edit_diff, "Write": _write_diff}
