"""
Every example runs: the files in `examples/`, and the Python snippets of the README and the docs.
"""
from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from redis_server import RedisServer

import agent_sdk
from agent_sdk.testing import ScriptedModel

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SNIPPETS = [
    pytest.param(code, id=f"{page.name}-{number}")
    for page in PAGES
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S), 1)
]
#: Examples that need a Redis server; without a server they print a message.
ON_REDIS = ("multi_user_redis", "queue_worker")
pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _offline(model: ScriptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run examples as a user would, on the real CLI; only the model is scripted."""
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    for name, value in model.env.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # no user types: reading input raises EOFError


@pytest.fixture(autouse=True)
def _redis(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prevent examples from using a Redis server other than that of the test."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # its workers are separate processes
    if any(name in request.node.name for name in ON_REDIS) and RedisServer.is_installed():
        monkeypatch.setenv("REDIS_URL", request.getfixturevalue("redis_server").url)


def run(code: str, name: str, tmp_path: Path) -> None:
    """Run *code* as a module, then run the tests that it defines."""
    names: dict[str, object] = {"__name__": "__main__", "__file__": name}
    exec(compile(code, name, "exec", dont_inherit=True), names)
    for key, value in list(names.items()):
        if key.startswith("test_") and callable(value):
            value(tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path, capsys):
    """Each example exits without an error and prints something."""
    if path.stem == "queue_worker":
        pytest.importorskip("rq")
    run(path.read_text(), str(path), tmp_path)
    assert capsys.readouterr().out.strip()


@pytest.mark.skipif(not RedisServer.is_installed(), reason="redis-server is not installed")
def test_queue_worker_keeps_one_history(model, tmp_path, capsys):
    """The workers of both hosts answer in one session, and the two parallel turns run one after the other."""
    pytest.importorskip("rq")
    run((ROOT / "examples" / "queue_worker.py").read_text(), str(ROOT / "examples" / "queue_worker.py"), tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and len({line.split("session ")[1].split(":")[0] for line in lines}) == 1
    assert {line.split(",")[0] for line in lines} == {"host-a", "host-b"}
    assert len(model.requests[-1].user_texts) == 4


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short(path):
    """An example has at most 60 lines and begins with a docstring."""
    lines = path.read_text().splitlines()
    assert len(lines) <= 60
    assert lines[0].startswith('"""')


@pytest.mark.parametrize("code", SNIPPETS)
def test_snippet_runs(code, tmp_path):
    """Each Python snippet in the README and the docs runs unchanged."""
    run(code, "<snippet>", tmp_path)


def test_readme_is_short():
    """The README has at most 150 lines."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
