"""
The version of a CLI: the one process that is run for its exit.
"""
from __future__ import annotations

import os
import re
import subprocess


def version_of(cli: str, timeout: float = 10.0) -> str | None:
    """Run `cli --version` and return the number it prints; *None* when it prints none in *timeout* seconds."""
    env = {name: value for name, value in os.environ.items() if name != "CLAUDECODE"}
    try:
        printed = subprocess.run(
            [cli, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, env=env, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"\d+\.\d+\.\d+", printed)
    return found.group().decode() if found else None
