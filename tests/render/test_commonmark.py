"""Markdown as HTML, for exports and notebooks."""
from __future__ import annotations

import time

import pytest

from agent_sdk._render import commonmark
from agent_sdk._render.commonmark import to_html
from agent_sdk._render.markdown import sanitize_markdown

REL = 'rel="noopener noreferrer"'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a *c* `d<`", "<p>a <em>c</em> <code>d&lt;</code></p>"),
        ("**`bold code`**", "<strong><code>bold code</code></strong>"),
        ("[`code`](https://x.test/a_b?d=1&e=2)",
         f'<a href="https://x.test/a_b?d=1&amp;e=2" {REL}><code>code</code></a>'),
        ("# One\ntwo", "<h3>One</h3>\n<p>two</p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("- a\n  - b\n    1. c", "<li>a\n<ul>\n<li>b\n<ol>\n<li>c</li>"),
        ("1. a\n\n   ```\n   x\n   ```\n2. b", "</pre>\n</li>\n<li>\n<p>b</p>\n</li>\n</ol>"),
        ("3) a\n4) b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("> q\n> r", "<blockquote>\n<p>q<br>\nr</p>\n</blockquote>"),
        ("| a \\| b | c |\n|:-:|--:|\n| 1 | `d` |",
         '<th style="text-align:center">a | b</th>\n<th style="text-align:right">c</th>'),
        ("| a |\n|---|\n| 1 |", '<div class="wide"><table>\n<thead>\n<tr>\n<th>a</th>'),
        ("see https://x.test/a_b_(c), now", f'see <a href="https://x.test/a_b_(c)" {REL}>https://x.test/a_b_(c)</a>, now'),
        ("(http://x.test/a)", f'(<a href="http://x.test/a" {REL}>http://x.test/a</a>)'),
        ("**https://x.test**", f'<strong><a href="https://x.test" {REL}>https://x.test</a></strong>'),
        ("`https://x.test` xhttp://y https://", "<p><code>https://x.test</code> xhttp://y https://</p>"),
        ("[see https://x.test](https://y.test)", f'<a href="https://y.test" {REL}>see https://x.test</a>'),
        ("- [ ] a\n- [x] b", '<li class="task">☐ a</li>\n<li class="task">☑ b</li>'),
        ("~~gone~~", "<s>gone</s>"),
        ("\\*no\\* \\[x](y) \\`z\\`", "<p>*no* [x](y) `z`</p>"),
        ("2 * 3 * 4 and a_b_c", "<p>2 * 3 * 4 and a_b_c</p>"),
        ("$a_{1}*b*\\{c\\}$ for $5 and **b** $6", "$a_{1}*b*\\{c\\}$ for $5 and <strong>b</strong> $6"),
        ("a <b>raw</b>", "<p>a &lt;b&gt;raw&lt;/b&gt;</p>"),
        ("<div>\n*raw*\n</div>", "<p>&lt;div&gt;<br>\n<em>raw</em><br>\n&lt;/div&gt;</p>"),
        ("![x](https://x.test/p.png)", f'!<a href="https://x.test/p.png" {REL}>x</a>'),
        ("[a](docs/b.md) [c](javascript:d)", "<p>[a](docs/b.md) [c](javascript:d)</p>"),
        ("```\nx < 1\n```", "<code>x &lt; 1\n</code></pre>"),
        ("```py\nif x < 1: y\n```", '<span class="k">if</span> <span class="n">x</span> <span class="o">&lt;</span>'),
        ("```none-such\n<b>\n```", "&lt;b&gt;"),
        ("---", "<hr>"),
    ],
)  # fmt: skip
def test_markdown_becomes_html(text: str, part: str) -> None:
    """Each form that models use is shown as CommonMark and GitHub define it; HTML stays text."""
    assert part in to_html(text)


def test_an_empty_text_is_empty() -> None:
    """A text without content becomes no HTML."""
    assert to_html("") == to_html("\n ") == ""


def test_code_gets_colours_when_it_is_complete() -> None:
    """While a text is written its last code block changes with each piece: it is coloured once, at the end."""
    assert "<span" not in to_html("```py\nif x", is_growing=True)
    assert "<span" in to_html("```py\nif x\n```\nmore", is_growing=True)


def test_long_code_gets_no_colours() -> None:
    """The time that a lexer takes is bounded."""
    code = "if x: y\n" * commonmark.MAX_HIGHLIGHTED_CHARS
    assert "<span" not in to_html(f"```py\n{code}```")


LONG = ["`" * 50_000, "` " * 25_000, "[" * 50_000, "*" * 50_000, "**a" * 20_000, "[a](" * 20_000, ">" * 50_000,
        "$a " * 20_000, "https:" * 8_000, "https://" + ")" * 50_000, "\ud800[a](https://\ud800)"]  # fmt: skip


@pytest.mark.parametrize("text", LONG, ids=lambda text: ascii(text[:8]))
def test_no_text_takes_long(text: str) -> None:
    """The time that a text takes grows with its length only."""
    assert to_html(text)
    assert sanitize_markdown(text)


def _seconds(text: str) -> float:
    """The CPU time of one conversion, the least of five."""
    times = []
    for _ in range(5):
        start = time.process_time()
        to_html(text)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("text", ["|-" * 1500, "|-\n" * 1000, "a\n" + "|-" * 1500], ids=["line", "lines", "table"])
def test_rules_of_tables_take_no_longer_than_prose(text: str) -> None:
    """3 KB of `|-` take about as long as 3 KB of prose; as a table of a thousand rows, as long as its cells take."""
    prose = ("The quick *brown* fox jumps over the `lazy` dog - and more, of course.\n\n" * 50)[:3000]
    assert _seconds(text) < 40 * _seconds(prose)
