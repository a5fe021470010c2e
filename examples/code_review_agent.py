"""Review the changes of this working copy with an agent that can only read files."""
import subprocess

import agent_sdk

SAMPLE = """\
--- a/shop.py
+++ b/shop.py
-    return sum(item.price for item in items)
+    return sum(item.price for item in items) / len(items)
"""


def changes():
    found = subprocess.run(["git", "diff", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout or SAMPLE


def show(message):
    if message.is_tool_use:
        print(f"[{message.tool_name}]")
    if message.is_text:
        print(message.content)


result = agent_sdk.query(
    f"Review this change. List bugs first, each with its line. Do not praise.\n\n{changes()}",
    on_message=show,
    system_prompt="You are a careful reviewer. Read the files that you need, and change nothing.",
    tools=["Read", "Glob", "Grep"],  # no other tools
    verbatim_prompts=True,  # the diff may contain an @path or begin with a slash
    max_turns=20,
)
print(f"Reviewed for ${result.total_cost_usd:.4f}")
