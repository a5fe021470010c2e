"""Where transcripts lie, and what is refused."""
from __future__ import annotations

import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from disk import Disk

from agent_sdk import ConfigurationError, SessionNotFoundError
from agent_sdk.transcripts import (
    delete_session,
    export_session,
    fork_session,
    get_session_info,
    get_session_messages,
    get_subagent_messages,
    list_sessions,
    list_subagents,
    project_key,
    rename_session,
    session_figures,
    tag_session,
)
from agent_sdk.transcripts.location import SessionLocation

HOSTILE = ["../x", "..", "a\0b", "x" * 10_240, "", " ", "/etc/passwd", 5, None, b"x", ["a"], "5b58194b-bcec-4909-9e64-247a89d27404/../x"]
TAKES_ID = [
    get_session_info,
    get_session_messages,
    list_subagents,
    session_figures,
    export_session,
    delete_session,
    fork_session,
    lambda one: rename_session(one, "title"),
    lambda one: tag_session(one, "tag"),
    lambda one: get_subagent_messages(one, "agent"),
]


@pytest.mark.parametrize("function", TAKES_ID)
@pytest.mark.parametrize("session_id", HOSTILE)
def test_an_id_that_is_no_uuid_is_refused(disk: Disk, function: Any, session_id: Any) -> None:
    """No function takes an id that could lead anywhere else."""
    with pytest.raises(ConfigurationError):
        function(session_id)


@pytest.mark.parametrize(
    ("name", "key"),
    [("a.b_c d", "a-b-c-d"), ("é-x@1", "--x-1"), ("🎉", "--"), ("e\u0301", "-"), ("Über", "-ber")],
)
def test_a_key_has_one_dash_for_each_utf16_unit(tmp_path: Path, name: str, key: str) -> None:
    """Every unit that is no ASCII letter or digit becomes a dash, in the composed form of the path."""
    assert project_key(tmp_path / name) == project_key(tmp_path) + "-" + key


def test_a_key_is_that_of_the_real_directory(tmp_path: Path) -> None:
    """A link to a directory has the directory's sessions."""
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    assert project_key(tmp_path / "link") == project_key(real)


def test_a_long_key_is_cut_and_hashed(tmp_path: Path) -> None:
    """A key keeps 200 characters, and a hash of the whole path tells two apart."""
    long = tmp_path / ("x" * 150) / ("y" * 150)
    key = project_key(long)
    assert len(key) > 200
    assert key[200] == "-"
    assert key[:201] == project_key(str(long) + "z")[:201]
    assert key != project_key(str(long) + "z")


def test_a_long_key_is_found_by_its_start(disk: Disk, tmp_path: Path) -> None:
    """The CLI hashes long paths in another way, so that the start of the key decides."""
    long = tmp_path / ("x" * 150) / ("y" * 150)
    session = disk.session(directory=long)
    folder = session.path.parent
    folder.rename(folder.with_name(folder.name[:201] + "otherhash"))
    assert [info.session_id for info in list_sessions(long)] == [session.id]


def test_a_directory_whose_name_begins_alike_is_another(disk: Disk) -> None:
    """A short key must match as a whole."""
    disk.session(directory=disk.project.with_name("project-foo"))
    assert list_sessions(disk.project) == []


def test_a_transcript_behind_a_link_out_of_the_projects_is_refused(disk: Disk, tmp_path: Path) -> None:
    """Another user's sessions are not reached by a symbolic link, to a file or to a folder."""
    other = Disk(tmp_path / "other")
    theirs = other.session("secret")
    (disk.folder() / theirs.path.name).symlink_to(theirs.path)
    (disk.projects / "-linked").symlink_to(theirs.path.parent)
    assert list_sessions() == [] and list_sessions(disk.project) == []
    assert get_session_info(theirs.id) is None
    for change in (get_session_messages, delete_session, fork_session, export_session, lambda one: rename_session(one, "mine")):
        with pytest.raises(SessionNotFoundError):
            change(theirs.id)
    assert b"mine" not in theirs.path.read_bytes()


def test_a_link_inside_of_the_projects_is_followed(disk: Disk) -> None:
    """Somebody who links one project's folder to another one's sees its sessions."""
    session = disk.session()
    (disk.projects / "-linked").symlink_to(session.path.parent)
    assert [info.session_id for info in list_sessions()] == [session.id]


def test_the_configuration_folder_may_be_given(disk: Disk, tmp_path: Path) -> None:
    """Sessions of an isolated home are reached by its configuration folder."""
    other = Disk(tmp_path / "other")
    session = other.session("there")
    assert list_sessions() == []
    assert [info.session_id for info in list_sessions(config_dir=other.config)] == [session.id]
    assert len(get_session_messages(session.id, config_dir=str(other.config))) == 2


def test_without_a_configuration_folder_there_are_no_sessions(tmp_path: Path) -> None:
    """A machine on which no CLI has run is no error."""
    assert list_sessions(config_dir=tmp_path / "none") == []
    assert get_session_info(str(uuid.uuid4()), config_dir=tmp_path / "none") is None


def test_an_error_tells_where_the_session_is(disk: Disk, tmp_path: Path) -> None:
    """Who looks in the wrong directory is told the right one."""
    session = disk.session()
    with pytest.raises(SessionNotFoundError) as caught:
        rename_session(session.id, "title", directory=tmp_path)
    assert caught.value.session_id == session.id
    assert caught.value.directory == str(tmp_path)
    assert caught.value.found == [str(session.path)]


def test_an_empty_file_is_no_session(disk: Disk) -> None:
    """A stub of 0 bytes hides nothing behind it."""
    session = disk.session()
    (disk.folder(disk.project.parent) / session.path.name).touch()
    assert get_session_info(session.id) is not None
    rename_session(session.id, "title")
    assert b"title" in session.path.read_bytes()


def test_the_newest_of_several_copies_counts(disk: Disk) -> None:
    """Where an id lies in two projects, all functions take the one changed last."""
    old = disk.session("old").touch(1000)
    new = disk.transcript(disk.project.parent, old.id)
    new.user("new")
    assert [info.first_prompt for info in list_sessions()] == ["new"]
    info = get_session_info(old.id)
    assert info is not None and info.first_prompt == "new"


def test_an_id_is_no_path() -> None:
    """An id with a separator or a NUL is nobody's."""
    location = SessionLocation.of()
    assert location.find_all("../x") == location.find_all("a\0b") == location.find_all("") == []


@pytest.fixture
def worktrees(disk: Disk) -> tuple[Path, Path]:
    """A repository with a second worktree."""
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=disk.project, check=True)

    other = disk.project.with_name("tree")
    try:
        git("init", "-q")
    except OSError:
        pytest.skip("git is not installed")
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("worktree", "add", "-q", str(other))
    return disk.project, other


def test_worktrees_are_listed_together(disk: Disk, worktrees: tuple[Path, Path]) -> None:
    """The sessions of all worktrees of a repository belong to each of its directories, unless told otherwise."""
    main, other = worktrees
    ours, theirs = disk.session("main").touch(1000), disk.session("tree", other).touch(2000)
    assert [info.session_id for info in list_sessions(main)] == [theirs.id, ours.id]
    assert [info.session_id for info in list_sessions(main, include_worktrees=False)] == [ours.id]
    assert len(get_session_messages(theirs.id, main)) == 2
    rename_session(theirs.id, "found", main)
    assert b"found" in theirs.path.read_bytes()


def test_a_directory_inside_of_a_worktree_is_its_own(disk: Disk, worktrees: tuple[Path, Path]) -> None:
    """A session that began in a folder of the repository is listed with it, beside those of the worktrees."""
    main, _ = worktrees
    inner = main / "packages"
    inner.mkdir()
    here, top = disk.session("inner", inner).touch(2000), disk.session("top").touch(1000)
    assert [info.session_id for info in list_sessions(inner)] == [here.id, top.id]
    assert [info.session_id for info in list_sessions(main)] == [top.id]
