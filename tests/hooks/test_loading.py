"""The modules that `agent_sdk.hooks` imports, and when."""
from __future__ import annotations

import subprocess
import sys

PROGRAM = """\
import sys; sys.path[:] = {path!r}
from agent_sdk.hooks.runner import HookSet
hooks = HookSet({{"pre_tool_use": print}})
hooks.prepare()
assert hooks.has("PreToolUse") and not hooks.has("session_start")
hooks.fire("session_end", {{}})
print(*({absent!r} & set(sys.modules)))
"""


def test_events_without_hooks_are_not_loaded() -> None:
    """`HookSet.has` does not import the event classes, which would take 10 to 25 ms in the first turn of a client."""
    code = PROGRAM.format(path=sys.path, absent={"agent_sdk.hooks.session_hooks", "agent_sdk.hooks.turn_hooks"})
    shown = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""
