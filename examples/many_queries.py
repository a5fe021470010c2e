"""Run many prompts in parallel, with one budget, retries, and a ledger of their cost."""
import agent_sdk
from agent_sdk import Ledger, Retry, query_many

words = ["tea", "milk", "honey", "salt", "bread"]
ledger = Ledger()

with ledger, ledger.tag("one line each"):
    outcomes = query_many(
        [f"Describe {word} in one line" for word in words],
        max_workers=3,
        max_budget_usd=1.00,
        retry=Retry(3, on=("overloaded", "rate_limit")),
        tools=[],
    )

for word, outcome in zip(words, outcomes, strict=True):
    print(f"{word:6} {outcome.content or outcome.error}")

with ledger, ledger.tag("summary"):
    best = [outcome.content for outcome in outcomes if outcome.is_success]
    print(agent_sdk.query("Which of these is the best?\n" + "\n".join(best), tools=[]).content)

print(ledger)
