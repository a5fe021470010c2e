"""
Notebook representations of results, messages and reports: short, with all text escaped.
"""
from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from .._core import formatters, log
from .._core.text import join_surrogates, sanitize
from .._render.markdown import fenced, readable_json, sanitize_markdown
from .._render.text import headline, one_line, shorten_lines
from ..messages import (
    AssistantMessage,
    InitMessage,
    Message,
    ResultMessage,
    StreamEvent,
    ToolResultBlock,
    ToolUseBlock,
    Usage,
    UserMessage,
)
from ..messages.control import ContextUsage
from . import status

#: Maximum characters of an answer, and lines of a tool result.
MAX_ANSWER_CHARS, MAX_RESULT_LINES = 100_000, 20
_MARKS = {ord(mark): f"&#{ord(mark)};" for mark in "\\`*_[]!|~$"}
#: Notebooks read text between two dollar signs as a formula, also in HTML and from entities.
_NO_MATHEMATICS = 'class="mathjax_ignore tex2jax_ignore"'
#: Columns of the bar that shows the usage of the context window.
BAR = 30


def _safe(formatter: formatters.Formatter) -> formatters.Formatter:
    def write(thing: object) -> str:
        try:
            return join_surrogates(formatter(thing))
        except Exception:
            # The notebook calls this by itself: a failure must not look like an error of the cell.
            log.debug("show", "a %s could not be shown", type(thing).__name__)
            return escape(repr(thing))

    return write


def markdown(thing: Any) -> str:
    """Return a message, a usage or a report as Markdown."""
    if isinstance(thing, Message):
        return "\n\n".join(part for part in _message(thing) if part) or _small(repr(thing))
    head, *rows = _rows(thing)
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in (head, *rows)]
    return "\n".join([_title(thing), lines[0], "|" + "---|" * len(head), *lines[1:]]).lstrip("\n")


def html(thing: Any) -> str:
    """Return a usage or a report as an HTML table."""
    head, *rows = _rows(thing)
    made = "".join(_aligned("th", cell, below) for cell, below in zip(head, rows[0] if rows else head, strict=True))
    body = "".join(f"<tr>{''.join(_aligned('td', cell, cell) for cell in row)}</tr>" for row in rows)
    title = _title(thing).strip()
    caption = f'<caption style="text-align: left">{escape(title)}</caption>' if title else ""
    return f"<table>{caption}<tr>{made}</tr>{body}</table>"


def _aligned(tag: str, text: str, like: str) -> str:
    # Notebooks align cells to the right by default.
    style = "" if like[:1].isdigit() else ' style="text-align: left"'
    return f"<{tag}{style}>{escape(text)}</{tag}>"


# --- messages


def _message(message: Message) -> Iterator[str]:
    if isinstance(message, ResultMessage):
        yield from _result(message)
    elif isinstance(message, (AssistantMessage, UserMessage)):
        yield from _conversation(message)
    elif isinstance(message, InitMessage):
        facts = (f"session {message.session_id}", message.model, message.permission_mode, message.cwd)
        yield _small(" · ".join(one_line(fact) for fact in facts if fact))
    elif isinstance(message, StreamEvent):
        yield _answer(message.text)
    else:
        for event in status.describe(message):
            yield _small(event.text)


def _result(result: ResultMessage) -> Iterator[str]:
    failure = status.failure_text(result)
    if failure:
        yield f'<span {_NO_MATHEMATICS} style="color: var(--jp-error-color1, #cf222e)">✗ {_text(failure)}</span>'
    if result.content and result.content not in failure:
        yield _answer(result.content)
    if result.structured_output is not None:
        yield fenced(_clipped(readable_json(result.structured_output)), "json")
    yield _small(status.run_summary(result, with_session=False) + f" · session {one_line(result.session_id or '?')}")


def _conversation(message: AssistantMessage | UserMessage) -> Iterator[str]:
    for block in message.blocks:
        if isinstance(block, ToolUseBlock):
            shown = sanitize(headline(block.input)) or one_line(block.input, 200)
            yield f"**{_text(one_line(block.name))}** {_code(shown)}".rstrip()
        elif isinstance(block, ToolResultBlock):
            lines = shorten_lines(sanitize(block.text), MAX_RESULT_LINES)
            yield fenced("\n".join(lines)) if block.text else _small(repr(block))
        elif block.type == "text":
            yield _answer(str(block.get("text") or ""))
        else:
            yield _small(repr(block))


def _answer(text: str) -> str:
    return sanitize_markdown(_clipped(text))


def _clipped(text: str) -> str:
    shown = sanitize(text[:MAX_ANSWER_CHARS])
    return shown if len(text) <= MAX_ANSWER_CHARS else f"{shown}\n\n… {len(text) - MAX_ANSWER_CHARS} more characters"


def _small(text: str) -> str:
    return f"<small {_NO_MATHEMATICS}>{_text(text)}</small>"


def _text(text: str) -> str:
    """Escape text between HTML tags: it contains no Markdown and stays one paragraph."""
    return escape(one_line(text, 2000)).translate(_MARKS)


def _code(text: str) -> str:
    return f"`` {text.replace('`', chr(39))} ``" if text else ""


# --- tables


def _rows(thing: Any) -> list[tuple[str, ...]]:
    if isinstance(thing, Usage):
        names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
        labels = ("input", "written to cache", "read from cache", "output")
        return [labels, tuple(status.format_number(getattr(thing, name)) for name in names)]
    if isinstance(thing, ContextUsage):
        return [("category", "tokens", "share"), *_categories(thing)]
    return [("",), (repr(thing),)]


def _categories(report: ContextUsage) -> Iterator[tuple[str, ...]]:
    window = report.raw_max_tokens or report.get("max_tokens") or 0
    for category in report.categories:
        share = category.tokens / window if window else 0.0
        yield one_line(category.name), status.format_number(category.tokens), f"{share:.1%}"


def _title(thing: Any) -> str:
    if not isinstance(thing, ContextUsage):
        return ""
    full = max(0.0, min(1.0, thing.percentage / 100))
    bar = "█" * round(BAR * full) + "░" * (BAR - round(BAR * full))
    size = f"{status.format_number(thing.total_tokens)} of {status.format_number(thing.raw_max_tokens)} tokens"
    return f"{one_line(thing.model)}: {size} ({full:.0%}) {bar}\n\n"


def _cell(text: str) -> str:
    return _text(text) or " "


formatters.register("markdown", _safe(markdown))
formatters.register("html", _safe(html))
