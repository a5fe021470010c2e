"""
Testing programs that use `agent_sdk`, offline and without a key.

`FakeCLI` is a scripted child process in the place of the CLI; what it plays is built in `frames` and `steps`.
`ScriptedModel` is a stand-in for the model's API, for the real CLI; `isolated_env` gives that CLI a home of its own.
Nothing here needs pytest.
"""
from __future__ import annotations

from . import frames, steps
from ._replies import Reply
from ._requests import ModelRequest
from ._script import Script
from .fake_cli import FakeCLI
from .isolated import isolated_env
from .scripted_model import ScriptedModel
from .steps import Step

__all__ = [
    "FakeCLI",
    "ModelRequest",
    "Reply",
    "Script",
    "ScriptedModel",
    "Step",
    "frames",
    "isolated_env",
    "steps",
]
