"""
End-to-end tests: the real CLI, offline, against a scripted model.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agent_sdk import Client


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
