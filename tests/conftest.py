"""
Isolation of all tests (a scratch home directory, no network beyond loopback), selection of tests, and fixtures.
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

#: The marker expression of a run without files, `-m` and `-k`.
USUAL = "smoke or not e2e"
#: The number of Hypothesis examples, by the kind of run.
EXAMPLES = {"fast": 30, "full": 200, "ci": 200}
for _name, _number in EXAMPLES.items():
    settings.register_profile(
        _name,
        max_examples=_number,
        deadline=None,
        derandomize=_name == "ci",  # a failure must come from the change, not from random data
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the tests and the number of examples, and restore the handler of Ctrl-C."""
    option = config.option
    if not option.markexpr and not option.keyword and config.args_source is not pytest.Config.ArgsSource.ARGS:
        option.markexpr = USUAL  # xdist passes it to its workers
    if not getattr(option, "hypothesis_profile", None):
        full = "ci" if os.environ.get("CI") else "full"
        settings.load_profile(full if option.markexpr == "full" else "fast")
    # If SIGINT is ignored at start (after `&`, in some CI), Python installs no handler, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test `full`, and each test that uses the fixture `real` `e2e`."""
    for item in items:
        item.add_marker("full")
        if not {"real", "kept"}.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("e2e")


@pytest.fixture(autouse=True)
def _own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a scratch home and a closed port of loopback as the API, even if the test sets no environment."""
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
    """A model whose replies the test scripts."""
    with ScriptedModel() as model:
        yield model


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A separate Redis server for the test, on loopback."""
    if not RedisServer.is_installed():
        pytest.skip("redis-server is not installed")
    pytest.importorskip("redis")
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisServer(folder) as server:
        yield server


@pytest.fixture
def real(model: ScriptedModel, tmp_path: Path) -> Options:
    """Options for the real CLI: a scratch home, a scratch project, and the scripted model."""
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    project = tmp_path / "project"
    project.mkdir()
    return {"cwd": project, "env": {**isolated_env(tmp_path / "world"), **model.env}}


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """An empty configuration folder, set as the configuration folder of this process."""
    made = Disk(tmp_path / "disk")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(made.config))
    return made
