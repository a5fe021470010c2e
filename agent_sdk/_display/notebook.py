"""
Shows a run in a notebook: one output of the cell, which is replaced while the run continues.

The output is sent at most ten times a second, and less often if it is big. A very big output is left as it is, and a
new one is started. No thread runs beside the cell: at the end of the cell the last state is sent, and a run without a
result is marked as stopped.
"""
from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from html import escape
from typing import Any

from .._core import log
from .._core.text import join_surrogates
from . import status as words
from .events import DisplayEvent, ReplyRestarted, RunFinished, Scope, TextDelta, ThinkingText, ToolFinished, ToolStarted
from .notebook_nodes import Node, NoticeNode, TextNode, ThinkingNode, ToolNode, frame_html
from .status import Notice, Progress

#: Seconds between two updates, and characters sent per second.
UPDATE_INTERVAL, CHARS_PER_SECOND = 0.1, 1_000_000
#: Updates that may follow each other at once: the last state before a pause must be shown.
MAX_BURST = 5
#: An output with more characters is followed by a new one.
MAX_CHARS = 300_000


class RateLimiter:
    """Limits updates to ten a second, with a few at once after a pause."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._saved = float(MAX_BURST)
        self._last = clock() - 1

    def allows(self, is_partial: bool, size: int) -> bool:
        """Return whether an update of *size* characters may be sent. A partial one keeps one update in reserve."""
        now, gap = self._clock(), max(UPDATE_INTERVAL, size / CHARS_PER_SECOND)
        self._saved, self._last = min(MAX_BURST, self._saved + (now - self._last) / gap), now
        if self._saved < (2 if is_partial else 1):
            return False
        self._saved -= 1
        return True


class NotebookView:
    """Shows one run in the output of a cell."""

    def __init__(self, shell: Any, at_end: Callable[[str], None]) -> None:
        self._shell = shell
        self._finish_runs = at_end
        self._rate_limiter = RateLimiter()
        self._display: Any = None
        self._nodes: list[Node] = []
        self._open_text: TextNode | None = None
        self._tool_nodes: dict[int, ToolNode] = {}
        #: HTML of the first nodes, which do not change any more.
        self._final_html: list[str] = []
        self._status = ""
        self._end = ""
        self._end_text = ""

    def handle(self, event: DisplayEvent) -> None:
        """Show *event*."""
        _HANDLERS[type(event)](self, event)
        is_partial = isinstance(event, Progress) or (isinstance(event, TextDelta) and not event.is_done)
        if isinstance(event, RunFinished) or self._rate_limiter.allows(is_partial, sum(map(len, self._final_html))):
            self._send()

    def finish(self, reason: str, has_begun: bool) -> None:
        """End a run that has no result."""
        if self._display is None or self._end:
            return
        text = reason or ("stopped without a result" if has_begun else "")
        self._end_text = text or " "
        self._end = f'<div class="end error">✗ {escape(text)}</div>' if text else " "
        self._send()

    # --- events

    def _add_node(self, scope: Scope, node: Node) -> None:
        """Add *node* to the run, or below the tool use that started its subagent."""
        parent = self._tool_nodes.get(id(scope.tool_use)) if scope.tool_use is not None else None
        if parent is None:
            self._nodes.append(node)
            return
        parent.children.append(node)
        self._mark_changed(scope)

    def _mark_changed(self, scope: Scope) -> None:
        # A subagent in the background adds nodes below a finished tool use.
        if scope.depth:
            self._final_html.clear()

    def _on_text(self, event: TextDelta) -> None:
        self._status = ""
        if event.scope.depth:
            self._add_node(event.scope, TextNode(event.whole, True))
            return
        if self._open_text is None and event.whole.strip():
            self._open_text = TextNode("")
            self._nodes.append(self._open_text)
        if self._open_text is not None:
            self._open_text.text, self._open_text.is_done = event.whole, event.is_done
        if event.is_done:
            self._open_text = None

    def _on_restart(self, event: ReplyRestarted) -> None:
        if self._open_text in self._nodes:
            self._nodes.remove(self._open_text)
        self._open_text = None

    def _on_thinking(self, event: ThinkingText) -> None:
        self._add_node(event.scope, ThinkingNode(event.text))

    def _on_tool_started(self, event: ToolStarted) -> None:
        self._status = ""
        node = self._tool_nodes[id(event.tool_use)] = ToolNode(event.tool_use)
        self._add_node(event.scope, node)

    def _on_tool_finished(self, event: ToolFinished) -> None:
        self._status = ""
        node = self._tool_nodes.get(id(event.tool_use))
        if node is not None:
            node.is_done = True
            self._mark_changed(event.scope)

    def _on_notice(self, event: Notice) -> None:
        last = self._nodes[-1] if self._nodes else None
        if isinstance(last, NoticeNode) and last.is_passing:
            del self._nodes[-1]
        self._nodes.append(NoticeNode(event.level, event.text, event.is_passing))

    def _on_progress(self, event: Progress) -> None:
        self._status = event.text

    def _on_run_finished(self, event: RunFinished) -> None:
        failed = f'<div class="note error">✗ {escape(event.failure)}</div>' if event.failure else ""
        closing = words.run_summary(event.result, event.retries)
        mark = "" if event.failure else "✓ "
        self._status = ""
        self._end = f'{failed}<div class="end">{mark}{escape(closing)}</div>'
        self._end_text = f"{event.failure}\n{closing}".strip()

    # --- the output

    def _send(self) -> None:
        """Send the current output."""
        bundle = {"text/html": frame_html("".join(self._parts())), "text/plain": self._plain()}
        bundle = {kind: join_surrogates(text) for kind, text in bundle.items()}
        if self._display is None:
            display = importlib.import_module("IPython.display").display
            self._display = display(bundle, raw=True, display_id=True)
            self._shell.events.register("post_run_cell", self._on_cell_end)
        else:
            self._display.update(bundle, raw=True)
        if len(bundle["text/html"]) > MAX_CHARS and not self._end:
            self._start_new_output()

    def _parts(self) -> list[str]:
        settled = self._final_html
        # A tool use may still get messages of its subagent, and a later notice may replace the last node.
        for node in self._nodes[len(settled) : -1]:
            if not node.is_done or (isinstance(node, NoticeNode) and node.is_passing):
                break
            settled.append(node.html())
        rest = [node.html() for node in self._nodes[len(settled) :]]
        status = f'<div class="status">{escape(self._status or "working")} …</div>' if not self._end else self._end
        return [*settled, *rest, status]

    def _plain(self) -> str:
        texts = [node.plain() for node in self._nodes]
        return "\n".join(text for text in [*texts, self._end_text or "…"] if text)

    def _start_new_output(self) -> None:
        """Keep the finished nodes in this output, and continue in a new one."""
        count = len(self._final_html)
        if not count:
            return
        end, self._end = self._end, " "
        nodes, self._nodes = self._nodes, self._nodes[:count]
        self._send()
        self._nodes, self._end = nodes[count:], end
        self._final_html, self._display = [], None
        # Later nodes of a subagent in the background are shown on their own.
        self._tool_nodes = {key: tool for key, tool in self._tool_nodes.items() if not tool.is_done}

    def _on_cell_end(self, *_: object) -> None:
        try:
            self._shell.events.unregister("post_run_cell", self._on_cell_end)
        except ValueError:
            # It is registered once for each output and called once; IPython may have removed it already.
            log.debug("show", "the end of the cell was signalled twice")
        self._finish_runs("")


_HANDLERS: dict[type[Any], Callable[[NotebookView, Any], None]] = {
    ToolStarted: NotebookView._on_tool_started,
    ToolFinished: NotebookView._on_tool_finished,
    RunFinished: NotebookView._on_run_finished,
    Notice: NotebookView._on_notice,
    ReplyRestarted: NotebookView._on_restart,
    ThinkingText: NotebookView._on_thinking,
    Progress: NotebookView._on_progress,
    TextDelta: NotebookView._on_text,
}
