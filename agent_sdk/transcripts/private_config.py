"""
A private configuration folder for one CLI process that resumes a session from a store.

Shaped like the user's own, with the little that the CLI needs of it: who pays (without what could renew a login), and
settings without plugins. Removed when its process has ended, at exit too, and when its owner is collected; what a
killed program left behind is removed by the next one.
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
#: In the folder, locked for as long as its owner lives.
_OWNER = ".owner"
#: Seconds after which a folder without an owner's lock is taken for left behind.
STALE_AFTER = 60.0
_LOGIN = ".credentials.json"
#: Under which name the CLI's login lies in the keychain of macOS, and what pays in its place.
_KEYCHAIN = "Claude Code-credentials"
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
_SETTINGS = ("settings.json", "cowork_settings.json")
_NOT_COPIED = ("enabledPlugins", "extraKnownMarketplaces")
_ATTEMPTS = 3


class PrivateFolder:
    """
    A private copy of the configuration folder of *location*; exists until `remove`.

    Args:
        location: The user's own configuration folder.
        overrides: Changes of the CLI's environment; with an API key among them the keychain's login is not copied.
    """

    def __init__(self, location: SessionLocation, overrides: Mapping[str, str | None] | None = None) -> None:
        _remove_stale()
        self.path = tempfile.mkdtemp(prefix=PREFIX)
        self._finalizer = weakref.finalize(self, _remove, os.getpid(), self.path, self._lock())
        self._finalizer.atexit = False  # at exit the process is ended first, by its keeper
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
        """The folder of all projects in it."""
        return os.path.join(self.path, "projects")

    def remove(self) -> None:
        """Remove the folder, after its process has ended; a second call does nothing."""
        # Not by calling the finalizer, which does nothing any more once the interpreter is on its way out.
        detached = self._finalizer.detach()
        if detached is not None:
            _remove(*detached[2])


def _remove(owner: int, path: str, lock: int) -> None:
    if os.getpid() != owner:
        return  # a forked child: the folder is the parent's
    for attempt in range(_ATTEMPTS):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.exists(path):
            break
        time.sleep(0.05 * attempt)  # a CLI that was just ended may have made a file meanwhile
    os.close(lock)


def _remove_stale() -> None:
    """Remove what programs that were killed left behind."""
    folder = tempfile.gettempdir()
    try:
        names = [name for name in os.listdir(folder) if name.startswith(PREFIX)]
    except OSError:
        return  # a folder that lists nothing still lets us make our own
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
        return os.path.isdir(path)  # its owner's lock is gone: a CLI wrote once more after the folder was removed
    except OSError:
        return False  # its owner lives, or it is not ours to judge


def _populate(path: str, location: SessionLocation, overrides: Mapping[str, str | None]) -> None:
    own, env = location.config_folder, location.env
    os.mkdir(os.path.join(path, "projects"), 0o700)
    if not _copy(os.path.join(own, _LOGIN), path, _without_refresh_token):
        _take_from_keychain(path, {**overrides, **env})
    for name in _SETTINGS:
        _copy(os.path.join(own, name), path, _without_plugins)
    # Beside the folder where that is the default one, inside it where CLAUDE_CONFIG_DIR names it.
    home = own if env.get("CLAUDE_CONFIG_DIR") else os.path.dirname(own)
    _copy(os.path.join(home, ".claude.json"), path, lambda known: known)


def _take_from_keychain(folder: str, env: Mapping[str, str | None]) -> None:
    """
    Take the login from where the CLI keeps it on macOS: that of this user's own home and of no named folder, and only
    where no key in the environment pays.
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
        # Nobody is logged in, or the user refused: the CLI will say so.
        log.debug("transcripts", "no login in the keychain: %s", type(error).__name__)


def _copy(source: str, folder: str, change: Any) -> bool:
    """Copy a file of JSON, changed; false where there is none to copy."""
    if not os.path.exists(source):
        return False  # most of these files are optional
    try:
        with open(source, "rb") as file:
            value = json_lines.loads(file.read())
    except (OSError, ValueError) as error:
        # One that is broken is of no use to the CLI either.
        log.debug("transcripts", "not copied: %s", error)
        return False
    if isinstance(value, dict):
        _write(os.path.join(folder, os.path.basename(source)), change(value))
    return True


def _write(target: str, value: Any) -> None:
    with open(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(json_lines.dumps(value))


def _without_refresh_token(value: Any) -> Any:
    """Take out what could renew a login: two holders of one refresh token log each other out."""
    if isinstance(value, dict):
        return {name: _without_refresh_token(inner) for name, inner in value.items() if name != "refreshToken"}
    return value


def _without_plugins(settings: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in settings.items() if name not in _NOT_COPIED}
    if isinstance(kept.get("env"), dict):
        kept["env"] = {name: value for name, value in kept["env"].items() if name != "CLAUDE_CONFIG_DIR"}
    return kept
