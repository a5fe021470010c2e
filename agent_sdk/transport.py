"""
The seam to the outside: what carries lines to and from the CLI.

`CLITransport` is the real one, `agent_sdk.testing.Cassette` a recorded one. The option `transport=` takes yours.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .errors import AgentSDKError, ProcessError

OnStderr = Callable[[str], None]


class Transport(Protocol):
    """
    Carry lines both ways.

    Subclass it, and write those methods that do something for you; or write a class with all of these. All but `wake`
    and `send_line` are called by one thread at a time.
    """

    #: Process id of the CLI, where there is one.
    pid: int | None = None

    def for_process(self, options: Any, make_cli: Callable[[], Transport]) -> Transport:
        """
        Return the transport of one process; called before each is started.

        Most transports are that themselves. One that stands for several processes, or watches the real one, gives
        another.

        Args:
            options: The `Options` that the process is to be started with, its session included.
            make_cli: Makes the transport that would run the real CLI, without starting it.
        """
        return self

    def start(self, on_stderr: OnStderr | None = None) -> None:
        """
        Begin; called once for each process, so a transport may be started again after `close`.

        Args:
            on_stderr: Wants each line of standard error; *None* when nobody does.
        """
        return None

    def read_lines(self, timeout: float | None) -> list[bytes]:
        """
        Wait for lines, and send meanwhile what `send_line` queued.

        Args:
            timeout: Seconds; *None* waits as long as it takes.

        Returns:
            Whole lines, with or without their newline; empty when time is up or `wake` was called.

        Raises:
            EOFError: No more lines will come.
        """
        raise EOFError

    def send_line(self, line: bytes) -> None:
        """Queue *line*, which ends with a newline. Never waits."""
        return None

    def wake(self) -> None:
        """Make a waiting `read_lines` return. Called from any thread, also from a signal handler."""
        return None

    def end_input(self) -> None:
        """Tell the other side that nothing more will be sent, once the queue is out."""
        return None

    def close(self, grace: float = 1.0) -> None:
        """
        End it and free what it holds; a second call does nothing.

        Args:
            grace: Seconds to wait for an end of its own accord before signals are sent.
        """
        return None

    def end_error(self) -> AgentSDKError:
        """Return the error that says why the lines ended."""
        return ProcessError("the transport ended before the result came")
