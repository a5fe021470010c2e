"""Record an agent once, then replay it without CLI, network or key; hooks and tools run again."""
import tempfile
import time
from pathlib import Path

import agent_sdk
from agent_sdk.errors import CassetteMismatchError
from agent_sdk.testing import Cassette, ScriptedModel, isolated_env


def price(article: str) -> str:
    """Look up what an article costs."""
    print("looking up", article)
    return f"{article}: 3 euros"


def agent(prompt, **options):
    return agent_sdk.query(prompt, custom_tools=[price], **options).content


with tempfile.TemporaryDirectory() as folder, ScriptedModel() as model:
    tape = Path(folder) / "price.jsonl"
    model.call_tool("mcp__sdk__price", {"article": "tea"}).reply("Tea is 3 euros.")
    with Cassette(tape, record="once") as cassette:
        print(agent("What is tea?", transport=cassette, cwd=folder, env={**isolated_env(folder), **model.env}))

    began = time.monotonic()
    with Cassette(tape) as cassette:  # replays; a missing file would raise
        print("again:", agent("What is tea?", transport=cassette))
    print("in less than a second:", time.monotonic() - began < 1)

    try:
        agent("What is coffee?", transport=Cassette(tape))
    except CassetteMismatchError as error:
        print(error)
