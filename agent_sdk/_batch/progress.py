"""
A progress line on standard error, shown by rich and erased at the end.
"""
from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live


class ProgressLine:
    """
    The line.

    Args:
        enabled: *None* shows the line only if standard error is a terminal.
    """

    def __init__(self, enabled: bool | None) -> None:
        self._stream = sys.stderr
        is_terminal = self._stream is not None and self._stream.isatty()
        self._is_shown = is_terminal if enabled is None else enabled and self._stream is not None
        self._live: Live | None = None

    def show(self, text: str) -> None:
        """Replace the line with *text*."""
        if not self._is_shown:
            return
        from rich.text import Text

        if self._live is None:
            self._live = self._start()
        self._live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)

    def _start(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, force_terminal=True, force_jupyter=False)
        # A thread that refreshes the line would write between the lines of a callback.
        live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        live.start()
        return live

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
