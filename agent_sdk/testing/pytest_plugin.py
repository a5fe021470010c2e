"""
The pytest plugin: fixtures for agents under test, found by pytest where this package is installed.

It changes nothing by itself: there are three fixtures and the option `--claude-record`.
"""
from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ..errors import CassetteMismatchError

if TYPE_CHECKING:
    from .cassette import Cassette
    from .fake_cli import FakeCLI
    from .scripted_model import ScriptedModel

#: The folder of the cassettes, beside the file of the tests.
FOLDER = "cassettes"
_MODES = ("none", "new", "once", "all")
#: What a test has raised.
_RAISED = pytest.StashKey[BaseException]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--claude-record`."""
    group = parser.getgroup("agent_sdk", "agents of agent_sdk")
    group.addoption(
        "--claude-record",
        choices=_MODES,
        default="none",
        help="what claude_cassette does: replay only (none, the default), also record what is not on the tape (new), "
        "record where there is no tape (once), record anew (all); recording runs the real CLI",
    )


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Remember what the test raised, so that its cassette does not say the same once more."""
    if call.excinfo is not None:
        item.stash[_RAISED] = call.excinfo.value


@pytest.fixture
def fake_claude() -> Iterator[Callable[..., FakeCLI]]:
    """Make `agent_sdk.testing.FakeCLI`s, with the same arguments; they end with the test."""
    from .fake_cli import FakeCLI

    with contextlib.ExitStack() as stack:

        def make(*args: Any, **named: Any) -> FakeCLI:
            return stack.enter_context(FakeCLI(*args, **named))

        yield make


@pytest.fixture
def scripted_model() -> Iterator[ScriptedModel]:
    """A model for the real CLI that says what the test tells it to; see `agent_sdk.testing.ScriptedModel`."""
    from .scripted_model import ScriptedModel

    with ScriptedModel() as model:
        yield model


@pytest.fixture
def claude_cassette(request: pytest.FixtureRequest) -> Iterator[Cassette]:
    """The cassette of this test, for `transport=`: `cassettes/<file>.<test>.jsonl`, recorded with `--claude-record`."""
    from .cassette import Cassette

    # A test in a class, or with parameters, has a name of its own among those of its file.
    name = request.node.nodeid.split("::", 1)[-1].replace("::", ".")
    file = f"{request.path.stem}.{re.sub(r'[^A-Za-z0-9_.-]+', '-', name).strip('-')}.jsonl"
    mode = request.config.getoption("--claude-record")
    try:
        with Cassette(request.path.parent / FOLDER / file, record=mode) as cassette:
            yield cassette
    except CassetteMismatchError as error:
        if str(error) != str(request.node.stash.get(_RAISED, "")):
            raise
