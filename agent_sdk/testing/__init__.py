"""
Testing programs that use `agent_sdk`, offline and without a key.

`FakeCLI` is a scripted child process in the place of the CLI; what it plays is built in `frames` and `steps`.
`ScriptedModel` is a stand-in for the model's API, for the real CLI; `isolated_env` gives that CLI a home of its own.
`Cassette` replays a recorded run of the real CLI without it. `run_store_conformance` tries a session store.
Only `pytest_plugin` needs pytest.
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import frames, steps
    from ._replies import Reply
    from ._requests import ModelRequest
    from ._script import Script
    from .cassette import Cassette
    from .conformance import STORE_CHECKS, run_store_conformance
    from .fake_cli import FakeCLI
    from .isolated import isolated_env
    from .scripted_model import ScriptedModel
    from .steps import Step

#: Loaded when asked for: the pytest plugin is imported by every run of pytest, whatever it tests.
_HOMES = {
    "Cassette": "cassette",
    "FakeCLI": "fake_cli",
    "ModelRequest": "_requests",
    "STORE_CHECKS": "conformance",
    "Reply": "_replies",
    "Script": "_script",
    "ScriptedModel": "scripted_model",
    "Step": "steps",
    "isolated_env": "isolated",
    "run_store_conformance": "conformance",
}
_ROOMS = ("frames", "steps")

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


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
