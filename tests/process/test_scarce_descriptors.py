"""
When the system has nothing left to give, and when a grandchild gives too much.
"""
from __future__ import annotations

import resource
import stat
import sys
import textwrap

import pytest
from helpers import alive, descriptors, until

import agent_sdk
from agent_sdk import ProcessError
from agent_sdk.testing import FakeCLI


def test_too_many_open_files_is_a_process_error():
    """However few descriptors are left, a query works or raises `ProcessError`, and leaks none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with FakeCLI() as fake:
        agent_sdk.query("warm up", cli_path=fake.path)
        before, outcomes = descriptors(), []
        for left in range(0, 24, 2):
            resource.setrlimit(resource.RLIMIT_NOFILE, (before + left, hard))
            try:
                outcomes.append(agent_sdk.query("x", cli_path=fake.path).content)
            except ProcessError as error:
                outcomes.append("refused")
                assert "could not be started" in str(error)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert {"refused", "ok"} == set(outcomes)
        assert descriptors() <= before


@pytest.mark.parametrize("pipe", ["stdout", "stderr"])
def test_a_grandchild_that_never_stops_writing_does_not_hold_the_query(tmp_path, pipe):
    """After the death of the CLI only what its pipes hold is read, whoever goes on writing."""
    program = tmp_path / "claude"
    program.write_text(
        f"#!{sys.executable} -SE\n"
        + textwrap.dedent(
            f"""
            import os, sys
            sys.stdin.readline()
            begun, begin = os.pipe()
            child = os.fork()
            if child == 0:
                for other in {{1, 2}} - {{sys.{pipe}.fileno()}}:
                    os.close(other)
                os.write(begin, b"!")
                try:
                    while True:
                        os.write(sys.{pipe}.fileno(), b"y\\n" * 32768)
                except OSError:
                    os._exit(0)
            open({str(tmp_path / "pid")!r}, "w").write(str(child))
            os.read(begun, 1)
            os._exit(5)
            """
        )
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(ProcessError, match="exit code 5"):
        agent_sdk.query("x", cli_path=program, timeout=30)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not alive(pid))
