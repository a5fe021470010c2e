"""Print the answer while the model writes it."""
import agent_sdk

with agent_sdk.stream("Tell me a story", timeout=120) as story:
    for text in story.text_stream:
        print(text, end="", flush=True)
print(f"\n{story.result.num_turns} turns")
