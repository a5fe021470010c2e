"""Copy sessions on disk, with new uuids for all entries, so that the copy is independent of its source."""
from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, BinaryIO

import attrs

from .._core import checks
from ..errors import ConfigurationError
from . import head_and_tail, paths
from .entries import (
    EntryLink,
    EntryLinks,
    bridge,
    decode_entry,
    encode_entry,
    is_chained,
    is_in_tree,
    kind_of,
    open_transcript,
    read_lines,
)
from .paths import Directory

#: Fields that are not copied.
_SOURCE_ONLY = ("teamName", "agentName", "slug", "sourceToolAssistantUUID")
_REPLACEMENT = "content-replacement"


def fork_session(
    session_id: str,
    directory: Directory | None = None,
    up_to_message_id: str | None = None,
    title: str | None = None,
    *,
    config_dir: Directory | None = None,
) -> str:
    """
    Copy a session to a new id, which can be resumed.

    The copy is in the folder of the source, which is not changed. Transcripts of subagents and the CLI's data for
    undoing file changes are not copied, and the cost starts at zero.

    Args:
        session_id: The session to copy.
        directory: Look only under this working directory and its git worktrees; *None* looks everywhere.
        up_to_message_id: The uuid of the last message to copy, as in the file; *None* copies all.
        title: The title of the copy; defaults to that of the source with the suffix ` (fork)`.
        config_dir: As for `list_sessions`.

    Returns:
        The id of the copy.

    Raises:
        SessionNotFoundError: There is no such session.
        ConfigurationError: An id is not a UUID, or the session has no such message, or no messages.
        OSError: The copy cannot be written; a partial copy is removed.
    """
    last = checks.session_uuid("up_to_message_id")(up_to_message_id)
    if title is not None:
        checks.string("title", empty=True)(title)
    source = paths.require_transcript(session_id, directory, config_dir)
    with open_transcript(source) as file:
        plan = _plan_copy(file, str(session_id), last)
        file.seek(0)
        target = os.path.join(os.path.dirname(source), plan.new_id + paths.SUFFIX)
        _write(target, plan.lines(file, title or _title(source)))
    return plan.new_id


def _title(source: str) -> str:
    ends = head_and_tail.read_head_and_tail(source)
    known = None if ends is None else head_and_tail.title_of(ends) or head_and_tail.first_prompt(ends.head)
    return f"{known or 'Forked session'} (fork)"


def _write(target: str, made: Iterator[bytes]) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.writelines(made)
    except BaseException:
        # A partial copy would look like a session.
        with contextlib.suppress(OSError):
            os.unlink(target)
        raise


def _is_copied(start: bytes) -> bool:
    return is_chained(start) or kind_of(start) == _REPLACEMENT


def _entries(file: BinaryIO) -> Iterator[dict[str, Any]]:
    for _, line in read_lines(file, _is_copied):
        entry = decode_entry(line)
        if entry is not None:
            yield entry


@attrs.define
class _CopyPlan:
    """The plan of a copy: the new uuid and parent of each entry."""

    source_id: str
    new_id: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    #: What is copied, by uuid: progress entries and subagents are not.
    links: dict[str, EntryLink] = attrs.field(factory=dict)
    #: Old uuid -> new uuid.
    new_uuids: dict[str, str] = attrs.field(factory=dict)
    #: Number of copied entries.
    count: int = 0
    now: str = attrs.field(factory=lambda: datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"))

    def add(self, links: list[EntryLink]) -> None:
        """Plan to copy the entries of *links*."""
        # Once more: what followed an entry behind the last one follows the entry before it.
        bridge(links)
        self.count = len(links)
        self.links = {link.uuid: link for link in links}
        self.new_uuids = {link.uuid: str(uuid.uuid4()) for link in links}

    def lines(self, file: BinaryIO, title: str) -> Iterator[bytes]:
        """Yield the lines of the copy."""
        left, replacements = self.count, list[Any]()
        for entry in _entries(file):
            if entry.get("type") == _REPLACEMENT and entry.get("sessionId") == self.source_id:
                found = entry.get("replacements")
                replacements += found if isinstance(found, list) else []
            is_copied = is_in_tree(entry) and not entry.get("isSidechain") and entry["uuid"] in self.links
            if left and is_copied:
                left -= 1
                yield encode_entry(self._copy(entry, is_last=not left))
        if replacements:
            yield self._line({"type": _REPLACEMENT, "replacements": replacements})
        yield self._line({"type": "custom-title", "customTitle": title.strip() or "Forked session (fork)"})

    def _line(self, entry: dict[str, Any]) -> bytes:
        marks = {"sessionId": self.new_id, "uuid": str(uuid.uuid4()), "timestamp": self.now}
        return encode_entry({**entry, **marks})

    def _copy(self, entry: dict[str, Any], is_last: bool) -> dict[str, Any]:
        link = self.links[entry["uuid"]]
        copy = {**entry, "uuid": self.new_uuids[link.uuid], "parentUuid": self.new_uuids.get(link.parent or "")}
        if link.logical_parent:
            copy["logicalParentUuid"] = self._replace_uuids(link.logical_parent)
        if entry.get("compactMetadata"):
            copy["compactMetadata"] = self._replace_uuids(entry["compactMetadata"])
        copy.update(sessionId=self.new_id, isSidechain=False)
        if is_last or "timestamp" not in entry:
            # The CLI continues from the newest entry.
            copy["timestamp"] = self.now
        copy["forkedFrom"] = {"sessionId": self.source_id, "messageUuid": entry["uuid"]}
        for key in _SOURCE_ONLY:
            copy.pop(key, None)
        return copy

    def _replace_uuids(self, value: Any) -> Any:
        """Replace the uuids in *value*: a compaction contains those of the messages it kept."""
        if isinstance(value, str):
            return self.new_uuids.get(value, value)
        if isinstance(value, list):
            return [self._replace_uuids(item) for item in value]
        if isinstance(value, dict):
            return {key: self._replace_uuids(item) for key, item in value.items()}
        return value


def _plan_copy(file: BinaryIO, source_id: str, last: str | None) -> _CopyPlan:
    """Read the source once, to plan which entries are copied, with which uuids."""
    plan = _CopyPlan(source_id)
    links = [link for link in EntryLinks(file).all if not link.is_sidechain]
    if last is not None:
        end = next((index for index, link in enumerate(links) if link.uuid == last), None)
        if end is None:
            raise ConfigurationError(f"up_to_message_id={last!r}: session {source_id} has no such message")
        del links[end + 1 :]
    if not links:
        raise ConfigurationError(f"session {source_id} has no messages to fork")
    plan.add(links)
    return plan
