"""Abort a turn, close a client, and start a new session."""
import agent_sdk

client = agent_sdk.client()
client.query("Do some work")

# Stop the running turn, from any thread or callback. No turn is running now, so this returns False.
print("Aborted:", client.abort())

# Forget the session; the next query starts a new one.
client.close()
print("Session:", client.session_id)

client.query("Fresh start")
print("Session:", client.session_id)
client.close()
