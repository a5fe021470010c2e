"""Capture the session id from the init message; the result has it too."""
import agent_sdk

session_id = None


def show(msg):
    global session_id
    if msg.is_init:
        session_id = msg.session_id
        print(f"Started session: {session_id}")
    if msg.is_assistant:
        print(msg.content)


agent_sdk.query("Analyze the codebase", on_message=show)
print(f"Session ID for later: {session_id}")
