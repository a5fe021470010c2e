"""A session as an object: its messages in memory, resumed, forked and stored."""
import json

import agent_sdk

with agent_sdk.Session(max_messages=500) as session:
    session.query("Analyze the authentication system")
    print(session.id, session.created_at, session.last_message)

# Later: the messages come from the transcript.
with agent_sdk.Session.resume(session.id) as again:
    print("Resumed with", len(again.messages), "messages")

    child = again.fork()
    print("Forked:", child.is_forked, child.parent_id == session.id)
    print(child.query("Rewrite it with JWT").content)
    child.close()

# Stored in a place of your own.
text = json.dumps(session.to_dict())
with agent_sdk.Session.from_dict(json.loads(text)) as stored:
    print(stored.query("Where were we?").content)
