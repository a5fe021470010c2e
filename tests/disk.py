"""
Write transcripts as the CLI does, in a folder of the test.

Every entry has the shape that CLI 2.1.330 writes; `test_real_transcripts.py` reads transcripts of the real CLI.
"""
from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

from agent_sdk.transcripts import project_key

START = "2026-01-31T12:00:"


class Disk:
    """A configuration folder with projects."""

    def __init__(self, root: Path) -> None:
        self.config = root / "config"
        self.project = root / "project"
        self.project.mkdir(parents=True)
        self.projects = self.config / "projects"
        self.projects.mkdir(parents=True)

    def folder(self, directory: Path | None = None) -> Path:
        """Return the folder with the transcripts of *directory*."""
        folder = self.projects / project_key(directory or self.project)
        folder.mkdir(exist_ok=True)
        return folder

    def transcript(self, directory: Path | None = None, session_id: str | None = None) -> Transcript:
        """Return a transcript of *directory* without entries."""
        session_id = session_id or str(uuid.uuid4())
        return Transcript(self.folder(directory) / f"{session_id}.jsonl", session_id, directory or self.project)

    def session(self, prompt: str = "hello", directory: Path | None = None) -> Transcript:
        """Write a session of one turn."""
        made = self.transcript(directory)
        made.user(prompt)
        made.reply(f"echo: {prompt}")
        return made


class Transcript:
    """One transcript. The parent of an entry defaults to the previous entry."""

    def __init__(self, path: Path, session_id: str, cwd: Path) -> None:
        self.path, self.id, self.cwd = path, session_id, cwd
        self.last: str | None = None
        self.count = 0

    @property
    def agents(self) -> Path:
        """The folder with the transcripts of subagents."""
        folder = self.path.with_suffix("") / "subagents"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def time(self) -> str:
        """Return the time of the next entry, one second after the previous one."""
        self.count += 1
        return f"{START}{self.count:02d}.000Z"

    def write(self, text: bytes) -> None:
        """Append bytes unchanged."""
        with self.path.open("ab") as file:
            file.write(text)

    def line(self, **entry: Any) -> None:
        """Append an entry with exactly these fields."""
        self.write(json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")

    def entry(self, kind: str, parent: str | None = "last", **fields: Any) -> str:
        """Append an entry of the conversation and return its uuid."""
        made = fields.pop("uuid", None) or str(uuid.uuid4())
        common = {"userType": "external", "cwd": str(self.cwd), "sessionId": self.id, "gitBranch": "main"}
        head = {"parentUuid": self.last if parent == "last" else parent}
        head["isSidechain"] = fields.pop("isSidechain", False)
        rest = {"type": kind, "uuid": made, "timestamp": fields.pop("timestamp", None) or self.time()}
        self.line(**head, **fields, **rest, **common)
        self.last = made
        return made

    def user(self, content: Any, parent: str | None = "last", **fields: Any) -> str:
        """Append a user entry."""
        return self.entry("user", parent, message={"role": "user", "content": content}, **fields)

    def assistant(self, *blocks: dict[str, Any], parent: str | None = "last", reply: str = "", **fields: Any) -> str:
        """Append an assistant entry with content blocks."""
        usage = {"input_tokens": 12, "output_tokens": 7, "cache_read_input_tokens": 1}
        message = {
            "id": reply or f"msg_{uuid.uuid4().hex}",
            "type": "message",
            "role": "assistant",
            "model": "claude-test",
            "content": list(blocks),
            "stop_reason": "end_turn",
            "usage": usage,
        }
        return self.entry("assistant", parent, message=message, **fields)

    def reply(self, text: str, **fields: Any) -> str:
        """Append an assistant entry with one text block."""
        return self.assistant({"type": "text", "text": text}, **fields)

    def use(self, name: str, given: dict[str, Any], id: str = "toolu_1", **fields: Any) -> str:
        """Append a tool use."""
        return self.assistant({"type": "tool_use", "name": name, "input": given, "id": id}, **fields)

    def result(self, content: Any, id: str = "toolu_1", is_error: bool = False, **fields: Any) -> str:
        """Append a tool result."""
        block = {"tool_use_id": id, "type": "tool_result", "content": content, "is_error": is_error}
        return self.user([block], **fields)

    def attachment(self, size: int = 10, parent: str | None = "last") -> str:
        """Append an attachment."""
        return self.entry("attachment", parent, attachment={"type": "prompt_snapshot", "text": "x" * size})

    def subagent(self, agent_id: str, tool_use_id: str | None, **meta: Any) -> Transcript:
        """Return the transcript of a subagent, after writing its metadata."""
        path = self.agents / f"agent-{agent_id}.jsonl"
        facts = {"agentType": "general-purpose", "description": "sub", "toolUseId": tool_use_id, **meta}
        path.with_suffix("").with_suffix(".meta.json").write_text(json.dumps(facts))
        return Transcript(path, self.id, self.cwd)

    def touch(self, seconds: float) -> Transcript:
        """Set the modification time, in seconds since the epoch."""
        os.utime(self.path, (seconds, seconds))
        return self
