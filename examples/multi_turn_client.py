"""Run several queries in one session and one process with a client."""
import agent_sdk


def show(msg):
    if msg.is_assistant:
        print(msg.content)


with agent_sdk.client(model="sonnet", allowed_tools=["Read", "Glob", "Grep"]) as client:
    # First query: the session is created.
    client.query("Read the User model", on_message=show)
    print(f"Session: {client.session_id}")

    # Second query: the same session, full context. A loop works as well as a callback.
    for msg in client.stream("What validations does it have?"):
        show(msg)

    # Third query: the conversation continues.
    client.query("Add email format validation", on_message=show)
    print(f"Cost: ${client.total_cost_usd:.4f}")
