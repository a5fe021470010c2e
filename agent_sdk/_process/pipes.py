"""
The raw descriptors of one process: four pipes, owned here and closed exactly once; and bytes cut into lines.

Raw numbers and not file objects: a forked child must close its copies without flushing, and a file object closed
behind its back would close somebody else's descriptor later.
"""
from __future__ import annotations

import io
import os

#: Bytes for one read: larger ones cost page faults, smaller ones calls.
CHUNK_SIZE = 64 * 1024


class Pipes:
    """Our ends of stdin, stdout and stderr, both ends of the wake pipe, and the child's ends until it has them."""

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
        """Close what the child has inherited by now."""
        for descriptor in self.child:
            os.close(descriptor)
        self.child = ()  # type: ignore[assignment]

    def close(self, *names: str) -> None:
        """Close our ends by name; all of them when no name is given."""
        for name in names or ("stdin", "stdout", "stderr", "wake_in", "wake_out"):
            descriptor = getattr(self, name)
            setattr(self, name, -1)
            if descriptor >= 0:
                os.close(descriptor)


def read(descriptor: int, size: int) -> bytes | None:
    """Read what is there: *None* when that is nothing, empty bytes at the end."""
    try:
        return os.read(descriptor, size)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class LineSplitter:
    """
    Cuts chunks into lines; time and memory stay linear in the length of a line.

    Splits on the newline byte only: `str.splitlines` would cut messages at U+0085 or U+2028. `BytesIO` looks for
    newlines many bytes at a time; `bytes.split` looks at each, which takes eight times as long.
    """

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that *chunk* completes, with their newlines."""
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
        """Return and forget the line that was never completed."""
        rest = b"".join(self._parts)
        self._parts.clear()
        return rest
