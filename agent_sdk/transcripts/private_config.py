"""
A private configuration folder for one CLI process that resumes a session from a store.

It contains the parts of the user's own folder that the CLI needs: the credentials without the refresh token, and the
settings without plugins. It is removed when its process has ended, at exit, and when its owner is garbage collected.
The next program removes folders of programs that were killed.
"""
from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from typing import Any

from .._core import json_lines, log
from .location import SessionLocation

PREFIX = "agent_sdk-session-"
#: A file in the folder that its owner keeps locked.
_OWNER = ".owner"
#: Seconds after which a folder that is not locked is considered abandoned.
STALE_AFTER = 60.0
_LOGIN = ".credentials.json"
#: The name of the CLI's login in the macOS keychain, and the variables that replace the login.
_KEYCHAIN = "Claude Code-credentials"
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
_SETTINGS = ("settings.json", "cowork_settings.json")
_NOT_COPIED = ("enabledPlugins", "extraKnownMarketplaces")
_ATTEMPTS = 3


class PrivateFolder:
    """
    A private copy of the configuration folder of *location*, which exists until `remove`.

    Args:
        location: The location of the user's own configuration folder.
        overrides: Changes of the CLI's environment; if they contain an API key, the keychain login is not copied.
    """

    def __init__(self, location: SessionLocation, overrides: Mapping[str, str | None] | None = None) -> None:
        _remove_stale()
        self.path = tempfile.mkdtemp(prefix=PREFIX)
        self._finalizer = weakref.finalize(self, _remove, os.getpid(), self.path, self._lock())
        self._finalizer.atexit = False  # at exit the keeper ends the process first
        try:
            _populate(self.path, location, overrides or {})
        except BaseException:
            self.remove()
            raise

    def _lock(self) -> int:
        lock = os.open(os.path.join(self.path, _OWNER), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    @property
    def projects(self) -> str:
        """The projects folder in the copy."""
        return os.path.join(self.path, "projects")

    def remove(self) -> None:
        """Remove the folder after its process has ended; a second call does nothing."""
        # The finalizer is not called, because it does nothing during interpreter shutdown.
        detached = self._finalizer.detach()
        if detached is not None:
            _remove(*detached[2])


def _remove(owner: int, path: str, lock: int) -> None:
    if os.getpid() != owner:
        return  # a forked child: the parent owns the folder
    for attempt in range(_ATTEMPTS):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.exists(path):
            break
        time.sleep(0.05 * attempt)  # a CLI that is exiting may create a file meanwhile
    os.close(lock)


def _remove_stale() -> None:
    """Remove the folders of programs that were killed."""
    folder = tempfile.gettempdir()
    try:
        names = [name for name in os.listdir(folder) if name.startswith(PREFIX)]
    except OSError:
        return  # cannot list the parent folder; creating a new one still works
    for name in names:
        path = os.path.join(folder, name)
        if _is_left_behind(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_left_behind(path: str) -> bool:
    try:
        status = os.stat(path, follow_symlinks=False)
        if status.st_uid != os.geteuid() or time.time() - status.st_mtime < STALE_AFTER:
            return False
        with open(os.path.join(path, _OWNER), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except FileNotFoundError:
        return os.path.isdir(path)  # the lock file is missing: a CLI wrote again after the removal
    except OSError:
        return False  # its owner lives, or the file is not accessible


def _populate(path: str, location: SessionLocation, overrides: Mapping[str, str | None]) -> None:
    own, env = location.config_folder, location.env
    os.mkdir(os.path.join(path, "projects"), 0o700)
    if not _copy(os.path.join(own, _LOGIN), path, _without_refresh_token):
        _take_from_keychain(path, {**overrides, **env})
    for name in _SETTINGS:
        _copy(os.path.join(own, name), path, _without_plugins)
    # Next to the default folder, but inside the folder if CLAUDE_CONFIG_DIR is set.
    home = own if env.get("CLAUDE_CONFIG_DIR") else os.path.dirname(own)
    _copy(os.path.join(home, ".claude.json"), path, lambda known: known)


def _take_from_keychain(folder: str, env: Mapping[str, str | None]) -> None:
    """
    Copy the CLI's login from the macOS keychain, where it belongs to the default configuration folder of this user.

    Does nothing for another configuration folder, and if the environment contains an API key.
    """
    is_own = env.get("HOME") in (None, os.environ.get("HOME"))
    named = ("CLAUDE_CONFIG_DIR", *_KEYS)
    if sys.platform != "darwin" or not is_own or any(env.get(name) or os.environ.get(name) for name in named):
        return
    command = ["security", "find-generic-password", "-s", _KEYCHAIN, "-w"]
    try:
        found = subprocess.run(command, check=True, capture_output=True, timeout=5).stdout
        _write(os.path.join(folder, _LOGIN), _without_refresh_token(json_lines.loads(found)))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        # Not logged in, or the user denied access; the CLI reports that.
        log.debug("transcripts", "no login in the keychain: %s", type(error).__name__)


def _copy(source: str, folder: str, change: Any) -> bool:
    """Copy a JSON file with a change; returns false if there is none to copy."""
    if not os.path.exists(source):
        return False  # most of these files are optional
    try:
        with open(source, "rb") as file:
            value = json_lines.loads(file.read())
    except (OSError, ValueError) as error:
        # The CLI could not use an invalid file either.
        log.debug("transcripts", "not copied: %s", error)
        return False
    if isinstance(value, dict):
        _write(os.path.join(folder, os.path.basename(source)), change(value))
    return True


def _write(target: str, value: Any) -> None:
    with open(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(json_lines.dumps(value))


def _without_refresh_token(value: Any) -> Any:
    """Remove the refresh token: two processes that use the same one log each other out."""
    if isinstance(value, dict):
        return {name: _without_refresh_token(inner) for name, inner in value.items() if name != "refreshToken"}
    return value


def _without_plugins(settings: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in settings.items() if name not in _NOT_COPIED}
    if isinstance(kept.get("env"), dict):
        kept["env"] = {name: value for name, value in kept["env"].items() if name != "CLAUDE_CONFIG_DIR"}
    return kept
