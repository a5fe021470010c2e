"""
`CLITransport`: the CLI as a child process, and the only place that polls.

One thread at a time is in `read_lines`: it sends what is queued, reads stdout and stderr, and notices the end. The end of
stdout is not the end of the process, and the process may end while a grandchild still holds stdout: either ends the lines.
"""
from __future__ import annotations

import collections
import os
import select
import signal
import subprocess
import threading
import time

from ..errors import CLINotFoundError, ConfigurationError, ProcessError
from ..transport import OnStderr, Transport
from . import guard, living, tree
from .command import Command
from .lines import LineSplitter
from .pipes import Pipes

#: Bytes for one read: larger ones cost page faults, smaller ones calls.
CHUNK = 64 * 1024
#: Bytes of standard error that are kept for errors.
STDERR_TAIL = 64 * 1024
#: Reads of each pipe after the death of the process: more than a pipe holds, while a grandchild may write for ever.
LAST_READS = 32
#: Seconds between two looks at a process whose death no descriptor tells.
LOOK = 0.25
_TERMINATE_GRACE = 1.0
_KILL_GRACE = 0.5


class CLITransport(Transport):
    """The lines of one CLI process."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.pid: int | None = None
        self.exit_code: int | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self._pipes: Pipes | None = None
        self._pidfd = -1
        self._poll = select.poll()
        self._out: collections.deque[bytes | memoryview] = collections.deque()
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
        """
        Start the process.

        Raises:
            CLINotFoundError: The program cannot be run.
            ConfigurationError: The working directory is gone.
            ProcessError: The system refused to start it.
        """
        self._on_stderr = on_stderr
        living.reap()
        try:
            guard.start()
            self._pipes = pipes = Pipes()
        except OSError as error:
            self.command.remove_files()
            raise self._refused(error) from error
        try:
            self._popen = self._spawn(pipes)
        except BaseException:
            pipes.close_child_ends()
            pipes.close()
            self.command.remove_files()
            raise
        pipes.close_child_ends()
        self.pid = self._popen.pid
        guard.add(self.pid)
        living.register(self, self._popen, pipes, self.command)
        for descriptor in (pipes.stdout, pipes.stderr, pipes.wake_out):
            self._poll.register(descriptor, select.POLLIN)
        self._watch_death()

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
                raise ConfigurationError(f"cwd={command.cwd!r}: no such directory") from error
            if isinstance(error, (FileNotFoundError, PermissionError)):
                raise CLINotFoundError(
                    f"{command.argv[0]!r} cannot be run: {error.strerror} (is its interpreter or loader missing?)",
                    searched=[command.argv[0]],
                ) from error
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> ProcessError:
        # Out of descriptors, processes or memory.
        return ProcessError(f"the CLI could not be started: {error}", argv=self.command.masked, cwd=self.command.cwd)

    def _watch_death(self) -> None:
        if hasattr(os, "pidfd_open"):
            try:
                self._pidfd = os.pidfd_open(self.pid or 0)
            except OSError:
                return  # an old kernel, or a sandbox that forbids it: looked at in intervals instead
            self._poll.register(self._pidfd, select.POLLIN)

    # --- reading

    def read_lines(self, timeout: float | None) -> list[bytes]:
        self._is_reading = True
        try:
            if self._out or self._input_ends:
                self._flush()
            if self._ended or self._pipes is None:
                raise EOFError
            lines: list[bytes] = []
            for descriptor, _ in self._poll.poll(self._milliseconds(timeout)):
                self._handle(descriptor, lines)
            if self._pidfd < 0 and not lines and self._is_dead():
                self._finish(lines)
            return lines
        finally:
            self._is_reading = False

    def _milliseconds(self, timeout: float | None) -> float | None:
        if self._pidfd < 0:
            timeout = LOOK if timeout is None else min(LOOK, timeout)
        return None if timeout is None else max(0.0, timeout * 1000)

    def _handle(self, descriptor: int, lines: list[bytes]) -> None:
        pipes = self._pipes
        if pipes is None:
            return
        if descriptor == pipes.stdout:
            self._read_stdout(pipes, lines)
        elif descriptor == pipes.wake_out:
            _read(descriptor, CHUNK)
        elif descriptor == pipes.stderr:
            self._read_stderr(pipes)
        elif descriptor == pipes.stdin:
            self._flush()
        elif descriptor == self._pidfd:
            self._finish(lines)

    def _read_stdout(self, pipes: Pipes, lines: list[bytes]) -> bool:
        if self._ended:
            return False
        chunk = _read(pipes.stdout, CHUNK)
        if chunk:
            lines += self._splitter.feed(chunk)
        elif chunk == b"":
            self._poll.unregister(pipes.stdout)
            self._end_lines(lines)
        return bool(chunk)

    def _read_stderr(self, pipes: Pipes) -> bool:
        chunk = _read(pipes.stderr, CHUNK)
        if chunk:
            self._stderr_tail += chunk
            del self._stderr_tail[:-STDERR_TAIL]
            self._tell_stderr(self._stderr_splitter.feed(chunk))
        elif chunk == b"":
            self._poll.unregister(pipes.stderr)
            pipes.close("stderr")
        return bool(chunk)

    def _tell_stderr(self, lines: list[bytes]) -> None:
        if self._on_stderr is not None:
            for line in lines:
                self._on_stderr(line.decode("utf-8", errors="replace").rstrip("\r"))

    def _finish(self, lines: list[bytes]) -> None:
        """The process is dead: read what is there, and do not wait for a grandchild that holds the pipes."""
        pipes = self._pipes
        if pipes is None:
            return
        for _ in range(LAST_READS):
            if self._ended or not self._read_stdout(pipes, lines):
                break
        for _ in range(LAST_READS):
            if pipes.stderr < 0 or not self._read_stderr(pipes):
                break
        self._end_lines(lines)
        if self._pidfd >= 0:
            self._poll.unregister(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    def _end_lines(self, lines: list[bytes]) -> None:
        if not self._ended:
            self._ended = True
            lines += filter(None, [self._splitter.rest()])
            self._tell_stderr([*filter(None, [self._stderr_splitter.rest()])])

    # --- writing

    def send_line(self, line: bytes) -> None:
        self._out.append(line)

    def wake(self) -> None:
        pipes = self._pipes
        if pipes is not None and pipes.wake_in >= 0:
            try:
                os.write(pipes.wake_in, b"!")
            except OSError:
                return  # the pipe is full of wake-ups already, or just closed

    def end_input(self) -> None:
        self._input_ends = True  # by the pump, after what is queued
        self.wake()

    def _flush(self) -> None:
        pipes, out = self._pipes, self._out
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
        except BlockingIOError:
            return self._watch_stdin(pipes, True)
        except OSError:
            out.clear()  # the CLI is gone or closed its input: the end of its output says more
            self._input_ends = True
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
            if self._pipes is None or self._popen is None:
                return
            for step in (self._close_input, lambda: self._wait(grace), self._terminate, self._kill, self._kill_orphans):
                try:
                    step()
                except OSError:
                    continue  # each step stands for itself: the next, harder one does not need this one
            self._release()

    def _close_input(self) -> None:
        if self._pipes is not None and not self._is_reading:
            if self._wants_to_write:
                self._watch_stdin(self._pipes, False)
            self._pipes.close("stdin")
        self.end_input()

    def _terminate(self) -> None:
        # A stopped process takes no SIGTERM before SIGCONT. On SIGTERM the CLI ends its own children.
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        self._wait(_TERMINATE_GRACE)

    def _kill(self) -> None:
        if self._is_dead() or self.pid is None:
            return
        below = tree.descendants(self.pid)
        self._signal(signal.SIGKILL)
        tree.signal_all(below, signal.SIGKILL)
        self._wait(_KILL_GRACE)

    def _kill_orphans(self) -> None:
        # Only a CLI that was killed leaves work behind that nobody wanted to go on.
        if self._is_dead() and self.exit_code == -signal.SIGKILL:
            tree.signal_all(tree.marked(self.command.mark), signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None and not self._is_dead():
            os.kill(self.pid, number)

    def _wait(self, seconds: float) -> None:
        """Wait for the end of the process, and keep its pipes from filling up; what it says is not kept."""
        pipes, deadline = self._pipes, time.monotonic() + seconds
        if pipes is None or self._is_dead():
            return
        watch = select.poll()  # not the reader's: another thread may be in that one
        watched = {descriptor for descriptor in (pipes.stdout, pipes.stderr, self._pidfd) if descriptor >= 0}
        for descriptor in watched:
            watch.register(descriptor, select.POLLIN)
        while not self._is_dead() and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in watch.poll(min(left, LOOK if self._pidfd >= 0 else 0.01) * 1000):
                if descriptor != self._pidfd and not _read(descriptor, CHUNK):
                    watch.unregister(descriptor)

    def _is_dead(self) -> bool:
        if self.exit_code is not None or self._popen is None:
            return True
        if living.has_ended(self._popen.pid):
            guard.drop(self._popen.pid)
            self.exit_code = self._popen.wait()
        return self.exit_code is not None

    def _release(self) -> None:
        deadline = time.monotonic() + _KILL_GRACE
        self.wake()
        while self._is_reading and time.monotonic() < deadline:
            time.sleep(0.001)  # another thread leaves the poll; descriptors that it holds may not be closed under it
        pipes, self._pipes = self._pipes, None
        if pipes is not None:
            pipes.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        living.unregister(self)
        self.command.remove_files()
        self.pid = None

    def end_error(self) -> ProcessError:
        self._is_reading = True  # so that nobody closes the descriptors under it
        try:
            self._wait(1.0)
        finally:
            self._is_reading = False
        error = ProcessError(
            "",
            exit_code=self.exit_code,
            stderr=self._stderr_tail.decode("utf-8", errors="replace"),
            argv=self.command.masked,
            cwd=self.command.cwd or os.getcwd(),
        )
        how = f"was ended by {error.signal}" if error.signal else f"ended with exit code {self.exit_code}"
        error.args = (f"the CLI {how} before the result came",)
        return error

    def forget(self) -> None:
        """Give up a process that belongs to the parent of this forked one: close our copies, touch nothing else."""
        pipes, self._pipes, self._ended, self.pid = self._pipes, None, True, None
        if pipes is not None:
            pipes.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        if self._popen is not None:
            self._popen.returncode = self.exit_code = 0
        self._closing = threading.Lock()


def _read(descriptor: int, size: int) -> bytes | None:
    """Read what is there: *None* when that is nothing, empty bytes at the end."""
    try:
        return os.read(descriptor, size)
    except BlockingIOError:
        return None
    except OSError:
        return b""
