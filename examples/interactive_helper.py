"""Talk with an agent at the terminal: it asks before it changes anything; an empty line or Ctrl-D ends."""
import agent_sdk
from agent_sdk import permissions

print("Ask me about this folder. An empty line ends.")
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
            print("\nStopped. Go on, or leave with an empty line.")
        except agent_sdk.AgentSDKError as error:
            print(error)
    if client.session_id:
        print(f"To go on later: resume={client.session_id!r}, ${client.total_cost_usd:.4f}")
print("Bye.")
