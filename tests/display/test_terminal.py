"""
`agent_sdk.show` in a terminal and in a pipe.
"""
from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest

import agent_sdk
from agent_sdk import _display
from agent_sdk._display import screen
from agent_sdk.testing import frames

PATCH = [{"oldStart": 1, "oldLines": 2, "newStart": 1, "newLines": 2, "lines": [" a", "-b", "+c"]}]


def texts(*pieces):
    """The stream events of one text block."""
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    return [frames.stream_event(start), *(frames.text_delta(piece) for piece in pieces)]


MESSAGE_START = frames.stream_event({"type": "message_start", "message": {}})


def test_a_run_in_a_pipe(watch, capsys):
    """Text, tool uses with input and result, and the end with turns, time, money and session; nothing else."""
    watch(
        frames.init(),
        frames.assistant("I look.\n\nFirst:"),
        frames.tool_use("Bash", {"command": "ls\n-l", "description": "list"}, id="t1"),
        frames.tool_result("t1", "one\ntwo"),
        frames.assistant("Two files."),
        frames.result("Two files.", num_turns=2, duration_ms=3400, total_cost_usd=0.0123),
    )
    assert capsys.readouterr().out == (
        "I look.\n\nFirst:\n\n"
        "● Bash ls -l\n  ⎿ one\n    two\n\n"
        "Two files.\n\n"
        "✓ 2 turns · 3.4 s · $0.0123 · 12 in, 7 out · session 00000000\n"
    )


def test_text_is_shown_once_with_and_without_stream_events(watch, capsys):
    """Pieces are written as they come, the whole message adds only what is missing."""
    watch(frames.init(), MESSAGE_START, *texts("Hel", "lo"))
    assert capsys.readouterr().out == "Hello"
    watch(frames.assistant("Hello you"), *texts("Again"), frames.assistant("Again"))
    assert capsys.readouterr().out == " you\nAgain\n"


def test_a_reply_that_broke_off_is_said_to_begin_again(watch, capsys):
    """After a fault of the stream the whole message decides."""
    watch(frames.init(), MESSAGE_START, *texts("Hel"), MESSAGE_START, frames.assistant("Good day"))
    assert capsys.readouterr().out == "Hel\n… the reply was interrupted and starts again\nGood day\n"


def test_halves_of_a_character_are_joined(watch, capsys):
    """An emoji that comes in two events is written whole."""
    watch(frames.init(), MESSAGE_START, *texts("a \ud83d", "\ude00 b"), frames.assistant("a 😀 b"))
    assert capsys.readouterr().out == "a 😀 b\n"


def test_diffs_of_edits(watch, capsys):
    """An edit shows what it changed, from the tool's own patch."""
    watch(frames.init(), frames.tool_use("Edit", {"file_path": "/x.py", "old_string": "b", "new_string": "c"}, id="t1"))
    watch(frames.tool_result("t1", "done", tool_use_result={"filePath": "/x.py", "structuredPatch": PATCH}))
    assert capsys.readouterr().out == "● Edit /x.py\n  ⎿ +1 -1\n    @@ -1,2 +1,2 @@\n     a\n    -b\n    +c\n"


def test_long_results_are_shortened(watch, capsys):
    """The first and the last lines are shown, and how many there are between."""
    watch(frames.init(), frames.tool_use("Bash", {"command": "seq 100"}, id="t1"))
    watch(frames.tool_result("t1", "\n".join(map(str, range(100)))))
    lines = [line.strip(" ⎿") for line in capsys.readouterr().out.splitlines()]
    assert lines == ["● Bash seq 100", "0", "1", "2", "3", "… 95 more lines", "99"]


def test_a_result_that_comes_later_names_its_tool(watch, capsys):
    """When tools run side by side each result says whose it is."""
    watch(frames.init(), frames.tool_use("Read", {"file_path": "/a"}, id="t1"))
    watch(frames.tool_use("Read", {"file_path": "/b"}, id="t2"), frames.tool_result("t1", "A"))
    watch(frames.tool_result("t2", "B"))
    assert capsys.readouterr().out == (
        "● Read /a\n● Read /b\n⎿ Read /a\n  ⎿ A\n⎿ Read /b\n  ⎿ B\n"
    )


def test_subagents_are_indented(watch, capsys):
    """What a subagent does stands below the tool use that started it, however deep."""
    watch(frames.init(), frames.tool_use("Task", {"description": "look"}, id="t1"))
    watch(frames.tool_use("Task", {"description": "deeper"}, id="t2", parent_tool_use_id="t1"))
    watch(frames.tool_use("Bash", {"command": "ls"}, id="t3", parent_tool_use_id="t2"))
    watch(frames.tool_result("t3", "x", parent_tool_use_id="t2"))
    watch(frames.assistant("It is fine.", parent_tool_use_id="t1"))
    assert capsys.readouterr().out == (
        "● Task look\n  ● Task deeper\n    ● Bash ls\n      ⎿ x\n  It is fine.\n"
    )


def test_what_a_subagent_hands_back_is_its_own_text(watch, capsys):
    """What the CLI writes around it for the model is left out."""
    watch(frames.init(), frames.tool_use("Task", {"description": "look"}, id="t1"))
    given = {"agentId": "a1", "content": [{"type": "text", "text": "All good."}]}
    watch(frames.tool_result("t1", "[Subagent hand-back] ... All good. agentId: a1", tool_use_result=given))
    watch(frames.tool_use("Task", {"description": "later"}, id="t2"))
    watch(frames.tool_result("t2", "Async agent", tool_use_result={"agentId": "a2", "status": "async_launched"}))
    out = capsys.readouterr().out
    assert "⎿ All good.\n" in out and "hand-back" not in out
    assert "⎿ continues in the background\n" in out


def test_what_is_named(watch, capsys):
    """Retries, rate limits, refusals and compaction are told in words; retries are counted at the end."""
    limit = {"status": "rejected", "rateLimitType": "five_hour", "resetsAt": None}
    denied = {"type": "system", "subtype": "permission_denied", "tool_name": "Bash", "message": "not allowed"}
    watch(frames.init(), frames.api_retry(1, 2, 529), {"type": "rate_limit_event", "rate_limit_info": limit})
    watch(denied, frames.compact_boundary(pre_tokens=1000, post_tokens=100), frames.result(""))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "! try 1 of 2 failed (HTTP 529): overloaded; again in 0.6 s",
        "✗ rate limit reached (five hour)",
        "! Bash was denied: not allowed",
        "· conversation compacted: 1,000 → 100 tokens",
    ]
    assert lines[-1].endswith("1 retried · session 00000000")


def test_an_error_is_told_once(watch, capsys):
    """A failure of the API is text and result at once: the result names only the kind of error."""
    text = "API Error: 400 bad"
    watch(frames.init(), frames.assistant(text, error="invalid_request", is_api_error_message=True))
    watch(frames.result(text, is_error=True, api_error_status=400))
    out = capsys.readouterr().out
    assert out.count(text) == 1 and "✗ InvalidRequestError\n" in out
    watch(frames.init(), frames.error_result("error_max_turns", ["Reached maximum number of turns (1)"]))
    assert "✗ MaxTurnsError: Reached maximum number of turns (1)\n" in capsys.readouterr().out


def test_signs_of_life_are_not_for_pipes(watch, capsys):
    """Progress is on one line that is replaced, and so only on a terminal."""
    watch(frames.init(), {"type": "tool_progress", "tool_name": "Bash", "elapsed_time_seconds": 30})
    watch({"type": "system", "subtype": "thinking_tokens", "estimated_tokens": 120})
    assert capsys.readouterr().out == ""


def test_nothing_that_a_terminal_obeys_is_written(watch, capsys):
    """Escape sequences and other control characters of model and tools are left out."""
    evil = "\x1b[2J\x1b]0;title\x07\rgone\x9b31m\u202eok"
    watch(frames.init(), frames.assistant(evil), frames.tool_use("B\x1b[1m", {"command": evil}, id="t1"))
    watch(frames.tool_result("t1", evil, is_error=True), frames.error_result("error_during_execution", [evil]))
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\x07\r\x9b\u202e")
    assert "gone31mok" in out


def test_odd_frames_stop_nothing(watch, capsys):
    """Whatever a frame holds, `show` goes on."""
    odd = [None, [], {}, "x", 7, -1.5, {"a": []}]
    kinds = ["api_retry", "permission_denied", "compact_boundary", "task_progress", "status", "hook_response"]
    watch(frames.init())
    for value in odd:
        for kind in kinds:
            fields = dict.fromkeys(("attempt", "message", "compact_metadata", "usage", "outcome", "status"), value)
            watch({"type": "system", "subtype": kind, "session_id": frames.SESSION_ID, **fields})
        watch({"type": "rate_limit_event", "rate_limit_info": value, "session_id": value})
        watch({"type": "assistant", "message": value})
        watch({"type": "user", "message": {"content": [value]}, "tool_use_result": value})
        watch({"type": "result", "subtype": value, "usage": value, "total_cost_usd": value, "modelUsage": value})


def test_each_turn_and_session_begins_afresh(watch, capsys):
    """A new init forgets the turn before, which may have had no end; an init after a compaction does not."""
    watch(frames.init(), frames.tool_use("Bash", {"command": "ls"}, id="t1"), frames.init())
    watch(frames.tool_result("t1", "late"))
    assert "● tool result\n" in capsys.readouterr().out
    watch(frames.init(), frames.tool_use("Bash", {"command": "ls"}, id="t1"))
    watch({"type": "system", "subtype": "status", "status": "compacting", "session_id": frames.SESSION_ID})
    watch(frames.init(), frames.compact_boundary(), frames.tool_result("t1", "done"))
    assert "tool result" not in capsys.readouterr().out


def test_sessions_may_come_mixed(watch, capsys):
    """Tool uses of several runs are told apart by their session."""
    other = {"session_id": "11111111-0000-4000-8000-000000000000"}
    watch(frames.init(), frames.init(**other), frames.tool_use("Read", {"file_path": "/a"}, id="t"))
    watch(frames.tool_use("Read", {"file_path": "/b"}, id="t", **other), frames.tool_result("t", "A"))
    watch(frames.tool_result("t", "B", **other))
    assert capsys.readouterr().out == "● Read /a\n● Read /b\n⎿ Read /a\n  ⎿ A\n⎿ Read /b\n  ⎿ B\n"


def test_what_names_no_session_belongs_to_the_newest_run(watch, capsys):
    """A message without a session begins no run of its own."""
    watch(frames.init(), {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected"}})
    assert len(_display._runs) == 1
    assert capsys.readouterr().out == "✗ rate limit reached (usage)\n"


@pytest.fixture
def rendered(watch, tty, monkeypatch):
    """Show a whole text in a terminal without colours; the fixture returns its lines."""
    monkeypatch.setenv("NO_COLOR", "1")

    def show(text):
        watch(frames.init(), frames.assistant(text))
        return tty().rpartition("\x1b[K")[2].splitlines()

    return show


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("**`bold code`** *em* ~~gone~~", ["bold code em gone"]),
        ("[`code`](https://x.test)", ["code (https://x.test)"]),
        ("at https://x.test/a_b_c, <https://y.test>", ["at https://x.test/a_b_c, https://y.test"]),
        ("- a\n  - b\n    1. c", [" • a", "    • b", "       1 c"]),
        ("1. a\n\n   ```\n   x\n   ```\n2. b", [" 1 a", "     x", " 2 b"]),
        ("3) a\n4) b", [" 3 a", " 4 b"]),
        ("| a \\| b | c |\n|---|--:|\n| 1 | 22.5 |",
         [" a | b     c", " ───────────", " 1      22.5"]),
        ("- [ ] a\n- [x] b", [" • ☐ a", " • ☑ b"]),
        ("\\*no\\* \\[x](y) 2 * 3", ["*no* [x](y) 2 * 3"]),
        ("a <b>raw</b>\n<br>", ["a <b>raw</b>", "<br>"]),
        ("<div>\nraw\n</div>", ["<div>", "raw", "</div>"]),
        ("![x](https://x.test/p.png)", ["!x (https://x.test/p.png)"]),
        ("# One\ntwo\nthree", ["One", "", "two", "three"]),
        ("> q\n> r", ["▌ q", "▌ r"]),
        ("word " * 12, ["word " * 7 + "word", "word " * 3 + "word"]),
    ],
)  # fmt: skip
def test_markdown_is_rendered_on_a_terminal(rendered, text, lines):
    """A whole text is shown as CommonMark and GitHub define it, wrapped to the width; HTML stays text."""
    assert rendered(text) == lines


def test_markdown_has_styles_on_a_terminal(watch, tty):
    """Bold code is bold, and code blocks have the colours of their language."""
    watch(frames.init(), frames.assistant("**`bold code`**\n\n```py\nif x: y\n```"))
    out = tty()
    assert "\x1b[1;36mbold code\x1b[0m" in out and "\x1b[94;49mif\x1b[0m" in out


def test_text_that_was_streamed_stays_as_written(watch, tty):
    """Streamed text is plain; only a text that comes whole is rendered."""
    watch(frames.init(), MESSAGE_START, *texts("**bo", "ld**"), frames.assistant("**bold**"))
    assert tty().endswith("**bold**\n")


def test_entities_bring_no_control_characters(watch, tty):
    """Characters that Markdown writes as entities are sanitized too."""
    watch(frames.init(), frames.assistant("a&#27;[2J&#x202e;b `&#27;` [c&#13;](https://x.test/&#27;)"))
    assert not set(tty()) & set("\r\u202e\x9b")


def test_rendered_text_of_subagents_is_indented(watch, tty):
    """Lists of a subagent are rendered below the tool use that started it."""
    watch(frames.init(), frames.tool_use("Task", {"description": "look"}, id="t1"))
    watch(frames.assistant("- a\n- b", parent_tool_use_id="t1"))
    assert [line for line in re.sub(r"\x1b\[[\d;]*[mK]", "", tty()).splitlines() if "•" in line] == ["   • a", "   • b"]


def test_colours_on_a_terminal(watch, tty):
    """A terminal gets colours: errors in red, lines that were added in green."""
    watch(frames.init(), frames.tool_use("Bash", {"command": "x"}, id="t1"))
    watch(frames.tool_result("t1", "no", is_error=True))
    out = tty()
    assert "\x1b[31mno\x1b[0m" in out and "\x1b[1mBash\x1b[0m" in out


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(watch, tty, monkeypatch, name, value):
    """`NO_COLOR` and a dumb terminal get none."""
    monkeypatch.setenv(name, value)
    watch(frames.init(), frames.tool_use("Bash", {"command": "x"}, id="t1"))
    watch(frames.tool_result("t1", "no", is_error=True))
    assert "\x1b[3" not in tty()


def test_lines_fit_the_terminal(watch, tty, monkeypatch):
    """Lines of tools are cut to the width, in columns: wide characters count twice."""
    monkeypatch.setenv("NO_COLOR", "1")
    watch(frames.init(), frames.tool_use("Bash", {"command": "x" * 99}, id="t1"), frames.tool_result("t1", "漢" * 50))
    lines = [line.rpartition("\r")[2].removeprefix("\x1b[K") for line in tty().split("\n")]
    assert lines[0] == f"● Bash {'x' * 31}…"
    assert lines[1] == f"  ⎿ {'漢' * 17}…"


def test_the_line_of_progress_is_replaced(watch, tty, monkeypatch):
    """Signs of life share one line, which is gone when something lasting is written."""
    monkeypatch.setattr(screen, "PROGRESS_INTERVAL", 0)
    progress = {"type": "tool_progress", "tool_name": "Bash", "session_id": frames.SESSION_ID}
    watch(frames.init(), {**progress, "elapsed_time_seconds": 30}, {**progress, "elapsed_time_seconds": 60})
    watch(frames.api_retry(1, 2, 529))
    out = tty()
    assert "Bash is running, 30 s …" in out and "Bash is running, 1 min 0 s …" in out and "\n" not in out
    watch(frames.assistant("Done."))
    assert tty().startswith("\r\x1b[KDone.")


def test_a_terminal_that_cannot_write_the_signs(watch, monkeypatch):
    """Where the encoding has no such characters plain ones are written."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    watch(frames.init(), frames.tool_use("Bash", {"command": "ä"}, id="t1"), frames.tool_result("t1", "1\n2"))
    assert written.getvalue() == b"* Bash ?\n  | 1\n    2\n"


def test_show_is_loaded_when_used():
    """`import agent_sdk` loads nothing of it, `agent_sdk.show` no IPython."""
    code = (
        "import sys, agent_sdk; assert not [m for m in sys.modules if '_show' in m or 'notebook' in m];"
        "agent_sdk.show; from agent_sdk._display import reprs; assert 'IPython' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.e2e
@pytest.mark.smoke
def test_a_real_run(real, model, capsys):
    """A run of the real CLI is shown with what it did, in order."""
    (real["cwd"] / "x.txt").write_text("old\n")
    model.call_tool("Read", {"file_path": str(real["cwd"] / "x.txt")}, text="Let me see.")
    model.call_tool("Edit", {"file_path": str(real["cwd"] / "x.txt"), "old_string": "old", "new_string": "new"})
    task = {"description": "look", "prompt": "sub", "subagent_type": "general-purpose", "run_in_background": False}
    model.call_tool("Task", task)
    model.call_tool("Bash", {"command": "echo hi"}).reply("sub done").reply("All done.")
    options = {"permission_mode": "accept_edits", "include_partial_messages": True, **real}
    result = agent_sdk.query("go", on_message=agent_sdk.show, **options)
    out = capsys.readouterr().out
    marks = ["Let me see.", "● Read", "● Edit", "    -old\n    +new\n", "● Task look", "  ● Bash echo hi", "    ⎿ hi"]
    marks += ["⎿ Task look", "  ⎿ sub done", "All done.", f"session {result.session_id[:8]}"]
    places = [out.index(mark) for mark in marks]
    assert places == sorted(places)
    assert out.count("All done.") == 1 and "background task" not in out
