"""
The type checker and the linter have nothing to say.
"""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def output(*command: str) -> str:
    """What a command prints; empty when it ends well."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_types_are_strict():
    """The package passes `mypy --strict`; `test_typing` checks programs that use it."""
    pytest.importorskip("mypy")
    assert output("mypy", "--cache-dir", ".mypy_cache") == ""


def test_the_linter_is_silent():
    """The linter passes over everything."""
    pytest.importorskip("ruff")
    assert output("ruff", "check", ".") == ""
