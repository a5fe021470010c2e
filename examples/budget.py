"""Limit the cost of a job with max_budget_usd, and check the cost between queries."""
import agent_sdk

CHAPTERS = ("introduction", "installation", "first steps")
LIMIT = 0.50

with agent_sdk.client(max_budget_usd=LIMIT, model="sonnet") as client:
    for chapter in CHAPTERS:
        if client.total_cost_usd >= LIMIT:
            print(f"Stopped before the {chapter}")
            break
        result = client.query(f"Write the {chapter} in three sentences.")
        if result.is_error_max_budget:
            print(f"Reached the budget in the {chapter}; resume session {result.session_id}")
            break
        usage = client.usage
        print(f"{chapter}: ${client.total_cost_usd:.4f}, {usage.input_tokens} tokens in, {usage.output_tokens} out")
