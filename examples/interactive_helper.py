"""Chat with an agent in the terminal; it asks before it changes anything."""
import agent_sdk
from agent_sdk import permissions

print("Ask about this folder. An empty line or Ctrl-D ends the chat.")
with agent_sdk.client(can_use_tool=permissions.ask()) as client:
    while True:
        try:
            prompt = input("> ")
        except EOFError:
            break
        if not prompt.strip():
            break
        try:
            with client.stream(prompt) as answer:
                for text in answer.text_stream:
                    print(text, end="", flush=True)
            print()
        except KeyboardInterrupt:
            print("\nStopped. Continue, or end the chat with an empty line.")
        except agent_sdk.AgentSDKError as error:
            print(error)
    if client.session_id:
        print(f"To continue later: resume={client.session_id!r}. Cost: ${client.total_cost_usd:.4f}")
print("Bye.")
