"""Run a check in CI: no permission prompts, limits on turns, cost and time, and an exit code."""
import sys

import agent_sdk

PROMPT = """\
Compare README.md with the code. List each statement that is no longer true, with its line number.
End your answer with a line PASS if all statements are true, or a line FAIL if one is not.
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
    print(f"skipped: {error}")  # not caused by the change under test
except agent_sdk.AgentSDKError as error:
    sys.exit(f"the check did not run: {error}")
else:
    print(result.content)
    print(f"{result.num_turns} turns, ${result.total_cost_usd:.4f}, session {result.session_id}")
    if result.content.rstrip().endswith("FAIL"):
        sys.exit(1)
