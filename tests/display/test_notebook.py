"""
`agent_sdk.show` in a notebook: what its one output holds, and how often it is sent.
"""
from __future__ import annotations

import re

import pytest

from agent_sdk._converter import structure_message
from agent_sdk._display import notebook as cell
from agent_sdk._display import notebook_nodes
from agent_sdk._display.events import Run
from agent_sdk._display.notebook import NotebookView, RateLimiter
from agent_sdk.testing import frames

capture = pytest.importorskip("IPython.utils.capture")
shell = pytest.importorskip("IPython.core.interactiveshell")

EVIL = "<script>alert(1)</script>"
PATCH = [{"oldStart": 1, "oldLines": 2, "newStart": 1, "newLines": 2, "lines": [" a", "-b<", "+c"]}]


class Notebook:
    """One run in one cell; knows all that was sent."""

    def __init__(self):
        self.shell = shell.InteractiveShell.instance()
        self.ended = []
        self.run, self.view = Run(), NotebookView(self.shell, self.end)
        self.outputs = []

    def end(self, reason):
        self.ended.append(reason)
        self.view.finish(reason, self.run.has_begun)

    def watch(self, *given):
        with capture.capture_output() as captured:
            for frame in given:
                for event in self.run.process(structure_message(frame)):
                    self.view.handle(event)
        self.outputs += captured.outputs
        return self

    def end_cell(self):
        with capture.capture_output() as captured:
            self.shell.events.trigger("post_run_cell", None)
        self.outputs += captured.outputs

    @property
    def html(self):
        return re.sub(r"<style>.*?</style>", "", self.outputs[-1].data["text/html"], flags=re.S)

    @property
    def plain(self):
        return self.outputs[-1].data["text/plain"]


@pytest.fixture
def notebook(monkeypatch):
    """A cell in which nothing is held back."""
    monkeypatch.setattr(cell, "UPDATE_INTERVAL", 1e-9)
    one = Notebook()
    yield one
    one.end_cell()


def delta(text):
    """A piece of text."""
    return frames.text_delta(text)


def test_text_as_it_is_written(notebook):
    """Markdown is rendered while it grows, in one output that is replaced."""
    notebook.watch(frames.init(), delta("**bo"), delta("ld**"))
    assert '<p><strong>bold</strong></p></div><div class="status">working …</div>' in notebook.html
    notebook.watch(frames.assistant("**bold** text"), frames.result("**bold** text"))
    assert notebook.html.count("<strong>bold</strong>") == 1 and "working" not in notebook.html
    assert [output.update for output in notebook.outputs] == [False] + [True] * (len(notebook.outputs) - 1)
    assert len({output.transient["display_id"] for output in notebook.outputs}) == 1
    assert notebook.plain.startswith("**bold** text\n1 turn · ")


def test_a_reply_that_broke_off_is_replaced(notebook):
    """Text that does not count any more is taken away."""
    start = frames.stream_event({"type": "message_start", "message": {}})
    notebook.watch(frames.init(), start, delta("wrong"), start, delta("right"), frames.assistant("right"))
    assert "wrong" not in notebook.html and notebook.html.count("right") == 1


def test_tool_uses_are_folded_with_input_and_result(notebook):
    """The summary names tool and input; inside are both, escaped; a failure is marked."""
    notebook.watch(frames.init(), frames.tool_use("Bash", {"command": EVIL}, id="t1"))
    assert "…</summary>" in notebook.html
    notebook.watch(frames.tool_result("t1", f"{EVIL}\nmore", is_error=True))
    assert '<details class="failed"><summary><b>Bash</b> <code>&lt;script&gt;' in notebook.html
    assert "<pre>&lt;script&gt;alert(1)&lt;/script&gt;\nmore</pre>" in notebook.html
    assert "✗ failed" in notebook.html and "<script" not in notebook.html


def test_small_diffs_are_open(notebook):
    """An edit is a diff, in view when it is small."""
    notebook.watch(frames.init(), frames.tool_use("Edit", {"file_path": "/x.py"}, id="t1"))
    notebook.watch(frames.tool_result("t1", "ok", tool_use_result={"filePath": "/x.py", "structuredPatch": PATCH}))
    assert "<details open><summary><b>Edit</b> <code>/x.py</code> +1 -1</summary>" in notebook.html
    assert "<del>-b&lt;</del><ins>+c</ins>" in notebook.html


def test_subagents_are_indented_below_their_tool_use(notebook):
    """What a subagent does stands inside, also when it goes on after the tool use had its result."""
    inner = {"parent_tool_use_id": "t1"}
    notebook.watch(frames.init(), frames.tool_use("Task", {"description": "look"}, id="t1"))
    notebook.watch(frames.tool_use("Bash", {"command": "ls"}, id="t2", **inner), frames.tool_result("t1", "launched"))
    notebook.watch(frames.assistant("main goes on"), frames.assistant("inner text", **inner))
    notebook.watch(frames.tool_result("t2", "x", **inner), frames.result(""))
    inside = notebook.html.split('<div class="inner">')[1].split("main goes on")[0]
    assert "<b>Bash</b>" in inside and "inner text" in inside and "✓</summary>" in inside


def test_errors_and_the_end(notebook):
    """Retries replace each other, errors are red, the end tells what it cost."""
    notebook.watch(frames.init(), frames.api_retry(1, 2, 529), frames.api_retry(2, 2, 529))
    notebook.watch(frames.error_result("error_max_turns", [f"no {EVIL}"]))
    assert notebook.html.count("HTTP 529") == 1 and "try 2 of 2" in notebook.html
    assert '<div class="note error">✗ MaxTurnsError: no &lt;script&gt;' in notebook.html
    assert "2 retried" in notebook.html


def test_a_cell_that_ends_without_a_result_is_marked(notebook):
    """A turn that was stopped does not look as if it went on."""
    notebook.watch(frames.init(), delta("half"))
    notebook.end_cell()
    assert notebook.ended == [""]
    assert '<div class="end error">✗ stopped without a result</div>' in notebook.html
    sent = len(notebook.outputs)
    notebook.end_cell()
    assert len(notebook.outputs) == sent


def test_what_comes_between_turns_is_no_turn(notebook):
    """A notice without a turn is shown, and not marked as stopped."""
    notebook.watch({"type": "system", "subtype": "informational", "content": "look", "level": "warning"})
    notebook.end_cell()
    assert '<div class="note warning">look</div>' in notebook.html
    assert "stopped" not in notebook.html and "working" not in notebook.html


def test_nothing_is_shown_before_something_happened(notebook):
    """Messages that say nothing make no output."""
    notebook.watch({"type": "system", "subtype": "session_title_changed", "title": "x"}, frames.init())
    assert notebook.outputs == []


def test_big_results_and_images_stay_small(notebook, monkeypatch):
    """Long results are shortened, huge images left out, and a big output gets a successor."""
    long = "\n".join("x" * 100 for _ in range(5000))
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 500_000}}
    notebook.watch(frames.init(), frames.tool_use("Bash", {"command": "a"}, id="t1"), frames.tool_result("t1", long))
    notebook.watch(frames.tool_use("Read", {"file_path": "a"}, id="t2"), frames.tool_result("t2", [picture]))
    assert len(notebook.html) < notebook_nodes.MAX_TOOL_CHARS + 5000 and "AAAA" not in notebook.html
    monkeypatch.setattr(cell, "MAX_CHARS", 10_000)
    notebook.watch(frames.assistant("first"), frames.assistant("second"), frames.result(""))
    assert "second" in notebook.html and len(notebook.html) < 5000


def test_ten_updates_a_second():
    """Updates come at most ten times a second, a few at once after a silence; big outputs less often."""
    now = [0.0]
    pace = RateLimiter(lambda: now[0])
    sent = 0
    for tick in range(1000):
        now[0] = tick / 100
        sent += pace.allows(True, 0)
    assert 95 <= sent <= 105
    now[0] = 100.0
    assert [pace.allows(True, 0) for _ in range(6)] == [True] * 4 + [False] * 2
    assert [pace.allows(False, 0) for _ in range(2)] == [True, False]
    now[0] = 101.0
    sent = 0
    for tick in range(1000):
        now[0] = 101 + tick / 100
        sent += pace.allows(True, 1_000_000)
    assert sent <= 16
