"""Restrict the agent's file tools to one folder, and resolve symbolic links before the check."""
import os
import pathlib
import tempfile

import agent_sdk
from agent_sdk import hooks
from agent_sdk.testing import ScriptedModel, isolated_env


def sandbox(root):
    root = os.path.realpath(root)

    def stay_inside(ctx):
        path = ctx.tool_input.get("file_path") or ctx.tool_input.get("path") or root
        real = os.path.realpath(os.path.join(ctx.cwd, path))
        if real != root and not real.startswith(root + os.sep):
            return hooks.Result.block(f"{path} is outside {root}")
        return None

    return hooks.Matcher(["Read", "Write", "Edit", "Glob", "Grep"], stay_inside)


with ScriptedModel() as model, tempfile.TemporaryDirectory() as folder:
    inside, outside = pathlib.Path(folder, "work"), pathlib.Path(folder, "outside.txt")
    inside.mkdir()
    for path in (inside / "a.txt", outside):
        model.call_tool("Write", {"file_path": str(path), "content": "hello"})
    result = agent_sdk.query(
        "Write two files",
        cwd=inside,
        env={**isolated_env(folder), **model.env},
        tools=["Read", "Write", "Edit", "Glob", "Grep"],  # no Bash: a command can access any path
        permission_mode="accept_edits",
        hooks={"pre_tool_use": sandbox(inside)},
    )
    print("Inside:", (inside / "a.txt").exists(), "- outside:", outside.exists())
    # The permission callback agent_sdk.permissions.within(inside) does the same.
