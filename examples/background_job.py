"""Run the agent in a worker thread: the request returns a session id, and the answer is read later by that id."""
import queue
import threading
import uuid

import agent_sdk

jobs = queue.Queue()


def enqueue(prompt):
    """Queue a prompt, as a web request would, and return its session id immediately."""
    session_id = str(uuid.uuid4())
    jobs.put((session_id, prompt))
    return session_id


def work():
    """Run queued prompts; the session id is the only link to the request."""
    while (job := jobs.get()) is not None:
        session_id, prompt = job
        try:
            agent_sdk.query(prompt, session_id=session_id, timeout=600, raise_on_error=True)
        except agent_sdk.AgentSDKError as error:
            print(f"{session_id}: {error}")
        finally:
            jobs.task_done()


worker = threading.Thread(target=work)
worker.start()
ids = [enqueue(f"Summarise chapter {number}") for number in (1, 2)]
print("Queued:", *ids)
jobs.join()
jobs.put(None)
worker.join()

for session_id in ids:  # reads the transcript; works in any process
    *_, last = agent_sdk.get_session_messages(session_id)
    print(session_id, last.content)
