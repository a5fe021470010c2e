"""
What tests of `show` share: messages from frames, and a terminal to write to.
"""
from __future__ import annotations

import io
import types
from collections.abc import Callable, Iterator

import pytest

from agent_sdk import _display
from agent_sdk._converter import structure_message
from agent_sdk._display import screen


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """No run of another test goes on."""
    _display._runs.clear()
    yield
    _display._runs.clear()


@pytest.fixture
def watch() -> Callable[..., None]:
    """Give frames to `show`, as messages of one run."""

    def give(*frames: dict) -> None:
        for frame in frames:
            _display.show(structure_message(frame))

    return give


class Terminal(io.StringIO):
    """A stream that is a terminal; `read` gives what was written since the last time."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        """Say that it is one."""
        return True

    def written(self) -> str:
        """Give what was written since the last time."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


@pytest.fixture
def tty(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Give `show` a terminal of 40 columns; the fixture is a function that reads what was written."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    # Not `sys.stdout` itself: pytest puts its own there between a fixture and its test.
    monkeypatch.setattr(screen, "sys", types.SimpleNamespace(stdout=terminal))
    return terminal.written
