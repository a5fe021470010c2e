"""Keep one session for each user: with your own class, and with `UserSessions`, which also serialises turns."""
import agent_sdk
from agent_sdk.stores import SQLiteStore

store = SQLiteStore("sessions.db")  # for several hosts: agent_sdk.stores.RedisStore(url)


class AgentSession:
    def __init__(self, user_id):
        self.user_id = user_id
        self.session_id = self._load_session_id()

    def query(self, prompt, on_message=None):
        def note(msg):
            if msg.is_init:
                self.session_id = msg.session_id
            if on_message is not None:
                on_message(msg)

        agent_sdk.query(prompt, resume=self.session_id, on_message=note)
        self._save_session_id()

    def _load_session_id(self):
        return store.session_id(self.user_id)

    def _save_session_id(self):
        if self.session_id:
            store.remember(self.user_id, self.session_id)


def show(msg):
    if msg.is_assistant:
        print(msg.content)


session = AgentSession("ann")
session.query("Help me with my code", on_message=show)

# The same with UserSessions: a second turn of a user waits for the first, across threads, processes and hosts.
users = agent_sdk.UserSessions(store)
users.query("ann", "Where were we?", on_message=show)
users.query("bob", "Help me too", on_message=show)
print(users.session_id("ann") == session.session_id, users.session_id("bob"))
