"""
A progress line on standard error that overwrites itself and is removed at the end.
"""
from __future__ import annotations

import sys
from types import TracebackType


class ProgressLine:
    """
    A progress line on standard error.

    Args:
        enabled: *None* enables it if standard error is a terminal.
    """

    def __init__(self, enabled: bool | None) -> None:
        self._stream = sys.stderr
        is_terminal = self._stream is not None and self._stream.isatty()
        self._is_shown = is_terminal if enabled is None else enabled and self._stream is not None
        self._text = ""

    def show(self, text: str) -> None:
        """Replace the line with *text*."""
        if self._is_shown and text != self._text:
            self._stream.write("\r" + text.ljust(len(self._text)))
            self._stream.flush()
            self._text = text

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._text:
            self._stream.write("\r" + " " * len(self._text) + "\r")
            self._stream.flush()
