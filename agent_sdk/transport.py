"""
The `Transport` protocol, which carries lines to and from the CLI.

`CLITransport` runs the real CLI, `agent_sdk.testing.Cassette` replays a recording. The option `transport=` accepts a
custom transport.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .errors import AgentSDKError, ProcessError

OnStderr = Callable[[str], None]


class Transport(Protocol):
    """
    Carries lines in both directions.

    Subclass it and override the methods that you need, or write a class with all of these methods. All methods except
    `wake` and `send_line` are called by one thread at a time.
    """

    #: Process id of the CLI, or *None* without a process.
    pid: int | None = None

    def for_process(self, options: Any, make_cli: Callable[[], Transport]) -> Transport:
        """
        Return the transport for one process. Called before each process starts.

        Most transports return themselves. A transport that manages several processes, or wraps the real transport,
        returns another one.

        Args:
            options: The `Options` of the process, including its session.
            make_cli: Creates the transport of the real CLI without starting it.
        """
        return self

    def start(self, on_stderr: OnStderr | None = None) -> None:
        """
        Start the transport. Called once per process, so a transport may be started again after `close`.

        Args:
            on_stderr: Called with each line of standard error; *None* when no callback is set.
        """
        return None

    def read_lines(self, timeout: float | None) -> list[bytes]:
        """
        Wait for lines, and send the lines that `send_line` queued meanwhile.

        Args:
            timeout: Seconds; *None* waits without a limit.

        Returns:
            Complete lines, with or without their newline; empty after the timeout or a call of `wake`.

        Raises:
            EOFError: The end of the output was reached.
        """
        raise EOFError

    def send_line(self, line: bytes) -> None:
        """Queue *line*, which ends with a newline. Never blocks."""
        return None

    def wake(self) -> None:
        """Make a waiting `read_lines` return. Called from any thread and from signal handlers."""
        return None

    def end_input(self) -> None:
        """Close the input of the CLI after all queued lines were sent."""
        return None

    def close(self, grace: float = 1.0) -> None:
        """
        Stop the process and release all resources. Further calls have no effect.

        Args:
            grace: Seconds to wait for the process to exit before it is sent signals.
        """
        return None

    def end_error(self) -> AgentSDKError:
        """Return the error to raise when the output ended before the result."""
        return ProcessError("the transport ended before the result was received")
