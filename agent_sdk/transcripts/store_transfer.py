"""
Copy sessions between the disk and a store, and compare them.

It works with any object that has the methods `append` and `load` of `agent_sdk.stores.Store`.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from .._core import json_lines, log
from ..stores.base import Entry, Key, deduplicate, supports
from . import paths
from .entries import decode_entry, finite, kind_of, open_transcript, read_lines
from .paths import MAX_KEY_CHARS, SUFFIX, Directory

#: The CLI's log of API requests: most bytes of a transcript, and not needed to resume.
#: Number of entries to encode at once.
BATCH = 1000
_LOGGED = "api-request"
#: The type of entry for the content of `agent-<id>.meta.json`.
METADATA = "agent_metadata"
_META = ".meta.json"
_HUGE_NUMBER = re.compile(rb"\d[eE]\+?\d{3}")


def import_session(
    session_id: str, store: Any, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> int:
    """
    Copy a session and its subagents from the disk to a store, skipping entries that the store has.

    Args:
        session_id: Its id.
        store: For example `stores.SQLiteStore(path)`.
        directory: Look only under this working directory and its git worktrees; *None* looks everywhere.
        config_dir: As for `list_sessions`.

    Returns:
        The number of copied entries.

    Raises:
        SessionNotFoundError: The session does not exist.
        ConfigurationError: The id is not a UUID.
        StoreError: The store failed; entries copied before the failure remain in it.
    """
    return upload(paths.require_transcript(session_id, directory, config_dir), store)


def upload(transcript: str, store: Any, key: Key | None = None) -> int:
    """Copy missing entries of a transcript and its subagents to *store*; returns their number."""
    folder = os.path.dirname(transcript)
    session_id = os.path.basename(transcript).removesuffix(SUFFIX)
    key = key or Key(os.path.basename(folder), session_id)
    count = _add_missing(store, key, entries_of(transcript))
    for subpath in _subpaths(os.path.join(folder, session_id)):
        entries = entries_of(os.path.join(folder, session_id, subpath + SUFFIX))
        count += _add_missing(store, key._replace(subpath=subpath), [*_metadata(folder, session_id, subpath), *entries])
    return count


def _add_missing(store: Any, key: Key, entries: list[Entry]) -> int:
    missing = lacking(entries, store.load(key) or ())
    store.append(key, missing)
    return len(missing)


def lacking(entries: Iterable[Entry], known: Iterable[Entry]) -> list[Entry]:
    """Return the *entries* that are not in *known*, compared by uuid or else by content."""
    identities = {_identity(entry) for entry in known}
    return [entry for entry in entries if _identity(entry) not in identities]


def _identity(entry: Entry) -> str:
    uuid = entry.get("uuid")
    return uuid if isinstance(uuid, str) else json_lines.dumps(dict(sorted(entry.items())))


def entries_of(transcript: str) -> list[Entry]:
    """Return the entries of a transcript on disk in the format of the mirror."""
    with open_transcript(transcript) as file:
        decoded = [_decode(line) for _, line in read_lines(file, _is_kept)]
    return [entry for entry in decoded if entry is not None and not str(entry.get("type")).startswith(_LOGGED)]


def _decode(line: bytes) -> Entry | None:
    entry = decode_entry(line)
    # What is read as infinity is not JSON when a store writes it.
    return finite(entry) if entry is not None and _HUGE_NUMBER.search(line) else entry


def _is_kept(start: bytes) -> bool:
    return not (kind_of(start) or "").startswith(_LOGGED)


def _subpaths(folder: str) -> list[str]:
    """Return the paths of subagents' transcripts in a session's folder, without their suffix."""
    found = []
    for place, _, names in os.walk(folder):
        ours = (os.path.join(place, name.removesuffix(SUFFIX)) for name in names if name.endswith(SUFFIX))
        found += [os.path.relpath(path, folder).replace(os.sep, "/") for path in ours]
    return sorted(found)


def _metadata(folder: str, session_id: str, subpath: str) -> list[Entry]:
    try:
        with open(os.path.join(folder, session_id, subpath + _META), "rb") as file:
            return [{"type": METADATA, **json_lines.loads(file.read())}]
    except (OSError, ValueError, TypeError) as error:
        log.debug("transcripts", "no metadata of %s: %s", subpath, error)  # not every subagent has metadata
        return []


def write_files(store: Any, key: Key, entries: list[Entry], projects: str, project_key: str) -> None:
    """
    Write a session of *store* and its subagents below *projects*, in the CLI's layout.

    *entries* contains those of the session itself. *project_key* may differ from the key in the store.
    """
    folder = os.path.join(projects, project_key)
    _write(os.path.join(folder, key.session_id + SUFFIX), entries)
    for subpath in store.list_subkeys(key) if supports(store, "list_subkeys") else ():
        path = os.path.join(folder, key.session_id, *subpath.split("/"))
        if not _is_inside(subpath):
            log.debug("transcripts", "ignored a subpath outside of the session's folder: %s", subpath)
            continue
        entries = deduplicate(store.load(key._replace(subpath=subpath)) or ())
        _write(path + SUFFIX, [entry for entry in entries if entry.get("type") != METADATA])
        for entry in [entry for entry in entries if entry.get("type") == METADATA][-1:]:
            _write(path + _META, [{name: value for name, value in entry.items() if name != "type"}])


def _is_inside(subpath: str) -> bool:
    return "\0" not in subpath and all(part not in ("", ".", "..") for part in subpath.split("/"))


def _write(path: str, entries: Iterable[Entry]) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        left = iter(entries)
        while lines := json_lines.encode_all(islice(left, BATCH)):
            file.write(lines)


def rescue(projects: str, own_projects: str) -> list[str]:
    """
    Copy the transcripts that a CLI wrote below *projects* to the user's own folder. Existing entries are not changed.

    Returns:
        The changed transcripts.
    """
    written = []
    for folder in paths.all_folders(projects):
        for source in transcripts_below(folder):
            target = os.path.join(own_projects, os.path.relpath(source, projects))
            known = entries_of(target) if os.path.isfile(target) else []
            missing = lacking(entries_of(source), known)
            if missing:
                os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
                with open(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "ab") as file:
                    file.write(json_lines.encode_all(missing))
                written.append(target)
    return written


def transcripts_below(folder: str) -> list[str]:
    """Return the paths of all transcripts below *folder*, including those of subagents."""
    return [os.path.join(folder, path.replace("/", os.sep) + SUFFIX) for path in _subpaths(folder)]


def project_key_here(stored: str, cwd: Directory) -> str:
    """Return the project key of a CLI in *cwd* for a session whose key in the store is *stored*."""
    own_key = paths.project_key(cwd)
    # Only the CLI can compute the hash of a long key; if the rest is equal, use the stored key.
    is_same = len(own_key) > MAX_KEY_CHARS and stored[:MAX_KEY_CHARS] == own_key[:MAX_KEY_CHARS]
    return stored if is_same else own_key
