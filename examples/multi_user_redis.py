"""Share one user's conversation between two hosts: Redis stores the session ids and the transcripts."""
import os
import subprocess
import sys
import tempfile

from agent_sdk import StoreError, UserSessions
from agent_sdk.stores import RedisStore

URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

WORKER = """
import sys
from agent_sdk import UserSessions
from agent_sdk.stores import RedisStore

store = RedisStore(sys.argv[1], prefix="example:")
users = UserSessions(store, session_store=store)
result = users.query("ann", sys.argv[2], on_message=lambda msg: msg.is_init and print("session", msg.session_id))
print(result.content)
"""


def on_a_host(home, prompt):
    """Run one worker with its own home folder, as on a separate host; the API key comes from the environment."""
    env = {**os.environ, "HOME": home, "CLAUDE_CONFIG_DIR": os.path.join(home, ".claude")}
    print(subprocess.check_output([sys.executable, "-c", WORKER, URL, prompt], env=env, text=True))


users = UserSessions(RedisStore(URL, prefix="example:"))
try:
    users.forget("ann")
except StoreError as error:
    print("This example needs a Redis server.", error)
else:
    with tempfile.TemporaryDirectory() as host_a, tempfile.TemporaryDirectory() as host_b:
        on_a_host(host_a, "My name is Ann.")
        on_a_host(host_b, "What is my name?")  # the transcript comes from Redis
        on_a_host(host_a, "And now?")  # and is saved there again
    print("Stored session:", users.session_id("ann"))
