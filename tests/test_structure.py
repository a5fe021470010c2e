"""
`tools/structure.py`: the figures of the package's structure, and of the walks through it.
"""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "tools" / "structure.py"


def measured(*arguments: str | Path) -> dict:
    """What the script prints as JSON."""
    done = subprocess.run([sys.executable, SCRIPT, "--json", *arguments], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def write(root: Path, **modules: str) -> Path:
    """Make a checkout with these modules."""
    (root / "agent_sdk").mkdir(parents=True)
    for name, text in {"__init__": "", **modules}.items():
        (root / "agent_sdk" / f"{name}.py").write_text(text)
    return root


def test_circles_are_found(tmp_path):
    """A circle is counted for what closes it: an import at load, one for types, or one inside a function."""
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import c\n"
    lazy = "def f():\n    from . import d\n"
    root = write(tmp_path, a="from . import b\n", b=types, c="from . import a\n", d="from . import e\n", e=lazy)
    source = measured("--no-walks", "--root", root)["source"]
    assert source["circles_load"] == []
    assert source["circles_types"] == [["a", "b", "c"]]
    assert source["circles_all"] == [["a", "b", "c"], ["d", "e"]]
    assert (source["modules"], source["function_max"]) == (6, 2)


def test_walks_are_counted():
    """Each walk of this checkout makes calls, and changes modules less often than it makes calls."""
    walks = measured()["walks"]
    assert list(walks) == ["message", "permission", "start", "restart", "resume_from_store"]
    assert all(0 < figures["changes"] < figures["calls"] for figures in walks.values())
