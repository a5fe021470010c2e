"""Handle failed runs: check the result, or call raise_for_error() to raise the error class of the cause."""
import agent_sdk

result = agent_sdk.query("Refactor everything", max_turns=3)
if result.is_error_max_turns:
    print("Reached max_turns; resuming", result.session_id)
    result = agent_sdk.query("Go on", resume=result.session_id)

try:
    result.raise_for_error()
except agent_sdk.RateLimitError as error:
    print("Try again at", error.resets_at)
except agent_sdk.ResultError as error:
    print("Failed:", error)
else:
    print(result.content)
