"""
The life of processes: whatever ends the Python side, no CLI, tool, descriptor or thread is left.
"""
from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from helpers import alive, descriptors, processes_with, until

import agent_sdk

ROOT = Path(__file__).parents[2]
SLEEP = "python3 -c 'import time; {mark} = 1; time.sleep(60)'"


@pytest.fixture
def script(real, tmp_path):
    """Run a Python script beside the test; its `options` are those of the real CLI."""
    started = []

    def run(body):
        options = {**real, "cwd": str(real["cwd"])}
        head = f"import agent_sdk, json, os, sys\noptions = json.loads({json.dumps(json.dumps(options))})\n"
        path = tmp_path / f"script{len(started)}.py"
        path.write_text(head + textwrap.dedent(body))
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        started.append(
            subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, env=env)
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_a_killed_parent_takes_cli_and_tool_along(script, model, stopped, mark):
    """When the Python process is killed, the CLI and its running tool end within seconds, also when the CLI stood still."""
    model.call_tool("Bash", {"command": SLEEP.format(mark=mark)})
    parent = script(
        """
        client = agent_sdk.Client(allowed_tools=["Bash"], **options).start()
        print(client.pid, flush=True)
        client.query("run it")
        """
    )
    cli = int(parent.stdout.readline())
    until(lambda: processes_with(mark))
    if stopped:
        os.kill(cli, signal.SIGSTOP)
    parent.kill()
    until(lambda: not alive(cli) and not processes_with(mark))


@pytest.mark.parametrize("ending", ["sys.exit(3)", "raise RuntimeError('unhandled')", "os.kill(os.getpid(), 15)"])
def test_a_script_that_forgets_to_close_leaves_nothing(script, ending):
    """`sys.exit`, an unhandled exception and SIGTERM end the CLI of a client that was never closed."""
    parent = script(
        f"""
        client = agent_sdk.Client(**options)
        client.query("hello")
        print(client.pid, flush=True)
        {ending}
        """
    )
    cli = int(parent.stdout.readline())
    parent.wait(60)
    until(lambda: not alive(cli))
    assert parent.returncode in (3, 1, -15)


@pytest.mark.smoke
def test_sigint_in_a_script(script, model):
    """A script that is interrupted in a query ends with KeyboardInterrupt, and its CLI with it."""
    hold = threading.Event()
    model.reply(chunks=["a", "b"], until=hold)
    parent = script(
        """
        client = agent_sdk.Client(**options).start()
        print(client.pid, flush=True)
        try:
            client.query("slow")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        print(client.query("again").content, flush=True)
        """
    )
    cli = int(parent.stdout.readline())
    model.wait_for_request(1, timeout=60)
    parent.send_signal(signal.SIGINT)
    assert parent.stdout.readline() == "interrupted\n"
    assert not alive(cli)
    hold.set()
    assert parent.stdout.readline() == "echo: again\n"


def test_an_open_stdin_pipe_does_not_matter(script):
    """The CLI never inherits our stdin: a query under a silent pipe, as in cron, ends all the same."""
    parent = script("print(agent_sdk.query('hello', **options).content, flush=True)")
    assert parent.stdout.readline() == "echo: hello\n"
    assert parent.wait(60) == 0


@pytest.mark.smoke
def test_a_forked_child_harms_nothing(script):
    """A forked child's exit leaves the parent's process alone, and the child can go on with the session itself."""
    parent = script(
        """
        client = agent_sdk.Client(**options)
        client.query("one")
        pid = client.pid
        for how in ("exit", "query"):
            child = os.fork()
            if child == 0:
                if how == "query":
                    assert client.pid is None
                    client.query("from the child")
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
            print(client.pid == pid, flush=True)
        print(client.query("two").content, flush=True)
        """
    )
    assert [parent.stdout.readline() for _ in range(3)] == ["True\n", "True\n", "echo: two\n"]
    assert parent.wait(60) == 0


def test_a_client_outlives_its_thread(client):
    """A client made and used in a thread that has ended works in another."""
    made = []

    def make():
        made.append(client())
        made[0].query("one")

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    pid = made[0].pid
    assert made[0].query("two").is_success
    assert made[0].pid == pid


@pytest.mark.smoke
def test_a_collected_client_ends_its_process(client, real):
    """A client that nobody holds any more ends its process, without being closed."""
    lost = agent_sdk.Client(**real)
    lost.query("hello")
    pid = lost.pid
    del lost
    gc.collect()
    until(lambda: not alive(pid))


def test_the_environment_stays_as_it_is(real):
    """`env=` reaches the CLI and never this process; None takes a variable away."""
    before = dict(os.environ)
    agent_sdk.query("hello", **real)
    assert dict(os.environ) == before


def test_many_one_shots_leave_nothing(real):
    """One query after another leaves no descriptor, thread or process behind."""
    agent_sdk.query("warm up", **real)
    before = (descriptors(), threading.active_count())
    for number in range(5):
        agent_sdk.query(f"query {number}", **real)
    gc.collect()
    assert descriptors() <= before[0]
    assert threading.active_count() <= before[1]
    assert processes_with(str(real["cwd"].parent)) == []


def test_a_one_shot_does_not_wait_for_a_background_shell(real, model, mark):
    """A shell in the background is stopped, not waited for, when a one-shot query is over."""
    command = SLEEP.format(mark=mark) + " && touch waited"
    model.call_tool("Bash", {"command": command, "run_in_background": True}).reply("started")
    result = agent_sdk.query("start a server", allowed_tools=["Bash"], **real)
    assert result.content == "started"
    until(lambda: not processes_with(mark))
    assert not (real["cwd"] / "waited").exists()
