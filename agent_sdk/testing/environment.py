"""A separate home directory for the CLI, so that tests do not touch the user's sessions and settings."""
from __future__ import annotations

import os
from pathlib import Path

#: Variables that are set on many machines and refer to places outside the new home.
_UNSET_VARIABLES = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")


def isolated_env(directory: str | os.PathLike[str]) -> dict[str, str | None]:
    """
    Create folders for the CLI's home, configuration and temporary files in *directory*.

    Combine it with a model: `env={**isolated_env(tmp_path), **model.env}`. Runs with the same *directory*
    share their sessions, so that one can resume another.

    Args:
        directory: Created if missing; usually the test's `tmp_path`.

    Returns:
        A value for the option `env=`: `HOME`, `CLAUDE_CONFIG_DIR` and `TMPDIR` as absolute paths, and *None* for
        variables that must not be inherited.
    """
    root = Path(directory).absolute()
    folders = {"HOME": root / "home", "CLAUDE_CONFIG_DIR": root / "config", "TMPDIR": root / "tmp"}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {**dict.fromkeys(_UNSET_VARIABLES), **{name: str(folder) for name, folder in folders.items()}}
