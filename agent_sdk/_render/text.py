"""
Text from the model and from tools, made fit to be shown: nothing that a terminal obeys, halves of characters joined.
"""
from __future__ import annotations

import re
import unicodedata

from .markdown import legible

#: What a terminal would obey instead of showing it, and what turns the direction of the text around it.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_HALF = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")


def clean(text: str) -> str:
    """Return *text* with its lines, and without what a terminal would obey."""
    return _OBEYED.sub("", _ESCAPE.sub("", joined(text.replace("\r\n", "\n"))))


def joined(text: str) -> str:
    """Join the halves of characters that came in two pieces; a half that stays alone becomes `�`."""
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def split_half(text: str) -> tuple[str, str]:
    """Cut off the first half of a character at the end of *text*: its other half is still to come."""
    return (text[:-1], text[-1]) if "\ud800" <= text[-1:] <= "\udbff" else (text, "")


def one_line(value: object, most: int = 500) -> str:
    """Return a value on one line, of at most *most* characters; what is no text is written as JSON."""
    text = value if isinstance(value, str) else legible(value, None)
    flat = clean(" ".join(text[: most * 4].split()))
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def width_of(text: str) -> int:
    """How many columns of a terminal *text* takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """Cut *text* so that it takes at most so many columns."""
    if width_of(text) <= columns:
        return text
    room, made = columns - 1, ""
    for char in text:
        room -= _columns(char)
        if room < 0:
            break
        made += char
    return made + "…"


def shortened(text: str, most_lines: int, most: int = 20_000) -> list[str]:
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
