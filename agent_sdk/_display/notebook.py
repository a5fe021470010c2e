"""
A run in a notebook: one output of the cell, which is replaced as the run goes on.

It is sent anew at most ten times a second, less often when it is big. The next output is begun when one has become so
big that sending it again and again would be felt. Nothing runs beside the cell: at the cell's end what was held back is
sent, and a run that had no result is marked as stopped.
"""
from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from html import escape
from typing import Any

from .._core import log
from . import status as words
from .events import Began, Ended, Finished, Happening, Place, Restarted, Thought, Wrote
from .notebook_nodes import Node, NoteNode, TextNode, ThoughtNode, ToolNode, framed
from .status import Noted, Working

#: Seconds between two updates, and characters that a second is worth: a big output is sent less often.
PACE, CHARACTERS = 0.1, 1_000_000
#: Updates in a row that need not wait: what comes before a silence must be seen.
BURST = 5
#: Characters of an output that gets a successor.
MOST = 300_000


class Pace:
    """Says whether an update may be sent now: ten a second, and a few at once after a silence."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._saved = float(BURST)
        self._last = clock() - 1

    def allows(self, is_piece: bool, size: int) -> bool:
        """
        Take one update.

        Args:
            is_piece: More of the same is likely to come: it leaves one update for what is not.
            size: Characters that are sent.
        """
        now, gap = self._clock(), max(PACE, size / CHARACTERS)
        self._saved, self._last = min(BURST, self._saved + (now - self._last) / gap), now
        if self._saved < (2 if is_piece else 1):
            return False
        self._saved -= 1
        return True


class CellView:
    """Shows one run."""

    def __init__(self, shell: Any, at_end: Callable[[str], None]) -> None:
        self._shell = shell
        self._at_end = at_end
        self._pace = Pace()
        self._display: Any = None
        self._nodes: list[Node] = []
        self._writing: TextNode | None = None
        self._tools: dict[int, ToolNode] = {}
        #: HTML of the nodes that do not change any more, from the first on.
        self._settled: list[str] = []
        self._status = ""
        self._end = ""
        self._end_text = ""

    def take(self, happening: Happening) -> None:
        """Show what happened."""
        _KEEPERS[type(happening)](self, happening)
        is_piece = isinstance(happening, Working) or (isinstance(happening, Wrote) and not happening.is_done)
        if isinstance(happening, Finished) or self._pace.allows(is_piece, sum(map(len, self._settled))):
            self._send()

    def finish(self, reason: str, has_begun: bool) -> None:
        """The run has no result."""
        if self._display is None or self._end:
            return
        text = reason or ("stopped: no result came" if has_begun else "")
        self._end_text = text or " "
        self._end = f'<div class="end error">✗ {escape(text)}</div>' if text else " "
        self._send()

    # --- what happened

    def _keep(self, place: Place, node: Node) -> None:
        """Put *node* where it belongs: into the run, or below the tool use that started its subagent."""
        parent = self._tools.get(id(place.used)) if place.used is not None else None
        if parent is None:
            self._nodes.append(node)
            return
        parent.inner.append(node)
        self._unsettle(place)

    def _unsettle(self, place: Place) -> None:
        # A subagent in the background goes on below a tool use that has its result.
        if place.depth:
            self._settled.clear()

    def _wrote(self, told: Wrote) -> None:
        self._status = ""
        if told.place.depth:
            self._keep(told.place, TextNode(told.whole, True))
            return
        if self._writing is None and told.whole.strip():
            self._writing = TextNode("")
            self._nodes.append(self._writing)
        if self._writing is not None:
            self._writing.text, self._writing.is_done = told.whole, told.is_done
        if told.is_done:
            self._writing = None

    def _restarted(self, told: Restarted) -> None:
        if self._writing in self._nodes:
            self._nodes.remove(self._writing)
        self._writing = None

    def _thought(self, told: Thought) -> None:
        self._keep(told.place, ThoughtNode(told.text))

    def _began(self, told: Began) -> None:
        self._status = ""
        node = self._tools[id(told.used)] = ToolNode(told.used)
        self._keep(told.place, node)

    def _ended(self, told: Ended) -> None:
        self._status = ""
        node = self._tools.get(id(told.used))
        if node is not None:
            node.is_done = True
            self._unsettle(told.place)

    def _noted(self, told: Noted) -> None:
        last = self._nodes[-1] if self._nodes else None
        if isinstance(last, NoteNode) and last.is_passing:
            del self._nodes[-1]
        self._nodes.append(NoteNode(told.level, told.text, told.is_passing))

    def _working(self, told: Working) -> None:
        self._status = told.text

    def _finished(self, told: Finished) -> None:
        failed = f'<div class="note error">✗ {escape(told.failure)}</div>' if told.failure else ""
        closing = words.closing(told.result, told.retries)
        mark = "" if told.failure else "✓ "
        self._status = ""
        self._end = f'{failed}<div class="end">{mark}{escape(closing)}</div>'
        self._end_text = f"{told.failure}\n{closing}".strip()

    # --- the output

    def _send(self) -> None:
        """Send the output as it is now."""
        bundle = {"text/html": framed("".join(self._parts())), "text/plain": self._plain()}
        if self._display is None:
            display = importlib.import_module("IPython.display").display
            self._display = display(bundle, raw=True, display_id=True)
            self._shell.events.register("post_run_cell", self._cell_ended)
        else:
            self._display.update(bundle, raw=True)
        if len(bundle["text/html"]) > MOST and not self._end:
            self._turn_over()

    def _parts(self) -> list[str]:
        settled = self._settled
        # A tool use may still get messages of its subagent, and the last node its successor.
        for node in self._nodes[len(settled) : -1]:
            if not node.is_done or (isinstance(node, NoteNode) and node.is_passing):
                break
            settled.append(node.html())
        rest = [node.html() for node in self._nodes[len(settled) :]]
        status = f'<div class="status">{escape(self._status or "working")} …</div>' if not self._end else self._end
        return [*settled, *rest, status]

    def _plain(self) -> str:
        texts = [node.plain() for node in self._nodes]
        return "\n".join(text for text in [*texts, self._end_text or "…"] if text)

    def _turn_over(self) -> None:
        """Leave what is settled where it is, and go on in another output."""
        count = len(self._settled)
        if not count:
            return
        end, self._end = self._end, " "
        nodes, self._nodes = self._nodes, self._nodes[:count]
        self._send()
        self._nodes, self._end = nodes[count:], end
        self._settled, self._display = [], None
        # What a subagent in the background does from here on stands by itself.
        self._tools = {key: tool for key, tool in self._tools.items() if not tool.is_done}

    def _cell_ended(self, *_: object) -> None:
        try:
            self._shell.events.unregister("post_run_cell", self._cell_ended)
        except ValueError:
            # Registered once for each output, and called once: IPython may have let go of it already.
            log.debug("show", "the end of the cell was told twice")
        self._at_end("")


_KEEPERS: dict[type[Any], Callable[[CellView, Any], None]] = {
    Began: CellView._began,
    Ended: CellView._ended,
    Finished: CellView._finished,
    Noted: CellView._noted,
    Restarted: CellView._restarted,
    Thought: CellView._thought,
    Working: CellView._working,
    Wrote: CellView._wrote,
}
