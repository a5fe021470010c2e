"""
Where transcripts lie: `<config folder>/projects/<folder of the directory>/<session id>.jsonl`.

The name of the middle folder is never computed here: a session is found by its id.
"""
from __future__ import annotations

import os
from collections.abc import Mapping


def config_folder(env: Mapping[str, str] | None = None) -> str:
    """Return the CLI's configuration folder, for a process with the environment *env* (default: this one's)."""
    env = os.environ if env is None else env
    home = env.get("HOME") or os.path.expanduser("~")
    return env.get("CLAUDE_CONFIG_DIR") or os.path.join(home, ".claude")


def find_transcripts(session_id: str, env: Mapping[str, str] | None = None) -> list[str]:
    """Return the paths of all transcripts with this id, under any directory."""
    if not session_id or os.sep in session_id or "\0" in session_id:
        return []
    projects = os.path.join(config_folder(env), "projects")
    try:
        folders = sorted(os.listdir(projects))
    except OSError:
        return []
    paths = (os.path.join(projects, folder, session_id + ".jsonl") for folder in folders)
    return [path for path in paths if os.path.isfile(path)]
