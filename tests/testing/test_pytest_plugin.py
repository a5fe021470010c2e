"""
The pytest plugin: three fixtures, one option, nothing by itself.
"""
from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from agent_sdk.testing import FakeCLI, frames

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
CASSETTE = """
    import agent_sdk

    def test_greets(claude_cassette):
        result = agent_sdk.query("hello", transport=claude_cassette, cli_path={path!r})
        assert result.content == "ok"
"""


@pytest.fixture
def run(pytester):
    """Run a test file in a pytest of its own that has the plugin, as one where the package is installed."""
    installed = any(entry.value == "agent_sdk.testing.pytest_plugin" for entry in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "agent_sdk.testing.pytest_plugin"]

    def run_it(source, *args):
        pytester.makepyfile(test_mine=source)
        return pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider", *args)

    return run_it


def test_fake_claude_makes_fakes_that_end_with_the_test(run, pytester):
    """`fake_claude` takes what `FakeCLI` takes, may be called often, and cleans up."""
    result = run(
        """
        import agent_sdk, os
        from agent_sdk.testing import frames

        made = []

        def test_two(fake_claude):
            for text in ("one", "two"):
                fake = fake_claude([frames.init(), frames.result(text)])
                made.append(fake.path)
                assert agent_sdk.query("x", cli_path=fake.path).content == text

        def test_they_are_gone():
            assert not any(map(os.path.exists, made)) and len(made) == 2
        """
    )
    result.assert_outcomes(passed=2)


def test_scripted_model_serves_for_one_test(run):
    """`scripted_model` is a running model, closed when the test ends."""
    result = run(
        """
        import urllib.request

        models = []

        def test_it_runs(scripted_model):
            models.append(scripted_model)
            assert urllib.request.urlopen(scripted_model.url + "/").status == 200

        def test_it_is_closed():
            assert "closed" in repr(models[0])
        """
    )
    result.assert_outcomes(passed=2)


def test_a_missing_cassette_is_recorded_on_demand(run, pytester):
    """Without a tape the error names the option; with it the tape is recorded, and replays without the CLI."""
    with FakeCLI([frames.init(), frames.result("ok")]) as fake:
        source = CASSETTE.format(path=fake.path)
        missing = run(source)
        missing.assert_outcomes(errors=1)
        missing.stdout.fnmatch_lines(["*CassetteError*--claude-record=once*"])
        run(source, "--claude-record=once").assert_outcomes(passed=1)
        assert len(fake.pids) == 1
    assert (pytester.path / "cassettes" / "test_mine.test_greets.jsonl").exists()
    run(source).assert_outcomes(passed=1)


@pytest.mark.e2e
@pytest.mark.smoke
def test_the_first_test_of_the_docs(run, pytester, real, monkeypatch):
    """The first test that the docs show is recorded on the real CLI, and then passes without it."""
    page = (ROOT / "docs" / "testing-your-agent.md").read_text(encoding="utf-8")
    source = page.split("```py\n")[1].split("```")[0]
    for name, value in real["env"].items():
        monkeypatch.setenv(name, value) if value is not None else monkeypatch.delenv(name, raising=False)
    run(source, "--claude-record=once").assert_outcomes(passed=1)
    monkeypatch.setenv("AGENT_SDK_CLI", "/nowhere/claude")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    run(source).assert_outcomes(passed=1)


def test_names_of_cassettes(run, pytester):
    """Parameters and classes are part of the name, in characters that every file system takes."""
    source = """
        import pytest

        class TestAgent:
            @pytest.mark.parametrize("word", ["a/b", "c d"])
            def test_it(self, word, claude_cassette):
                print("PATH", claude_cassette.path.name)
        """
    result = run(source, "--claude-record=once", "-s")
    result.stdout.fnmatch_lines(
        ["*PATH test_mine.TestAgent.test_it-a-b.jsonl", "*PATH test_mine.TestAgent.test_it-c-d.jsonl"]
    )


def test_a_changed_test_fails_with_the_difference(run):
    """A mismatch fails the test, and its report shows the difference; the end of the cassette does not repeat it."""
    with FakeCLI([frames.init(), frames.result("ok")]) as fake:
        source = CASSETTE.format(path=fake.path)
        run(source, "--claude-record=once").assert_outcomes(passed=1)
    result = run(source.replace('"hello"', '"good bye"'))
    result.stdout.fnmatch_lines(["*- *hello*", "*+ *good bye*"])
    result.assert_outcomes(failed=1, errors=0)


def test_a_mismatch_that_the_test_swallows_is_an_error(run):
    """What differed is told at the end, also where the test went on."""
    with FakeCLI([frames.init(), frames.result("ok")]) as fake:
        source = CASSETTE.format(path=fake.path)
        run(source, "--claude-record=once").assert_outcomes(passed=1)
    quiet = """
    import contextlib
    import agent_sdk

    def test_greets(claude_cassette):
        with contextlib.suppress(agent_sdk.AgentSDKError):
            agent_sdk.query("good bye", transport=claude_cassette)
    """
    run(quiet).assert_outcomes(passed=1, errors=1)


def test_the_plugin_is_light():
    """Importing the plugin loads no server, no converter and no process machinery."""
    code = (
        "import sys, agent_sdk.testing.pytest_plugin as plugin\n"
        "heavy = {'cattrs', 'http.server', 'agent_sdk.testing.cassette', 'agent_sdk.testing.fake_cli'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_model_by_hand():
    """`python -m agent_sdk.testing.scripted_model` prints what leads a CLI to it, and ends with Ctrl-C."""
    program = subprocess.Popen(
        [sys.executable, "-m", "agent_sdk.testing.scripted_model"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in program.stdout:
        lines.append(line.strip())
        if "Ctrl-C" in line:
            break
    program.send_signal(2)
    rest, errors = program.communicate(timeout=20)
    assert any(line.startswith("export ANTHROPIC_BASE_URL=http://127.0.0.1:") for line in lines)
    assert "unset ANTHROPIC_AUTH_TOKEN" in lines
    assert (program.returncode, rest.strip(), errors) == (0, "# 0 requests were answered.", "")
