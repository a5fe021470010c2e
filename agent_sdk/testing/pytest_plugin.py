"""
The pytest plugin: fixtures for tests of agents. Pytest loads it when this package is installed.

It adds three fixtures and the option `--claude-record`, and changes nothing else.
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

#: The folder of the cassettes, next to the test file.
FOLDER = "cassettes"
_MODES = ("none", "new", "once", "all")
#: The exception that a test has raised.
_RAISED = pytest.StashKey[BaseException]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--claude-record`."""
    group = parser.getgroup("agent_sdk", "agents of agent_sdk")
    group.addoption(
        "--claude-record",
        choices=_MODES,
        default="none",
        help="mode of claude_cassette: replay only (none, the default), also record new processes (new), record a "
        "missing cassette (once), record again (all); recording runs the real CLI",
    )


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Store the exception of the test, so that its cassette does not report the same error again."""
    if call.excinfo is not None:
        item.stash[_RAISED] = call.excinfo.value


@pytest.fixture
def fake_claude() -> Iterator[Callable[..., FakeCLI]]:
    """A function that returns a `agent_sdk.testing.FakeCLI`, with the same arguments; closed after the test."""
    from .fake_cli import FakeCLI

    with contextlib.ExitStack() as stack:

        def make(*args: Any, **named: Any) -> FakeCLI:
            return stack.enter_context(FakeCLI(*args, **named))

        yield make


@pytest.fixture
def scripted_model() -> Iterator[ScriptedModel]:
    """A scripted model for the real CLI; see `agent_sdk.testing.ScriptedModel`."""
    from .scripted_model import ScriptedModel

    with ScriptedModel() as model:
        yield model


@pytest.fixture
def claude_cassette(request: pytest.FixtureRequest) -> Iterator[Cassette]:
    """The cassette of this test, for `transport=`: `cassettes/<file>.<test>.jsonl`, recorded with `--claude-record`."""
    from .cassette import Cassette

    # The name includes the class and the parameters, so that it is unique in the test file.
    name = request.node.nodeid.split("::", 1)[-1].replace("::", ".")
    file = f"{request.path.stem}.{re.sub(r'[^A-Za-z0-9_.-]+', '-', name).strip('-')}.jsonl"
    mode = request.config.getoption("--claude-record")
    try:
        with Cassette(request.path.parent / FOLDER / file, record=mode) as cassette:
            yield cassette
    except CassetteMismatchError as error:
        if str(error) != str(request.node.stash.get(_RAISED, "")):
            raise
