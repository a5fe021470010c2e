"""A real Redis server for one test, with its own process, port and folder; it is removed after the test."""
from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from helpers import until

#: Debian installs it outside the PATH of some users.
_PLACES = ("/usr/bin/redis-server", "/usr/local/bin/redis-server")


class RedisServer:
    """One server on a free port of loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @staticmethod
    def is_installed() -> str | None:
        """Return the path of the program, or *None*."""
        return shutil.which("redis-server") or next((path for path in _PLACES if Path(path).exists()), None)

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        """Start the server, on its previous port if it had one, and wait until it answers."""
        for _ in range(5):
            self.port = self.port or _free_port()
            argv = [str(self.is_installed()), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self._process = process = subprocess.Popen([*argv, "--appendonly", "yes"], **quiet)
            until(self._is_decided)
            if process.poll() is None:
                return self
            self.port = 0  # another process took the port in the meantime
        raise AssertionError("redis-server does not start")

    def _is_decided(self) -> bool:
        return self._process is None or self._process.poll() is not None or self._answers()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(100).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self) -> None:
        """Stop the server; its data stays in its folder."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(10)

    def __enter__(self) -> RedisServer:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
