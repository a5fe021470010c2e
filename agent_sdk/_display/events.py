"""
Turns the messages of one run into display events.

This module knows no output; `terminal` and `notebook` show the events. It joins the pieces of a text with the message
that holds the whole text, tool uses with their results, and subagents with the tool use that started them.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs

from .._core import log
from .._core.text import join_surrogates, split_surrogate
from .._render import conversation
from .._render.text import one_line
from ..messages import (
    AssistantMessage,
    ContentBlock,
    Message,
    ResultMessage,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)
from . import status
from .status import Notice, Progress


@attrs.define(eq=False)
class Scope:
    """The place of an event: the run itself, or a subagent."""

    #: Number of subagents around the event.
    depth: int = 0
    #: The tool use that started the subagent.
    tool_use: conversation.ToolUse | None = None


@attrs.frozen
class TextDelta:
    """The model wrote a piece of text."""

    scope: Scope
    #: The new piece.
    added: str
    #: The text so far. After a fault of the stream it starts again, without the pieces shown before.
    whole: str
    is_done: bool = False


@attrs.frozen
class ReplyRestarted:
    """The model discards the text it was writing and starts again."""


@attrs.frozen
class ThinkingText:
    """The model finished a piece of thinking."""

    scope: Scope
    text: str


@attrs.frozen
class ToolStarted:
    """A tool use started."""

    scope: Scope
    tool_use: conversation.ToolUse


@attrs.frozen
class ToolFinished:
    """A tool use has its result."""

    scope: Scope
    tool_use: conversation.ToolUse


@attrs.frozen
class RunFinished:
    """The run has ended."""

    result: ResultMessage
    #: The reason of a failure; `""` for a success.
    failure: str = ""
    #: Number of retried API requests.
    retries: int = 0


DisplayEvent = TextDelta | ReplyRestarted | ThinkingText | ToolStarted | ToolFinished | Notice | Progress | RunFinished

#: Approximate number of characters per token.
_CHARS_PER_TOKEN = 4
#: CLI 2.1.330 writes this before the final text of a subagent.
_TOOLS_SUMMARY = re.compile(r"<tools-used-before-summary>.*?</tools-used-before-summary>\s*", re.S)


class Run:
    """The state of one run."""

    def __init__(self) -> None:
        self.is_over = False
        #: Whether the init message was received; notices between two turns start no turn.
        self.has_begun = False
        self._main_scope = Scope()
        #: Tool uses by id, each with its scope; then the scope of the subagent of each tool use.
        self._tool_uses: dict[str, tuple[conversation.ToolUse, Scope]] = {}
        self._subagent_scopes: dict[str, Scope] = {}
        self._streamed_text = self._first_surrogate = ""
        self._thinking_chars = self._retries = 0
        self._is_compacting = False
        self._shown_error = ""
        #: Tasks in the foreground: their end is shown as the end of a tool use.
        self._foreground_tasks: set[str] = set()

    def starts_new_run(self, message: Message) -> bool:
        """Whether *message* starts another run: an init message that does not follow a compaction."""
        return message.is_init and not self._is_compacting

    def process(self, message: Message) -> list[DisplayEvent]:
        """Return the display events of a message. Never raises."""
        try:
            return list(self._events(message))
        except Exception:
            # A malformed frame must not stop the run: this code only shows it.
            log.debug("show", "a %s could not be shown", type(message).__name__)
            return []

    def _events(self, message: Message) -> Iterator[DisplayEvent]:
        if message.is_stream_event:
            if not message.is_subagent:
                yield from self._stream_events(message)
        elif isinstance(message, AssistantMessage):
            yield from self._assistant_events(message)
        elif isinstance(message, UserMessage):
            yield from self._user_events(message)
        elif isinstance(message, ResultMessage):
            self.is_over = True
            yield RunFinished(message, status.failure_text(message, self._shown_error), self._retries)
        else:
            yield from self._system_events(message)

    def _system_events(self, message: Message) -> Iterator[DisplayEvent]:
        self.has_begun = self.has_begun or message.is_init
        if message.is_status:
            self._is_compacting = message.get("status") == "compacting" or self._is_compacting
        elif message.is_init or message.is_compact_boundary:
            self._is_compacting = message.is_compact_boundary and self._is_compacting
        self._retries += message.is_retry
        if not (message.is_task and self._is_foreground_end(message)):
            yield from status.describe(message)

    def _is_foreground_end(self, message: Any) -> bool:
        """Return whether *message* ends a task in the foreground."""
        if message.is_task_started and not message.is_backgrounded:
            self._foreground_tasks.add(message.task_id)
        elif message.is_task_updated and message.patch.is_backgrounded:
            self._foreground_tasks.discard(message.task_id)
        return message.is_task_notification and message.task_id in self._foreground_tasks

    # --- streamed text

    def _stream_events(self, event: Any) -> Iterator[DisplayEvent]:
        if event.event_type in ("message_start", "content_block_start"):
            if self._streamed_text:
                yield ReplyRestarted()
            self._streamed_text = self._first_surrogate = ""
            self._thinking_chars = 0
            yield from _input_progress(event)
        elif event.text:
            whole, self._first_surrogate = split_surrogate(self._first_surrogate + event.text)
            added = join_surrogates(whole)
            self._streamed_text += added
            if added:
                yield TextDelta(self._main_scope, added, self._streamed_text)
        elif event.thinking:
            self._thinking_chars += len(event.thinking)
            yield status.thinking_progress(self._thinking_chars // _CHARS_PER_TOKEN)

    def _assistant_events(self, message: AssistantMessage) -> Iterator[DisplayEvent]:
        scope = self._scope_of(message)
        for block in message.blocks:
            if block.type == "text":
                yield from self._text_events(scope, message, join_surrogates(str(block.get("text") or "")))
            elif block.type == "thinking":
                if block.get("thinking"):
                    yield ThinkingText(scope, join_surrogates(str(block["thinking"])))
            elif isinstance(block, ToolUseBlock) or block.type in ("server_tool_use", "mcp_tool_use"):
                yield self._start_tool(scope, block)
            elif block.type.endswith("_tool_result"):
                yield from self._server_tool_events(block)

    def _text_events(self, scope: Scope, message: AssistantMessage, whole: str) -> Iterator[DisplayEvent]:
        if scope is not self._main_scope:
            yield TextDelta(scope, whole, whole, True)
            return
        shown, self._streamed_text, self._first_surrogate = self._streamed_text, "", ""
        if shown and not whole.startswith(shown):
            yield ReplyRestarted()
            shown = ""
        if message.error:
            self._shown_error = whole
            yield Notice("error", whole)
        else:
            yield TextDelta(scope, whole[len(shown) :], whole, True)

    # --- tools

    def _scope_of(self, message: Message) -> Scope:
        parent = message.parent_tool_use_id
        if not message.is_subagent or parent is None:
            return self._main_scope
        if parent not in self._subagent_scopes:
            # A subagent of a background task may run longer than the run that started it.
            tool_use, around = self._tool_uses.get(parent, (None, self._main_scope))
            self._subagent_scopes[parent] = Scope(around.depth + 1, tool_use)
        return self._subagent_scopes[parent]

    def _start_tool(self, scope: Scope, block: ContentBlock) -> ToolStarted:
        tool_use = conversation.ToolUse(str(block.get("name") or block.type), block.get("input"))
        self._tool_uses[str(block.get("id"))] = (tool_use, scope)
        return ToolStarted(scope, tool_use)

    def _user_events(self, message: UserMessage) -> Iterator[DisplayEvent]:
        results = message.tool_results
        for block in results:
            # `tool_use_result` belongs to a single result.
            yield from self._tool_result_events(message, block, message.tool_use_result if len(results) == 1 else None)
        if message.is_replay and "<local-command-stdout>" in message.content:
            text = message.content.replace("<local-command-stdout>", "").replace("</local-command-stdout>", "")
            yield Notice("info", text.strip())

    def _tool_result_events(self, message: Message, block: ToolResultBlock, given: object) -> Iterator[DisplayEvent]:
        tool_use, scope = self._tool_uses.get(block.tool_use_id, (None, self._scope_of(message)))
        if tool_use is None:
            tool_use = conversation.ToolUse("tool result", None)
            yield ToolStarted(scope, tool_use)
        conversation.add_result(tool_use, block, given)
        tool_use.result = join_surrogates(_subagent_result(given) or tool_use.result or "")
        yield ToolFinished(scope, tool_use)

    def _server_tool_events(self, block: ContentBlock) -> Iterator[DisplayEvent]:
        """Return the events of the result of a tool that the API runs; it has its own form."""
        tool_use, scope = self._tool_uses.get(str(block.get("tool_use_id")), (None, self._main_scope))
        if tool_use is not None:
            tool_use.result = one_line(block.raw.get("content"), 2000)
            yield ToolFinished(scope, tool_use)


def _input_progress(event: Any) -> Iterator[Progress]:
    """Name the tool while the model writes a long input for it."""
    block = event.event.get("content_block")
    if isinstance(block, dict) and block.get("type") == "tool_use":
        yield Progress(f"writing the input of {one_line(block.get('name') or 'a tool')}")


def _subagent_result(given: object) -> str:
    """Return the final text of a subagent, without the text that the CLI adds for the model."""
    report = given if isinstance(given, dict) and "agentId" in given else {}
    if report.get("status") == "async_launched":
        return "continues in the background"
    content = report.get("content")
    texts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return _TOOLS_SUMMARY.sub("", "\n".join(text for text in texts if isinstance(text, str)))
