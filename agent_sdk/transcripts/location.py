"""
The location of the sessions of one CLI process.

It contains the configuration folder, the working directory and the project key, computed once.
"""
from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property

import attrs

from . import paths
from .paths import SUFFIX, Directory

#: Environment variables that determine where the CLI stores sessions.
VARIABLES = ("HOME", "CLAUDE_CONFIG_DIR")


@attrs.frozen(slots=False)
class SessionLocation:
    """The location of the transcripts of a CLI that runs in *cwd* with the environment *env*."""

    #: The absolute working directory of the CLI; symbolic links are not resolved.
    cwd: str
    config_folder: str
    #: The variables of the CLI's environment that determine the folder.
    env: Mapping[str, str] = attrs.field(repr=False, eq=False)

    @classmethod
    def of(cls, cwd: Directory | None = None, env: Mapping[str, str] | None = None) -> SessionLocation:
        """Return the location for a working directory and a whole environment; both default to this process's."""
        return cls.with_overrides(cwd, None if env is None else {name: env.get(name) for name in VARIABLES})

    @classmethod
    def with_overrides(
        cls, cwd: Directory | None = None, overrides: Mapping[str, str | None] | None = None
    ) -> SessionLocation:
        """Return the location for this process's environment with *overrides*, where *None* unsets a variable."""
        folder = os.fspath(cwd) if cwd else os.getcwd()
        absolute = folder if os.path.isabs(folder) else os.path.join(os.getcwd(), folder)
        changed = overrides or {}
        found = {name: changed[name] if name in changed else os.environ.get(name) for name in VARIABLES}
        env = {name: value for name, value in found.items() if value}
        return cls(absolute, paths.config_folder(env), env)

    @property
    def overrides(self) -> dict[str, str | None]:
        """Environment variables that make another process use this configuration folder."""
        return {name: self.env.get(name) for name in VARIABLES}

    @cached_property
    def projects(self) -> str:
        """The folder of all projects."""
        return os.path.join(self.config_folder, "projects")

    @cached_property
    def project_key(self) -> str:
        """The name of the folder of the transcripts of *cwd*."""
        return paths.encode_path(paths.real_path(self.cwd))

    @cached_property
    def project_folder(self) -> str:
        """The folder of the transcripts of *cwd*; it may not exist yet."""
        return os.path.join(self.projects, self.project_key)

    def find_all(self, session_id: str) -> list[str]:
        """Return the paths of all transcripts with this id, under any directory."""
        return paths.transcripts_of(session_id, self.projects)

    def find(self, session_id: str) -> str | None:
        """Return the path of a session's transcript, preferring that of *cwd*; *None* if it does not exist."""
        own = self._path(session_id)
        if os.sep not in session_id and os.path.isfile(own):
            return own
        return next(iter(self.find_all(session_id)), None)

    def transcript(self, session_id: str) -> str:
        """Return the path at which the CLI writes the transcript of a session in *cwd*; it may not exist yet."""
        return self.find(session_id) or self._path(session_id)

    def newest_transcript(self) -> str | None:
        """Return the path of the most recently written transcript of *cwd*, which `continue` resumes."""
        folders = paths.project_folders(self.cwd, self.projects)
        found = [entry for folder in folders for entry in paths.transcripts_in(folder, self.projects)]
        newest = sorted(found, key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
        own = (entry.path for entry in newest if not self.is_foreign(paths.first_cwd(entry.path)))
        path = next(own, None)
        return None if path is None or not paths.is_within(path, self.projects) else path

    def is_foreign(self, cwd: str | None) -> bool:
        """Return whether a session that began in *cwd* belongs to another directory with the same key."""
        return paths.is_foreign(cwd, self.cwd)

    def _path(self, session_id: str) -> str:
        return os.path.join(self.project_folder, session_id + SUFFIX)
