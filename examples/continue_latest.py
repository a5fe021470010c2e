"""Continue the latest session of this directory without its id."""
import agent_sdk


def show(msg):
    if msg.is_assistant:
        print(msg.content)


agent_sdk.query("Begin a plan", on_message=show)
agent_sdk.query("Continue where we left off", continue_conversation=True, on_message=show)
