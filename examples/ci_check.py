"""A check for CI: nobody to ask, bounds on everything, and an exit code."""
import sys

import agent_sdk

PROMPT = """\
Compare README.md with the code. Name each statement that no longer holds, with its line.
The last line of your answer is the word PASS when all of them hold, and the word FAIL when one does not.
"""

try:
    result = agent_sdk.query(
        PROMPT,
        tools=["Read", "Glob", "Grep"],
        permission_prompts="none",
        setting_sources=["project"],
        max_turns=40,
        max_budget_usd=1.0,
        timeout=900,
        raise_on_error=True,
    )
except agent_sdk.RateLimitError as error:
    print(f"skipped: {error}")  # not the fault of the change
except agent_sdk.AgentSDKError as error:
    sys.exit(f"the check did not run: {error}")
else:
    print(result.content)
    print(f"{result.num_turns} turns, ${result.total_cost_usd:.4f}, session {result.session_id}")
    if result.content.rstrip().endswith("FAIL"):
        sys.exit(1)
