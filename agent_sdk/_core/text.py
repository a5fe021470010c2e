"""
Text for people: cut to a length, made safe for a terminal, aligned in a table, with a suggestion for a misspelled name.
"""
from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from typing import Literal

_SURROGATE = re.compile("[\ud800-\udfff]")
#: Control characters, and the marks that change the direction of the text around them.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")

#: Columns of a table whose width is not limited.
MAX_TABLE_WIDTH = 10_000


def truncate(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut *text* to at most *width* characters; *ellipsis*, counted among them, marks what was cut."""
    return text if len(text) <= width else text[: width - len(ellipsis)] + ellipsis


def sanitize(text: str) -> str:
    """Return *text* with its lines, without what a terminal would obey instead of showing it."""
    return _CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", join_surrogates(text.replace("\r\n", "\n"))))


def sanitize_line(text: str, width: int | None = None) -> str:
    """Return *text* on one line, sanitized, cut to *width* characters."""
    line = sanitize(" ".join(text.split()))
    return line if width is None else truncate(line, width)


def join_surrogates(text: str, errors: str = "replace") -> str:
    """
    Join the surrogates of a character that came in two pieces.

    Args:
        errors: What happens to one that stays alone: `"replace"` makes it `�`, `"surrogatepass"` keeps it.
    """
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", errors)


def split_surrogate(text: str) -> tuple[str, str]:
    """Cut off the first surrogate of a pair at the end of *text*: the other one is still to come."""
    return (text[:-1], text[-1]) if "\ud800" <= text[-1:] <= "\udbff" else (text, "")


def nearest(word: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the one of *known* that *word* is most likely a misspelling of; `""` when none is near."""
    import difflib

    return next(iter(difflib.get_close_matches(str(word), list(known), n=1, cutoff=cutoff)), "")


def did_you_mean(word: object, known: Iterable[str], otherwise: str = "") -> str:
    """Return `did you mean 'x'?` for a misspelled *word*, and *otherwise* when no known one is near."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else otherwise


def table(rows: Sequence[Sequence[str]], right: Container[int] = (), width: int | None = None) -> list[str]:
    """
    Return the lines of a table.

    Args:
        right: The columns that are aligned to the right, by number.
        width: Columns of the terminal; the last column of the table is cut to fit.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0), expand=width is not None)
    last = len(rows[0]) - 1
    for column in range(last + 1):
        justify: Literal["left", "right"] = "right" if column in right else "left"
        grid.add_column(justify=justify, no_wrap=True, overflow="ellipsis", ratio=1 if column == last else None)
    for row in rows:
        grid.add_row(*map(Text, row))
    console = Console(color_system=None, width=width or MAX_TABLE_WIDTH, force_jupyter=False)
    with console.capture() as capture:
        console.print(grid)
    return [line.rstrip() for line in capture.get().splitlines()]
