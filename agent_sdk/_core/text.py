"""
Text utilities: truncation, sanitizing for terminals, table alignment, names of functions, and suggestions for
misspelled names.
"""
from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Sequence
from types import CodeType, FunctionType, MethodType
from typing import Literal

# Patterns, not compiled here: compiling them would slow the import of the package.
_SURROGATE = "[\ud800-\udfff]"
#: Control characters, and characters that change the text direction.
_CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
_ESCAPE_SEQUENCE = r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)"

#: Columns of a table whose width is not limited.
MAX_TABLE_WIDTH = 10_000


def truncate(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut *text* to at most *width* characters; *ellipsis* counts towards *width* and marks the cut."""
    return text if len(text) <= width else text[: width - len(ellipsis)] + ellipsis


def sanitize(text: str) -> str:
    """Return *text* without terminal control sequences; newlines and tabs are kept."""
    return re.sub(_CONTROL, "", re.sub(_ESCAPE_SEQUENCE, "", join_surrogates(text.replace("\r\n", "\n"))))


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
    if text.isascii() or re.search(_SURROGATE, text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", errors)


def split_surrogate(text: str) -> tuple[str, str]:
    """Split off an unpaired high surrogate at the end of *text*; its low surrogate is still to come."""
    return (text[:-1], text[-1]) if "\ud800" <= text[-1:] <= "\udbff" else (text, "")


def function_name(function: object) -> str:
    """Return the name of *function* for messages; for a lambda also its file and line."""
    found = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    name = found if isinstance(found, str) else type(function).__name__
    code = getattr(function, "__code__", None)
    return name if code is None else code_name(code, name)


def code_name(code: CodeType, name: str) -> str:
    """Return the name of a function with this *code*; for a lambda also its file and line."""
    if not name.endswith("<lambda>"):
        return name
    return f"{name} in line {code.co_firstlineno} of {os.path.basename(code.co_filename)}"


def repr_value(value: object) -> str:
    """Return the repr of *value* without memory addresses; for a function its name."""
    if isinstance(value, (FunctionType, MethodType)):
        return function_name(value)
    return re.sub(r" at 0x[0-9a-fA-F]+(?=>)", "", repr(value))


def nearest(word: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the known name most similar to *word*; `""` if none is similar."""
    import difflib

    return next(iter(difflib.get_close_matches(str(word), list(known), n=1, cutoff=cutoff)), "")


def did_you_mean(word: object, known: Iterable[str], otherwise: str = "") -> str:
    """Return `did you mean 'x'?` for a misspelled *word*, or *otherwise* if no known name is similar."""
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
