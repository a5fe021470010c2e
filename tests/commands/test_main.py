"""
`python -m agent_sdk`: what it prints, and how it exits.
"""
from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import agent_sdk
from agent_sdk.__main__ import main
from agent_sdk.testing import FakeCLI, frames, steps

ROOT = Path(agent_sdk.__file__).parents[1]
ANSWER = [
    frames.init(),
    frames.text_delta("Hello "),
    frames.text_delta("world"),
    frames.assistant("Hello world"),
    frames.result("x"),
]


@pytest.fixture
def run(monkeypatch, capfd):
    """Run one command over a fake CLI; the exit code and what was printed."""

    def run(*arguments, fake=None):
        if fake is not None:
            monkeypatch.setenv("AGENT_SDK_CLI", fake.path)
        try:
            code = main(arguments)
        except SystemExit as error:
            code = error.code
        return code, *capfd.readouterr()

    return run


def test_ask_prints_the_answer(run):
    """`ask` prints the text as it comes, the session and the cost beside it, and exits with 0."""
    with FakeCLI(ANSWER) as fake:
        code, out, err = run("ask", "What?", fake=fake)
        assert (code, out) == (0, "Hello world\n")
        session = next(word for word in fake.argv[0] if word.startswith("--session-id="))
        assert session.partition("=")[2] in err and "$0.0002" in err
        assert fake.received[-1]["message"]["content"] == "What?"


def test_ask_passes_its_options_on(run):
    """Model, session and allowed tools reach the CLI."""
    with FakeCLI(ANSWER) as fake:
        run("ask", "What?", "--model", "opus", "--resume", "s-1", "--allow", "Read", "--allow", "Grep", fake=fake)
        assert {"--model=opus", "--resume=s-1", "--allowedTools=Read,Grep"} <= set(fake.argv[0])


def test_ask_reads_standard_input(run, monkeypatch):
    """A prompt of `-` is read from standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe"))
    with FakeCLI(ANSWER) as fake:
        run("ask", "-", fake=fake)
        assert fake.received[-1]["message"]["content"] == "from a pipe"


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ([frames.init(), frames.error_result("error_max_turns")], ""),
        ([frames.init(), steps.stderr("the reason\n"), steps.exit(3)], "ProcessError: the CLI ended with exit code 3"),
    ],
    ids=["bad result", "no result"],
)
def test_ask_fails_with_1(run, turn, words):
    """A bad result and an error of the SDK exit with 1; the error is told without a traceback."""
    with FakeCLI(turn) as fake:
        code, _, err = run("ask", "What?", fake=fake)
    assert code == 1
    assert words in err and "Traceback" not in err


@pytest.mark.parametrize("arguments", [(), ("ask",), ("nothing",), ("--nothing",)], ids=str)
def test_wrong_calls_exit_with_2(run, arguments):
    """A command that is missing or unknown exits with 2 and says what there is."""
    code, out, err = run(*arguments)
    assert code == 2
    assert "usage: python -m agent_sdk" in out + err


def test_version_is_told(run):
    """`--version` prints the package's own version."""
    assert run("--version") == (0, f"agent_sdk {agent_sdk.__version__}\n", "")


def test_ctrl_c_exits_with_130(run, monkeypatch):
    """Ctrl-C ends a command with 130, without a traceback."""

    def interrupted(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("agent_sdk._client.functions.stream", interrupted)
    assert run("ask", "What?")[0] == 130


def test_text_that_the_terminal_cannot_show_does_no_harm():
    """A terminal of another encoding gets a replacement for what it cannot show, and the command goes on."""
    turn = [frames.init(), frames.assistant("é \ud83d 漢"), frames.result("x")]
    with FakeCLI(turn) as fake:
        env = {**os.environ, "AGENT_SDK_CLI": fake.path, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "agent_sdk", "ask", "What?"],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, "? ? ?\n"), done.stderr


@pytest.mark.parametrize(
    ("version", "env", "code", "words"),
    [
        (
            frames.CLI_VERSION,
            {},
            0,
            ["ok  cli", f"ok  version        {frames.CLI_VERSION}", "ANTHROPIC_API_KEY is set"],
        ),
        ("1.0.0", {}, 1, ["FIX version", "claude update"]),
        (frames.CLI_VERSION, {"ANTHROPIC_API_KEY": ""}, 1, ["FIX credentials", "set ANTHROPIC_API_KEY"]),
        (
            frames.CLI_VERSION,
            {"ANTHROPIC_AUTH_TOKEN": "hush"},
            0,
            ["ANTHROPIC_AUTH_TOKEN is set (and ANTHROPIC_API_KEY)"],
        ),
        (
            frames.CLI_VERSION,
            {"ANTHROPIC_BASE_URL": "http://me:hush@127.0.0.1:9"},
            0,
            ["ANTHROPIC_BASE_URL redirects all requests to 127.0.0.1:9"],
        ),
    ],
    ids=["good", "old", "no key", "two keys", "another address"],
)
def test_doctor_says_what_is_missing(run, monkeypatch, version, env, code, words):
    """`doctor` tells what it saw, each with its remedy, never a secret; where something is missing it exits with 1."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with FakeCLI(version=version) as fake:
        found = run("doctor", fake=fake)
    assert found[0] == code
    assert [word for word in words if word not in found[1]] == []
    assert "hush" not in found[1] and "dummy-key" not in found[1]


def test_doctor_without_a_cli(run, monkeypatch):
    """Without a CLI `doctor` says how to install one."""
    monkeypatch.setenv("AGENT_SDK_CLI", "/nowhere/claude")
    code, out, _ = run("doctor")
    assert code == 1
    assert "FIX cli" in out and "pip install" in out


def test_demo_says_what_it_waits_for(run):
    """With a key and no API to be reached, `demo` does not look as if it hung, and names the way without one."""
    with FakeCLI([frames.init(), frames.api_retry(), frames.error_result(errors=["overloaded"])]) as fake:
        code, out, err = run("demo", fake=fake)
    assert code == 1 and "ExecutionError" in err
    assert "the API did not answer" in out and "--offline" in out


@pytest.mark.e2e
@pytest.mark.smoke
def test_demo_walks_on_the_real_cli(run, real):
    """`demo --offline` runs the whole walk on the real CLI and prints the ids of the session and of its fork."""
    code, out, _ = run("demo", "--offline")
    assert code == 0, out
    ids = [line.split()[-1] for line in out.splitlines() if line.startswith(("session:", "fork:"))]
    assert len(set(ids)) == 2
    assert "In this copy" not in out.split("-- 5.")[0].split("-- 4.")[1]
