"""Define agents that the model may start, and print their output indented."""
import agent_sdk
from agent_sdk import Agent

AGENTS = {
    "tester": Agent(
        description="Runs the tests and reports failures. Use it after every change.",
        prompt="Run the tests. Report each failure in one line; change nothing.",
        tools=["Bash", "Read"],
        model="haiku",
    ),
    "historian": Agent(
        description="Explains the history of a piece of code from git.",
        prompt="Answer only from `git log` and `git blame`, with commit ids.",
        tools=["Bash"],
    ),
}


def show(message):
    indent = "    " if message.is_subagent else ""
    if message.is_tool_use:
        for call in message.tool_calls:
            print(f"{indent}uses {call.name} {call.input}")
    elif message.is_text:
        print(f"{indent}{message.content}")
    elif message.is_task_notification:
        print(f"{indent}[{message.status}] {message.summary}")


with agent_sdk.client(agents=AGENTS, allowed_tools=["Task"], forward_subagent_text=True) as client:
    names = [agent.name for agent in client.supported_agents()]
    print("Agents:", ", ".join(names))
    result = client.query("Do the tests pass, and since when?", on_message=show)
    print(f"{len(result.results)} result(s): one for the turn, one for each report of background agents")
