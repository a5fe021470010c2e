"""
Markdown, as models write it, to HTML that holds no tag, attribute or address but ours.

What is known: headings, lists, quotes, tables, rules, code, bold, italic, and links to http, https and mailto. All else
is escaped and stays text.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([\w+.-]*)")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"\s*(?:[-*+]|(\d{1,9})[.)])\s+(.*)")
_RULE = re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,})\s*")
_TABLE_RULE = re.compile(r"\s*\|?[\s:|-]*-[\s:|-]*\|[\s:|-]*")
# The lengths are bounded so that no text takes long, however many marks it opens.
_CODE = re.compile(r"(`{1,3})([^`\n]{1,2000})\1")
_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\(((?:https?://|mailto:)[^\s()<>]{1,2000})\)")
_STRONG = re.compile(r"\*\*([^*\n]{1,2000})\*\*")
_EMPHASIS = re.compile(r"(?<![\w*])\*([^*\s][^*\n]{0,2000})\*(?![\w*])")


def to_html(text: str) -> str:
    """Turn *text* into HTML."""
    return "\n".join(_blocks(text.replace("\r\n", "\n").split("\n")))


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        read = _reader_of(lines, at)
        end, made = read(lines, at)
        at = max(end, at + 1)
        if made:
            yield made


#: Reads the block that begins at a line; returns the line after it, and its HTML.
_Reader = Callable[[list[str], int], tuple[int, str]]


def _reader_of(lines: list[str], at: int) -> _Reader:
    line = lines[at]
    if _FENCE.match(line):
        return _fence
    if _HEADING.match(line) or _RULE.fullmatch(line):
        return _single
    if _ITEM.match(line):
        return _list
    if line.startswith(">"):
        return _quote
    if "|" in line and at + 1 < len(lines) and _TABLE_RULE.fullmatch(lines[at + 1]):
        return _table
    return _paragraph


def _fence(lines: list[str], at: int) -> tuple[int, str]:
    mark = _FENCE.match(lines[at])
    fence = mark[1] if mark else "```"
    end = at + 1
    while end < len(lines) and not (lines[end].strip().startswith(fence) and not lines[end].strip().strip(fence[0])):
        end += 1
    return end + 1, f"<pre><code>{escape(chr(10).join(lines[at + 1 : end]))}</code></pre>"


def _single(lines: list[str], at: int) -> tuple[int, str]:
    heading = _HEADING.match(lines[at])
    if heading is None:
        return at + 1, "<hr>"
    # The page's own headings stand above those of its text.
    level = min(6, len(heading[1]) + 2)
    return at + 1, f"<h{level}>{inline(heading[2])}</h{level}>"


def _list(lines: list[str], at: int) -> tuple[int, str]:
    items: list[str] = []
    first = _ITEM.match(lines[at])
    kind = "ol" if first and first[1] else "ul"
    while at < len(lines) and lines[at].strip():
        item = _ITEM.match(lines[at])
        if item is None and not lines[at].startswith(" "):
            break
        if item is None:
            items[-1] += " " + lines[at].strip()
        else:
            items.append(item[2])
        at += 1
    return at, f"<{kind}>{''.join(f'<li>{inline(item)}</li>' for item in items)}</{kind}>"


def _quote(lines: list[str], at: int) -> tuple[int, str]:
    start = at
    while at < len(lines) and lines[at].startswith(">"):
        at += 1
    return at, f"<blockquote>{_lines(line[1:].strip() for line in lines[start:at])}</blockquote>"


def _table(lines: list[str], at: int) -> tuple[int, str]:
    head, rows, at = _row(lines[at], "th"), [], at + 2
    while at < len(lines) and "|" in lines[at]:
        rows.append(_row(lines[at], "td"))
        at += 1
    return at, f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _row(line: str, cell: str) -> str:
    cells = line.strip().strip("|").split("|")
    return f"<tr>{''.join(f'<{cell}>{inline(text.strip())}</{cell}>' for text in cells)}</tr>"


def _paragraph(lines: list[str], at: int) -> tuple[int, str]:
    start = at
    while at < len(lines) and lines[at].strip() and (at == start or _reader_of(lines, at) is _paragraph):
        at += 1
    return at, f"<p>{_lines(lines[start:at])}</p>" if at > start else ""


def _lines(lines: Iterator[str] | list[str]) -> str:
    return "<br>\n".join(inline(line) for line in lines)


def inline(text: str) -> str:
    """Turn one line of text into HTML."""
    made, at = [], 0
    for code in _CODE.finditer(text):
        made += [_styled(text[at : code.start()]), f"<code>{escape(code[2])}</code>"]
        at = code.end()
    return "".join([*made, _styled(text[at:])])


def _styled(text: str) -> str:
    # Links are cut out first, so that no mark of style can reach into an address.
    made, at = [], 0
    for link in _LINK.finditer(text):
        made += [_emphasised(text[at : link.start()]), _anchor(link[1], link[2])]
        at = link.end()
    return "".join([*made, _emphasised(text[at:])])


def _anchor(label: str, address: str) -> str:
    return f'<a href="{escape(address)}" rel="noopener noreferrer">{_emphasised(label)}</a>'


def _emphasised(text: str) -> str:
    return _EMPHASIS.sub(r"<em>\1</em>", _STRONG.sub(r"<strong>\1</strong>", escape(text)))
