"""Exports a whole session as one text: Markdown, HTML or JSON."""
from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .._core import checks, json_lines
from ..messages import Message
from ..transcripts import listing, paths, reader
from ..transcripts.branches import main_chain
from ..transcripts.entries import EntryLink, finite
from ..transcripts.listing import SessionInfo
from ..transcripts.paths import Directory
from ..transcripts.reader import Subagent
from . import conversation, html, markdown

if TYPE_CHECKING:
    from .._core.literals import ExportFormat

FORMATS = ("markdown", "html", "json")


def export_session(
    session_id: str,
    directory: Directory | None = None,
    format: ExportFormat = "markdown",
    *,
    config_dir: Directory | None = None,
) -> str:
    """
    Return a session as one text, with its subagents, from its first message on, including those before compactions.

    Args:
        session_id: Id of the session.
        directory: Search only this working directory and its git worktrees; *None* searches everywhere.
        format: `"markdown"`; `"html"`, one self-contained page without scripts, with collapsed tool uses; `"json"`,
            an object with `info`, `messages` (frames as `Message.raw`) and `subagents`.
        config_dir: As for `list_sessions`.

    Returns:
        The text. It contains thinking, tool inputs, tool results and images; review it before you share it.

    Raises:
        SessionNotFoundError: No session has this id.
        ConfigurationError: The id is not a UUID, or the format is unknown.
    """
    if directory in FORMATS and not os.path.isdir(str(directory)):
        raise checks.invalid("directory", directory, f"no such directory; for the format, write format={directory!r}")
    if format not in FORMATS:
        raise checks.invalid("format", format, f"expected one of {', '.join(FORMATS)}")
    path = paths.require_transcript(session_id, directory, config_dir)
    info = listing.read_info(path) or SessionInfo(session_id=str(session_id), summary=str(session_id), path=path)
    agents = reader.subagents_of(path)
    if format == "json":
        return _json(info, list(_messages(path)), agents)
    return _text(info, path, agents, format)


def _messages(path: str) -> Iterator[Message]:
    return reader.read_messages(path, _exported)


def _exported(links: Sequence[EntryLink]) -> list[EntryLink]:
    chain = main_chain(links, across_compactions=True)
    return [link for link in chain if link.is_visible and (link.is_message or link.kind == "system")]


def _text(info: SessionInfo, path: str, agents: list[Subagent], format: str) -> str:
    items = conversation.build_items(_messages(path), agents)
    return html.to_page(info, items) if format == "html" else markdown.to_markdown(info, items)


def _json(info: SessionInfo, messages: list[Message], agents: list[Subagent]) -> str:
    facts = {key: value for key, value in info.to_dict().items() if key != "path"}
    frames = [message.raw for message in messages]
    whole = {"info": facts, "messages": frames, "subagents": [_agent(agent) for agent in agents]}
    try:
        return json_lines.dumps(whole, indent=2) + "\n"
    except ValueError:
        # A number like 1e999, which the CLI writes as null.
        return json_lines.dumps(finite(whole), indent=2) + "\n"


def _agent(agent: Subagent) -> dict[str, Any]:
    return {
        "agent_id": agent.agent_id,
        "agent_type": agent.agent_type,
        "description": agent.description,
        "parent_tool_use_id": agent.parent_tool_use_id,
        "parent_agent_id": agent.parent_agent_id,
        "messages": [message.raw for message in reader.read_subagent(agent)],
    }
