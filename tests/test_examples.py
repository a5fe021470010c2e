"""
Every example runs: the files in `examples/`, and the Python snippets of the README and the docs.
"""
from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis_server import RedisServer

import agent_sdk
from agent_sdk.testing import FakeCLI, frames

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: The pages that one begins with, and the snippets that read what the CLI says of itself or writes; all others are about
#: this package and run on a scripted CLI.
ON_THE_CLI = (
    "README.md", "quickstart.md", "client.md-3", "compatibility.md-3", "safety.md-4", "sessions.md-8",
    "sessions.md-13", "sessions.md-14", "sessions.md-15", "sessions.md-16", "structured-output.md-1",
    "testing-your-agent.md-2",
)  # fmt: skip
#: The snippets that a plain run has on the real CLI.
IN_SHORT = ("README.md", "quickstart.md-1")
#: Examples that use a Redis server; without one they say so.
ON_REDIS = ("multi_user_redis", "queue_worker")


def marks_of(page: str, name: str) -> list[pytest.MarkDecorator]:
    """Whether a snippet runs the real CLI."""
    marks = [pytest.mark.e2e] if {page, name} & {*ON_THE_CLI} else []
    return [*marks, pytest.mark.smoke] if {page, name} & {*IN_SHORT} else marks


SNIPPETS = [
    pytest.param(code, id=f"{page.name}-{number}", marks=marks_of(page.name, f"{page.name}-{number}"))
    for page in PAGES
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S), 1)
]


@pytest.fixture(autouse=True)
def _offline(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run examples as a user would; only the model behind the CLI is scripted, or the CLI itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # no user types: reading input raises EOFError
    if not request.node.get_closest_marker("e2e"):
        with FakeCLI([frames.init(), frames.assistant("echo: $prompt"), frames.result("echo: $prompt")]) as fake:
            monkeypatch.setenv("AGENT_SDK_CLI", fake.path)
            yield
        return
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    for name, value in request.getfixturevalue("model").env.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    yield


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


@pytest.mark.e2e
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path, capsys):
    """Each example exits without an error and prints something."""
    if path.stem == "queue_worker":
        pytest.importorskip("rq")
    run(path.read_text(), str(path), tmp_path)
    assert capsys.readouterr().out.strip()


@pytest.mark.e2e
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
