"""
Messages about what is kept outside the conversation: files, mirrors, and writes that were lost.
"""
from __future__ import annotations

import attrs

from .._core.fields import wire
from .base import SystemMessage, WireObject
from .registry import message_type


@attrs.define(eq=False, repr=False, kw_only=True)
class PersistedFile(WireObject):
    """A file that was stored (`file_id`), or not (`error`)."""

    filename: str = ""
    file_id: str | None = None
    error: str | None = None


@message_type("system", "files_persisted")
@attrs.define(eq=False, repr=False, kw_only=True)
class FilesPersistedMessage(SystemMessage):
    """Files were stored."""

    files: list[PersistedFile] = attrs.field(factory=list)
    failed: list[PersistedFile] = attrs.field(factory=list)
    #: As ISO 8601.
    processed_at: str = ""


@attrs.define(eq=False, repr=False, kw_only=True)
class MirrorKey(WireObject):
    """Which transcript a mirror error is about."""

    project_key: str = wire("projectKey", "")
    session_id: str = wire("sessionId", "")
    subpath: str | None = None


@message_type("system", "mirror_error", "storage_error")
@attrs.define(eq=False, repr=False, kw_only=True)
class MirrorErrorMessage(SystemMessage):
    """Part of a transcript did not reach the session store. The SDK makes this message itself."""

    error: str = ""
    key: MirrorKey | None = None


@message_type("system", "session_writes_lost", "storage_error")
@attrs.define(eq=False, repr=False, kw_only=True)
class SessionWritesLostMessage(SystemMessage):
    """The disk is full, and the CLI could not write."""

    #: `ENOSPC` or `EDQUOT`.
    error_code: str = ""
    #: What was lost: `transcript`, `global_config`.
    lost: list[str] = attrs.field(factory=list)
    transcript_session_ids: list[str] | None = None
