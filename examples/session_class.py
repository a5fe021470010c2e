"""Use a Session object: keep messages in memory, resume, fork, save and restore it."""
import json

import agent_sdk

with agent_sdk.Session(max_messages=500) as session:
    session.query("Analyze the authentication system")
    print(session.id, session.created_at, session.last_message)

# Later: resume reads the messages from the transcript.
with agent_sdk.Session.resume(session.id) as again:
    print("Resumed with", len(again.messages), "messages")

    child = again.fork()
    print("Forked:", child.is_forked, child.parent_id == session.id)
    print(child.query("Rewrite it with JWT").content)
    child.close()

# Save it as JSON and restore it.
text = json.dumps(session.to_dict())
with agent_sdk.Session.from_dict(json.loads(text)) as stored:
    print(stored.query("Where were we?").content)
