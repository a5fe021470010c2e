"""
A story as Markdown. What was said stays Markdown, made harmless; what tools took and gave stands in fences.

A fence is longer than any run of its mark inside, so that nothing breaks out of it. Outside of code no HTML stays
alive, and no link but to http, https, mailto or a relative path.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from .. import _codec
from .listing import SessionInfo, short_time
from .story import Image, Item, Said, Thought, Used

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_CODE = re.compile(r"(`{1,3})[^`\n]{1,2000}\1")
#: An address that may stay one.
_SAFE = r"(?:https?://|mailto:|[#/.\w-][^:&\\\s)]*[\s)])"
_LINK = re.compile(rf"\](?=\((?!{_SAFE}))")
_DEFINITION = re.compile(rf"(?m)^( {{0,3}})\[(?=[^\]\n]*\]:(?!\s*{_SAFE}))")
_WHO = {"user": "User", "assistant": "Assistant", "summary": "Summary", "system": "System"}


def to_markdown(info: SessionInfo, story: list[Item]) -> str:
    """Write a session as Markdown."""
    facts = [f"- **{name}:** {_code(value)}" for name, value in facts_of(info)]
    return "\n\n".join([f"# {_one_line(info.summary)}", "\n".join(facts), *_parts(story, 2)]) + "\n"


def facts_of(info: SessionInfo) -> Iterator[tuple[str, str]]:
    """Yield what an export says about its session at the top: pairs of name and value."""
    yield "Session", info.session_id
    if info.created_at is not None:
        yield "Created", short_time(info.created_at)
    yield "Changed", short_time(info.last_modified)
    for name, value in (("Directory", info.cwd), ("Branch", info.git_branch), ("Tag", info.tag)):
        if value:
            yield name, value


def _parts(story: list[Item], level: int) -> Iterator[str]:
    speaker = ""
    for item in story:
        if isinstance(item, Said):
            if item.who != speaker or item.who == "user":
                yield f"{'#' * min(level, 6)} {_WHO.get(item.who, 'System')}"
            speaker = item.who
            yield from _said(item)
        elif isinstance(item, Thought):
            yield _quoted("*Thinking:* " + inert(item.text))
        else:
            yield from _used(item, level)


def _said(item: Said) -> Iterator[str]:
    if item.text:
        # A user's words are quoted: whatever they leave open ends with the quote.
        yield _quoted(inert(item.text)) if item.who == "user" else inert(item.text)
    yield from map(_image, item.images)


def _used(item: Used, level: int) -> Iterator[str]:
    yield f"**Tool: {_one_line(item.name)}**{' (failed)' if item.is_error else ''}"
    if item.change is None:
        yield fenced(_codec.dumps(item.input, indent=2), "json")
    else:
        yield f"{_code(item.change.path)} (+{item.change.added} -{item.change.removed})"
        yield fenced("\n".join(item.change.lines), "diff")
    if item.story:
        yield _quoted("\n\n".join([f"**Agent {_code(item.agent)}**", *_parts(item.story, level + 1)]))
    if item.result and item.change is None:
        yield fenced(item.result)
    yield from map(_image, item.images)


def _image(image: Image) -> str:
    return f"![image]({image.url})" if image.url else _code(image.note)


def fenced(text: str, language: str = "") -> str:
    """Put *text* between fences that it cannot close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    # A carriage return is the end of a line to Markdown, too.
    return f"{fence}{language}\n{text}\n{fence}"


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{' '.join(text.split())}{space}{fence}"


def _one_line(text: str) -> str:
    return _harmless(" ".join(text.split()))


def _quoted(text: str) -> str:
    # All that Markdown takes for the end of a line.
    return "\n".join(f"> {line}".rstrip() for line in re.split(r"\r\n|\r|\n", text))


def inert(text: str) -> str:
    """Return Markdown that shows as *text* does, but brings no HTML along, runs nothing and leaves no fence open."""
    made: list[str] = []
    plain: list[str] = []
    fence = ""
    for line in re.split(r"\r\n|\r|\n", text):
        mark = _FENCE.match(line)
        if not fence and mark and not (mark[1][0] == "`" and "`" in mark[2]):
            made += [_harmless("\n".join(plain))] if plain else []
            fence, plain = mark[1], []
            made.append(line)
        elif not fence:
            plain.append(line)
        else:
            made.append(line)
            is_end = mark and mark[1].startswith(fence) and not mark[2].strip()
            fence = "" if is_end else fence
    made += [fence] if fence else [_harmless("\n".join(plain))] if plain else []
    return "\n".join(made)


def _harmless(text: str) -> str:
    made, at = [], 0
    for code in _CODE.finditer(text):
        made += [_escaped(text[at : code.start()]), code[0]]
        at = code.end()
    return _DEFINITION.sub(r"\1\\[", "".join([*made, _escaped(text[at:])]))


def _escaped(text: str) -> str:
    # `\](` is no link. A tag needs its `<`; an entity could spell one, but not make one.
    return _LINK.sub(r"\\]", text.replace("<", "&lt;"))
