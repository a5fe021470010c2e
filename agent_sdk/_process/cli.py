"""
`CLITransport`: exchanges lines with the CLI, a child process. Only this package polls descriptors.

One thread at a time runs `read_lines`: it writes queued lines, reads stdout and stderr, and detects the end. The end
of stdout is not the end of the process, and the process can end while a grandchild still holds stdout open; either
ends the lines.
"""
from __future__ import annotations

import collections
import contextlib
import os
import select
import subprocess
import threading
import time

from ..errors import CLINotFoundError, ConfigurationError, ProcessError
from ..transport import OnStderr, Transport
from . import orphan_guard, registry
from .child import KILL_TIMEOUT, POLL_INTERVAL, Child
from .command import Command
from .pipes import CHUNK_SIZE, LineSplitter, Pipes, read

#: Maximum bytes of standard error kept for errors.
MAX_STDERR_TAIL = 64 * 1024
#: Maximum reads per pipe after the process has ended: more than a pipe buffers, but a grandchild can write forever.
MAX_LAST_READS = 32


class CLITransport(Transport):
    """The transport to one CLI process."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.pid: int | None = None
        self._child: Child | None = None
        self._pipes: Pipes | None = None
        self._poll = select.poll()
        self._write_queue: collections.deque[bytes | memoryview] = collections.deque()
        self._input_ends = False
        self._is_reading = False
        self._wants_to_write = False
        self._ended = False
        self._splitter = LineSplitter()
        self._on_stderr: OnStderr | None = None
        self._stderr_splitter = LineSplitter()
        self._stderr_tail = bytearray()
        self._closing = threading.Lock()

    # --- starting

    def start(self, on_stderr: OnStderr | None = None) -> None:
        self._on_stderr = on_stderr
        registry.reap()
        try:
            orphan_guard.start()
            self._pipes = pipes = Pipes()
        except OSError as error:
            self.command.remove_files()
            raise self._start_error(error) from error
        try:
            child = self._child = Child(self._spawn(pipes), self.command.marker)
        except BaseException:
            pipes.close_child_ends()
            pipes.close()
            self.command.remove_files()
            raise
        pipes.close_child_ends()
        self.pid = child.pid
        orphan_guard.add(child.pid)
        registry.register_process(self, child.popen, pipes, self.command)
        for descriptor in {pipes.stdout, pipes.stderr, pipes.wake_out, child.pidfd} - {-1}:
            self._poll.register(descriptor, select.POLLIN)

    def _spawn(self, pipes: Pipes) -> subprocess.Popen[bytes]:
        stdin, stdout, stderr = pipes.child
        command = self.command
        try:
            return subprocess.Popen(
                command.argv,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=command.cwd,
                env=command.env,
                start_new_session=True,
            )
        except OSError as error:
            if command.cwd is not None and not os.path.isdir(command.cwd):
                problem = "not a directory" if os.path.exists(command.cwd) else "no such directory"
                raise ConfigurationError(f"cwd={command.cwd!r}: {problem}") from error
            if isinstance(error, (FileNotFoundError, PermissionError)):
                raise CLINotFoundError(
                    f"{command.argv[0]!r} cannot be executed: {error.strerror}; check its interpreter or loader",
                    searched=[command.argv[0]],
                ) from error
            raise self._start_error(error) from error

    def _start_error(self, error: OSError) -> ProcessError:
        # Out of descriptors, processes or memory.
        return ProcessError(f"the CLI could not be started: {error}", argv=self.command.masked, cwd=self.command.cwd)

    # --- reading

    def read_lines(self, timeout: float | None) -> list[bytes]:
        self._is_reading = True
        try:
            if self._write_queue or self._input_ends:
                self._flush()
            child, pipes = self._child, self._pipes
            if self._ended or pipes is None or child is None:
                raise EOFError
            lines: list[bytes] = []
            for descriptor, _ in self._poll.poll(_poll_timeout(timeout, child)):
                if descriptor == pipes.stdout:  # the common case first: every call counts here
                    self._read_stdout(pipes, lines)
                else:
                    self._on_ready(descriptor, child, lines)
            if child.pidfd < 0 and not lines and child.is_dead():
                self._drain_after_exit(child, lines)
            if self._ended and not lines:
                raise EOFError
            return lines
        finally:
            self._is_reading = False

    def _on_ready(self, descriptor: int, child: Child, lines: list[bytes]) -> None:
        pipes = self._pipes
        if pipes is None:
            return
        if descriptor == pipes.wake_out:
            read(descriptor, CHUNK_SIZE)
        elif descriptor == pipes.stderr:
            self._read_stderr(pipes)
        elif descriptor == pipes.stdin:
            self._flush()
        elif descriptor == child.pidfd:
            self._drain_after_exit(child, lines)

    def _read_stdout(self, pipes: Pipes, lines: list[bytes]) -> bool:
        if self._ended or pipes.stdout < 0:
            return False
        chunk = read(pipes.stdout, CHUNK_SIZE)
        if chunk:
            lines += self._splitter.feed(chunk)
        elif chunk == b"":
            self._poll.unregister(pipes.stdout)
            self._end_lines(lines)
        return bool(chunk)

    def _read_stderr(self, pipes: Pipes) -> bool:
        chunk = read(pipes.stderr, CHUNK_SIZE)
        if chunk:
            self._stderr_tail += chunk
            del self._stderr_tail[:-MAX_STDERR_TAIL]
            self._deliver_stderr(self._stderr_splitter.feed(chunk))
        elif chunk == b"":
            self._poll.unregister(pipes.stderr)
            pipes.close("stderr")
        return bool(chunk)

    def _deliver_stderr(self, lines: list[bytes]) -> None:
        if self._on_stderr is not None:
            for line in lines:
                self._on_stderr(line.decode("utf-8", errors="replace").rstrip("\r\n"))

    def _drain_after_exit(self, child: Child, lines: list[bytes]) -> None:
        """Read the remaining output of an ended process, without waiting for a grandchild that holds the pipes."""
        pipes = self._pipes
        if pipes is None:
            return
        for _ in range(MAX_LAST_READS):
            if self._ended or not self._read_stdout(pipes, lines):
                break
        for _ in range(MAX_LAST_READS):
            if pipes.stderr < 0 or not self._read_stderr(pipes):
                break
        self._end_lines(lines)
        if child.pidfd >= 0:
            self._poll.unregister(child.pidfd)
            child.close_pidfd()

    def _end_lines(self, lines: list[bytes]) -> None:
        if not self._ended:
            self._ended = True
            lines += filter(None, [self._splitter.rest()])
            self._deliver_stderr([*filter(None, [self._stderr_splitter.rest()])])

    # --- writing

    def send_line(self, line: bytes) -> None:
        self._write_queue.append(line)

    def wake(self) -> None:
        pipes = self._pipes
        if pipes is not None and pipes.wake_in >= 0:
            try:
                os.write(pipes.wake_in, b"!")
            except OSError:
                return  # the pipe is full of wake-ups already, or was just closed

    def end_input(self) -> None:
        self._input_ends = True  # the pump closes stdin after the queued lines
        self.wake()

    def _flush(self) -> None:
        pipes, out = self._pipes, self._write_queue
        if pipes is None or pipes.stdin < 0:
            out.clear()
            return
        try:
            while out:
                head = out[0]
                written = os.write(pipes.stdin, head)
                if written == len(head):
                    out.popleft()
                else:
                    out[0] = memoryview(head)[written:]
        except IndexError:
            return  # another thread closed the transport and emptied the queue
        except BlockingIOError:
            return self._watch_stdin(pipes, True)
        except OSError:
            out.clear()  # the CLI exited or closed its stdin; end_error reports the cause
            self._input_ends = True
        if self._wants_to_write:
            self._watch_stdin(pipes, False)
        if self._input_ends:
            pipes.close("stdin")

    def _watch_stdin(self, pipes: Pipes, wanted: bool) -> None:
        if wanted != self._wants_to_write:
            self._wants_to_write = wanted
            if wanted:
                self._poll.register(pipes.stdin, select.POLLOUT)
            else:
                self._poll.unregister(pipes.stdin)

    # --- ending

    def close(self, grace: float = 1.0) -> None:
        with self._closing:
            child, pipes = self._child, self._pipes
            if pipes is None or child is None:
                return
            with contextlib.suppress(OSError):  # the CLI closed the pipe first; the process is ended below
                self._close_input()
            child.end(grace, pipes)
            self._release()

    def _close_input(self) -> None:
        if self._pipes is not None and not self._is_reading:
            if self._wants_to_write:
                self._watch_stdin(self._pipes, False)
            self._pipes.close("stdin")
        self.end_input()

    def _release(self) -> None:
        deadline = time.monotonic() + KILL_TIMEOUT
        self.wake()
        while self._is_reading and time.monotonic() < deadline:
            time.sleep(0.001)  # another thread is leaving the poll; its descriptors must stay open until then
        pipes, self._pipes = self._pipes, None
        if pipes is not None:
            pipes.close()
        if self._child is not None:
            self._child.close_pidfd()
        registry.unregister(self)
        self.command.remove_files()
        self.pid = None

    def end_error(self) -> ProcessError:
        child = self._child
        self._is_reading = True  # prevents other threads from closing the descriptors
        try:
            if child is not None:
                child.wait(1.0, self._pipes)
        finally:
            self._is_reading = False
        error = ProcessError(
            "",
            exit_code=None if child is None else child.exit_code,
            stderr=self._stderr_tail.decode("utf-8", errors="replace"),
            argv=self.command.masked,
            cwd=self.command.cwd or os.getcwd(),
        )
        how = f"was killed by {error.signal}" if error.signal else f"ended with exit code {error.exit_code}"
        error.args = (f"the CLI {how} before the result came",)
        return error

    def forget(self) -> None:
        """Release a process in a forked child, where it belongs to the parent: only close the copied descriptors."""
        pipes, self._pipes, self._ended, self.pid = self._pipes, None, True, None
        if pipes is not None:
            pipes.close()
        if self._child is not None:
            self._child.forget()
        self._closing = threading.Lock()


def _poll_timeout(timeout: float | None, child: Child) -> float | None:
    if child.pidfd < 0:
        timeout = POLL_INTERVAL if timeout is None else min(POLL_INTERVAL, timeout)
    return None if timeout is None else max(0.0, timeout * 1000)
