"""
`ModelRequest`: one HTTP request of the CLI to the model, with properties for tests.

It knows the format of Messages API requests and does no I/O. Created by `_http`, used by `_script`.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
#: Texts that the CLI adds to user messages.
_CLI_MARKUP = re.compile(
    r"<(system-reminder|local-command-\w+|command-name|command-message|command-args)>.*?</\1>", re.DOTALL
)
#: The text that starts a turn without a prompt: the end of a background task.
_NOTIFICATION = re.compile(r"<task-notification>.*?</task-notification>", re.DOTALL)
#: The text that contains a prompt sent while a tool was running, in a message of role "system".
_QUEUED_MESSAGE = re.compile(
    r"The user sent a new message while you were working:\n(.*?)\n\nThis is how Claude Code", re.DOTALL
)
#: The start of texts in user messages that the CLI writes itself; the turn's prompt precedes them.
_CLI_TEXTS = (
    "[Image: ",
    "[Request interrupted",
    "[structured-output-enforce]",
    "Output token limit hit",
    "Stop hook feedback",
    "This session is being continued from a previous conversation",
)
#: The start of the CLI's request for a summary, for `/compact` or because the context is full.
_COMPACTION = ("CRITICAL: Respond with TEXT ONLY", "Your task is to create a detailed summary of")
#: The start of the CLI's other requests: side questions, a fetched page, a title.
_SIDE_QUESTIONS = ("<system-reminder>This is a side question", "Web page content:")
_SIDE_QUESTION_SYSTEMS = ("You are naming a coding session", "Generate a short kebab-case name", "sentence-case title")


def mask_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return *headers* with lower-case names and masked secrets."""
    lowered = ((name.lower(), value) for name, value in headers)
    return {name: "***" if name in _SECRET_HEADERS else value for name, value in lowered}


@attrs.frozen(kw_only=True)
class ModelRequest:
    """One request that reached a `ScriptedModel`."""

    #: The path with its query, such as `/v1/messages?beta=true`.
    path: str
    #: The decoded body; empty if it is not a JSON object.
    body: dict[str, Any] = attrs.field(factory=dict, repr=False)
    #: The headers, with names in lower case; keys and tokens are masked.
    headers: dict[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of the request, with roles `user`, `assistant` and `system`."""
        return _dicts(self.body.get("messages"))

    @property
    def prompt(self) -> str:
        """
        The current prompt: the last text of the user that the CLI did not write itself.

        It stays the same while the model uses tools. For a prompt of several texts it is the last one. In a turn
        started by the end of a background task it is `<task-notification>…`.
        """
        return next(reversed(self.user_texts), "")

    @property
    def user_texts(self) -> list[str]:
        """All prompts of the conversation in order, without the texts that the CLI adds."""
        texts = (_user_text(message, text) for message in self.messages for text in _texts(message.get("content")))
        return [text for text in texts if text and not text.startswith(_CLI_TEXTS)]

    @property
    def system(self) -> str:
        """The system prompt, its blocks joined by blank lines."""
        return "\n\n".join(_texts(self.body.get("system")))

    @property
    def model(self) -> str:
        """The name of the requested model."""
        return str(self.body.get("model") or "")

    @property
    def tools(self) -> list[str]:
        """Names of the tools in the request, in order."""
        return [str(tool.get("name")) for tool in _dicts(self.body.get("tools"))]

    @property
    def tool_results(self) -> list[dict[str, Any]]:
        """The `tool_result` blocks of the newest user message."""
        content = self._last_user().get("content")
        return [block for block in _dicts(content) if block.get("type") == "tool_result"]

    @property
    def session_id(self) -> str | None:
        """The CLI's session id, from the header `x-claude-code-session-id`."""
        return self.headers.get("x-claude-code-session-id")

    @property
    def stream(self) -> bool:
        """Whether the request is for a stream of events."""
        return bool(self.body.get("stream"))

    @property
    def is_count(self) -> bool:
        """Whether the request only counts tokens."""
        return "/count_tokens" in self.path

    @property
    def is_call(self) -> bool:
        """Whether the request is for a message."""
        return self.path.partition("?")[0].endswith("/messages")

    @property
    def is_compaction(self) -> bool:
        """Whether the request is for a summary, to compact the conversation."""
        return self._last_text_starts(_COMPACTION)

    @property
    def is_aside(self) -> bool:
        """Whether the request is outside the conversation: a side question, a title, a fetched web page."""
        return self._last_text_starts(_SIDE_QUESTIONS) or any(mark in self.system for mark in _SIDE_QUESTION_SYSTEMS)

    @property
    def call_key(self) -> object:
        """An identifier of the call, equal for its retries; the CLI may retry with other tools."""
        answers = sum(message.get("role") == "assistant" for message in self.messages)
        # A different model is a different call: the CLI fell back to it.
        return self.session_id, self.model, answers, tuple(self.user_texts)

    def _last_text_starts(self, beginnings: tuple[str, ...]) -> bool:
        return any(text.lstrip().startswith(beginnings) for text in _texts(self._last_user().get("content")))

    def _last_user(self) -> Mapping[str, Any]:
        # The CLI appends messages of role "system" after the user message.
        users = (message for message in reversed(self.messages) if message.get("role") == "user")
        return next(users, {})


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [str(block.get("text", "")) for block in _dicts(content) if block.get("type") == "text"]


def _user_text(message: Mapping[str, Any], text: str) -> str:
    """Return the prompt in one text of *message*, or the CLI's text that replaces a prompt."""
    if message.get("role") == "assistant":
        return ""
    folded = _QUEUED_MESSAGE.search(text)
    if folded:
        return folded.group(1).strip()
    if message.get("role") != "user":
        return ""
    notification = _NOTIFICATION.search(text) if text.startswith("<system-reminder>") else None
    return notification.group() if notification else _CLI_MARKUP.sub("", text).strip()
