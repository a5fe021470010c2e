"""
The footprint of a turn in its transcript: tells later whether somebody else wrote to the session since.

A kept process does not see what another process appends to its transcript: its next turn would start a second branch,
and the other turn would be lost to the model.
"""
from __future__ import annotations

import os
from collections.abc import Collection

from .. import _codec


class Footprint:
    """The size of a transcript after a turn of ours, and the uuids of the messages we know."""

    def __init__(self, path: str, known: Collection[str]) -> None:
        self.path = path
        self.size = _size(path)
        self._known = known

    def is_of(self, session_id: str) -> bool:
        """Tell whether this is the transcript of *session_id*."""
        return os.path.basename(self.path) == session_id + ".jsonl"

    def was_overstepped(self, known: Collection[str] = ()) -> bool:
        """
        Tell whether the transcript holds a newer message that is not ours.

        Args:
            known: More uuids of ours, of what came since.
        """
        if _size(self.path) <= self.size:
            return False
        return any(uuid not in self._known and uuid not in known for uuid in self._newer())

    def _newer(self) -> list[str]:
        try:
            with open(self.path, "rb") as file:
                file.seek(self.size)
                entries = [_codec.decode(line) for line in file.read().split(b"\n")]
        except OSError:
            return []
        return [str(entry.get("uuid")) for entry in entries if entry is not None and _is_message(entry)]


def _is_message(entry: dict[str, object]) -> bool:
    return entry.get("type") in ("user", "assistant") and not entry.get("isSidechain") and not entry.get("isMeta")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
