"""
A run in a terminal, line by line as it goes on.
"""
from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from .._core.text import sanitize
from .._render.conversation import Used
from .._render.html import telling
from .._render.text import one_line, shortened
from . import status
from .events import Began, Ended, Finished, Happening, Place, Restarted, Thought, Wrote
from .screen import Screen, screen
from .status import Noted, Working

#: Lines of a result, of an error, and of a diff that are shown, at most.
MOST_RESULT, MOST_ERROR, MOST_DIFF = 5, 12, 40
_INDENT = "  "
_NOTE_STYLES = {"error": "red", "warning": "yellow"}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


class TerminalView:
    """Writes what happens in one run."""

    def take(self, happening: Happening) -> None:
        """Show what happened."""
        # Looked up each time: `sys.stdout` may have been replaced.
        _WRITERS[type(happening)](screen(), happening)

    def finish(self, reason: str, has_begun: bool) -> None:
        """The run has no result."""
        on = screen()
        on.erase()
        on.end_line()
        if reason:
            on.line((f"✗ {reason}", "red"))
        on.group = ""


def _wrote(on: Screen, told: Wrote) -> None:
    if told.place.depth:
        _inner_text(on, told)
        return
    text = sanitize(told.added)
    if text:
        if on.group != "text":
            # What begins with empty lines shall not leave a hole.
            text = text.lstrip("\n")
            on.begin("text")
        on.write(text)
    if told.is_done:
        on.end_line()


def _inner_text(on: Screen, told: Wrote) -> None:
    on.begin("tool")
    indent = _INDENT * told.place.depth
    for line in sanitize(told.whole).strip().split("\n"):
        for part in textwrap.wrap(line, max(20, on.width - len(indent))) or [""]:
            on.line((indent + part, ""))
    on.last_used = None


def _restarted(on: Screen, told: Restarted) -> None:
    on.end_line()
    on.line(("… the reply broke off and begins again", "yellow"))


def _began(on: Screen, told: Began) -> None:
    on.begin("tool")
    _headline(on, told.place, told.used, "●")
    on.passing(f"{_INDENT * (told.place.depth + 1)}running …")


def _headline(on: Screen, place: Place, used: Used, mark: str) -> None:
    given = used.input if used.input not in (None, {}) else ""
    shown = sanitize(telling(given)) or one_line(given, 300)
    name, told = (one_line(used.name), "bold"), (f" {shown}".rstrip(), "dim")
    on.line((_INDENT * place.depth, ""), (f"{mark} ", "cyan"), name, told)
    on.last_used = used


def _ended(on: Screen, told: Ended) -> None:
    used = told.used
    on.begin("tool")
    if on.last_used is not used:
        # Others began meanwhile: say whose result this is.
        _headline(on, told.place, used, "⎿")
    indent = _INDENT * (told.place.depth + 1)
    if used.change is not None:
        _diff(on, indent, used)
    else:
        _result(on, indent, used)
    on.last_used = None


def _diff(on: Screen, indent: str, used: Used) -> None:
    change = used.change
    if change is None:
        return
    on.line((f"{indent}⎿ +{change.added} -{change.removed}", "dim"))
    for line in shortened("\n".join(change.lines), MOST_DIFF):
        shown = sanitize(line)
        on.line((f"{indent}  ", ""), (shown.expandtabs(4), _DIFF_STYLES.get(shown[:1], "dim")))


def _result(on: Screen, indent: str, used: Used) -> None:
    style, most = ("red", MOST_ERROR) if used.is_error else ("dim", MOST_RESULT)
    text = sanitize(used.result or "").strip()
    lines = shortened(text, most) if text else [f"{len(used.images)} images" if used.images else "(no output)"]
    for number, line in enumerate(lines):
        on.line((f"{indent}{'  ' if number else '⎿ '}", "dim"), (line.expandtabs(4), style))


def _noted(on: Screen, told: Noted) -> None:
    if told.is_passing and on.is_live:
        on.end_line()
        on.passing(told.text)
        return
    on.begin("tool")
    mark = "✗" if told.level == "error" else "!" if told.level == "warning" else "·"
    style = _NOTE_STYLES.get(told.level, "dim")
    for number, line in enumerate(shortened(sanitize(told.text), MOST_ERROR)):
        on.line((f"{' ' if number else mark} {line}", style))
    on.last_used = None


def _finished(on: Screen, told: Finished) -> None:
    on.begin("end")
    for number, line in enumerate(shortened(sanitize(told.failure), MOST_ERROR) if told.failure else []):
        on.line((f"{' ' if number else '✗'} {line}", "red"))
    mark = (" ", "") if told.failure else ("✓", "green")
    on.line(mark, (f" {status.closing(told.result, told.retries)}", "dim"))
    on.group = ""


def _ignored(on: Screen, told: Thought) -> None:
    """What a model thought is told while it thinks, as a number of tokens, and not afterwards."""


def _working(on: Screen, told: Working) -> None:
    on.passing(f"{told.text} …")


_WRITERS: dict[type[Any], Callable[[Screen, Any], None]] = {
    Began: _began,
    Ended: _ended,
    Finished: _finished,
    Noted: _noted,
    Restarted: _restarted,
    Thought: _ignored,
    Working: _working,
    Wrote: _wrote,
}
