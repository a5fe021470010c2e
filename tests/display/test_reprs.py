"""
What a notebook or IPython shows of results, messages, reports and lists of sessions.
"""
from __future__ import annotations

import subprocess
import sys

import pytest

from agent_sdk._converter import structure, structure_message
from agent_sdk.messages import ContextReport, Usage
from agent_sdk.testing import frames
from agent_sdk.transcripts import SessionInfo, SessionList

EVIL = "<script>alert(1)</script> ![x](http://a/b.png) | `c` \x1b[31m"
ODD = [None, [], {}, "x", -1, [None], {"a": 1}]


def of(frame):
    """The Markdown of a frame's message."""
    return structure_message(frame)._repr_markdown_()


def test_a_result_is_its_answer_and_then_small_what_it_cost():
    """The answer stays Markdown; turns, time, money, tokens and the whole session id stand small below."""
    assert of(frames.result("**42**", num_turns=2, duration_ms=1500, total_cost_usd=0.25)) == (
        "**42**\n\n<small class=\"mathjax_ignore tex2jax_ignore\">2 turns · 1.5 s · &#36;0.2500 · 12 in, 7 out · "
        "session 00000000-0000-4000-8000-00000000c1a0</small>"
    )


def test_an_error_says_so_in_red_before_anything_else():
    """A failed result begins with the error that it stands for."""
    shown = of(frames.error_result("error_max_turns", ["Reached maximum number of turns (1)"]))
    assert "red" not in shown and "#cf222e" in shown.splitlines()[0]
    assert "✗ MaxTurnsError: Reached maximum number of turns (1)" in shown


def test_structured_output_is_shown():
    """The parsed output of a run stands in a fence."""
    assert '```json\n{\n  "é": 1\n}\n```' in of(frames.result("", structured_output={"é": 1}))


@pytest.mark.parametrize(
    ("frame", "part"),
    [
        (frames.assistant("Hello *you*"), "Hello *you*"),
        (frames.tool_use("Bash", {"command": "ls `x`"}), "**Bash** `` ls 'x' ``"),
        (frames.tool_result("t", "one\ntwo"), "```\none\ntwo\n```"),
        (frames.init(), "claude-opus-5-5 · default · /work</small>"),
        (frames.api_retry(1, 2, 529), ">try 1 of 2 failed (HTTP 529): overloaded; again in 0.6 s</small>"),
        (frames.text_delta("abc"), "abc"),
        ({"type": "new_thing", "a": 1}, "<small "),
    ],
    ids=["text", "tool use", "tool result", "init", "retry", "stream event", "unknown"],
)
def test_messages_show_what_they_say(frame, part):
    """Each kind of message has a short form."""
    assert part in of(frame)


@pytest.mark.parametrize(
    "frame",
    [
        frames.result(EVIL),
        frames.error_result("error_during_execution", [EVIL]),
        frames.assistant(EVIL),
        frames.tool_use(EVIL, {"command": EVIL}),
        frames.init(cwd=EVIL, model=EVIL),
        frames.result("x", session_id=EVIL),
    ],
    ids=["result", "error", "text", "tool use", "init", "session id"],
)
def test_nothing_of_a_message_is_alive(frame):
    """No tag, no picture and no escape sequence of the model survives."""
    shown = of(frame)
    assert "<script" not in shown.replace("`` <script>", "") and "\x1b" not in shown
    assert "![x](http" not in shown.replace("`` <script>alert(1)</script> ![x](http", "")


def test_big_answers_are_cut():
    """What a notebook keeps is small."""
    assert len(of(frames.result("x" * 1_000_000))) < 110_000
    assert of(frames.result("x" * 1_000_000)).count("900000 more characters") == 1


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_reprs_never_raise(value):
    """Whatever the wire holds, a notebook gets a text."""
    for kind in ("result", "assistant", "user", "stream_event", "rate_limit_event"):
        fields = ("message", "result", "usage", "errors", "rate_limit_info", "event", "total_cost_usd", "modelUsage")
        assert isinstance(of({"type": kind, **dict.fromkeys(fields, value)}), str)
    for thing in (
        structure({"categories": value, "percentage": value, "totalTokens": value}, ContextReport),
        structure({"input_tokens": value}, Usage),
    ):
        assert isinstance(thing._repr_html_(), str) and isinstance(thing._repr_markdown_(), str)


def test_usage_is_a_table():
    """Tokens by kind."""
    usage = Usage(input_tokens=1234, output_tokens=5)
    assert "<td>1,234</td><td>0</td><td>0</td><td>5</td>" in usage._repr_html_()
    assert usage._repr_markdown_().splitlines()[-1] == "| 1,234 | 0 | 0 | 5 |"


def test_a_context_report_says_what_fills_the_window():
    """A bar, and a row for each category with its share; names are escaped."""
    report = structure(
        {"model": "opus", "totalTokens": 250, "rawMaxTokens": 1000, "percentage": 25.0,
         "categories": [{"name": "<b>Messages", "tokens": 250}]},
        ContextReport,
    )  # fmt: skip
    html = report._repr_html_()
    assert "opus: 250 of 1,000 tokens (25%) ████████░░" in html
    assert "<td style=\"text-align: left\">&lt;b&gt;Messages</td><td>250</td><td>25.0%</td>" in html
    assert "| &lt;b&gt;Messages | 250 | 25.0% |" in report._repr_markdown_()


def test_lists_of_sessions_are_tables():
    """A list of sessions, and any part of it, is a table; titles are escaped."""
    info = SessionInfo(session_id="0" * 8, summary="<b>x|y", tag="good", last_modified=1_700_000_000_000)
    sessions = SessionList([info, info])
    assert type(sessions[:1]) is SessionList and sessions[0] is info
    assert sessions._repr_html_().count("&lt;b&gt;x|y") == 2
    assert "&lt;b>x\\|y" in sessions[:1]._repr_markdown_()


def test_ipython_prints_the_one_line_repr():
    """In IPython's terminal a message, and each of a list, is the line that `repr` gives; sessions are a table."""
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    message = structure_message(frames.assistant("hi"))
    assert pretty(message) == repr(message)
    assert pretty([message, message]) == f"[{message!r}, {message!r}]"
    info = SessionInfo(session_id="0" * 8, summary="x", last_modified=1_700_000_000_000)
    assert [line.split()[0] for line in pretty(SessionList([info])).splitlines()] == ["ID", "00000000"]


def test_the_formatters_are_loaded_on_first_use():
    """A message shows itself in a notebook although nothing has imported the formatters before."""
    code = (
        "import sys, agent_sdk; message = agent_sdk.messages.parse({'type': 'result', 'result': '42'});"
        "assert 'agent_sdk._display' not in sys.modules; assert message._repr_markdown_().startswith('42')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
