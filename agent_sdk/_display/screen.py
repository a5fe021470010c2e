"""
A terminal, or a stream in its place: its colours, its width, the position of the cursor, and the progress line.

rich styles, wraps and cuts the text.
"""
from __future__ import annotations

import os
import re
import shutil
import sys
import time
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.theme import Theme

from .terminal_markdown import TerminalMarkdown

_THEME = Theme(
    {"markdown.code": "cyan", "markdown.link": "underline", "markdown.hr": "dim", "markdown.block_quote": "dim"}
    | {f"markdown.h{level}": "bold" for level in range(1, 7)}
)
#: The padding at the end of a line.
_PADDING = re.compile(r"(?m) +(\x1b\[0m)?$")
#: Longer Markdown is written as it is: rendering takes seconds.
MAX_RENDERED_CHARS = 500_000
#: Replacements for terminals whose encoding lacks these characters.
_ASCII = str.maketrans("●⎿✓✗…→·•▌─☐☑", "*|+x~>-*|-ox")
#: Seconds between two changes of the progress line.
PROGRESS_INTERVAL = 0.1
_ERASE = "\r\x1b[K"


class Screen:
    """One output stream."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        is_smart = os.environ.get("TERM") != "dumb"
        #: Whether a line can be replaced.
        self.is_live = bool(getattr(stream, "isatty", lambda: False)()) and is_smart
        self.has_colour = self.is_live and not os.environ.get("NO_COLOR")
        #: The group of the last line: `text`, `tool` or `end`; `""` at the start.
        self.group = ""
        #: The tool use whose line was written last.
        self.last_tool_use: object = None
        self._at_start = True
        self._has_progress = False
        self._next_update = 0.0
        self._ascii = not _can_write(stream)
        #: Renders text; `_put` writes it.
        self._console = Console(
            file=stream, force_terminal=self.is_live, color_system="standard" if self.has_colour else None,
            theme=_THEME, force_jupyter=False, highlight=False, legacy_windows=False,
        )  # fmt: skip

    @property
    def width(self) -> int:
        """Number of columns; 100 for a pipe or a terminal of unknown width."""
        return max(20, shutil.get_terminal_size((100, 24)).columns) - 1

    def write(self, text: str) -> None:
        """Write *text* at the cursor."""
        if not text:
            return
        self.erase_progress()
        self._at_start = text.endswith("\n")
        self._put(text)

    def write_line(self, *parts: tuple[str, str]) -> None:
        """Write one line of parts, each with its style, cut to the width."""
        self.end_line()
        self.erase_progress()
        self._put(self._styled_line(*parts) + "\n")

    def write_markdown(self, text: str, indent: str = "") -> None:
        """Write sanitized Markdown, wrapped to the width: rendered on a terminal, as written elsewhere."""
        self.end_line()
        self.erase_progress()
        block = TerminalMarkdown(text) if self.is_live and len(text) <= MAX_RENDERED_CHARS else Text(text)
        with self._console.capture() as capture:
            self._console.print(block, width=max(20, self.width - len(indent)))
        lines = _PADDING.sub(r"\1", capture.get()).strip("\n").split("\n")
        self._put("".join(f"{indent}{line}\n" for line in lines))

    def end_line(self) -> None:
        """Move the cursor to the start of a line."""
        if not self._at_start:
            self.write("\n")

    def begin_group(self, group: str) -> None:
        """Begin a group of lines, with an empty line after a group of another kind."""
        if self.group != group:
            self.end_line()
            if self.group:
                self.write("\n")
            self.group = group

    def show_progress(self, text: str) -> None:
        """Show *text* on the progress line; only on a terminal, and at most ten times a second."""
        now = time.monotonic()
        if not self.is_live or not self._at_start or now < self._next_update:
            return
        self._next_update, self._has_progress = now + PROGRESS_INTERVAL, True
        # The cursor returns to the start, so output of other code begins there.
        self._put(_ERASE + self._styled_line((text, "dim")) + "\r")

    def erase_progress(self) -> None:
        """Erase the progress line."""
        if self._has_progress:
            self._has_progress, self._next_update = False, 0.0
            self._put(_ERASE)

    def _styled_line(self, *parts: tuple[str, str]) -> str:
        line = Text.assemble(*parts)
        line.truncate(self.width, overflow="ellipsis")
        with self._console.capture() as capture:
            self._console.print(line, soft_wrap=True, end="")
        return capture.get()

    def _put(self, text: str) -> None:
        shown = text.translate(_ASCII) if self._ascii else text
        try:
            self.stream.write(shown)
        except UnicodeEncodeError:
            name = self.stream.encoding or "ascii"
            self.stream.write(shown.encode(name, "replace").decode(name))
        self.stream.flush()


def _can_write(stream: Any) -> bool:
    try:
        "●⎿✓✗…→·".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


_screen: Screen | None = None


def current_screen() -> Screen:
    """Return the screen of `sys.stdout`, which the program may have replaced."""
    global _screen  # noqa: PLW0603 (the position of the cursor belongs to the stream, not to a run)
    if _screen is None or _screen.stream is not sys.stdout:
        _screen = Screen(sys.stdout)
    return _screen
