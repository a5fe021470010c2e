"""The ready-made permission callbacks."""
from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_sdk import permissions
from agent_sdk.errors import ConfigurationError
from agent_sdk.permissions import AddRules, Allow, Deny, PermissionContext, SetMode
from agent_sdk.permissions.previews import describe_update, preview_lines, printable

SUGGESTED = PermissionContext(suggestions=[AddRules("Bash(ls *)", destination="local_settings")])
REFUSED = Deny("The user does not want this tool to run.")


class Person:
    """Answers questions with the given lines, followed by end of input."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.asked: list[str] = []
        self.screen = io.StringIO()

    def read(self, question: str) -> str:
        self.asked.append(question)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    def ask(self, tool: str, tool_input: dict[str, Any], context: PermissionContext | None = None) -> Any:
        return permissions.ask(self.read, self.screen)(tool, tool_input, context or PermissionContext())


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["y"], Allow()),
        (["YES"], Allow()),
        (["a"], Allow(updated_permissions=SUGGESTED.suggestions)),
        (["always"], Allow(updated_permissions=SUGGESTED.suggestions)),
        (["n"], REFUSED),
        (["no"], REFUSED),
        (["no, use git"], Deny("use git")),
        (["n use git"], Deny("use git")),
        (["what", "yes please", "y"], Allow()),
        (["", "", "", "y"], REFUSED),
        ([], Deny("No user is available to allow this tool.")),
    ],
)
def test_ask(lines: list[str], expected: Any) -> None:
    """Only an explicit yes allows; text after no is sent to the model; end of input denies."""
    assert Person(*lines).ask("Bash", {"command": "ls"}, SUGGESTED) == expected


def test_ask_shows_the_tool() -> None:
    """The prompt shows the title, the input, the reasons, and the rule that "always" would add."""
    person = Person("y")
    context = PermissionContext(
        title="Claude wants to list", decision_reason="outside", suggestions=SUGGESTED.suggestions
    )
    person.ask("Bash", {"command": "ls\npwd", "timeout": 5}, context)
    assert person.screen.getvalue() == (
        "\nClaude wants to list\n  command:\n      ls\n      pwd\n  timeout: 5\n  (reason: outside)\n"
    )
    assert person.asked == ["Allow? [y]es / [n]o / [a]lways (allow Bash(ls *), localSettings): "]


@pytest.mark.parametrize(
    "context",
    [PermissionContext(), PermissionContext(suggestions=SUGGESTED.suggestions, suppress_always_allow_rule=True)],
    ids=["nothing suggested", "suppressed"],
)
def test_always_is_offered_where_it_may_be(context: PermissionContext) -> None:
    """Without a suggestion, or if the CLI suppresses it, "always" is neither offered nor accepted."""
    person = Person("a", "n")
    assert person.ask("Bash", {"command": "ls"}, context) == REFUSED
    assert person.asked[0] == "Allow? [y]es / [n]o: "


def test_a_withdrawn_question_is_not_put() -> None:
    """A cancelled request is not shown to the user."""
    context, person = PermissionContext(), Person("y")
    context._cancellation.cancelled = True
    assert (person.ask("Bash", {}, context), person.asked) == (REFUSED, [])


def test_ask_uses_the_input_of_the_moment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """By default `input` and stdout are looked up for each request, because a notebook replaces them."""
    callback = permissions.ask()
    monkeypatch.setattr(builtins, "input", lambda question: "y")
    assert callback("Bash", {"command": "ls"}, PermissionContext()) == Allow()
    assert "Claude wants to use Bash" in capsys.readouterr().out


def test_ask_wants_a_function() -> None:
    """A value that is not a function raises when the callback is created."""
    with pytest.raises(ConfigurationError, match="expected a function"):
        permissions.ask("yes")  # type: ignore[arg-type]


def _question(**more: Any) -> dict[str, Any]:
    options = [{"label": "Red", "description": "warm"}, {"label": "Blue"}, {"label": "Green, pale"}]
    return {"question": "Which?", "header": "Colour", "options": options, "multiSelect": False, **more}


@pytest.mark.parametrize(
    ("question", "lines", "expected"),
    [
        (_question(), ["2"], "Blue"),
        (_question(), ["blue"], "Blue"),
        (_question(), ["something else"], "something else"),
        (_question(), ["9"], "9"),
        (_question(), ["", "1"], "Red"),
        (_question(multiSelect=True), ["1, 2"], "Red, Blue"),
        (_question(multiSelect=True), ["3"], "Green, pale"),
        (_question(multiSelect=True), ["green, pale"], "Green, pale"),
        (_question(multiSelect=True), ["2,2, mine"], "Blue, mine"),
        ({"question": "Which?"}, ["free"], "free"),
    ],
)
def test_questions(question: dict[str, Any], lines: list[str], expected: str) -> None:
    """AskUserQuestion accepts numbers, labels and free text, and the answers are keyed by the question's text."""
    given = {"questions": [question]}
    assert Person(*lines).ask("AskUserQuestion", given) == Allow({**given, "answers": {"Which?": expected}})


def test_several_questions() -> None:
    """Questions are asked one by one, with their options."""
    person = Person("1", "two")
    given = {"questions": [_question(), {"question": "How many?", "options": []}]}
    assert person.ask("AskUserQuestion", given) == Allow({**given, "answers": {"Which?": "Red", "How many?": "two"}})
    assert "[Colour] Which?\n  1. Red: warm\n  2. Blue\n" in person.screen.getvalue()
    assert person.asked == ["Number, or free text: ", "Your answer: "]


@pytest.mark.parametrize(
    ("given", "lines"),
    [({"questions": [_question()]}, ["", "", ""]), ({"questions": [_question()]}, []), ({"questions": ["odd"]}, ["1"])],
    ids=["empty lines", "end of input", "no question"],
)
def test_unanswered_questions_refuse(given: dict[str, Any], lines: list[str]) -> None:
    """A question without an answer denies the tool."""
    assert isinstance(Person(*lines).ask("AskUserQuestion", given), Deny)


def test_edits_show_as_a_diff() -> None:
    """An edit is shown as a diff of removed and added lines."""
    given = {"file_path": "/a.py", "old_string": "x = 1\ny = 2", "new_string": "x = 1\ny = 3", "replace_all": True}
    assert preview_lines("Edit", given) == [
        "  --- /a.py", "  +++ /a.py", "  @@ -1,2 +1,2 @@", "   x = 1", "  -y = 2", "  +y = 3",
        "  (everywhere in the file)",
    ]  # fmt: skip


def test_several_edits_show_as_diffs() -> None:
    """A tool with several edits shows each."""
    edits = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}, "odd"]
    assert [line for line in preview_lines("MultiEdit", {"file_path": "/a", "edits": edits}) if line[2] in "+-"] == [
        "  --- /a", "  +++ /a", "  -a", "  +b", "  --- /a", "  +++ /a", "  -c", "  +d"
    ]  # fmt: skip


def test_writes_show_as_a_diff(tmp_path: Path) -> None:
    """A write is shown as a diff against the existing file, and a new file as added lines."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("a\nb")
    assert preview_lines("Write", {"file_path": str(old), "content": "a\nc"})[-2:] == ["  -b", "  +c"]
    assert preview_lines("Write", {"file_path": str(new), "content": "a\nc"})[-2:] == ["  +a", "  +c"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 1_000_001], ids=["no text", "too long"])
def test_writes_over_what_cannot_be_compared(tmp_path: Path, content: bytes) -> None:
    """If the old file is not text, the whole input is shown."""
    (tmp_path / "file").write_bytes(content)
    given = {"file_path": str(tmp_path / "file"), "content": "new"}
    assert preview_lines("Write", given) == [f"  file_path: {tmp_path / 'file'}", "  content: new"]


def test_nothing_hides_behind_length() -> None:
    """Long inputs are shown with their beginning and end, and a count of the omitted part."""
    lines = preview_lines("Bash", {"command": "\n".join(f"echo {number}" for number in range(100)) + "\nrm -rf /"})
    assert (len(lines), lines[50].strip(), lines[-1].strip()) == (61, "… 42 more lines …", "rm -rf /")
    shown = printable("x" * 5000 + "; rm -rf /")
    assert "…(3010 more characters)…" in shown
    assert shown.endswith("; rm -rf /")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ünï", "plain ünï"),
        ("\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"),
        ("a\rb", "a\\rb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\tb", "a    b"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_characters_are_written_out(text: str, expected: str) -> None:
    """Text of the model cannot move the cursor, or hide or reverse text on the terminal."""
    assert printable(text) == expected


def test_unwritable_inputs_are_shown_all_the_same() -> None:
    """An input without a JSON form is shown too."""
    assert preview_lines("Tool", {"a": float("nan"), "b": {"c": 1}}) == ["  a: nan", '  b: {"c":1}']


def test_suggestions_in_words() -> None:
    """Each kind of permission update has a short description."""
    updates = [SetMode("plan"), permissions.AddDirectories("/a"), AddRules("Bash", "deny")]
    assert [describe_update(update) for update in updates] == ["mode plan, session", "add /a, session", "deny Bash, session"]


def _decisions(callback: Callable[..., Any], *uses: tuple[str, dict[str, Any]]) -> list[bool]:
    return [isinstance(callback(tool, given, PermissionContext()), Allow) for tool, given in uses]


def test_deny_all() -> None:
    """deny_all denies everything, with its message."""
    assert permissions.deny_all("not here")("Read", {}, PermissionContext()) == Deny("not here")


def test_read_only() -> None:
    """read_only allows tools that read files and the listed tools, with wildcards."""
    uses = [(tool, {}) for tool in ("Read", "Glob", "Bash", "Write", "WebFetch", "mcp__docs__find", "mcp__db__find")]
    assert _decisions(permissions.read_only(), *uses) == [True, True, False, False, False, False, False]
    assert _decisions(permissions.read_only(["WebFetch", "mcp__docs__*"]), *uses)[-3:] == [True, True, False]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory with a file, and links that point inside and outside."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "inside2").mkdir()
    (inside / "file").write_text("x")
    (inside / "out").symlink_to(tmp_path)
    (inside / "in").symlink_to(inside / "file")
    (tmp_path / "link").symlink_to(inside)
    return inside


@pytest.mark.parametrize(
    ("tool", "key", "path", "expected"),
    [
        ("Read", "file_path", "file", True),
        ("Write", "file_path", "new/deep", True),
        ("Edit", "file_path", "in", True),
        ("Edit", "file_path", "out/secret", False),
        ("Write", "file_path", "../other", False),
        ("Write", "file_path", "../inside2/x", False),
        ("Write", "file_path", "sub/../../x", False),
        ("NotebookEdit", "notebook_path", "n.ipynb", True),
        ("Grep", "path", ".", True),
        ("LS", "path", "..", False),
        ("Bash", "command", "x", False),
        ("mcp__db__write", "path", "x", False),
    ],
)
def test_within(root: Path, tool: str, key: str, path: str, expected: bool) -> None:
    """Paths below the directory are allowed after resolving links; commands and unknown tools are denied."""
    assert _decisions(permissions.within(root), (tool, {key: os.path.join(root, path)})) == [expected]


@pytest.mark.parametrize(
    "given",
    [{}, {"file_path": "file"}, {"file_path": "~/file"}, {"file_path": 3}, {"file_path": None}, {"file_path": "/a\0b"}],
)
def test_within_wants_absolute_paths(root: Path, given: dict[str, Any]) -> None:
    """A missing, relative or invalid path is denied, because only the CLI knows its working directory."""
    assert _decisions(permissions.within(root), ("Write", given)) == [False]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/*.py", True),
        ("*.{py,md}", True),
        ("../*", False),
        ("/etc/*", False),
        ("~/x", False),
        ("{/etc,a}/*", False),
        ("{.,a}{.,b}/x", False),
        ("a/..", False),
        (None, False),
    ],
)
def test_within_reads_patterns(root: Path, pattern: Any, expected: bool) -> None:
    """A pattern that leads outside its path is denied."""
    assert _decisions(permissions.within(root), ("Glob", {"path": str(root), "pattern": pattern})) == [expected]


def test_within_looks_at_every_path(root: Path) -> None:
    """All other paths of the input, and the blocked path of the request, are checked too."""
    given = {"file_path": str(root / "file")}
    callback = permissions.within(root)
    assert _decisions(callback, ("Read", {**given, "cwd": "/etc"})) == [False]
    assert isinstance(callback("Read", given, PermissionContext(blocked_path="/etc/passwd")), Deny)


def test_within_takes_a_link_and_a_list(root: Path) -> None:
    """The directory may be a link; listed tools are allowed with any input."""
    assert _decisions(permissions.within(root.parent / "link"), ("Read", {"file_path": str(root / "file")})) == [True]
    assert _decisions(permissions.within(root, allow=["Bash"]), ("Bash", {"command": "ls /"})) == [True]


def test_within_says_why(root: Path) -> None:
    """The denial message contains the allowed directory."""
    answer = permissions.within(root)("Write", {"file_path": "/etc/x"}, PermissionContext())
    assert answer == Deny(f"Write is not allowed: '/etc/x' is not an absolute path below {os.path.realpath(root)}.")


def test_within_none() -> None:
    """None is not a valid directory."""
    with pytest.raises(ConfigurationError, match="directory=None"):
        permissions.within(None)  # type: ignore[arg-type]


def test_within_wants_a_directory(tmp_path: Path) -> None:
    """A directory that does not exist raises when the callback is created."""
    with pytest.raises(ConfigurationError, match="no such directory"):
        permissions.within(tmp_path / "absent")
