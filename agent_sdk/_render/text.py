"""Values and long texts of a session, cut to what a person reads."""
from __future__ import annotations

from .._core.text import sanitize_line
from .markdown import readable_json


def one_line(value: object, width: int = 500) -> str:
    """Return a value on one line, sanitized, of at most *width* characters; what is no text is written as JSON."""
    text = value if isinstance(value, str) else readable_json(value, None)
    return sanitize_line(text[: width * 4], width)


def shorten_lines(text: str, most_lines: int, most: int = 20_000) -> list[str]:
    """Return the lines of *text*; of a long one the first and the last, and how many are left out between."""
    if len(text) > most:
        text = f"{text[: most // 2]}\n… {len(text) - most} characters …\n{text[-most // 2 :]}"
    lines = text.strip("\n").split("\n")
    # A line that says "1 more" takes the place of that one.
    if len(lines) <= most_lines + 1:
        return lines
    last = most_lines // 3
    left_out = f"… {len(lines) - most_lines} more lines"
    return [*lines[: most_lines - last], left_out, *lines[len(lines) - last :]]
