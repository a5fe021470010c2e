"""
What `import agent_sdk` costs: whole processes, interleaved, beside what it is made of.

    python benchmarks/imports.py [ROUNDS]
"""
from __future__ import annotations

import statistics
import subprocess
import sys
import time

STATEMENTS = ("pass", "import ujson, attrs, subprocess, threading", "import agent_sdk")


def seconds(statement: str) -> float:
    """Seconds that a fresh interpreter takes for *statement*."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Measure, and print a table."""
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for _ in range(rounds + 1):
        for statement in STATEMENTS:
            times[statement].append(seconds(statement))
    base = statistics.median(times[STATEMENTS[1]][1:])
    for statement, measured in times.items():
        middle = statistics.median(measured[1:])
        print(f"{statement:45} {middle * 1000:6.1f} ms   {middle / base:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
