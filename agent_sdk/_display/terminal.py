"""
Shows a run in a terminal, line by line.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.text import sanitize
from .._render.conversation import Change, ToolUse
from .._render.text import input_line, one_line, shorten_lines
from . import status
from .events import DisplayEvent, ReplyRestarted, RunFinished, Scope, TextDelta, ThinkingText, ToolFinished, ToolStarted
from .screen import Screen, current_screen
from .status import Notice, Progress

#: Maximum number of lines shown of a result, an error and a diff.
MAX_RESULT_LINES, MAX_ERROR_LINES, MAX_DIFF_LINES = 5, 12, 40
_INDENT = "  "
_NOTICE_STYLES = {"error": ("✗", "red"), "warning": ("!", "yellow")}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


class TerminalView:
    """Writes the events of one run."""

    def handle(self, event: DisplayEvent) -> None:
        """Show *event*."""
        # Looked up each time: the program may have replaced `sys.stdout`.
        _WRITERS[type(event)](current_screen(), event)

    def finish(self, reason: str, has_begun: bool) -> None:
        """End a run that has no result."""
        screen = current_screen()
        screen.erase_progress()
        screen.end_line()
        if reason:
            screen.write_line((f"✗ {reason}", "red"))
        screen.group = ""


def _write_text(screen: Screen, event: TextDelta) -> None:
    if event.scope.depth:
        _write_subagent_text(screen, event)
        return
    text = sanitize(event.added)
    if screen.is_live and event.is_done and event.added == event.whole and text.strip():
        screen.begin_group("text")
        screen.write_markdown(text)
    elif text:
        if screen.group != "text":
            # Leading empty lines would leave a gap.
            text = text.lstrip("\n")
            screen.begin_group("text")
        screen.write(text)
    if event.is_done:
        screen.end_line()


def _write_subagent_text(screen: Screen, event: TextDelta) -> None:
    screen.begin_group("tool")
    screen.write_markdown(sanitize(event.whole).strip(), _INDENT * event.scope.depth)
    screen.last_tool_use = None


def _write_restart(screen: Screen, event: ReplyRestarted) -> None:
    screen.end_line()
    screen.write_line(("… the reply was interrupted and starts again", "yellow"))


def _write_tool_start(screen: Screen, event: ToolStarted) -> None:
    screen.begin_group("tool")
    _write_headline(screen, event.scope, event.tool_use, "●")
    screen.show_progress(f"{_INDENT * (event.scope.depth + 1)}running …")


def _write_headline(screen: Screen, scope: Scope, tool_use: ToolUse, mark: str) -> None:
    name, argument = (one_line(tool_use.name), "bold"), (f" {input_line(tool_use.input, 300)}".rstrip(), "dim")
    screen.write_line((_INDENT * scope.depth, ""), (f"{mark} ", "cyan"), name, argument)
    screen.last_tool_use = tool_use


def _write_tool_end(screen: Screen, event: ToolFinished) -> None:
    tool_use = event.tool_use
    screen.begin_group("tool")
    if screen.last_tool_use is not tool_use:
        # Other tools started meanwhile: name the tool of this result.
        _write_headline(screen, event.scope, tool_use, "⎿")
    indent = _INDENT * (event.scope.depth + 1)
    if tool_use.change is not None:
        _write_diff(screen, indent, tool_use.change)
    else:
        _write_result(screen, indent, tool_use)
    screen.last_tool_use = None


def _write_diff(screen: Screen, indent: str, change: Change) -> None:
    screen.write_line((f"{indent}⎿ +{change.added} -{change.removed}", "dim"))
    for line in shorten_lines("\n".join(change.lines), MAX_DIFF_LINES):
        shown = sanitize(line)
        screen.write_line((f"{indent}  ", ""), (shown.expandtabs(4), _DIFF_STYLES.get(shown[:1], "dim")))


def _write_result(screen: Screen, indent: str, tool_use: ToolUse) -> None:
    style, max_lines = ("red", MAX_ERROR_LINES) if tool_use.is_error else ("dim", MAX_RESULT_LINES)
    text = sanitize(tool_use.result or "").strip()
    nothing = f"{len(tool_use.images)} images" if tool_use.images else "(no output)"
    lines = shorten_lines(text, max_lines) if text else [nothing]
    for number, line in enumerate(lines):
        screen.write_line((f"{indent}{'  ' if number else '⎿ '}", "dim"), (line.expandtabs(4), style))


def _write_notice(screen: Screen, event: Notice) -> None:
    if event.is_passing and screen.is_live:
        screen.end_line()
        screen.show_progress(event.text)
        return
    screen.begin_group("tool")
    mark, style = _NOTICE_STYLES.get(event.level, ("·", "dim"))
    for number, line in enumerate(shorten_lines(sanitize(event.text), MAX_ERROR_LINES)):
        screen.write_line((f"{' ' if number else mark} {line}", style))
    screen.last_tool_use = None


def _write_run_end(screen: Screen, event: RunFinished) -> None:
    screen.begin_group("end")
    for number, line in enumerate(shorten_lines(sanitize(event.failure), MAX_ERROR_LINES) if event.failure else []):
        screen.write_line((f"{' ' if number else '✗'} {line}", "red"))
    mark = (" ", "") if event.failure else ("✓", "green")
    screen.write_line(mark, (f" {status.run_summary(event.result, event.retries)}", "dim"))
    screen.group = ""


def _ignored(screen: Screen, event: ThinkingText) -> None:
    """Ignore finished thinking: while the model thinks, the progress line counts its tokens."""


def _write_progress(screen: Screen, event: Progress) -> None:
    screen.show_progress(f"{event.text} …")


_WRITERS: dict[type[Any], Callable[[Screen, Any], None]] = {
    ToolStarted: _write_tool_start,
    ToolFinished: _write_tool_end,
    RunFinished: _write_run_end,
    Notice: _write_notice,
    ReplyRestarted: _write_restart,
    ThinkingText: _ignored,
    Progress: _write_progress,
    TextDelta: _write_text,
}
