"""
The raw descriptors of one process: four pipes, owned here and closed exactly once.

Raw numbers and not file objects: a forked child must close its copies without flushing, and a file object closed
behind its back would close somebody else's descriptor later.
"""
from __future__ import annotations

import os

#: Bytes for one read: larger ones cost page faults, smaller ones calls.
CHUNK = 64 * 1024


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
