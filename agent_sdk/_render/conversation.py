"""
The items of an export, in order: messages, with each tool use joined to its result and its subagent.

This module knows no output format; `markdown` and `html` write the items.
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
#: Limit of subagents inside of subagents; a damaged transcript may hold a circle of them.
MAX_DEPTH = 8


@attrs.define
class Image:
    """An image, or a note in place of one that cannot be embedded."""

    #: A `data:image/png;base64,...` URL, safe inside of quotes; `""` if the image cannot be embedded.
    url: str = ""
    note: str = ""


@attrs.define
class Text:
    """Text of the user, the model or the CLI."""

    #: `user`, `assistant`, `summary` or `system`.
    role: str
    text: str
    timestamp: str = ""
    images: list[Image] = attrs.field(factory=list)


@attrs.define
class Thinking:
    """The model's thinking."""

    text: str


@attrs.define
class Change:
    """A tool's change of a file: lines of a unified diff; each starts with `+`, `-`, a space or `@@`."""

    path: str
    lines: list[str]

    @property
    def added(self) -> int:
        """Number of added lines."""
        return sum(line.startswith("+") for line in self.lines)

    @property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(line.startswith("-") for line in self.lines)


@attrs.define
class ToolUse:
    """A tool use with its result."""

    name: str
    input: Any
    #: *None* until the tool returns.
    result: str | None = None
    is_error: bool = False
    images: list[Image] = attrs.field(factory=list)
    change: Change | None = None
    subagent: str = ""
    #: The items of the subagent that the tool use started.
    subagent_items: list[Item] = attrs.field(factory=list)


Item = Text | Thinking | ToolUse


def build_items(messages: Iterable[Message], agents: list[Subagent]) -> list[Item]:
    """Turn a conversation and the session's subagents into items."""
    builder = _Builder(agents)
    items = builder.build(messages, 0)
    for agent in agents:
        if agent.agent_id not in builder.included:
            items.append(builder.add_subagent(agent, ToolUse("Agent", {"description": agent.description}), 0))
    return items


class _Builder:
    def __init__(self, agents: list[Subagent]) -> None:
        self._agents = {agent.parent_tool_use_id: agent for agent in agents if agent.parent_tool_use_id}
        self._by_id = {agent.agent_id: agent for agent in agents}
        self.included: set[str] = set()

    def build(self, messages: Iterable[Message], depth: int) -> list[Item]:
        items: list[Item] = []
        uses: dict[str, ToolUse] = {}
        for message in messages:
            items += self._items(message, uses, depth)
        return items

    def _items(self, message: Message, uses: dict[str, ToolUse], depth: int) -> Iterator[Item]:
        timestamp = str(message.get("timestamp") or "")
        if isinstance(message, UserMessage):
            yield from self._results(message, uses, depth)
            yield from _user_items(message, timestamp)
        elif isinstance(message, AssistantMessage):
            yield from self._reply(message, uses, timestamp, depth)
        elif message.is_compact_boundary:
            yield Text("system", "The conversation was compacted.", timestamp)
        elif message.content:
            yield Text("system", message.content, timestamp)

    def _reply(self, message: AssistantMessage, uses: dict[str, ToolUse], timestamp: str, depth: int) -> Iterator[Item]:
        for block in message.blocks:
            if isinstance(block, ToolUseBlock):
                use = uses[block.id] = ToolUse(block.name, block.input)
                yield self._add_new_subagent(use, self._agents.get(block.id), depth)
            elif block.type == "thinking" and str(block.get("thinking") or ""):
                yield Thinking(str(block["thinking"]))
            elif block.type == "text":
                yield Text("assistant", str(block.get("text") or ""), timestamp)
            elif block.type not in ("thinking", "redacted_thinking"):
                yield ToolUse(block.type, block.raw)

    def _results(self, message: UserMessage, uses: dict[str, ToolUse], depth: int) -> Iterator[Item]:
        for block in message.tool_results:
            use = uses.get(block.tool_use_id)
            if use is None:
                # The tool use is outside of this part of the conversation.
                use = uses[block.tool_use_id] = ToolUse("tool result", {})
                yield use
            add_result(use, block, message.tool_use_result)
            # Some CLI versions link a background agent only to its launch.
            report = message.tool_use_result
            agent_id = report.get("agentId") if isinstance(report, dict) else None
            self._add_new_subagent(use, self._by_id.get(agent_id) if isinstance(agent_id, str) else None, depth)

    def _add_new_subagent(self, use: ToolUse, agent: Subagent | None, depth: int) -> ToolUse:
        if agent is None or agent.agent_id in self.included or depth >= MAX_DEPTH:
            return use
        return self.add_subagent(agent, use, depth)

    def add_subagent(self, agent: Subagent, use: ToolUse, depth: int) -> ToolUse:
        self.included.add(agent.agent_id)
        use.subagent = f"{agent.agent_type or 'agent'} {agent.agent_id}"
        use.subagent_items = self.build(read_subagent(agent), depth + 1)
        return use


def _user_items(message: UserMessage, timestamp: str) -> Iterator[Item]:
    others = [block for block in message.blocks if not isinstance(block, ToolResultBlock)]
    images = [_image(block) for block in others if block.type in ("image", "document")]
    if message.content or images:
        role = "summary" if message.get("isCompactSummary") else "user"
        yield Text(role, message.content, timestamp, images)


def add_result(use: ToolUse, block: ToolResultBlock, report: Any) -> None:
    """Add a result to *use*: its block, and *report*, the `tool_use_result` of the message."""
    use.result, use.is_error = block.text, bool(block.is_error)
    parts = block.content if isinstance(block.content, list) else []
    use.images = [_image(part) for part in parts if isinstance(part, ContentBlock) and part.type != "text"]
    use.change = None if use.is_error else _change(use, report)


def _image(block: ContentBlock) -> Image:
    source = block.raw.get("source")
    kind, content = (source.get("media_type"), source.get("data")) if isinstance(source, dict) else (None, None)
    if isinstance(kind, str) and isinstance(content, str) and _IMAGE.fullmatch(kind) and _BASE64.fullmatch(content):
        return Image(f"data:{kind};base64,{''.join(content.split())}")
    return Image(note=f"[{block.type}{f' {kind}' if isinstance(kind, str) else ''}]")


def _change(use: ToolUse, report: Any) -> Change | None:
    """Return the change that a tool reports; without a report, the change that its input describes."""
    report = report if isinstance(report, dict) else {}
    asked = use.input if isinstance(use.input, dict) else {}
    path = report.get("filePath") or asked.get("file_path")
    hunks = report.get("structuredPatch")
    lines = list(_hunk_lines(hunks)) if isinstance(hunks, list) else []
    if not lines and use.name == "Edit" and not report:
        lines = [*_prefixed("-", asked.get("old_string")), *_prefixed("+", asked.get("new_string"))]
    if not lines and use.name == "Write" and report.get("type", "create") == "create":
        lines = _prefixed("+", asked.get("content"))
    return Change(str(path), lines) if lines and path else None


def _hunk_lines(hunks: list[Any]) -> Iterator[str]:
    for hunk in hunks:
        lines = hunk.get("lines") if isinstance(hunk, dict) else None
        if isinstance(lines, list):
            old, new = (f"{hunk.get(f'{side}Start')},{hunk.get(f'{side}Lines')}" for side in ("old", "new"))
            yield f"@@ -{old} +{new} @@"
            yield from map(str, lines)


def _prefixed(mark: str, text: Any) -> list[str]:
    if not isinstance(text, str) or not text:
        return []
    return [mark + line for line in text.removesuffix("\n").split("\n")]
