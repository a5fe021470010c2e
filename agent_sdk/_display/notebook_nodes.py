"""
The pieces of a run in a notebook, as HTML in which all text of the run is escaped.
"""
from __future__ import annotations

from html import escape

import attrs

from .._core.text import sanitize
from .._render.commonmark import CODE_STYLE, to_html
from .._render.conversation import ToolUse
from .._render.html import diff_html, image_html, readable_fields
from .._render.text import input_line, one_line, shorten_lines

#: Maximum lines (also of a diff) and characters of an input or a result.
MAX_LINES, MAX_TOOL_CHARS = 200, 20_000
#: A diff with at most this many lines is shown open.
MAX_OPEN_LINES = 16
#: Maximum characters of an image: the notebook stores it and receives it with each update.
MAX_IMAGE_CHARS = 400_000

#: The colours come from the theme of the notebook if it defines them.
_STYLE = """
.agent-sdk { --soft: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, #656d76));
  --line: var(--jp-border-color2, var(--vscode-panel-border, #d0d7de));
  --box: var(--jp-layout-color2, var(--vscode-textCodeBlock-background, #8881));
  --error: var(--jp-error-color1, var(--vscode-errorForeground, #cf222e));
  --warning: var(--jp-warn-color1, var(--vscode-editorWarning-foreground, #9a6700));
  --added: #2da44e33; --removed: #cf222e2b;
  --keyword: var(--jp-mirror-editor-keyword-color, #d1567a); --string: var(--jp-mirror-editor-string-color, #3f8f5f);
  --number: var(--jp-mirror-editor-number-color, #2f81c7); --name: var(--jp-mirror-editor-def-color, #9a6dd7);
  line-height: 1.5; overflow-wrap: anywhere; max-width: 60rem; }
.agent-sdk details { margin: .3em 0; }
.agent-sdk summary { cursor: pointer; color: var(--soft); }
.agent-sdk summary b { color: var(--jp-content-font-color1, inherit); }
.agent-sdk .note { margin: .3em 0; white-space: pre-wrap; }
.agent-sdk .info, .agent-sdk .status, .agent-sdk .end { color: var(--soft); }
.agent-sdk .status, .agent-sdk .end { font-size: .9em; margin-top: .6em; }
.agent-sdk .warning { color: var(--warning); }
.agent-sdk .error, .agent-sdk .failed > summary, .agent-sdk .failed > summary b { color: var(--error); }
.agent-sdk.agent-sdk pre { margin: .3em 0 .5em; padding: .5em .8em; max-height: 24em; overflow: auto; font-size: .9em;
  background: var(--box); border-radius: 4px; white-space: pre-wrap; line-height: 1.4; }
.agent-sdk.agent-sdk details > pre { margin-left: 1.1em; }
.agent-sdk.agent-sdk pre code { background: none; padding: 0; font-size: inherit; }
.agent-sdk .inner { margin: .3em 0 .6em .4em; padding-left: .9em; border-left: 2px solid var(--line); }
.agent-sdk .diff ins, .agent-sdk .diff del, .agent-sdk .diff span { display: block; text-decoration: none;
  color: inherit; min-height: 1.4em; }
.agent-sdk .diff ins { background: var(--added); } .agent-sdk .diff del { background: var(--removed); }
.agent-sdk.agent-sdk .diff .at { color: var(--soft); }
.agent-sdk li.task { list-style: none; }
.agent-sdk .wide { overflow-x: auto; } .agent-sdk td, .agent-sdk th { text-align: left; }
.agent-sdk img { max-width: 100%; height: auto; }
"""


def frame_html(inner: str) -> str:
    """Wrap HTML in a styled frame; dollar signs of tools and costs are not formulas."""
    return f'<div class="agent-sdk mathjax_ignore tex2jax_ignore"><style>{_STYLE}{CODE_STYLE}</style>{inner}</div>'


@attrs.define(eq=False)
class TextNode:
    """Text of the model."""

    text: str
    is_done: bool = False

    def html(self) -> str:
        """Return the HTML; text between dollar signs is a formula, as in Markdown cells."""
        return f'<div class="mathjax_process tex2jax_process">{to_html(sanitize(self.text), not self.is_done)}</div>'

    def plain(self) -> str:
        """Return plain text."""
        return sanitize(self.text).strip()


@attrs.define(eq=False)
class ThinkingNode:
    """Thinking of the model, collapsed."""

    text: str
    is_done: bool = True

    def html(self) -> str:
        """Return the HTML."""
        return f'<details class="thought"><summary>Thinking</summary>{to_html(sanitize(self.text))}</details>'

    def plain(self) -> str:
        """Return nothing: thinking is collapsed."""
        return ""


@attrs.define(eq=False)
class NoticeNode:
    """A notice with the level `error`, `warning` or `info`."""

    level: str
    text: str
    #: The next notice replaces it.
    is_passing: bool = False
    is_done: bool = True

    def html(self) -> str:
        """Return the HTML."""
        return f'<div class="note {escape(self.level)}">{escape(self.plain())}</div>'

    def plain(self) -> str:
        """Return plain text."""
        return "\n".join(shorten_lines(sanitize(self.text), 20))


@attrs.define(eq=False)
class ToolNode:
    """A collapsed tool use; the nodes of its subagent are indented below it."""

    tool_use: ToolUse
    is_done: bool = False
    children: list[Node] = attrs.field(factory=list)

    def html(self) -> str:
        """Return the HTML."""
        tool_use = self.tool_use
        kind = ' class="failed"' if tool_use.is_error else ""
        is_open = " open" if tool_use.change is not None and len(tool_use.change.lines) <= MAX_OPEN_LINES else ""
        body = "".join(self._body())
        folded = f"<details{kind}{is_open}><summary>{self._summary()}</summary>{body}</details>"
        inner = "".join(node.html() for node in self.children)
        return folded + (f'<div class="inner">{inner}</div>' if inner else "")

    def plain(self) -> str:
        """Return one line of plain text."""
        return f"[{one_line(self.tool_use.name)}] {input_line(self.tool_use.input, 100)}".rstrip()

    def _summary(self) -> str:
        shown = escape(input_line(self.tool_use.input, 100))
        code = f"<code>{shown}</code> " if shown else ""
        return f"<b>{escape(one_line(self.tool_use.name))}</b> {code}{self._outcome()}"

    def _outcome(self) -> str:
        tool_use = self.tool_use
        if not self.is_done:
            return "…"
        if tool_use.is_error:
            return "✗ failed"
        return f"+{tool_use.change.added} -{tool_use.change.removed}" if tool_use.change is not None else "✓"

    def _body(self) -> list[str]:
        tool_use = self.tool_use
        if tool_use.change is not None:
            lines = shorten_lines("\n".join(tool_use.change.lines), MAX_LINES, MAX_TOOL_CHARS)
            return [diff_html([sanitize(line) for line in lines])]
        made = [_pre(readable_fields(tool_use.input))] if tool_use.input not in (None, {}) else []
        made += [_pre(tool_use.result)] if tool_use.result else []
        return made + [image_html(image) for image in tool_use.images if len(image.url) <= MAX_IMAGE_CHARS]


def _pre(text: str) -> str:
    return f"<pre>{escape(chr(10).join(shorten_lines(sanitize(text), MAX_LINES, MAX_TOOL_CHARS)))}</pre>"


Node = TextNode | ThinkingNode | NoticeNode | ToolNode
