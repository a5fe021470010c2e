"""
Programs of users as type checkers and editors see them.
"""
from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = ROOT / "tests" / "typing"

#: What is right in `script.py`, and the mistake that takes its place. No other line needs the result of such a call, of
#: which pyright knows nothing.
MISTAKES = {
    "show, timeout=30": "show, timout=30",
    "client(tools=": "client(tool=",
    'evolve(permission_mode="accept_edits")': 'evolve(permission_mod="accept_edits")',
    'model="sonnet"': "model=3",
    '"tool_use", show': '"tool_uses", show',
    'fail_mode="closed", timeout': 'fail_mode="close", timeout',
    "result.total_cost_usd": "result.total_cost",
    "result.output.people": "result.output.peoples",
    '"plan"': '"plans"',
    "session_store=store": 'session_store="sessions.db"',
}


def pyright() -> list[str]:
    """The command that runs pyright."""
    if importlib.util.find_spec("pyright"):
        return [sys.executable, "-m", "pyright"]
    found = shutil.which("pyright")
    if found is None:
        pytest.skip("pyright is not installed")
    return [found]


def mypy() -> list[str]:
    """The command that runs mypy."""
    pytest.importorskip("mypy")
    return [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ".mypy_cache"]


def errors_in(checker: str, *programs: Path) -> dict[tuple[str, int], str]:
    """The errors of a type checker by file and line."""
    command = mypy() if checker == "mypy" else [*pyright(), "--pythonpath", sys.executable]
    done = subprocess.run([*command, *map(str, programs)], cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.findall(r"(\w+\.py):(\d+)(?::\d+)?(?: -|:) error: (.*)", done.stdout)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert bool(found) == bool(done.returncode), done.stdout + done.stderr
    return {(name, int(line)): text for name, line, text in found}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_right_programs_have_no_errors(checker):
    """Programs that use the public API as documented pass."""
    assert errors_in(checker, *sorted(PROGRAMS.glob("*.py"))) == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_each_mistake_is_an_error(checker, tmp_path):
    """Each of ten usual mistakes is an error, and nothing else is."""
    text, planted = (PROGRAMS / "script.py").read_text(), set()
    for right, wrong in MISTAKES.items():
        assert text.count(right) == 1, right
        planted.add(text[: text.index(right)].count("\n") + 1)
        text = text.replace(right, wrong)
    program = tmp_path / "mistakes.py"
    program.write_text(text)
    found = errors_in(checker, program)
    assert (len(planted), {line for _, line in found}) == (10, planted)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ('agent_sdk.query("x", mo', "model="),
        ("agent_sdk.client(mo", "model="),
        ("agent_sdk.Options(mo", "model="),
        ("agent_sdk.Options().evolve(mo", "model="),
        ("agent_sdk.Options().with_mo", "with_model"),
        ('agent_sdk.client().query("x", mo', "model="),
        ("agent_sdk.client().with_mo", "with_model"),
        ('agent_sdk.Session().query("x", mo', "model="),
    ],
)
def test_editors_complete_options(code, name):
    """An editor completes the names of options where they may be written."""
    jedi = pytest.importorskip("jedi", "0.20")
    completions = jedi.Script(f"import agent_sdk\n{code}", project=jedi.Project(ROOT)).complete()
    assert name in [one.name for one in completions]
