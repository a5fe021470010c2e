"""Writes a session as one HTML page: readable on a phone and in print, tool uses collapsed, all text escaped."""
from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from .._core.text import join_surrogates
from ..transcripts.listing import SessionInfo, milliseconds, short_time
from .commonmark import CODE_STYLE, to_html
from .conversation import Change, Image, Item, Text, Thinking, ToolUse
from .markdown import facts_of, readable_json
from .text import headline

_ROLES = {"user": "User", "assistant": "Assistant", "summary": "Summary of the conversation before", "system": "System"}

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1f2328; --soft: #59636e; --line: #d1d9e0; --box: #f6f8fa;
  --user: #eaf3ff; --added: #dafbe1; --removed: #ffebe9; --error: #cf222e;
  --keyword: #cf222e; --string: #0a3069; --number: #0550ae; --name: #8250df; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --soft: #9198a1; --line: #3d444d;
  --box: #151b23; --user: #11233a; --added: #12261e; --removed: #301b1f; --error: #f85149;
  --keyword: #ff7b72; --string: #a5d6ff; --number: #79c0ff; --name: #d2a8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 52rem; background: var(--back); color: var(--text);
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.3; }
h3, h4, h5, h6 { font-size: 1.05rem; margin: 1em 0 .4em; }
p, ul, ol, blockquote { margin: .5em 0; }
blockquote { border-left: 3px solid var(--line); margin-left: 0; padding-left: .8rem; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; color: var(--soft); font-size: .9rem; }
dd { margin: 0; }
article { margin: 1rem 0; }
article.user, article.summary, article.system { border-radius: .6rem; padding: .6rem .9rem; background: var(--box); }
article.user { background: var(--user); }
.meta { color: var(--soft); font-size: .8rem; display: flex; justify-content: space-between; gap: 1rem; }
pre { margin: .5em 0; padding: .6rem .8rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--box); font: 13px/1.45 ui-monospace, monospace; white-space: pre; overflow-wrap: normal; }
.input { white-space: pre-wrap; overflow-wrap: anywhere; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
pre code { font-size: 1em; }
details { margin: .6rem 0; border: 1px solid var(--line); border-radius: .4rem; padding: 0 .8rem; }
summary { cursor: pointer; padding: .45rem 0; color: var(--soft); }
summary b { color: var(--text); }
.failed summary b { color: var(--error); }
.diff ins, .diff del, .diff span { display: block; text-decoration: none; min-height: 1.45em; }
.diff ins { background: var(--added); } .diff del { background: var(--removed); } .diff .at { color: var(--soft); }
li.task { list-style: none; }
.wide { overflow-x: auto; } table { border-collapse: collapse; } td, th { border: 1px solid var(--line);
  padding: .2rem .6rem; text-align: left; }
img { max-width: 100%; height: auto; }
@media print { :root { color-scheme: light; --back: #fff; --text: #000; --soft: #444; --line: #bbb; --box: #fff;
  --user: #f2f2f2; --added: #e6ffec; --removed: #ffebe9;
  --keyword: #cf222e; --string: #0a3069; --number: #0550ae; --name: #8250df; }
  body { max-width: none; font-size: 11pt; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; } article, pre { break-inside: auto; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""

# If the escaping ever failed, the browser would still run no script and load nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def to_page(info: SessionInfo, items: list[Item]) -> str:
    """Return a session as an HTML document."""
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts_of(info))
    head = f"<header><h1>{escape(info.summary)}</h1><dl>{facts}</dl></header>"
    # Half a surrogate pair cannot be written to a file.
    return join_surrogates(_document(info.summary, "\n".join([head, "<main>", *_items(items), "</main>"])))


def _document(title: str, body: str) -> str:
    """Return a whole HTML file; *title* is text, *body* is HTML."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{_STYLE}{CODE_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _items(items: list[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Text):
            yield _text_html(item)
        elif isinstance(item, Thinking):
            yield _details("<b>Thinking</b>", f"<div>{to_html(item.text)}</div>")
        else:
            yield _tool_html(item)


def _text_html(item: Text) -> str:
    made = milliseconds(item.timestamp)
    when = f'<time datetime="{escape(item.timestamp)}">{short_time(made)}</time>' if made is not None else ""
    meta = f'<div class="meta"><span>{_ROLES.get(item.role, "System")}</span>{when}</div>'
    text = to_html(item.text) + "".join(map(image_html, item.images))
    if item.role == "summary":
        return _details(f"<b>{_ROLES['summary']}</b>", text)
    return f'<article class="{escape(item.role)}">{meta}{text}</article>'


def _tool_html(item: ToolUse) -> str:
    if item.change is None:
        given, result = f'<pre class="input">{escape(readable_fields(item.input))}</pre>', escape(item.result or "")
    else:
        given, result = _change_html(item.change), ""
    inner = "".join(_items(item.subagent_items))
    agent = _details(f"<b>Agent</b> {escape(item.subagent)}", inner) if inner else ""
    images = "".join(map(image_html, item.images))
    body = f"{given}{agent}{f'<pre>{result}</pre>' if result else ''}{images}"
    return _details(_tool_summary(item), body, "failed" if item.is_error else "")


def _tool_summary(item: ToolUse) -> str:
    size = f" (+{item.change.added} -{item.change.removed})" if item.change else ""
    return f"<b>{escape(item.name)}</b> {escape(headline(item.input))}{size}{' · failed' if item.is_error else ''}"


def readable_fields(tool_input: Any) -> str:
    """Return a tool's input as text: a line for each field, strings without quotes."""
    if not isinstance(tool_input, dict):
        return readable_json(tool_input)
    # A lone surrogate cannot be written to a file.
    return join_surrogates("\n".join(map(_field, tool_input, tool_input.values())))


def _field(name: object, value: object) -> str:
    text = value if isinstance(value, str) else readable_json(value)
    return f"{name}:\n{text}" if "\n" in text else f"{name}: {text}"


def _details(summary: str, inner: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f"<details{attribute}><summary>{summary}</summary>{inner}</details>"


def _change_html(change: Change) -> str:
    return f"<p><code>{escape(change.path)}</code></p>{diff_html(change.lines)}"


def diff_html(lines: list[str]) -> str:
    """Return the lines of a diff as HTML."""
    return f'<pre class="diff">{"".join(map(_diff_line, lines))}</pre>'


def _diff_line(line: str) -> str:
    tag = {"+": "ins", "-": "del"}.get(line[:1], "span")
    kind = ' class="at"' if line.startswith("@@") else ""
    return f"<{tag}{kind}>{escape(line)}</{tag}>"


def image_html(image: Image) -> str:
    """Return an image, or its note, as HTML."""
    # The URL contains only base64 and a known type: see `conversation`.
    return f'<p><img src="{image.url}" alt="image"></p>' if image.url else f"<p>{escape(image.note)}</p>"
