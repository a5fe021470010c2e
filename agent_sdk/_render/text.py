"""Shortens values and long texts of a session for people."""
from __future__ import annotations

from typing import Any

from .._core.text import sanitize, sanitize_line, truncate
from .markdown import readable_json

#: The fields of a tool's input that describe it best, the best one first.
_HEADLINE_FIELDS = ("file_path", "command", "pattern", "path", "url", "query", "description", "prompt")


def one_line(value: object, width: int = 500) -> str:
    """Return a value on one line, sanitized, of at most *width* characters; JSON for a value other than text."""
    text = value if isinstance(value, str) else readable_json(value, None)
    return sanitize_line(text[: width * 4], width)


def shorten_lines(text: str, max_lines: int, max_chars: int = 20_000) -> list[str]:
    """Return the lines of *text*; of a long text, the first and last lines and the number of lines between them."""
    if len(text) > max_chars:
        text = f"{text[: max_chars // 2]}\n… {len(text) - max_chars} characters …\n{text[-max_chars // 2 :]}"
    lines = text.strip("\n").split("\n")
    # A line "1 more" would take as much room as the omitted line.
    if len(lines) <= max_lines + 1:
        return lines
    last = max_lines // 3
    left_out = f"… {len(lines) - max_lines} more lines"
    return [*lines[: max_lines - last], left_out, *lines[len(lines) - last :]]


def headline(tool_input: Any) -> str:
    """Return the field that describes a tool's input best, on one line; `""` if the input has no such field."""
    fields = tool_input if isinstance(tool_input, dict) else {}
    text = next((fields[key] for key in _HEADLINE_FIELDS if isinstance(fields.get(key), str)), "")
    return truncate(" ".join(text.split()), 100)


def input_line(tool_input: object, width: int) -> str:
    """Return a tool's input on one line, sanitized: its headline, else all of it; `""` for an empty one."""
    given = "" if tool_input in (None, {}) else tool_input
    return sanitize(headline(given)) or one_line(given, width)
