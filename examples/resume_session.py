"""Resume a session with its full context, in a later call or in another process."""
import agent_sdk


def show(msg):
    if msg.is_assistant:
        print(msg.content)


session_id = agent_sdk.query("Analyze the codebase", on_message=show).session_id

# Later, resume with full context.
agent_sdk.query("What did you find?", resume=session_id, on_message=show)
