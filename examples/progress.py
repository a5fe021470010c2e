"""Show progress with hooks: each tool use, its outcome, and its duration."""
import agent_sdk
from agent_sdk import hooks

ICONS = {"Read": "reading", "Write": "writing", "Edit": "editing", "Bash": "running", "Agent": "delegating"}


def about(ctx):
    given = ctx.tool_input
    return given.get("file_path") or given.get("command") or given.get("description") or given.get("pattern") or ""


def begins(ctx):
    where = "  " if ctx.agent_id else ""  # indent tool uses of subagents
    print(f"{where}... {ICONS.get(ctx.tool_name, ctx.tool_name)} {about(ctx)}")


def ended(ctx):
    print(f"    done in {ctx.duration_ms or 0:.0f} ms")


def failed(ctx):
    print(f"    failed: {ctx.error.splitlines()[0]}")


def rests(ctx):
    print("finished:", (ctx.last_assistant_message or "")[:60])


agent_sdk.query(
    "Find the largest file here",
    allowed_tools=["Read", "Glob", "Grep", "Bash(ls *)", "Bash(du *)"],
    hooks={
        # This hook only prints, so its failure must not block a tool.
        "pre_tool_use": hooks.Matcher(None, begins, fail_mode="open"),
        "post_tool_use": ended,
        "post_tool_use_failure": failed,
        "stop": rests,
    },
)
