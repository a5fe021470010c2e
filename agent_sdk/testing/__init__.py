"""
Test programs that use `agent_sdk`, offline and without an API key.

`FakeCLI` replaces the CLI with a process that sends scripted frames; `frames` and `steps` build the script.
`ScriptedModel` replaces the model's API for the real CLI; `isolated_env` gives that CLI a separate home directory.
`Cassette` replays a recorded run of the real CLI. `run_store_conformance` checks a session store.
Only `pytest_plugin` needs pytest.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.lazy import attach

if TYPE_CHECKING:
    from . import frames, steps
    from ._replies import Reply
    from ._requests import ModelRequest
    from ._script import Script
    from .cassette import Cassette
    from .conformance import STORE_CHECKS, run_store_conformance
    from .environment import isolated_env
    from .fake_cli import FakeCLI
    from .scripted_model import ScriptedModel
    from .steps import Step

__all__ = [
    "STORE_CHECKS",
    "Cassette",
    "FakeCLI",
    "ModelRequest",
    "Reply",
    "Script",
    "ScriptedModel",
    "Step",
    "frames",
    "isolated_env",
    "run_store_conformance",
    "steps",
]

__getattr__, __dir__ = attach(
    __name__,
    __all__,
    {
        "": ("frames", "steps"),
        "_replies": ("Reply",),
        "_requests": ("ModelRequest",),
        "_script": ("Script",),
        "cassette": ("Cassette",),
        "conformance": ("STORE_CHECKS", "run_store_conformance"),
        "fake_cli": ("FakeCLI",),
        "environment": ("isolated_env",),
        "scripted_model": ("ScriptedModel",),
        "steps": ("Step",),
    },
)
