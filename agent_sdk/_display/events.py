"""
One run as it is to be shown: messages in, display events out.

Knows no output: `terminal` and `notebook` show the events. Joins the pieces of a text with the message that holds the
whole, tool uses with their results, and subagents with the tool use that started them.
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
    """Where something happened: in the run itself, or in a subagent."""

    #: How many subagents deep.
    depth: int = 0
    #: The tool use that started the subagent.
    tool_use: conversation.ToolUse | None = None


@attrs.frozen
class TextDelta:
    """The model wrote a piece of text."""

    scope: Scope
    #: What is new.
    added: str
    #: The text so far. It does not always go on from what was shown: after a fault it starts again.
    whole: str
    is_done: bool = False


@attrs.frozen
class ReplyRestarted:
    """The text that was being written does not count: the model begins again."""


@attrs.frozen
class ThinkingText:
    """The model thought."""

    scope: Scope
    text: str


@attrs.frozen
class ToolStarted:
    """A tool use began."""

    scope: Scope
    tool_use: conversation.ToolUse


@attrs.frozen
class ToolFinished:
    """A tool use has its result."""

    scope: Scope
    tool_use: conversation.ToolUse


@attrs.frozen
class RunFinished:
    """The run is over."""

    result: ResultMessage
    #: Why it failed; `""` for a good one.
    failure: str = ""
    #: How often a request to the API was tried again.
    retries: int = 0


DisplayEvent = TextDelta | ReplyRestarted | ThinkingText | ToolStarted | ToolFinished | Notice | Progress | RunFinished

#: Characters of a token, about.
_CHARS_PER_TOKEN = 4
#: What CLI 2.1.330 puts before what a subagent says in the end.
_TOOLS_SUMMARY = re.compile(r"<tools-used-before-summary>.*?</tools-used-before-summary>\s*", re.S)


class Run:
    """What one run has shown so far."""

    def __init__(self) -> None:
        self.is_over = False
        #: Whether its init came: what the CLI says between two turns is no turn.
        self.has_begun = False
        self._main_scope = Scope()
        #: Tool uses by id, each with the scope it belongs to; below, the scope of its subagent.
        self._tool_uses: dict[str, tuple[conversation.ToolUse, Scope]] = {}
        self._subagent_scopes: dict[str, Scope] = {}
        self._streamed_text = self._first_surrogate = ""
        self._thinking_chars = self._retries = 0
        self._is_compacting = False
        self._shown_error = ""
        #: Tasks that somebody waits for: their end is that of a tool use, which is shown.
        self._foreground_tasks: set[str] = set()

    def starts_new_run(self, message: Message) -> bool:
        """Whether *message* starts another run: an init, unless it only follows a compaction."""
        return message.is_init and not self._is_compacting

    def process(self, message: Message) -> list[DisplayEvent]:
        """Say what a message brings. Never raises."""
        try:
            return list(self._events(message))
        except Exception:
            # A frame that is not as it should be must not stop the run that is only watched.
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
        """Whether a task has ended that was in the foreground."""
        if message.is_task_started and not message.is_backgrounded:
            self._foreground_tasks.add(message.task_id)
        elif message.is_task_updated and message.patch.is_backgrounded:
            self._foreground_tasks.discard(message.task_id)
        return message.is_task_notification and message.task_id in self._foreground_tasks

    # --- text while it is written

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
            # A subagent of a background task may outlive the run that started it.
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
            # What is given besides belongs to one result.
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
        """A tool that the API runs gave its result, in a form of its own."""
        tool_use, scope = self._tool_uses.get(str(block.get("tool_use_id")), (None, self._main_scope))
        if tool_use is not None:
            tool_use.result = one_line(block.raw.get("content"), 2000)
            yield ToolFinished(scope, tool_use)


def _input_progress(event: Any) -> Iterator[Progress]:
    """A tool's input can take long to write: say which tool it is for."""
    block = event.event.get("content_block")
    if isinstance(block, dict) and block.get("type") == "tool_use":
        yield Progress(f"writing the input of {one_line(block.get('name') or 'a tool')}")


def _subagent_result(given: object) -> str:
    """Return what a subagent said in the end, without what the CLI writes around it for the model."""
    report = given if isinstance(given, dict) and "agentId" in given else {}
    if report.get("status") == "async_launched":
        return "goes on in the background"
    content = report.get("content")
    texts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return _TOOLS_SUMMARY.sub("", "\n".join(text for text in texts if isinstance(text, str)))
