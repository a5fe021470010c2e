"""
One run as it is to be shown: messages in, happenings out.

Knows no output: `terminal` and `cell` show what happened. Joins the pieces of a text with the message that holds the
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
from .status import Noted, Working


@attrs.define(eq=False)
class Place:
    """Where something happened: in the run itself, or in a subagent."""

    #: How many subagents deep.
    depth: int = 0
    #: The tool use that started the subagent.
    used: conversation.Used | None = None


@attrs.frozen
class Wrote:
    """The model wrote a piece of text."""

    place: Place
    #: What is new.
    added: str
    #: The text so far. It does not always go on from what was shown: after a fault it starts again.
    whole: str
    is_done: bool = False


@attrs.frozen
class Restarted:
    """The text that was being written does not count: the model begins again."""


@attrs.frozen
class Thought:
    """The model thought."""

    place: Place
    text: str


@attrs.frozen
class Began:
    """A tool use began."""

    place: Place
    used: conversation.Used


@attrs.frozen
class Ended:
    """A tool use has its result."""

    place: Place
    used: conversation.Used


@attrs.frozen
class Finished:
    """The run is over."""

    result: ResultMessage
    #: Why it failed; `""` for a good one.
    failure: str = ""
    #: How often a request to the API was tried again.
    retries: int = 0


Happening = Wrote | Restarted | Thought | Began | Ended | Noted | Working | Finished

#: Characters of a token, about.
_TOKEN = 4
#: What CLI 2.1.330 puts before what a subagent says in the end.
_FOR_THE_MODEL = re.compile(r"<tools-used-before-summary>.*?</tools-used-before-summary>\s*", re.S)


class Run:
    """What one run has shown so far."""

    def __init__(self) -> None:
        self.is_over = False
        #: Whether its init came: what the CLI says between two turns is no turn.
        self.has_begun = False
        self._main = Place()
        #: By tool use: the use, where it happened, and the place that its subagent is.
        self._uses: dict[str, tuple[conversation.Used, Place]] = {}
        self._inner: dict[str, Place] = {}
        self._written = self._half = ""
        self._thought = self._retries = 0
        self._is_compacting = False
        self._error = ""
        #: Tasks that somebody waits for: their end is that of a tool use, which is shown.
        self._foreground: set[str] = set()

    def begins_anew(self, message: Message) -> bool:
        """Whether *message* starts another run: an init, unless it only follows a compaction."""
        return message.is_init and not self._is_compacting

    def take(self, message: Message) -> list[Happening]:
        """Say what a message brings. Never raises."""
        try:
            return list(self._happenings(message))
        except Exception:
            # A frame that is not as it should be must not stop the run that is only watched.
            log.debug("show", "a %s could not be shown", type(message).__name__)
            return []

    def _happenings(self, message: Message) -> Iterator[Happening]:
        if message.is_stream_event:
            if not message.is_subagent:
                yield from self._piece(message)
        elif isinstance(message, AssistantMessage):
            yield from self._reply(message)
        elif isinstance(message, UserMessage):
            yield from self._user(message)
        elif isinstance(message, ResultMessage):
            self.is_over = True
            yield Finished(message, status.failure(message, self._error), self._retries)
        else:
            yield from self._other(message)

    def _other(self, message: Message) -> Iterator[Happening]:
        self.has_begun = self.has_begun or message.is_init
        if message.is_status:
            self._is_compacting = message.get("status") == "compacting" or self._is_compacting
        elif message.is_init or message.is_compact_boundary:
            self._is_compacting = message.is_compact_boundary and self._is_compacting
        self._retries += message.is_retry
        if not (message.is_task and self._is_waited_for(message)):
            yield from status.told(message)

    def _is_waited_for(self, message: Any) -> bool:
        """Whether a task has ended that was in the foreground."""
        if message.is_task_started and not message.is_backgrounded:
            self._foreground.add(message.task_id)
        elif message.is_task_updated and message.patch.is_backgrounded:
            self._foreground.discard(message.task_id)
        return message.is_task_notification and message.task_id in self._foreground

    # --- text while it is written

    def _piece(self, event: Any) -> Iterator[Happening]:
        if event.event_type in ("message_start", "content_block_start"):
            if self._written:
                yield Restarted()
            self._written = self._half = ""
            self._thought = 0
            yield from _preparing(event)
        elif event.text:
            whole, self._half = split_surrogate(self._half + event.text)
            added = join_surrogates(whole)
            self._written += added
            if added:
                yield Wrote(self._main, added, self._written)
        elif event.thinking:
            self._thought += len(event.thinking)
            yield status.thinking(self._thought // _TOKEN)

    def _reply(self, message: AssistantMessage) -> Iterator[Happening]:
        place = self._place(message)
        for block in message.blocks:
            if block.type == "text":
                yield from self._text(place, message, join_surrogates(str(block.get("text") or "")))
            elif block.type == "thinking":
                if block.get("thinking"):
                    yield Thought(place, join_surrogates(str(block["thinking"])))
            elif isinstance(block, ToolUseBlock) or block.type in ("server_tool_use", "mcp_tool_use"):
                yield self._began(place, block)
            elif block.type.endswith("_tool_result"):
                yield from self._served(block)

    def _text(self, place: Place, message: AssistantMessage, whole: str) -> Iterator[Happening]:
        if place is not self._main:
            yield Wrote(place, whole, whole, True)
            return
        shown, self._written, self._half = self._written, "", ""
        if shown and not whole.startswith(shown):
            yield Restarted()
            shown = ""
        if message.error:
            self._error = whole
            yield Noted("error", whole)
        else:
            yield Wrote(place, whole[len(shown) :], whole, True)

    # --- tools

    def _place(self, message: Message) -> Place:
        parent = message.parent_tool_use_id
        if not message.is_subagent or parent is None:
            return self._main
        if parent not in self._inner:
            # A subagent of a background task may outlive the run that started it.
            used, around = self._uses.get(parent, (None, self._main))
            self._inner[parent] = Place(around.depth + 1, used)
        return self._inner[parent]

    def _began(self, place: Place, block: ContentBlock) -> Began:
        used = conversation.Used(str(block.get("name") or block.type), block.get("input"))
        self._uses[str(block.get("id"))] = (used, place)
        return Began(place, used)

    def _user(self, message: UserMessage) -> Iterator[Happening]:
        results = message.tool_results
        for block in results:
            # What is given besides belongs to one result.
            yield from self._result(message, block, message.tool_use_result if len(results) == 1 else None)
        if message.is_replay and "<local-command-stdout>" in message.content:
            text = message.content.replace("<local-command-stdout>", "").replace("</local-command-stdout>", "")
            yield Noted("info", text.strip())

    def _result(self, message: Message, block: ToolResultBlock, given: object) -> Iterator[Happening]:
        used, place = self._uses.get(block.tool_use_id, (None, self._place(message)))
        if used is None:
            used = conversation.Used("tool result", None)
            yield Began(place, used)
        conversation.settle(used, block, given)
        used.result = join_surrogates(_handed_back(given) or used.result or "")
        yield Ended(place, used)

    def _served(self, block: ContentBlock) -> Iterator[Happening]:
        """A tool that the API runs gave its result, in a form of its own."""
        used, place = self._uses.get(str(block.get("tool_use_id")), (None, self._main))
        if used is not None:
            used.result = one_line(block.raw.get("content"), 2000)
            yield Ended(place, used)


def _preparing(event: Any) -> Iterator[Working]:
    """A tool's input can take long to write: say which tool it is for."""
    block = event.event.get("content_block")
    if isinstance(block, dict) and block.get("type") == "tool_use":
        yield Working(f"writing the input of {one_line(block.get('name') or 'a tool')}")


def _handed_back(given: object) -> str:
    """Return what a subagent said in the end, without what the CLI writes around it for the model."""
    told = given if isinstance(given, dict) and "agentId" in given else {}
    if told.get("status") == "async_launched":
        return "goes on in the background"
    content = told.get("content")
    texts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return _FOR_THE_MODEL.sub("", "\n".join(text for text in texts if isinstance(text, str)))
