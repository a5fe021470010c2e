"""
The file format of a cassette: JSON lines, a header followed by the processes in order.

    {"agent_sdk_cassette": 1, "sdk": "0.1.0", "cli": "2.1.330"}
    {"process": {"model": "sonnet", ...}}
    {"host": {...}}        a frame that the SDK wrote
    {"cli": {...}}         a frame that the CLI wrote
    {"stderr": "..."}      a line of the CLI's standard error
    {"closed": true}       the SDK closed the CLI's stdin
    {"end": {"exit_code": 0, "stderr": ""}}
"""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import attrs

from .._core import json_lines
from .._core.json_lines import Frame
from .._core.version import __version__
from ..errors import CassetteError

#: Version of the file format; reading a newer one raises.
FORMAT = 1
_HEAD = "agent_sdk_cassette"


@attrs.define(eq=False)
class Recording:
    """One process: its start parameters and all lines in order."""

    started_with: Frame
    #: Pairs of a kind (`host`, `cli`, `stderr`, `closed`, `end`) and its value.
    events: list[tuple[str, Any]] = attrs.field(factory=list)

    @property
    def cli_version(self) -> str | None:
        """The version of the CLI, if a frame contains it."""
        frames = (value for kind, value in self.events if kind == "cli")
        return next((str(frame["claude_code_version"]) for frame in frames if "claude_code_version" in frame), None)


def load(path: Path) -> list[Recording]:
    """Read a file; an invalid one, or one with a newer format, raises `CassetteError`."""
    with open(path, "rb") as file:
        lines = [json_lines.decode(line) for line in file.read().split(b"\n") if line.strip()]
    head = lines[0] if lines else None
    version = head.get(_HEAD) if head else None
    if not isinstance(version, int) or None in lines:
        raise CassetteError(f"{path} is not a valid cassette; delete it and record it again", path=str(path))
    if version > FORMAT:
        raise CassetteError(f"{path} has format {version}; this version reads up to {FORMAT}", path=str(path))
    recordings: list[Recording] = []
    for line in lines[1:]:
        ((kind, value),) = (line or {}).items()
        if kind == "process":
            recordings.append(Recording(value))
        else:
            recordings[-1].events.append((kind, value))
    return recordings


def save(path: Path, recordings: list[Recording]) -> None:
    """Write a file atomically."""
    versions = [recording.cli_version for recording in recordings]
    lines: list[Frame] = [{_HEAD: FORMAT, "sdk": __version__, "cli": next(filter(None, versions), None)}]
    for recording in recordings:
        lines.append({"process": recording.started_with})
        lines += [{kind: value} for kind, value in recording.events]
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(b"".join(map(json_lines.encode, lines)))
    os.replace(beside, path)
