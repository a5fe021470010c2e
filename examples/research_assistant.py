"""Research a question in several turns of one conversation, and save notes with sources."""
import pathlib

import agent_sdk

STEPS = (
    "How can a web service store session data? Search the web.",
    "Compare the two most common ways: speed, cost, failure modes.",
    "Write a summary of ten lines for a decision maker. List the sources.",
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
    print(f"Wrote {notes} with {len(sources)} sources; to continue, resume {client.session_id}")
