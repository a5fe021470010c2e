"""Conversations: `Client`, its process, its streams, `Session`, `UserSessions`, and the functions of the face."""
