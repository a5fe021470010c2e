"""
What an export tells, in the order it is told: messages, with every tool use joined to its result and its subagent.

Knows no output format: `markdown` and `html` write it.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ..messages import AssistantMessage, ContentBlock, Message, ToolResultBlock, ToolUseBlock, UserMessage
from ..transcripts.reader import Subagent, read_subagent

#: Images that browsers show and that cannot carry a script.
_IMAGE = re.compile(r"image/(png|jpeg|gif|webp)")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
#: Agents start agents; a transcript that says they do so in a circle is cut here.
DEEPEST = 8


@attrs.define
class Image:
    """An image, or what stands for one that cannot be embedded."""

    #: As `data:image/png;base64,...`, safe to be put between quotes; `""` when it cannot be embedded.
    url: str = ""
    note: str = ""


@attrs.define
class Said:
    """Text: a user's, the model's, or the CLI's."""

    #: `user`, `assistant`, `summary` or `system`.
    who: str
    text: str
    timestamp: str = ""
    images: list[Image] = attrs.field(factory=list)


@attrs.define
class Thought:
    """The model's thinking."""

    text: str


@attrs.define
class Change:
    """What a tool changed in a file: lines as of a unified diff, each beginning with `+`, `-`, a space or `@@`."""

    path: str
    lines: list[str]

    @property
    def added(self) -> int:
        """How many lines were added."""
        return sum(line.startswith("+") for line in self.lines)

    @property
    def removed(self) -> int:
        """How many lines were removed."""
        return sum(line.startswith("-") for line in self.lines)


@attrs.define
class Used:
    """A tool use with what came of it."""

    name: str
    input: Any
    #: *None* while there is no result.
    result: str | None = None
    is_error: bool = False
    images: list[Image] = attrs.field(factory=list)
    change: Change | None = None
    agent: str = ""
    #: What the subagent did that it started.
    story: list[Item] = attrs.field(factory=list)


Item = Said | Thought | Used


def tell(messages: Iterable[Message], agents: list[Subagent]) -> list[Item]:
    """Turn a conversation and the session's subagents into a story."""
    teller = _Teller(agents)
    story = teller.tell(messages, 0)
    for agent in agents:
        if agent.agent_id not in teller.told:
            story.append(teller.of_agent(agent, Used("Agent", {"description": agent.description}), 0))
    return story


class _Teller:
    def __init__(self, agents: list[Subagent]) -> None:
        self._agents = {agent.parent_tool_use_id: agent for agent in agents if agent.parent_tool_use_id}
        self._by_id = {agent.agent_id: agent for agent in agents}
        self.told: set[str] = set()

    def tell(self, messages: Iterable[Message], depth: int) -> list[Item]:
        story: list[Item] = []
        uses: dict[str, Used] = {}
        for message in messages:
            story += self._items(message, uses, depth)
        return story

    def _items(self, message: Message, uses: dict[str, Used], depth: int) -> Iterator[Item]:
        timestamp = str(message.get("timestamp") or "")
        if isinstance(message, UserMessage):
            yield from self._results(message, uses, depth)
            yield from _user(message, timestamp)
        elif isinstance(message, AssistantMessage):
            yield from self._reply(message, uses, timestamp, depth)
        elif message.is_compact_boundary:
            yield Said("system", "The conversation was compacted here.", timestamp)
        elif message.content:
            yield Said("system", message.content, timestamp)

    def _reply(self, message: AssistantMessage, uses: dict[str, Used], timestamp: str, depth: int) -> Iterator[Item]:
        for block in message.blocks:
            if isinstance(block, ToolUseBlock):
                used = uses[block.id] = Used(block.name, block.input)
                yield self._with_agent(used, self._agents.get(block.id), depth)
            elif block.type == "thinking" and str(block.get("thinking") or ""):
                yield Thought(str(block["thinking"]))
            elif block.type == "text":
                yield Said("assistant", str(block.get("text") or ""), timestamp)
            elif block.type not in ("thinking", "redacted_thinking"):
                yield Used(block.type, block.raw)

    def _results(self, message: UserMessage, uses: dict[str, Used], depth: int) -> Iterator[Item]:
        for block in message.tool_results:
            used = uses.get(block.tool_use_id)
            if used is None:
                # The use is not in this part of the conversation.
                used = uses[block.tool_use_id] = Used("tool result", {})
                yield used
            settle(used, block, message.tool_use_result)
            # A background agent is noted with its launch only, in some versions.
            given = message.tool_use_result
            agent_id = given.get("agentId") if isinstance(given, dict) else None
            self._with_agent(used, self._by_id.get(agent_id) if isinstance(agent_id, str) else None, depth)

    def _with_agent(self, used: Used, agent: Subagent | None, depth: int) -> Used:
        if agent is None or agent.agent_id in self.told or depth >= DEEPEST:
            return used
        return self.of_agent(agent, used, depth)

    def of_agent(self, agent: Subagent, used: Used, depth: int) -> Used:
        self.told.add(agent.agent_id)
        used.agent = f"{agent.agent_type or 'agent'} {agent.agent_id}"
        used.story = self.tell(read_subagent(agent), depth + 1)
        return used


def _user(message: UserMessage, timestamp: str) -> Iterator[Item]:
    others = [block for block in message.blocks if not isinstance(block, ToolResultBlock)]
    images = [_image(block) for block in others if block.type in ("image", "document")]
    if message.content or images:
        who = "summary" if message.get("isCompactSummary") else "user"
        yield Said(who, message.content, timestamp, images)


def settle(used: Used, block: ToolResultBlock, given: Any) -> None:
    """Put into *used* what came back: the result's block, and *given*, the message's `tool_use_result`."""
    used.result, used.is_error = block.text, bool(block.is_error)
    parts = block.content if isinstance(block.content, list) else []
    used.images = [_image(part) for part in parts if isinstance(part, ContentBlock) and part.type != "text"]
    used.change = None if used.is_error else _change(used, given)


def _image(block: ContentBlock) -> Image:
    source = block.raw.get("source")
    kind, content = (source.get("media_type"), source.get("data")) if isinstance(source, dict) else (None, None)
    if isinstance(kind, str) and isinstance(content, str) and _IMAGE.fullmatch(kind) and _BASE64.fullmatch(content):
        return Image(f"data:{kind};base64,{''.join(content.split())}")
    return Image(note=f"[{block.type}{f' {kind}' if isinstance(kind, str) else ''}]")


def _change(used: Used, given: Any) -> Change | None:
    """Return the change that a tool reports, or that its input tells of where the transcript keeps no report."""
    told = given if isinstance(given, dict) else {}
    asked = used.input if isinstance(used.input, dict) else {}
    path = told.get("filePath") or asked.get("file_path")
    hunks = told.get("structuredPatch")
    lines = list(_hunk_lines(hunks)) if isinstance(hunks, list) else []
    if not lines and used.name == "Edit" and not told:
        lines = [*_marked("-", asked.get("old_string")), *_marked("+", asked.get("new_string"))]
    if not lines and used.name == "Write" and told.get("type", "create") == "create":
        lines = _marked("+", asked.get("content"))
    return Change(str(path), lines) if lines and path else None


def _hunk_lines(hunks: list[Any]) -> Iterator[str]:
    for hunk in hunks:
        lines = hunk.get("lines") if isinstance(hunk, dict) else None
        if isinstance(lines, list):
            old, new = (f"{hunk.get(f'{side}Start')},{hunk.get(f'{side}Lines')}" for side in ("old", "new"))
            yield f"@@ -{old} +{new} @@"
            yield from map(str, lines)


def _marked(mark: str, text: Any) -> list[str]:
    if not isinstance(text, str) or not text:
        return []
    return [mark + line for line in text.removesuffix("\n").split("\n")]
