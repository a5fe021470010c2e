"""
The private configuration folder: what it holds, who may read it, and that it goes away on every path.
"""
from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent_sdk.transcripts.location import SessionLocation
from agent_sdk.transcripts.private_config import PREFIX, STALE_AFTER, PrivateFolder

LOGIN = {
    "claudeAiOauth": {"accessToken": "a", "refreshToken": "r", "expiresAt": 1},
    "mcpOAuth": {"x": {"refreshToken": 1}},
}
SETTINGS = {
    "model": "opus", "enabledPlugins": {"p": True}, "extraKnownMarketplaces": {"m": {}},
    "env": {"A": "1", "CLAUDE_CONFIG_DIR": "/elsewhere"},
}  # fmt: skip


@pytest.fixture
def env(tmp_path):
    """The environment of a user with a login and settings."""
    own = tmp_path / "own"
    own.mkdir()
    (own / ".credentials.json").write_text(json.dumps(LOGIN))
    (own / "settings.json").write_text(json.dumps(SETTINGS))
    (own / "cowork_settings.json").write_text("{ broken")
    (own / ".claude.json").write_text('{"numStartups": 1}')
    (own / "history.jsonl").write_text("private\n")
    return {"CLAUDE_CONFIG_DIR": str(own)}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The folder for temporary files, and what of ours is in it."""
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temp))
    return lambda: sorted(temp.glob(PREFIX + "*"))


def private_folder(env: dict[str, str]) -> PrivateFolder:
    """A private folder for a CLI with this environment."""
    return PrivateFolder(SessionLocation.of(env=env), env)


def read(folder: PrivateFolder, name: str):
    return json.loads(Path(folder.path, name).read_text())


def test_credentials_come_without_what_renews_them(env, folders):
    """The copy of a login can be used and not renewed, and nobody else can read it."""
    folder = private_folder(env)
    copied = {"claudeAiOauth": {"accessToken": "a", "expiresAt": 1}, "mcpOAuth": {"x": {}}}
    assert read(folder, ".credentials.json") == copied
    assert stat.S_IMODE(os.stat(folder.path).st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in Path(folder.path).iterdir() if path.is_file()}
    assert modes == {0o600}
    folder.remove()


@pytest.fixture
def keychain(tmp_path, monkeypatch):
    """A macOS with the login of this user in its keychain: the environment to look in."""
    program = tmp_path / "bin" / "security"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n[ \"$3\" = 'Claude Code-credentials' ] && echo '{json.dumps(LOGIN)}'\n")
    program.chmod(0o755)
    monkeypatch.setattr("agent_sdk.transcripts.private_config.sys.platform", "darwin")
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CLAUDE_CONFIG_DIR", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return {"HOME": str(tmp_path)}


def test_a_login_in_the_keychain_is_taken_along(keychain, folders):
    """On macOS the login comes from the keychain, as little of it as from a file."""
    folder = private_folder(keychain)
    assert read(folder, ".credentials.json")["claudeAiOauth"] == {"accessToken": "a", "expiresAt": 1}
    assert stat.S_IMODE(os.stat(os.path.join(folder.path, ".credentials.json")).st_mode) == 0o600
    folder.remove()


@pytest.mark.parametrize("also", [{"ANTHROPIC_API_KEY": "k"}, {"CLAUDE_CONFIG_DIR": "/x"}, {"HOME": "/elsewhere"}])
def test_the_keychain_is_left_alone(keychain, folders, also):
    """Where a key pays, a folder is named or the home is another one, nobody asks the keychain."""
    folder = private_folder({**keychain, **also})
    assert ".credentials.json" not in os.listdir(folder.path)
    folder.remove()


def test_a_keychain_without_a_login(keychain, folders, monkeypatch):
    """Without a login the CLI is left to say so."""
    monkeypatch.setenv("PATH", "/nowhere")
    folder = private_folder(keychain)
    assert ".credentials.json" not in os.listdir(folder.path)
    folder.remove()


def test_settings_come_without_plugins(env, folders):
    """Settings are copied but for plugins and a configuration folder; what is broken or private is not copied."""
    folder = private_folder(env)
    assert read(folder, "settings.json") == {"model": "opus", "env": {"A": "1"}}
    assert read(folder, ".claude.json") == {"numStartups": 1}
    names = [".claude.json", ".credentials.json", ".owner", "projects", "settings.json"]
    assert sorted(os.listdir(folder.path)) == names
    folder.remove()


def test_the_default_folder_has_its_file_beside_it(tmp_path, folders):
    """Without CLAUDE_CONFIG_DIR `.claude.json` lies in the home folder."""
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude.json").write_text('{"a": 1}')
    folder = private_folder({"HOME": str(tmp_path)})
    assert read(folder, ".claude.json") == {"a": 1}
    folder.remove()


def test_it_is_removed_once(env, folders):
    """`remove` removes it with all that was written there; a second call does nothing."""
    folder = private_folder(env)
    Path(folder.projects, "x").mkdir()
    folder.remove()
    folder.remove()
    assert folders() == []


def test_it_goes_with_its_owner(env, folders):
    """A folder that nobody holds any more is removed."""
    folder = private_folder(env)
    assert len(folders()) == 1
    del folder
    assert folders() == []


def test_a_forked_child_leaves_it(env, folders):
    """The folder is the parent's: a child's end does not remove it."""
    folder = private_folder(env)
    child = os.fork()
    if child == 0:
        folder.remove()
        os._exit(0)
    os.waitpid(child, 0)
    assert len(folders()) == 1
    folder.remove()


def test_what_a_killed_program_left_is_swept_up(env, folders):
    """The next folder's making removes old ones whose owner is dead, and leaves those whose owner lives."""
    script = (
        "import os; from agent_sdk.transcripts import location, private_config as p; "
        "f = p.PrivateFolder(location.SessionLocation.of()); os._exit(0)"
    )
    living, temp = private_folder(env), os.path.dirname(private_folder(env).path)
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "TMPDIR": temp}, check=True)
    left = {str(path) for path in folders()} - {living.path}
    assert len(left) == 1
    for path in folders():
        os.utime(path, (time.time() - STALE_AFTER - 1,) * 2)
    folder = private_folder(env)
    assert {str(path) for path in folders()} == {living.path, folder.path}
    living.remove()
    folder.remove()
