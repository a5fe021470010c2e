"""Resume a session: a later call, also in another process, goes on with full context."""
import agent_sdk


def show(msg):
    if msg.is_assistant:
        print(msg.content)


session_id = agent_sdk.query("Analyze the codebase", on_message=show).session_id

# Later, resume with full context.
agent_sdk.query("What did you find?", resume=session_id, on_message=show)
