"""
`agent_sdk.show`: an `on_message` callback that shows a run in a terminal, or in a notebook as one live output.

The output is chosen at the start of each run. The state of a run is kept by session id and dropped at its end.
"""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..messages import Message
    from .events import DisplayEvent, Run

#: Maximum number of runs shown at the same time; the oldest are dropped first, such as aborted turns.
MAX_RUNS = 100


class View(Protocol):
    """The output of a run."""

    def handle(self, event: DisplayEvent) -> None:
        """Show *event*."""

    def finish(self, reason: str, has_begun: bool) -> None:
        """End a run that has no result; *reason* is `""` if it is unknown or no turn had begun."""


_runs: dict[str, tuple[Run, View]] = {}


def show(message: Message) -> None:
    """
    Show a run in the terminal or the notebook; pass it as `on_message`.

    In a terminal: text, tool uses with their input and a shortened result, diffs of edits, indented subagents, retries,
    rate limits and denials, and at the end the cost. Markdown is rendered; with `include_partial_messages=True`, text
    is written while the model streams it, and stays as the model wrote it. The progress of long work is shown on one
    line that is replaced. Colours are used only on a terminal, and not if `NO_COLOR` is set. A pipe gets plain text.

    In a notebook: one live output with collapsed tool uses, updated at most ten times a second.

    Args:
        message: Any message of any run. Messages of several sessions may be mixed.
    """
    # A message without a session id belongs to the newest run.
    session = str(message.session_id or next(reversed(_runs), ""))
    run, view = _run_of(session, message)
    for event in run.process(message):
        view.handle(event)
    if run.is_over:
        _runs.pop(session, None)


def finish(reason: str = "") -> None:
    """End the display of all runs without a result; the next message starts a new run."""
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
    """Return IPython's shell in a notebook kernel, else *None*. Imports nothing."""
    ipython = sys.modules.get("IPython")
    get_ipython = getattr(ipython, "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None
