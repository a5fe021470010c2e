"""
End-to-end tests: the real CLI, offline, against a scripted model.
"""
from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import agent_sdk
from agent_sdk import Client
from agent_sdk.testing import ScriptedModel, isolated_env


@pytest.fixture
def client(real: dict[str, Any]) -> Iterator[Callable[..., Client]]:
    """Make clients that are closed when the test ends."""
    made: list[Client] = []

    def make(**overrides: Any) -> Client:
        made.append(Client(**{**real, **overrides}))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def mark() -> str:
    """A word that only the processes of this test have on their command lines."""
    return f"mark_{uuid.uuid4().hex}"


class Kept:
    """What the tests of a module share where a parameter is one turn: a model, a project, and clients that are kept."""

    def __init__(self, folder: Path) -> None:
        self.model = ScriptedModel().start()
        self.cwd = folder / "project"
        self.cwd.mkdir()
        self.answer: Any = None  # what the callbacks of the kept clients give now
        self._options = {"cwd": self.cwd, "env": {**isolated_env(folder / "world"), **self.model.env}}
        self._clients: dict[str, Client] = {}
        self._turns = 0

    def client(self, name: str, **options: Any) -> Client:
        """Return the client of this name; the first to ask for it says its options."""
        if name not in self._clients:
            self._clients[name] = Client(**{**self._options, **options})
        return self._clients[name]

    def new_path(self) -> Path:
        """A file that no test has used."""
        self._turns += 1
        return self.cwd / f"file{self._turns}"

    def told(self) -> str:
        """The tool results that the model read last."""
        return str(self.model.requests[-1].tool_results)

    def close(self) -> None:
        """End all clients, and the model."""
        for one in self._clients.values():
            one.close()
        self.model.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Clients that are kept for a module."""
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    shared = Kept(tmp_path_factory.mktemp("kept"))
    yield shared
    shared.close()
