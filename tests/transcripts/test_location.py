"""
The location of a CLI's sessions: its folders, and how transcripts are found in them.
"""
from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from disk import Disk

from agent_sdk.transcripts import project_key
from agent_sdk.transcripts.location import SessionLocation


@pytest.fixture
def location(disk: Disk) -> SessionLocation:
    """The location of a CLI that runs in the project of the disk."""
    return SessionLocation.of(disk.project, {"CLAUDE_CONFIG_DIR": str(disk.config)})


def test_the_folders_follow_from_directory_and_environment(disk: Disk, location: SessionLocation) -> None:
    """The configuration folder comes from the environment, the project's folder from the directory."""
    assert location.config_folder == str(disk.config)
    assert location.project_key == project_key(disk.project)
    assert location.project_folder == str(disk.projects / project_key(disk.project))


def test_the_default_is_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without arguments, the directory and the environment of this process count."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    assert SessionLocation.of() == SessionLocation(str(tmp_path), str(tmp_path / ".claude"), {})
    assert SessionLocation.of("inner").cwd == str(tmp_path / "inner")


def test_overrides_change_the_environment_of_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Overrides stand above this process's environment, and *None* unsets a variable."""
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "ours"))
    assert SessionLocation.with_overrides().config_folder == str(tmp_path / "ours")
    other = SessionLocation.with_overrides(None, {"CLAUDE_CONFIG_DIR": None, "HOME": str(tmp_path)})
    assert other.config_folder == str(tmp_path / ".claude")
    assert other.overrides == {"CLAUDE_CONFIG_DIR": None, "HOME": str(tmp_path)}
    assert SessionLocation.with_overrides(None, other.overrides) == other


def test_the_repr_hides_the_environment(location: SessionLocation) -> None:
    """A repr shows the folders and no environment, which may hold secrets."""
    assert repr(location) == f"SessionLocation(cwd={location.cwd!r}, config_folder={location.config_folder!r})"


def test_the_transcript_of_the_directory_comes_first(disk: Disk, location: SessionLocation) -> None:
    """Where an id has transcripts in several projects, that of the location's own directory is found."""
    own = disk.session()
    other = disk.transcript(disk.project.parent, own.id)
    other.user("copied")
    assert location.find(own.id) == location.transcript(own.id) == str(own.path)
    assert set(location.find_all(own.id)) == {str(own.path), str(other.path)}


def test_a_session_of_another_directory_is_found(disk: Disk, location: SessionLocation) -> None:
    """A transcript under any directory counts where the location's own directory has none."""
    session = disk.session(directory=disk.project.parent)
    assert location.find(session.id) == location.transcript(session.id) == str(session.path)


def test_a_transcript_has_a_path_before_it_exists(location: SessionLocation) -> None:
    """A session without a transcript is found nowhere; its transcript will lie in the project's folder."""
    session_id = str(uuid.uuid4())
    assert location.find(session_id) is None
    assert location.transcript(session_id) == os.path.join(location.project_folder, session_id + ".jsonl")


def test_the_newest_transcript_is_that_of_the_directory(disk: Disk, location: SessionLocation) -> None:
    """The newest transcript is chosen among those of the directory; there is none without a session."""
    assert location.newest_transcript() is None
    newest = disk.session("new").touch(2000)
    disk.session("old").touch(1000)
    disk.session("elsewhere", disk.project.parent).touch(3000)
    assert location.newest_transcript() == str(newest.path)


@pytest.mark.parametrize("session_id", ["", "../x", "a\0b"])
def test_what_is_no_id_is_found_nowhere(location: SessionLocation, session_id: str) -> None:
    """An id with a separator or a NUL leads out of no folder."""
    assert location.find(session_id) is None
