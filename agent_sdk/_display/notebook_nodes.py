"""
What a notebook shows of a run, piece by piece, as HTML in which every word of the run is escaped.
"""
from __future__ import annotations

from html import escape

import attrs

from .._core.text import sanitize
from .._render.conversation import Used
from .._render.html import diff_html, fields, image_html, telling
from .._render.markdown_to_html import to_html
from .._render.text import one_line, shortened

#: Lines and characters of an input or a result, and lines of a diff, at most.
MOST_LINES, MOST_CHARACTERS = 200, 20_000
#: A diff of so few lines needs no unfolding.
OPEN_LINES = 16
#: Characters of an image: a notebook keeps it, and gets it again with each change of the output.
MOST_IMAGE = 400_000


@attrs.define(eq=False)
class TextNode:
    """Text of the model."""

    text: str
    is_done: bool = False

    def html(self) -> str:
        """Write it; what stands between dollars is mathematics, as in the Markdown of the notebook."""
        return f'<div class="mathjax_process tex2jax_process">{to_html(sanitize(self.text))}</div>'

    def plain(self) -> str:
        """Write it without HTML."""
        return sanitize(self.text).strip()


@attrs.define(eq=False)
class ThoughtNode:
    """What the model thought, folded."""

    text: str
    is_done: bool = True

    def html(self) -> str:
        """Write it."""
        return f'<details class="thought"><summary>Thinking</summary>{to_html(sanitize(self.text))}</details>'

    def plain(self) -> str:
        """Nothing: it is folded away."""
        return ""


@attrs.define(eq=False)
class NoteNode:
    """A line to know: `error`, `warning`, `info`."""

    level: str
    text: str
    #: The next note of this kind takes its place.
    is_passing: bool = False
    is_done: bool = True

    def html(self) -> str:
        """Write it."""
        return f'<div class="note {escape(self.level)}">{escape(self.plain())}</div>'

    def plain(self) -> str:
        """Write it without HTML."""
        return "\n".join(shortened(sanitize(self.text), 20))


@attrs.define(eq=False)
class ToolNode:
    """A tool use, folded; below it, indented, what the subagent does that it started."""

    used: Used
    is_done: bool = False
    inner: list[Node] = attrs.field(factory=list)

    def html(self) -> str:
        """Write it."""
        used = self.used
        kind = ' class="failed"' if used.is_error else ""
        is_open = " open" if used.change is not None and len(used.change.lines) <= OPEN_LINES else ""
        body = "".join(self._body())
        folded = f"<details{kind}{is_open}><summary>{self._summary()}</summary>{body}</details>"
        inner = "".join(node.html() for node in self.inner)
        return folded + (f'<div class="inner">{inner}</div>' if inner else "")

    def plain(self) -> str:
        """Write it without HTML, on one line."""
        return f"[{one_line(self.used.name)}] {_told(self.used)}".rstrip()

    def _summary(self) -> str:
        told = escape(_told(self.used))
        return f"<b>{escape(one_line(self.used.name))}</b> {f'<code>{told}</code> ' if told else ''}{self._outcome()}"

    def _outcome(self) -> str:
        used = self.used
        if not self.is_done:
            return "…"
        if used.is_error:
            return "✗ failed"
        return f"+{used.change.added} -{used.change.removed}" if used.change is not None else "✓"

    def _body(self) -> list[str]:
        used = self.used
        if used.change is not None:
            lines = shortened("\n".join(used.change.lines), MOST_LINES, MOST_CHARACTERS)
            return [diff_html([sanitize(line) for line in lines])]
        made = [_pre(fields(used.input))] if used.input not in (None, {}) else []
        made += [_pre(used.result)] if used.result else []
        return made + [image_html(image) for image in used.images if len(image.url) <= MOST_IMAGE]


def _told(used: Used) -> str:
    given = used.input if used.input not in (None, {}) else ""
    return sanitize(telling(given)) or one_line(given, 100)


def _pre(text: str) -> str:
    return f"<pre>{escape(chr(10).join(shortened(sanitize(text), MOST_LINES, MOST_CHARACTERS)))}</pre>"


Node = TextNode | ThoughtNode | NoteNode | ToolNode
