"""Ask one question and print the answer, the turns and the cost."""
import agent_sdk

result = agent_sdk.query("What is 2 + 2?")
print(result.content)
print(f"{result.num_turns} turn, ${result.total_cost_usd:.4f}, session {result.session_id}")
