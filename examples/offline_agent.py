"""Run an agent offline, with the real CLI, a scripted model and a separate home directory."""
import tempfile

import agent_sdk
from agent_sdk.testing import ScriptedModel, isolated_env

with ScriptedModel() as model, tempfile.TemporaryDirectory() as folder:
    model.call_tool("Bash", {"command": "echo hello from the shell"}).reply("It said hello.")
    result = agent_sdk.query(
        "Greet me from the shell", cwd=folder, env={**isolated_env(folder), **model.env}, allowed_tools=["Bash"]
    )
    print(result.content)
    print("The model was asked", len(model.requests), "times")
