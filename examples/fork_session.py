"""Fork a session to explore another approach; the original is unchanged."""
import agent_sdk


def show(msg):
    if msg.is_init:
        print(f"In session: {msg.session_id}")
    if msg.is_assistant:
        print(msg.content)


client = agent_sdk.client()
client.query("Analyze the authentication system", on_message=show)
original_session = client.session_id

# A copy from this point on, under a new id.
agent_sdk.query("Rewrite using JWT instead", resume=original_session, fork_session=True, on_message=show)

# The original session is unchanged and can be resumed too.
agent_sdk.query("Continue with the original approach", resume=original_session, on_message=show)

# The open client detects the turn that ran in its session and resumes the session.
client.query("What did we decide?", on_message=show)
client.close()
