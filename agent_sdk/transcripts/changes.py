"""
Changes of a transcript since our last turn: whether another process wrote to the session.

A kept process does not see what another process appends to its transcript: its next turn would start a second branch,
and the other turn would be lost to the model.
"""
from __future__ import annotations

from collections.abc import Collection

from .._core import json_lines
from .location import SessionLocation
from .paths import file_size

#: How often a transcript is looked for before it is taken that there is none.
MAX_CHECKS = 6


class SessionChanges:
    """How the transcript of a session looked after a turn of ours, and the uuids of the messages we know."""

    def __init__(self, session_id: str, location: SessionLocation) -> None:
        self.session_id = session_id
        self._location = location
        self._path = ""
        self._size = 0
        self._known: Collection[str] = ()
        self._checks = 0

    def record(self, known: Collection[str]) -> None:
        """Record the end of a turn of ours; the CLI may write some of its messages, *known*, a moment later."""
        self._known = known
        self._size = file_size(self._find())

    def has_foreign_entries(self, known: Collection[str] = ()) -> bool:
        """Tell whether the transcript holds a newer message whose uuid is not *known*, here or from `record`."""
        if file_size(self._find()) <= self._size:
            return False
        return any(uuid not in self._known and uuid not in known for uuid in self._newer())

    def _find(self) -> str:
        # The CLI writes the file a moment after the first turn. Some never do: they are not asked for ever.
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
