"""Answer users from a queue: RQ workers on two hosts share one user's conversation through Redis."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import redis
from rq import Queue, Worker

from agent_sdk import StoreError, UserSessions
from agent_sdk.stores import RedisStore

URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
queue = Queue("agents", connection=redis.Redis.from_url(URL))


def answer(user, prompt):
    """Run one job, in any worker: session id and transcript are loaded from Redis and saved there again."""
    store = RedisStore(URL, prefix="queue-example:")
    users = UserSessions(store, session_store=store, permission_prompts="none", timeout=600)
    result = users.query(user, prompt, raise_on_error=True)  # waits for another turn of this user
    return f"{Path.home().name}, session {result.session_id}: {result.content}"


def ask(user, prompt):
    """Queue a job, as a web request would. RQ's limit is above the query's timeout, so the SDK can end the turn."""
    return queue.enqueue("queue_worker.answer", user, prompt, job_timeout=660)


def start_worker(home):
    """Start a worker with its own home folder, as on a separate host; with `burst` it exits when the queue is empty."""
    home.mkdir(exist_ok=True)
    env = {**os.environ, "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude")}
    return subprocess.Popen([sys.executable, __file__, "work"], env=env)


def main():
    RedisStore(URL, prefix="queue-example:").forget("ann")
    with tempfile.TemporaryDirectory() as hosts:
        host_a, host_b = Path(hosts, "host-a"), Path(hosts, "host-b")
        jobs = [ask("ann", "My name is Ann.")]
        start_worker(host_a).wait()
        jobs.append(ask("ann", "What is my name?"))
        start_worker(host_b).wait()  # has the context of host A
        jobs += [ask("ann", "And how is it spelt?"), ask("ann", "And backwards?")]
        for worker in [start_worker(host_a), start_worker(host_b)]:  # in parallel: one turn waits for the other
            worker.wait()
    for job in jobs:
        print(job.return_value() or job.get_status())


if __name__ == "__main__" and sys.argv[1:] == ["work"]:
    Worker([queue], connection=queue.connection).work(burst=True, logging_level="WARNING")
elif __name__ == "__main__":
    try:
        main()
    except StoreError as error:
        print("This example needs a Redis server.", error)
