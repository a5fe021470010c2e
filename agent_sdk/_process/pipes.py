"""
The pipe descriptors of one process, closed exactly once, and a line splitter.

These are raw descriptors and not file objects: a forked child must close its copies without flushing, and a file
object whose descriptor was closed elsewhere could later close an unrelated descriptor.
"""
from __future__ import annotations

import io
import os

#: Bytes per read: larger reads cause page faults, smaller ones more system calls.
CHUNK_SIZE = 64 * 1024


class Pipes:
    """The parent's ends of stdin, stdout and stderr, both ends of the wake pipe, and at first the child's ends."""

    __slots__ = ("child", "stderr", "stdin", "stdout", "wake_in", "wake_out")

    def __init__(self) -> None:
        made: list[int] = []
        try:
            while len(made) < 8:
                made += os.pipe()
        except OSError:
            for descriptor in made:
                os.close(descriptor)
            raise
        stdin, self.stdin, self.stdout, stdout, self.stderr, stderr, self.wake_out, self.wake_in = made
        #: stdin, stdout and stderr of the child.
        self.child = (stdin, stdout, stderr)
        for ours in (self.stdin, self.stdout, self.stderr, self.wake_in, self.wake_out):
            os.set_blocking(ours, False)

    def close_child_ends(self) -> None:
        """Close the ends that the child has inherited."""
        for descriptor in self.child:
            os.close(descriptor)
        self.child = ()  # type: ignore[assignment]

    def close(self, *names: str) -> None:
        """Close the parent's ends by name; without names, close all of them."""
        for name in names or ("stdin", "stdout", "stderr", "wake_in", "wake_out"):
            descriptor = getattr(self, name)
            setattr(self, name, -1)
            if descriptor >= 0:
                os.close(descriptor)


def read(descriptor: int, size: int) -> bytes | None:
    """Read the available bytes: *None* if none are available yet, empty bytes at the end."""
    try:
        return os.read(descriptor, size)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class LineSplitter:
    """
    Splits chunks into lines. Time and memory are linear in the length of a line.

    Splits on the newline byte only: `str.splitlines` would split messages at U+0085 or U+2028. `BytesIO` searches for
    newlines many bytes at a time; `bytes.split` checks every byte and takes eight times as long.
    """

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that *chunk* completes, including their newlines."""
        lines = io.BytesIO(chunk).readlines()
        rest = b"" if chunk.endswith(b"\n") or not chunk else lines.pop()
        if self._parts and lines:
            self._parts.append(lines[0])
            lines[0] = b"".join(self._parts)
            self._parts.clear()
        if rest:
            self._parts.append(rest)
        return lines

    def rest(self) -> bytes:
        """Return and clear the incomplete last line."""
        rest = b"".join(self._parts)
        self._parts.clear()
        return rest
