"""
The lock beside a transcript: one holder on this machine, freed by release, by death, and not by a fork.
"""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from agent_sdk import SessionBusyError
from agent_sdk.transcripts.lock import TurnLock

HOLDER = """
import sys
from agent_sdk.transcripts.lock import TurnLock
lock = TurnLock.take(sys.argv[1], 0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def transcript(tmp_path):
    """Where a transcript would be."""
    return str(tmp_path / "11111111-2222-4333-8444-555555555555.jsonl")


@pytest.fixture
def holder(transcript):
    """Another process that holds the lock."""
    argv = [sys.executable, "-c", HOLDER, transcript]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_another_process_waits(transcript, holder):
    """The error names the session and the process that is in the way, after the time to wait."""
    with pytest.raises(SessionBusyError, match=rf"session 11111111-.*\(process {holder.pid}\)") as caught:
        TurnLock.take(transcript, 0.2)
    assert caught.value.session_id == "11111111-2222-4333-8444-555555555555"
    assert caught.value.waited >= 0.2


def test_the_lock_of_a_killed_process_is_free(transcript, holder):
    """Whoever waits gets the lock as soon as its holder dies."""
    threading.Timer(0.1, holder.send_signal, [signal.SIGKILL]).start()
    TurnLock.take(transcript, 20).release()


def test_nothing_is_left_behind(transcript, tmp_path):
    """The file of the lock is gone after the turn, and a second release does nothing."""
    lock = TurnLock.take(transcript, 0)
    assert os.listdir(tmp_path) == ["11111111-2222-4333-8444-555555555555.lock"]
    lock.release()
    lock.release()
    assert os.listdir(tmp_path) == []


def test_threads_are_inside_one_at_a_time(transcript):
    """Though the file is removed and made anew all the time, no two threads hold the lock at once."""
    inside, most = [], []

    def turns():
        for _ in range(20):
            lock = TurnLock.take(transcript, 60)
            inside.append(1)
            most.append(len(inside))
            inside.pop()
            lock.release()

    threads = [threading.Thread(target=turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 80


def test_a_thread_does_not_wait_for_itself(transcript):
    """A turn inside a turn of the same session is refused at once, whatever the time to wait."""
    lock = TurnLock.take(transcript, 0)
    with pytest.raises(SessionBusyError, match="still running in this thread") as caught:
        TurnLock.take(transcript, 60)
    assert caught.value.waited < 60
    lock.release()


def test_a_wait_can_be_called_off(transcript, holder):
    """What the check raises ends the wait."""
    with pytest.raises(ZeroDivisionError):
        TurnLock.take(transcript, 60, check=lambda: 1 / 0)


def test_a_forked_child_does_not_hold_it(transcript):
    """The lock stays with the parent: a child neither frees nor keeps it."""
    lock = TurnLock.take(transcript, 0)
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b"!")
        os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    with pytest.raises(SessionBusyError):
        TurnLock.take(transcript, 0)
    lock.release()
    TurnLock.take(transcript, 0).release()
    os.write(done[1], b"!")
    os.waitpid(child, 0)


def test_a_folder_that_is_not_there_has_no_lock(tmp_path):
    """Where no lock can be made, the turn goes on without one."""
    assert TurnLock.take(str(tmp_path / "missing" / "x.jsonl"), 0) is None


def test_a_link_is_not_followed(transcript, tmp_path):
    """A symbolic link in the place of the lock leads nowhere."""
    (tmp_path / "elsewhere").touch()
    os.symlink(tmp_path / "elsewhere", transcript.removesuffix(".jsonl") + ".lock")
    assert TurnLock.take(transcript, 0) is None
    assert (tmp_path / "elsewhere").read_bytes() == b""
