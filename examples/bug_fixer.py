"""Fix a bug in at most three attempts: your program runs the tests, the agent edits the code."""
import pathlib
import subprocess
import sys
import tempfile

import agent_sdk

CODE = "def middle(values):\n    return sorted(values)[len(values) // 2 + 1]\n"
TEST = """\
import unittest
from numbers_of_ours import middle

class Middle(unittest.TestCase):
    def test_middle(self):
        self.assertEqual(2, middle([3, 1, 2]))
"""


def failure(folder):
    """Run the tests; return their output if they fail, else an empty string."""
    run = subprocess.run(
        [sys.executable, "-m", "unittest", "test_it"], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.stderr if run.returncode else ""


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "numbers_of_ours.py").write_text(CODE)
    (folder / "test_it.py").write_text(TEST)
    with agent_sdk.client(cwd=folder, tools=["Read", "Edit"], allowed_tools=["Edit"], max_turns=10) as client:
        for attempt in (1, 2, 3):
            problem = failure(folder)
            if not problem:
                print("The tests pass.")
                break
            print(f"Attempt {attempt}: {problem.strip().splitlines()[-1]}")
            client.query(f"The tests fail. Fix the code, not the test.\n\n{problem}", verbatim_prompts=True)
        else:
            print("Still failing." if failure(folder) else "The tests pass.")
        print(f"${client.total_cost_usd:.4f}")
