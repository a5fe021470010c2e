"""
What a kept process saves: later turns of one `Client`, beside `query(resume=...)`, on the real CLI, offline.

    python benchmarks/turns.py [ROUNDS]

Only ratios of one run mean something.
"""
from __future__ import annotations

import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import agent_sdk
from agent_sdk.testing import ScriptedModel, isolated_env

TURNS = 5


def timed(call: Callable[[], object]) -> float:
    """Seconds that *call* takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Measure, and print a table."""
    kept, respawned = [], []
    with ScriptedModel() as model, tempfile.TemporaryDirectory() as folder:
        options = {"cwd": pathlib.Path(folder), "env": {**isolated_env(folder), **model.env}}
        for _ in range(rounds):
            with agent_sdk.client(**options) as client:
                client.query("turn 0")
                kept += [timed(lambda number=number: client.query(f"turn {number}")) for number in range(1, TURNS)]
            session = agent_sdk.query("turn 0", **options).session_id
            for number in range(1, TURNS):
                respawned.append(timed(lambda n=number: agent_sdk.query(f"turn {n}", resume=session, **options)))
    one, other = statistics.median(kept), statistics.median(respawned)
    print(f"later turn in a kept process  {one * 1000:7.1f} ms")
    print(f"later turn by resume          {other * 1000:7.1f} ms   {other / one:.1f} times as long")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
