"""Review the changes of this working copy: an agent that can read the files and do nothing else."""
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
    f"Review this change. Name bugs first, each with its line; no praise.\n\n{changes()}",
    on_message=show,
    system_prompt="You are a careful reviewer. You read what you need and change nothing.",
    tools=["Read", "Glob", "Grep"],  # no other tool exists
    verbatim_prompts=True,  # the diff may hold an @path or begin with a slash
    max_turns=20,
)
print(f"Reviewed for ${result.total_cost_usd:.4f}")
