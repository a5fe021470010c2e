"""Write an audit log with hooks: one line of JSON before and after each action of the agent."""
import json
import pathlib
import time

import agent_sdk
from agent_sdk import hooks

LOG = pathlib.Path("audit.jsonl")


def audit(ctx):
    entry = {"at": time.strftime("%FT%T"), "event": ctx.event, "session": ctx.session_id, "agent": ctx.agent_id}
    for name in ("prompt", "tool_name", "tool_input", "error", "source", "reason"):
        if ctx.get(name) is not None:
            entry[name] = ctx[name]
    with LOG.open("a") as file:
        file.write(json.dumps(entry) + "\n")


result = agent_sdk.query(
    "List the files here",
    hooks={
        "session_start": audit,
        "user_prompt_submit": audit,
        "pre_tool_use": hooks.Matcher("Bash|Write|Edit", audit, timeout=5),  # if logging fails, the tool is blocked
        "post_tool_use": audit,
        "post_tool_use_failure": audit,
        "session_end": audit,
    },
)
print(LOG.read_text())
