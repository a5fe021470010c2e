"""Abort a turn from another thread; the next query resumes the session."""
import threading

import agent_sdk

with agent_sdk.client() as client:
    client.query("Remember the number 42")
    timer = threading.Timer(0.01, client.abort)
    timer.start()
    try:
        client.query("Count to a million")
    except agent_sdk.AbortError as error:
        print(f"Stopped after {len(error.messages)} messages")
    timer.join()
    print(client.query("Which number was it?").content)
