"""
Markdown in a terminal: rich renders the tokens of `_render.commonmark`, each of them sanitized.
"""
from __future__ import annotations

from collections.abc import Iterator

from markdown_it.token import Token
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.padding import Padding
from rich.syntax import Syntax

from .._core.text import sanitize
from .._render.commonmark import parse


class TerminalMarkdown(Markdown):
    """A text of the model, for rich to print."""

    inlines = Markdown.inlines | {"link"}

    def __init__(self, text: str) -> None:
        super().__init__("")
        self.parsed = parse(text)
        for token in self.parsed:
            token.content = sanitize(token.content)
            token.children = list(_links_as_text(token.children or []))


class _Heading(Heading):
    """A heading at the left edge; rich centres or frames some of them."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text


class _Code(CodeBlock):
    """Code with the terminal's own colours, indented."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip()
        syntax = Syntax(code, self.lexer_name, theme="ansi_dark", word_wrap=True, background_color="default")
        yield Padding(syntax, (0, 0, 0, 2))


_ELEMENTS: dict[str, type[MarkdownElement]] = {"fence": _Code, "code_block": _Code, "heading_open": _Heading}
TerminalMarkdown.elements = {**Markdown.elements, **_ELEMENTS}


def _links_as_text(children: list[Token]) -> Iterator[Token]:
    """Yield the tokens of a line, sanitized; the address of a link follows its label."""
    label = address = ""
    for token in children:
        token.content = sanitize(token.content)
        if token.type == "link_open":
            label, address = "", str(token.attrs.get("href", ""))
            token.type, token.tag = "styled_open", "link"
        elif token.type == "link_close":
            token.type, token.tag = "styled_close", "link"
        label += token.content
        yield token
        if token.type == "styled_close" and address.removeprefix("mailto:") != label:
            yield Token("text", "", 0, content=f" ({address})")
