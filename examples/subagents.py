"""Define agents that the model may start, and see what they do, indented below the conversation."""
import agent_sdk
from agent_sdk import Agent

AGENTS = {
    "tester": Agent(
        description="Runs the tests and reports what fails. Use it after every change.",
        prompt="Run the tests. Report each failure in one line; change nothing.",
        tools=["Bash", "Read"],
        model="haiku",
    ),
    "historian": Agent(
        description="Finds out from git why a piece of code is as it is.",
        prompt="Answer from `git log` and `git blame` alone, with commit ids.",
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
    print(f"{len(result.results)} result(s): background agents add their own")
