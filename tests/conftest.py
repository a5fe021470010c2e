"""
What every test gets: a home of its own and no way out to anything but loopback; and which tests a run has.
"""
from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from disk import Disk
from hypothesis import HealthCheck, settings
from redis_server import RedisServer

import agent_sdk
from agent_sdk.testing import ScriptedModel, isolated_env

Options = dict[str, Any]

#: What a run has that names no test: neither files nor `-m` nor `-k`.
USUAL = "smoke or not e2e"
#: How many examples each property is tried with, by the kind of run.
EXAMPLES = {"fast": 30, "full": 200, "ci": 200}
for _name, _number in EXAMPLES.items():
    settings.register_profile(
        _name,
        max_examples=_number,
        deadline=None,
        derandomize=_name == "ci",  # a red run is about the change, not about the dice
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the tests and the number of examples, and let Ctrl-C arrive."""
    option = config.option
    if not option.markexpr and not option.keyword and config.args_source is not pytest.Config.ArgsSource.ARGS:
        option.markexpr = USUAL  # xdist hands it on to its workers
    if not getattr(option, "hypothesis_profile", None):
        full = "ci" if os.environ.get("CI") else "full"
        settings.load_profile(full if option.markexpr == "full" else "fast")
    # Where SIGINT is ignored at start, as behind `&` and in some CI, Python installs no handler, and children inherit it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m full` is every test; what asks for the real CLI is an end-to-end test."""
    for item in items:
        item.add_marker("full")
        if not {"real", "kept"}.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("e2e")


@pytest.fixture(autouse=True)
def _own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a test that forgets its environment starts its CLI in a scratch home, against a closed port of loopback."""
    own: dict[str, str | None] = {
        **isolated_env(tmp_path_factory.mktemp("own")),
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "ANTHROPIC_API_KEY": "dummy-key-of-the-tests",
        "ANTHROPIC_AUTH_TOKEN": None,
        "CLAUDE_CODE_OAUTH_TOKEN": None,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    for name, value in own.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    """A model that says what the test tells it to."""
    with ScriptedModel() as model:
        yield model


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own, on loopback."""
    if not RedisServer.is_installed():
        pytest.skip("redis-server is not installed")
    pytest.importorskip("redis")
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisServer(folder) as server:
        yield server


@pytest.fixture
def real(model: ScriptedModel, tmp_path: Path) -> Options:
    """Options for the real CLI: a home and a project of the test's own, and its scripted model."""
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    project = tmp_path / "project"
    project.mkdir()
    return {"cwd": project, "env": {**isolated_env(tmp_path / "world"), **model.env}}


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """An empty configuration folder, which is also the one of this process."""
    made = Disk(tmp_path / "disk")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(made.config))
    return made
