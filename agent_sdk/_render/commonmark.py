"""
Markdown as models write it, parsed by markdown-it, and its HTML, which holds no tag, attribute or address but ours.

Raw HTML stays text. Links lead to http, https and mailto only; an image is shown as a link.
"""
from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

#: Longer code gets no colours: some of the lexers of pygments are slow.
MAX_HIGHLIGHTED_CHARS = 20_000
#: Lists and quotes inside of each other, at most.
MAX_NESTING = 40

#: Colours of code; a page sets the variables to fit its theme.
CODE_STYLE = """
.agent-sdk-code [class^=k], .agent-sdk-code .nt { color: var(--keyword); }
.agent-sdk-code [class^=s] { color: var(--string); } .agent-sdk-code [class^=m] { color: var(--number); }
.agent-sdk-code [class^=nf], .agent-sdk-code .nc, .agent-sdk-code .nd { color: var(--name); }
.agent-sdk-code [class^=c] { color: var(--soft); }
.agent-sdk-code .gi { background: var(--added); } .agent-sdk-code .gd { background: var(--removed); }
"""

_ADDRESS = re.compile(r"https?://[^\s<>\"`]{1,2000}")
_SAFE_ADDRESS = re.compile(r"\s*(https?://|mailto:)", re.IGNORECASE)
#: A formula stays as it is written: notebooks typeset it.
_FORMULA = re.compile(r"\$\$.+?\$\$|\$(?!\s)[^$\n]+(?<!\s)\$(?!\d)", re.DOTALL)
_SCHEME = re.compile(r"(?<![a-zA-Z0-9])https?$")
_TASK = re.compile(r"\[([ xX])\](?=\s)")


class _Parser(MarkdownIt):
    """CommonMark with tables, strike-through, task lists, bare addresses and formulas; without HTML and images."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "xhtmlOut": False, "maxNesting": MAX_NESTING})
        self.options["highlight"] = _highlight
        self.enable(["table", "strikethrough"]).disable("image")
        self.inline.ruler.after("text", "bare_address", _bare_address)
        self.inline.ruler.after("text", "formula", _formula)
        self.core.ruler.push("finish", _finish)
        self.add_render_rule("table_open", _table_open)
        self.add_render_rule("table_close", _table_close)

    def validateLink(self, url: str) -> bool:
        return _SAFE_ADDRESS.match(url) is not None


_parser = functools.cache(_Parser)


def parse(text: str) -> list[Token]:
    """Return the tokens of *text*; every line break is a hard one, and a task begins with a box."""
    return _parser().parse(text)


def to_html(text: str, is_growing: bool = False) -> str:
    """Turn *text* into HTML. The last code block of a text that *is_growing* gets its colours when it is complete."""
    parser, tokens = _parser(), parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            # The headings of the page are above those of its text.
            token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"
    if is_growing and tokens and tokens[-1].type == "fence":
        tokens[-1].info = ""
    return str(parser.renderer.render(tokens, parser.options, {})).strip()


def _bare_address(state: StateInline, silent: bool) -> bool:
    """Make a link of a bare address. The rule runs at its colon; the scheme is pending text."""
    if state.src[state.pos] != ":" or state.linkLevel:
        return False
    scheme = _SCHEME.search(state.pending[-6:])
    if scheme is None:
        return False
    start = state.pos - len(scheme[0])
    found = _ADDRESS.match(state.src, start)
    address = _without_punctuation(found[0]) if found else ""
    if not address.partition("//")[2]:
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[0])]
        state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(address)}
        state.push("text", "", 0).content = address
        state.push("link_close", "a", -1)
    state.pos = start + len(address)
    return True


def _formula(state: StateInline, silent: bool) -> bool:
    """Keep a formula between dollars as text."""
    found = _FORMULA.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.pending += found[0]
    state.pos = found.end()
    return True


def _without_punctuation(address: str) -> str:
    """Remove punctuation of the sentence from the end of an address, and brackets that it does not open."""
    while address and (address[-1] in "?!.,:;*_~'|" or (address[-1] in ")]" and not _is_balanced(address))):
        address = address[:-1]
    return address


def _is_balanced(address: str) -> bool:
    return address.count("(") >= address.count(")") and address.count("[") >= address.count("]")


def _finish(state: StateCore) -> None:
    for number, token in enumerate(state.tokens):
        if token.type == "fence" and len(token.content) > MAX_HIGHLIGHTED_CHARS:
            token.info = ""
        if token.type == "inline" and number >= 2 and state.tokens[number - 2].type == "list_item_open":
            _finish_task(state.tokens[number - 2], token.children or [])
        for child in token.children or ():
            if child.type == "softbreak":
                child.type = "hardbreak"
            elif child.type == "link_open":
                child.attrSet("rel", "noopener noreferrer")


def _finish_task(item: Token, children: list[Token]) -> None:
    mark = _TASK.match(children[0].content) if children and children[0].type == "text" else None
    if mark is not None:
        children[0].content = ("☐" if mark[1] == " " else "☑") + children[0].content[3:]
        item.attrSet("class", "task")


def _table_open(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: object, env: object) -> str:
    return '<div class="wide"><table>\n'


def _table_close(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: object, env: object) -> str:
    return "</table></div>\n"


@functools.lru_cache(maxsize=64)
def _highlight(code: str, language: str, attributes: str) -> str:
    """Return code as HTML with colours; `""` where the language is unknown: markdown-it then escapes the code."""
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        return ""
    return f'<pre class="agent-sdk-code"><code>{highlight(code, lexer, HtmlFormatter(nowrap=True))}</code></pre>'
