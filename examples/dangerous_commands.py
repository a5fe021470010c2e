"""Block dangerous commands before they run; a scripted model tries one to demonstrate it."""
import pathlib
import re
import tempfile

import agent_sdk
from agent_sdk import hooks
from agent_sdk.testing import ScriptedModel, isolated_env

DANGEROUS = re.compile(r"\brm\s+-\w*[rf]|\bsudo\b|\bmkfs\b|>\s*/dev/sd|\bgit\s+push\s+.*--force")


def guard(ctx):
    command = ctx.tool_input.get("command", "")
    if DANGEROUS.search(command):
        return hooks.Result.block(f"This command is not allowed: {command}. Explain what you need it for.")
    if command.startswith("pip install"):
        return hooks.Result.modify({**ctx.tool_input, "command": f"echo would run: {command}"})
    return None  # abstain: the usual rules decide


with ScriptedModel() as model, tempfile.TemporaryDirectory() as folder:
    precious = pathlib.Path(folder, "precious.txt")
    precious.write_text("here")
    model.call_tool("Bash", {"command": "rm -rf precious.txt"}).call_tool("Bash", {"command": "pip install it"})
    result = agent_sdk.query(
        "Clean up",
        cwd=folder,
        env={**isolated_env(folder), **model.env},
        allowed_tools=["Bash"],
        hooks={"pre_tool_use": hooks.Matcher("Bash", guard)},
    )
    print("Still there:", precious.exists())
    for denial in result.permission_denials:
        print("Denied:", denial.tool_input["command"])
    print("The model read:", result.content)
