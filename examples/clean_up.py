"""Clean up: abort what runs, close, and start afresh."""
import agent_sdk

client = agent_sdk.client()
client.query("Do some work")

# Stop the current operation, from any thread or callback. Nothing runs now, so nothing is stopped.
print("Aborted:", client.abort())

# Forget the session and start fresh.
client.close()
print("Session:", client.session_id)

client.query("Fresh start")
print("Session:", client.session_id)
client.close()
