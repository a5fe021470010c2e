"""Research a question in several steps of one conversation, and keep the notes with their sources."""
import pathlib

import agent_sdk

STEPS = (
    "Which ways are there to store session data of a web service? Search the web.",
    "Compare the two most used ones: speed, cost, how they fail.",
    "Write a summary of ten lines for somebody who has to decide. Name the sources.",
)

sources = []


def note(message):
    for call in message.tool_calls:
        sources.append(call.input.get("url") or call.input.get("query"))


with agent_sdk.client(tools=["WebSearch", "WebFetch"], allowed_tools=["WebSearch", "WebFetch"]) as client:
    client.on("tool_use", note)
    for number, step in enumerate(STEPS, 1):
        print(f"Step {number}: {step}")
        answer = client.query(step, timeout=600).content

    notes = pathlib.Path("notes.md")
    notes.write_text("\n".join([answer, "", *(f"- {source}" for source in sources)]), encoding="utf-8")
    print(f"Wrote {notes} with {len(sources)} sources; to go on, resume {client.session_id}")
