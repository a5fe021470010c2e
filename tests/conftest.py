"""
What every test gets: a home of its own and no way out to anything but loopback.
"""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from disk import Disk
from redis_server import RedisServer

import agent_sdk
from agent_sdk.testing import ScriptedModel, isolated_env

Options = dict[str, Any]


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
