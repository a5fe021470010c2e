"""A home of its own for the CLI: no test of an agent touches the sessions and settings of who runs it."""
from __future__ import annotations

import os
from pathlib import Path

#: Set on many machines, and leading out of the new home.
_UNSET_VARIABLES = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")


def isolated_env(directory: str | os.PathLike[str]) -> dict[str, str | None]:
    """
    Make folders for the CLI's home, configuration and temporary files under *directory*.

    Merge it with a model: `env={**isolated_env(tmp_path), **model.env}`. Two runs with the same
    *directory* share their sessions, so that the second may resume the first.

    Args:
        directory: Made if it is not there; usually the test's `tmp_path`.

    Returns:
        For the option `env=`: `HOME`, `CLAUDE_CONFIG_DIR`, `TMPDIR` as absolute paths, and *None*
        for variables that must not be inherited.
    """
    root = Path(directory).absolute()
    folders = {"HOME": root / "home", "CLAUDE_CONFIG_DIR": root / "config", "TMPDIR": root / "tmp"}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {**dict.fromkeys(_UNSET_VARIABLES), **{name: str(folder) for name, folder in folders.items()}}
