"""
Text utilities: truncation, sanitizing for terminals, table alignment, and suggestions for misspelled names.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SURROGATE = re.compile("[\ud800-\udfff]")
#: Control characters, and characters that change the text direction.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")


def truncate(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut *text* to at most *width* characters; *ellipsis* counts towards *width* and marks the cut."""
    return text if len(text) <= width else text[: width - len(ellipsis)] + ellipsis


def sanitize(text: str) -> str:
    """Return *text* without terminal control sequences; newlines and tabs are kept."""
    return _CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", join_surrogates(text.replace("\r\n", "\n"))))


def sanitize_line(text: str, width: int | None = None) -> str:
    """Return *text* on one line, sanitized, cut to *width* characters."""
    line = sanitize(" ".join(text.split()))
    return line if width is None else truncate(line, width)


def join_surrogates(text: str, errors: str = "replace") -> str:
    """
    Join surrogate pairs that arrived in two pieces.

    Args:
        errors: Handling of unpaired surrogates: `"replace"` inserts `�`, `"surrogatepass"` keeps them.
    """
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", errors)


def split_surrogate(text: str) -> tuple[str, str]:
    """Split off an unpaired high surrogate at the end of *text*; its low surrogate is still to come."""
    return (text[:-1], text[-1]) if "\ud800" <= text[-1:] <= "\udbff" else (text, "")


def nearest(word: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the known name most similar to *word*; `""` if none is similar."""
    import difflib

    return next(iter(difflib.get_close_matches(str(word), list(known), n=1, cutoff=cutoff)), "")


def did_you_mean(word: object, known: Iterable[str], otherwise: str = "") -> str:
    """Return `did you mean 'x'?` for a misspelled *word*, or *otherwise* if no known name is similar."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else otherwise


def display_width(text: str) -> int:
    """Return the number of terminal columns that *text* occupies."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _char_width(char: str) -> int:
    import unicodedata

    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, columns: int) -> str:
    """Cut *text* to at most *columns* terminal columns."""
    if display_width(text) <= columns:
        return text
    room, kept = columns - 1, ""
    for char in text:
        room -= _char_width(char)
        if room < 0:
            break
        kept += char
    return kept + "…"


def table(rows: Sequence[Sequence[str]], right: int = 0) -> list[str]:
    """Return the lines of a table; the last *right* columns are right-aligned, the others left-aligned."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    left = len(widths) - right
    lines = []
    for row in rows:
        cells = [_padded(cell, widths[place], place >= left) for place, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _padded(cell: str, width: int, right: bool) -> str:
    padding = " " * (width - display_width(cell))
    return padding + cell if right else cell + padding
