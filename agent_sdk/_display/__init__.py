"""
`agent_sdk.show`: an `on_message` that shows a run readably, in a terminal as it is written, in a notebook as one live
output.

Where to show is looked up at each run; the state of a run is kept by its session and given up at its end.
"""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..messages import Message
    from .events import DisplayEvent, Run

#: Runs that are shown at once, at most: those that never ended (a turn that was aborted) go first.
MAX_RUNS = 100


class View(Protocol):
    """Where a run is shown."""

    def handle(self, event: DisplayEvent) -> None:
        """Show what happened."""

    def finish(self, reason: str, has_begun: bool) -> None:
        """The run has no result; *reason* is `""` when it is unknown, or when nothing had begun."""


_runs: dict[str, tuple[Run, View]] = {}


def show(message: Message) -> None:
    """
    Show a run while it goes on: give it as `on_message`.

    In a terminal: text (as it is written, with `include_partial_messages=True`), tool uses with their input and a
    shortened result, diffs of edits, subagents indented, retries, rate limits and refusals by name, and at the end
    what it cost. Signs of life of long work stand on one line that is replaced. Colours only on a terminal, and not
    with `NO_COLOR`; plain text when piped.

    In a notebook: one live output, with tool uses folded, that is updated at most ten times a second.

    Args:
        message: Any message of any run. Messages of several sessions may come mixed.
    """
    # What names no session belongs to the newest run.
    session = str(message.session_id or next(reversed(_runs), ""))
    run, view = _run_of(session, message)
    for event in run.process(message):
        view.handle(event)
    if run.is_over:
        _runs.pop(session, None)


def finish(reason: str = "") -> None:
    """Close what is shown of runs that have no result; the next message begins anew."""
    while _runs:
        _, (run, view) = _runs.popitem()
        view.finish(reason, run.has_begun)


def _run_of(session: str, message: Message) -> tuple[Run, View]:
    known = _runs.get(session)
    if known is not None and not known[0].starts_new_run(message):
        return known
    if known is not None:
        known[1].finish("", known[0].has_begun)
        del _runs[session]
    while len(_runs) >= MAX_RUNS:
        del _runs[next(iter(_runs))]
    _runs[session] = made = _new_run()
    return made


def _new_run() -> tuple[Run, View]:
    from .events import Run

    shell = notebook_shell()
    if shell is not None:
        from .notebook import NotebookView

        return Run(), NotebookView(shell, finish)
    from .terminal import TerminalView

    return Run(), TerminalView()


def notebook_shell() -> Any:
    """Return IPython's shell when this is a notebook's kernel, else *None*. Imports nothing."""
    ipython = sys.modules.get("IPython")
    get_ipython = getattr(ipython, "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None
