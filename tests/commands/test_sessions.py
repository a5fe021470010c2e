"""`python -m agent_sdk sessions`."""
from __future__ import annotations

import argparse
import io
import json
import uuid
from pathlib import Path

import pytest
from disk import Disk

from agent_sdk import ConfigurationError, SessionNotFoundError
from agent_sdk._commands.sessions import add_commands, resolve
from agent_sdk.transcripts import get_session_info, list_sessions


def run(*words: str) -> int:
    """Run one command as the program does."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    given = parser.parse_args(["sessions", *words])
    code: int = given.run(given)
    return code


def test_sessions_are_listed_as_a_table(disk: Disk, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each session, newest first, without anything a terminal would obey."""
    old, new = disk.session("old one").touch(1000), disk.session("new \x1b[31mone").touch(2000)
    run("tag", old.id, "good")
    old.touch(1000)
    assert run("list") == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.startswith("ID ") and first.startswith(new.id[:8]) and second.startswith(old.id[:8])
    assert "[good] old one" in second and "\x1b" not in first and "new one" in first
    run("list", "--limit", "1")
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert run("list", "--directory", str(disk.config)) == 0
    assert "no sessions" in capsys.readouterr().out


def test_an_id_may_be_shortened(disk: Disk) -> None:
    """Any start of an id that is no other's will do."""
    one = disk.transcript(session_id="aaaa1111-0000-4000-8000-000000000000")
    two = disk.transcript(session_id="aaaa2222-0000-4000-8000-000000000000")
    for session in (one, two):
        session.user("hi")
    assert resolve("aaaa1") == one.id and resolve(two.id) == two.id
    with pytest.raises(ConfigurationError, match="2 session ids start with aaaa"):
        resolve("aaaa")
    with pytest.raises(SessionNotFoundError):
        resolve("bbbb")
    for wrong in ("", "../x", "x" * 10_000, "*"):
        with pytest.raises(ConfigurationError):
            resolve(wrong)


def test_a_session_is_shown_with_its_figures(disk: Disk, capsys: pytest.CaptureFixture[str]) -> None:
    """The conversation goes to standard output, the figures beside it."""
    session = disk.session("show \x1b]0;me\x07")
    session.use("Bash", {})
    assert run("show", session.id[:8]) == 0
    out, err = capsys.readouterr()
    assert "> show" in out and "]0;me" not in out and "\x1b" not in out
    assert "1 turns" in err and "Bash 1" in err


def test_sessions_are_searched(disk: Disk, capsys: pytest.CaptureFixture[str]) -> None:
    """What was found is shown with its place; nothing found is exit code 1."""
    session = disk.session("find the needle").touch(1_770_000_000)
    assert run("search", "NEEDLE", "--since", "2026-01-01", "--until", "2026-12-31T10:00") == 0
    assert f"{session.id[:8]}" in (out := capsys.readouterr().out) and "prompt: find the needle" in out
    assert run("search", "--tag", "none") == 1
    with pytest.raises(SystemExit):
        run("search", "--since", "soon")


@pytest.mark.parametrize("format", ["markdown", "html", "json"])
def test_a_session_is_exported(disk: Disk, tmp_path: Path, capsys: pytest.CaptureFixture[str], format: str) -> None:
    """The text goes to standard output, or to a file."""
    session = disk.session("export me")
    assert run("export", session.id, "--format", format) == 0
    text = capsys.readouterr().out
    assert run("export", session.id, "--format", format, "-o", str(tmp_path / "out")) == 0
    assert (tmp_path / "out").read_text() == text and "export me" in text
    assert format != "json" or json.loads(text)
    with pytest.raises(ConfigurationError):
        run("export", session.id, "-o", str(tmp_path / "no" / "out"))


def test_sessions_are_changed(disk: Disk, capsys: pytest.CaptureFixture[str]) -> None:
    """Rename, tag and fork do what the functions do."""
    session = disk.session()
    last = session.reply("more")
    assert run("rename", session.id, "New title") == run("tag", session.id, "good") == 0
    info = get_session_info(session.id)
    assert info is not None and (info.custom_title, info.tag) == ("New title", "good")
    assert run("tag", session.id) == 0
    assert run("fork", session.id, "--up-to", last) == 0
    fork = get_session_info(capsys.readouterr().out.strip())
    assert fork is not None and (fork.custom_title, fork.tag) == ("New title (fork)", None)


def test_deleting_asks_first(disk: Disk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Only a yes deletes, or `--yes`."""
    one, two = disk.session("one"), disk.session("two")
    for answer, left in (("", 2), ("\n", 2), ("n\n", 2), ("y\n", 1)):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        run("delete", one.id)
        assert len(list_sessions()) == left
    assert run("delete", two.id, "--yes") == 0
    assert list_sessions() == []
    with pytest.raises(SessionNotFoundError):
        run("delete", str(uuid.uuid4()), "--yes")


def test_another_configuration_folder_may_be_looked_at(disk: Disk, tmp_path: Path) -> None:
    """Sessions of an isolated home are reached by `--config-dir`."""
    other = Disk(tmp_path / "other")
    session = other.session()
    with pytest.raises(SessionNotFoundError):
        run("rename", session.id, "x")
    assert run("rename", session.id, "x", "--config-dir", str(other.config)) == 0
