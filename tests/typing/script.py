"""
A user's script. `test_typing` plants a mistake in each line that its table names; type checkers find them all.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import agent_sdk
from agent_sdk import AssistantMessage, Message, Options, ResultMessage, Session, UserSessions, hooks, stores

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from agent_sdk.options.typing import OptionValues


@dataclass
class City:
    """What the model is asked for."""

    name: str
    people: int


def guard(ctx: hooks.PreToolUse) -> hooks.Result | None:
    """Refuse one command."""
    return hooks.Result.block("no") if "rm" in ctx.tool_input["command"] else None


def show(message: Message) -> None:
    """Print tool uses; a plain `Message` has every attribute."""
    if message.is_tool_use:
        print(message.tool_name)
    if isinstance(message, AssistantMessage):
        print(message.tool_input)


def ask(prompt: str, **options: Unpack[OptionValues]) -> str:
    """Pass options on."""
    return agent_sdk.query(prompt, **options).content


agent_sdk.query("hello", show, timeout=30)
agent_sdk.client(tools=["Read"]).close()
newest: OptionValues = {"continue": True, "model": "opus"}
agent_sdk.query("hello", **newest)
text: str = ask("hello", model="opus", fork_session=True)
store = stores.SQLiteStore("sessions.db")
base = Options(model="sonnet", cwd=".", hook_fail_mode="closed")
careful: Options = base.evolve(permission_mode="accept_edits").with_max_turns(3).with_bare()
result = agent_sdk.query("Paris?", show, output=City, options=careful, idle_timeout=30)
people: int = result.output.people
cost: float = result.total_cost_usd
cities: list[City] = agent_sdk.query("All?", output=list[City], session_store=store).output
plain: ResultMessage = agent_sdk.query("hello", hooks={"pre_tool_use": [hooks.Matcher("Bash", guard)], "stop": print})
schema: ResultMessage = agent_sdk.query("hello", output={"type": "object"}, mcp_servers={"a": {"command": "a"}})
for message in result.messages:
    print(message.content)

with agent_sdk.client(setting_sources=["user"], thinking="adaptive") as client:
    client.on("tool_use", show)
    client.hook("pre_tool_use", "Bash", fail_mode="closed", timeout=3)(guard)
    client.with_allowed_tools(["Read"]).with_bare().query("hello", max_turns=3)
    client.with_permission_mode("plan")
    name: str = client.query("Paris?", output=City).raise_for_error().output.name

with Session(max_messages=10, model="opus") as session:
    name = session.query("Paris?", output=City).output.name
again: Session = Session.resume(session.id, env={"A": None})
name = UserSessions(store, model="opus").query("u-1", "Paris?", output=City, wait=3).output.name
outcomes = agent_sdk.query_many(["a", "b"], on_error="raise", max_budget_usd=3, resume="s-1", fork_session=True)

try:
    plain.raise_for_error()
except agent_sdk.ResultError as error:
    turns: int = error.result.num_turns
