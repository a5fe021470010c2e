"""Read the messages of a session from its transcript."""
from __future__ import annotations

import os
from collections.abc import Iterator
from sys import intern
from typing import Any

import attrs

from .._converter import structure_message
from .._core import checks, json_lines, log
from ..messages import Message
from . import paths
from .branches import LinkSelector, main_chain, subagent_chain
from .entries import EntryLink, EntryLinks, open_transcript, queued_prompt
from .listing import offset_and_limit
from .paths import Directory

#: Field names that differ between the transcript and stdout.
_RENAMED = {"sessionId": "session_id", "toolUseResult": "tool_use_result"}
#: Fields with the same value in most entries of a transcript.
_REPEATED = frozenset({"cwd", "version", "gitBranch", "userType", "entrypoint", "slug", "permissionMode", "promptId"})


def get_session_messages(
    session_id: str,
    directory: Directory | None = None,
    limit: int | None = None,
    offset: int = 0,
    *,
    include_system_messages: bool = False,
    include_compacted: bool = False,
    config_dir: Directory | None = None,
) -> list[Message]:
    """
    Read the conversation of a session from its transcript, in order, without a CLI process.

    The messages have the same classes as those of a query. Abandoned branches are omitted; parallel tool uses are
    complete. A transcript can be read while a CLI is writing to it: an incomplete last line is skipped.

    Args:
        session_id: Its id.
        directory: Look only under this working directory and its git worktrees; *None* looks everywhere.
        limit: Maximum number of messages; *None* or 0 for all.
        offset: Number of first messages to skip.
        include_system_messages: Include messages of the CLI itself, such as the boundary of a compaction.
        include_compacted: Include messages before the last compaction, of which the model sees only a summary.
        config_dir: As for `list_sessions`.

    Returns:
        `UserMessage` and `AssistantMessage` objects. Unlike those of a query, they have `timestamp`, `cwd`,
        `git_branch`, `parent_uuid`, and the final `usage` and `stop_reason`.

    Raises:
        SessionNotFoundError: The session does not exist.
        ConfigurationError: The id is not a UUID, or another argument is invalid.
    """
    found = paths.find(session_id, directory, config_dir)
    first, count = offset_and_limit(limit, offset)

    def choose(links: Any) -> list[EntryLink]:
        chain = main_chain(links, include_compacted)
        shown = [link for link in chain if link.is_visible and _is_wanted(link, include_system_messages)]
        return shown[first:] if count is None else shown[first : first + count]

    if found is None:
        raise paths.not_found(session_id, directory, config_dir)
    return list(read_messages(found[0], choose))


def _is_wanted(link: EntryLink, system: bool) -> bool:
    return link.is_message or (system and link.kind == "system")


def read_messages(path: str, choose: LinkSelector, **parents: str | None) -> Iterator[Message]:
    """
    Read the messages at *path* that *choose* selects from all links.

    *parents* contains `parent_tool_use_id` and `parent_agent_id` for the messages of a subagent.
    """
    try:
        file = open_transcript(path)
    except OSError as error:
        # Deleted meanwhile, or not readable: treated as a missing session.
        log.debug("transcripts", "cannot read %s: %s", path, error)
        return
    with file:
        links = EntryLinks(file)
        for link in choose(links.all):
            entry = links.entry(link)
            link.entry = None
            if entry:
                yield structure_message(_frame(entry, parents))


def _frame(entry: dict[str, Any], parents: dict[str, str | None]) -> dict[str, Any]:
    """Return *entry* in the format of a frame on stdout."""
    frame: dict[str, Any] = {"type": entry.get("type"), "parent_tool_use_id": None, **parents}
    prompt = queued_prompt(entry)
    if prompt is not None:
        entry = _queued_message(entry, prompt)
    for key, value in entry.items():
        is_shared = key in _REPEATED and type(value) is str
        frame[_RENAMED.get(key) or intern(key)] = intern(value) if is_shared else value
    return frame


def _queued_message(entry: dict[str, Any], prompt: str | list[Any]) -> dict[str, Any]:
    """Return an attachment that keeps a prompt as the user's entry that it stands for."""
    # `rendered` is the same text once more, in the words that the CLI puts around it for the model.
    kept = {key: value for key, value in entry.items() if key != "attachment" and not key.startswith("rendered")}
    origin = entry["attachment"].get("origin")
    facts = {} if origin is None else {"origin": origin}
    return {**kept, **facts, "type": "user", "message": {"role": "user", "content": prompt}}


@attrs.define(frozen=True)
class Subagent:
    """An agent that the model started in a session."""

    agent_id: str
    #: The path of its transcript.
    path: str
    #: The tool use that started it, or *None* if the CLI recorded none.
    parent_tool_use_id: str | None = None
    #: The agent that started it; *None* for the main conversation.
    parent_agent_id: str | None = None
    #: The type of the agent, such as `general-purpose`.
    agent_type: str | None = None
    description: str | None = None


def subagents_of(path: str) -> list[Subagent]:
    """Return the subagents of the session whose transcript is at *path*, sorted by folder and name."""
    folder = os.path.join(path[: -len(paths.SUFFIX)], "subagents")
    projects = os.path.dirname(os.path.dirname(path))
    found = []
    for where, folders, files in os.walk(folder):
        folders.sort()
        names = sorted(name for name in files if name.startswith("agent-") and name.endswith(paths.SUFFIX))
        places = (os.path.join(where, name) for name in names)
        found += [_subagent(place) for place in places if paths.is_within(place, projects)]
    return found


def _subagent(path: str) -> Subagent:
    metadata = _metadata(path[: -len(paths.SUFFIX)] + ".meta.json")
    fields = {
        field: value if isinstance(value := metadata.get(key), str) else None
        for field, key in (
            ("parent_tool_use_id", "toolUseId"),
            ("parent_agent_id", "parentAgentId"),
            ("agent_type", "agentType"),
            ("description", "description"),
        )
    }
    return Subagent(os.path.basename(path)[len("agent-") : -len(paths.SUFFIX)], path, **fields)


def _metadata(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return json_lines.decode(file.read()) or {}
    except OSError:
        # The CLI does not always write this file; the agent then has no parent.
        return {}


def list_subagents(
    session_id: str, directory: Directory | None = None, *, config_dir: Directory | None = None
) -> list[str]:
    """
    Return the ids of the agents that the model started in a session; `[]` if the session does not exist.

    Args:
        session_id: The session's id.
        directory: As for `get_session_messages`.
        config_dir: As for `list_sessions`.

    Raises:
        ConfigurationError: The id is not a UUID.
    """
    return [agent.agent_id for agent in _subagents(session_id, directory, config_dir)]


def _subagents(session_id: str, directory: Directory | None, config_dir: Directory | None) -> list[Subagent]:
    found = paths.find(session_id, directory, config_dir)
    return [] if found is None else subagents_of(found[0])


def get_subagent_messages(
    session_id: str,
    agent_id: str,
    directory: Directory | None = None,
    limit: int | None = None,
    offset: int = 0,
    *,
    config_dir: Directory | None = None,
) -> list[Message]:
    """
    Read the conversation of one subagent, in order.

    Args:
        session_id: The session's id.
        agent_id: An id from `list_subagents`.
        directory: As for `get_session_messages`.
        limit: Maximum number of messages; *None* or 0 for all.
        offset: Number of first messages to skip.
        config_dir: As for `list_sessions`.

    Returns:
        Its messages, with the `parent_tool_use_id` of the tool use that started it, and `parent_agent_id` if another
        agent started it; `[]` if the session or agent does not exist.

    Raises:
        ConfigurationError: An argument is invalid.
    """
    checks.string("agent_id")(agent_id)
    agents = _subagents(session_id, directory, config_dir)
    agent = next((agent for agent in agents if agent.agent_id == agent_id), None)
    first, count = offset_and_limit(limit, offset)
    messages = [] if agent is None else list(read_subagent(agent))
    return messages[first:] if count is None else messages[first : first + count]


def read_subagent(agent: Subagent) -> Iterator[Message]:
    """Read all messages of *agent*."""
    parents = {"parent_tool_use_id": agent.parent_tool_use_id}
    if agent.parent_agent_id is not None:
        parents["parent_agent_id"] = agent.parent_agent_id
    return read_messages(agent.path, lambda links: [ln for ln in subagent_chain(links) if ln.is_message], **parents)
