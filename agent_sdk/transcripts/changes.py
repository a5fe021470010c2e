"""
Detect whether another process wrote to a session since the last turn of this process.

A running CLI does not read entries that another process appends to its transcript. Its next turn would start a second
branch, and the model would not see the other turn.
"""
from __future__ import annotations

from collections.abc import Collection

from .._core import json_lines
from .location import SessionLocation
from .paths import file_size

#: Number of lookups before a transcript is assumed not to exist.
MAX_CHECKS = 6


class SessionChanges:
    """The state of a session's transcript after a turn of this process, and the uuids of the known messages."""

    def __init__(self, session_id: str, location: SessionLocation) -> None:
        self.session_id = session_id
        self._location = location
        self._path = ""
        self._size = 0
        self._known: Collection[str] = ()
        self._checks = 0

    def record(self, known: Collection[str]) -> None:
        """Record the end of a turn; the CLI may write some of its messages, *known*, a moment later."""
        self._known = known
        self._size = file_size(self._find())

    def has_foreign_entries(self, known: Collection[str] = ()) -> bool:
        """Return whether the transcript contains a newer message that is neither in *known* nor in that of `record`."""
        if file_size(self._find()) <= self._size:
            return False
        return any(uuid not in self._known and uuid not in known for uuid in self._newer())

    def _find(self) -> str:
        # The CLI writes the file a moment after the first turn, or never; the number of lookups is limited.
        if not self._path and self._checks < MAX_CHECKS:
            self._checks += 1
            self._path = self._location.find(self.session_id) or ""
        return self._path

    def _newer(self) -> list[str]:
        try:
            with open(self._path, "rb") as file:
                file.seek(self._size)
                entries = [json_lines.decode(line) for line in file.read().split(b"\n")]
        except OSError:
            return []
        return [str(entry.get("uuid")) for entry in entries if entry is not None and _is_message(entry)]


def _is_message(entry: dict[str, object]) -> bool:
    return entry.get("type") in ("user", "assistant") and not entry.get("isSidechain") and not entry.get("isMeta")
