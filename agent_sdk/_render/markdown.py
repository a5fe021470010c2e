"""
Writes a session as Markdown. Messages stay Markdown and are made inert; tool inputs and results are fenced.

A fence is longer than any run of backticks inside it, so its content cannot close it. Outside of code, HTML is escaped,
and links lead only to http, https, mailto or a relative path.
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .._core.text import join_surrogates
from ..transcripts.listing import SessionInfo, short_time
from .conversation import Image, Item, Text, Thinking, ToolUse

_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_FENCE_END = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*")
#: A fence that may be inside of a list or a quote; its end depends on the lines around it.
_AMBIGUOUS_FENCE = re.compile(r"[ \t>*+.)\d-]+(`{3,}|~{3,})")
_RUN = re.compile("`+")
#: An address that may stay a link.
_SAFE = r"(?:https?://|mailto:|[#/.\w-][^:&\\\s)]*(?:[ \t\n)]|$))"
_LINK = re.compile(rf"\](?=\((?!{_SAFE}))")
_DEFINITION = re.compile(rf"\]:(?!\s*{_SAFE})")
_ROLES = {"user": "User", "assistant": "Assistant", "summary": "Summary", "system": "System"}


def to_markdown(info: SessionInfo, items: list[Item]) -> str:
    """Return a session as Markdown."""
    facts = [f"- **{name}:** {_code(value)}" for name, value in facts_of(info)]
    whole = "\n\n".join([f"# {_heading(info.summary)}", "\n".join(facts), *_parts(items, 2)]) + "\n"
    # Half a surrogate pair cannot be written to a file.
    return join_surrogates(whole)


def facts_of(info: SessionInfo) -> Iterator[tuple[str, str]]:
    """Yield the facts at the top of an export: pairs of name and value."""
    yield "Session", info.session_id
    if info.created_at is not None:
        yield "Created", short_time(info.created_at)
    yield "Changed", short_time(info.last_modified)
    branch = None if info.git_branch == "HEAD" else info.git_branch  # "HEAD": no branch is checked out
    for name, value in (("Directory", info.cwd), ("Branch", branch), ("Tag", info.tag)):
        if value:
            yield name, value


def _parts(items: list[Item], level: int) -> Iterator[str]:
    speaker = ""
    for item in items:
        if isinstance(item, Text):
            if item.role != speaker or item.role == "user":
                yield f"{'#' * min(level, 6)} {_ROLES.get(item.role, 'System')}"
            speaker = item.role
            yield from _text(item)
        elif isinstance(item, Thinking):
            yield _blockquote(f"*Thinking:*\n\n{sanitize_markdown(item.text)}")
        else:
            yield from _tool(item, level)


def _text(item: Text) -> Iterator[str]:
    if item.text:
        text, is_closed = _sanitize(item.text)
        # A construct that is left open inside of a quote ends with the quote.
        yield text if is_closed and item.role != "user" else _blockquote(text)
    yield from map(_image, item.images)


def _tool(item: ToolUse, level: int) -> Iterator[str]:
    yield f"**Tool: {_heading(item.name)}**{' (failed)' if item.is_error else ''}"
    if item.change is None:
        yield fenced(readable_json(item.input), "json")
    else:
        yield f"{_code(item.change.path)} (+{item.change.added} -{item.change.removed})"
        yield fenced("\n".join(item.change.lines), "diff")
    if item.subagent_items:
        yield _blockquote("\n\n".join([f"**Agent {_code(item.subagent)}**", *_parts(item.subagent_items, level + 1)]))
    if item.result and item.change is None:
        yield fenced(item.result)
    yield from map(_image, item.images)


def _image(image: Image) -> str:
    return f"![image]({image.url})" if image.url else _code(image.note)


def fenced(text: str, language: str = "") -> str:
    """Return *text* as a fenced block that the text cannot close."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def readable_json(value: object, indent: int | None = 2) -> str:
    """Return a value as JSON for a person to read."""
    try:
        # `json_lines` writes ASCII only.
        text = json.dumps(value, ensure_ascii=False, indent=indent, default=repr)
    except (ValueError, TypeError, RecursionError):
        # Values of the CLI are JSON; only an object that contains itself, made by hand, fails.
        text = repr(value)
    # A lone surrogate cannot be written to a file.
    return join_surrogates(text)


def _code(text: str) -> str:
    longest = _longest_run(text)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{' '.join(text.split())}{space}{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, _RUN.findall(text)), default=0)


def _heading(text: str) -> str:
    return _sanitize_prose(" ".join(text.split()), True)[0]


def _blockquote(text: str) -> str:
    # All line ends of Markdown.
    return "\n".join(f"> {line}".rstrip() for line in re.split(r"\r\n|\r|\n", text))


def sanitize_markdown(text: str) -> str:
    """Return *text* as Markdown that looks the same, with HTML, images and unsafe links made inert."""
    return _sanitize(text)[0]


def _sanitize(text: str) -> tuple[str, bool]:
    """
    Make *text* inert; also return whether each construct that it opens is closed.

    A `<` stays only in text that every Markdown parser reads as code: in fences at the start of a line, and in code
    spans without a leftover backtick. After an ambiguous fence, nothing counts as code.
    """
    made, fence, is_clear, is_ambiguous = [], "", True, False
    for line in re.split(r"\r\n|\r|\n", text):
        mark = None if is_ambiguous else _FENCE.match(line)
        if fence:
            end = _FENCE_END.fullmatch(line)
            fence = "" if end and end[1].startswith(fence) else fence
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence, is_clear = mark[1], True
        else:
            is_ambiguous = is_ambiguous or _AMBIGUOUS_FENCE.match(line) is not None
            is_clear = (is_clear or not line.strip(" \t")) and not is_ambiguous
            prose, is_clear = _sanitize_prose(line, is_clear)
            made.append(prose)
            continue
        made.append(line)
    return "\n".join(made + [fence] * bool(fence)), not is_ambiguous


def _sanitize_prose(line: str, is_clear: bool) -> tuple[str, bool]:
    """
    Make one line outside of fences inert; also return whether the next line is clear.

    A line is clear if no code span of an earlier line can reach into it.
    """
    spans = _code_spans(line) if is_clear else None
    if spans is None:
        return _escape(line), False
    made, at = [], 0
    for start, end in spans:
        made += [_escape(line[at:start]), line[start:end]]
        at = end
    return "".join([*made, _escape(line[at:])]), True


def _code_spans(line: str) -> list[tuple[int, int]] | None:
    """Return the start and end of each code span; *None* if a leftover backtick may belong to another line."""
    runs, at = [run.span() for run in _RUN.finditer(line)], 0
    spans: list[tuple[int, int]] = []
    while at < len(runs):
        start, end = runs[at]
        size, is_escaped = end - start, line[start - 1 : start] == "\\"
        close = next((n for n in range(at + 1, len(runs)) if runs[n][1] - runs[n][0] == size), None)
        if close is None or is_escaped:
            return None
        spans.append((start, runs[close][1]))
        at = close + 1
    return spans


def _escape(text: str) -> str:
    # `\](` is not a link, `]\:` not a link definition, `!\[` not an image, and a tag needs its `<`.
    text = text.replace("<", "&lt;").replace("![", "!\\[")
    return _DEFINITION.sub(r"]\\:", _LINK.sub(r"\\]", text))
