"""Conversations: `Client`, its process and streams, `Session`, `UserSessions`, and the functions of the public API."""
