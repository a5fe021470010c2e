"""Resume a session from an earlier message and discard everything after it."""
import agent_sdk

uuids = []
with agent_sdk.client() as client:
    for prompt in ("Draft a design", "Make it more complicated"):
        client.query(prompt, on_message=lambda msg: uuids.append(msg.uuid) if msg.is_assistant else None)
    session_id = client.session_id

result = agent_sdk.query("Try a different approach from here", resume=session_id, resume_session_at=uuids[0])
print(result.content)
