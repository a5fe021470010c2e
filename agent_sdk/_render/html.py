"""A story as one HTML file: readable on a phone and in print, tool uses folded, every word of the session escaped."""
from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from .._core.text import join_surrogates, truncate
from ..transcripts.listing import SessionInfo, milliseconds, short_time
from .conversation import Change, Image, Item, Said, Thought, Used
from .markdown import facts_of, legible
from .markdown_to_html import to_html
from .page import page

_WHO = {"user": "User", "assistant": "Assistant", "summary": "Summary of what came before", "system": "System"}
#: Of a tool's input, what tells most about a use on one line.
_TELLING = ("file_path", "command", "pattern", "path", "url", "query", "description", "prompt")


def to_page(info: SessionInfo, story: list[Item]) -> str:
    """Write a session as an HTML document."""
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts_of(info))
    head = f"<header><h1>{escape(info.summary)}</h1><dl>{facts}</dl></header>"
    return page(info.summary, "\n".join([head, "<main>", *_items(story), "</main>"]))


def _items(story: list[Item]) -> Iterator[str]:
    for item in story:
        if isinstance(item, Said):
            yield _said(item)
        elif isinstance(item, Thought):
            yield _folded("<b>Thinking</b>", f"<div>{to_html(item.text)}</div>")
        else:
            yield _used(item)


def _said(item: Said) -> str:
    made = milliseconds(item.timestamp)
    when = f'<time datetime="{escape(item.timestamp)}">{short_time(made)}</time>' if made is not None else ""
    who = f'<div class="who"><span>{_WHO.get(item.who, "System")}</span>{when}</div>'
    text = to_html(item.text) + "".join(map(image_html, item.images))
    if item.who == "summary":
        return _folded(f"<b>{_WHO['summary']}</b>", text)
    return f'<article class="{escape(item.who)}">{who}{text}</article>'


def _used(item: Used) -> str:
    parts = [change_html(item.change)] if item.change else [f'<pre class="input">{escape(fields(item.input))}</pre>']
    if item.story:
        inner = "".join(_items(item.story))
        parts.append(_folded(f"<b>Agent</b> {escape(item.agent)}", inner))
    if item.result and item.change is None:
        parts.append(f"<pre>{escape(item.result)}</pre>")
    parts += map(image_html, item.images)
    return _folded(_headline(item), "".join(parts), "failed" if item.is_error else "")


def _headline(item: Used) -> str:
    told = telling(item.input)
    size = f" (+{item.change.added} -{item.change.removed})" if item.change else ""
    return f"<b>{escape(item.name)}</b> {escape(told)}{size}{' · failed' if item.is_error else ''}"


def telling(given: Any) -> str:
    """Return what tells most about a tool's input, on one line; `""` where nothing does."""
    fields = given if isinstance(given, dict) else {}
    told = next((fields[key] for key in _TELLING if isinstance(fields.get(key), str)), "")
    return truncate(" ".join(told.split()), 100)


def fields(given: Any) -> str:
    """Write a tool's input for reading: a line for each field, texts as they are."""
    if not isinstance(given, dict):
        return legible(given)
    # Half a character cannot be written to a file.
    return join_surrogates("\n".join(map(_field, given, given.values())))


def _field(name: object, value: object) -> str:
    text = value if isinstance(value, str) else legible(value)
    return f"{name}:\n{text}" if "\n" in text else f"{name}: {text}"


def _folded(summary: str, inner: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f"<details{attribute}><summary>{summary}</summary>{inner}</details>"


def change_html(change: Change) -> str:
    """Return a change as HTML: the path and the lines of a diff."""
    return f"<p><code>{escape(change.path)}</code></p>{diff_html(change.lines)}"


def diff_html(lines: list[str]) -> str:
    """Return the lines of a diff as HTML."""
    return f'<pre class="diff">{"".join(map(_diff_line, lines))}</pre>'


def _diff_line(line: str) -> str:
    tag = {"+": "ins", "-": "del"}.get(line[:1], "span")
    kind = ' class="at"' if line.startswith("@@") else ""
    return f"<{tag}{kind}>{escape(line)}</{tag}>"


def image_html(image: Image) -> str:
    """Return an image as HTML, or what stands for it."""
    # The address holds only base64 and a known type: see `story`.
    return f'<p><img src="{image.url}" alt="image"></p>' if image.url else f"<p>{escape(image.note)}</p>"
