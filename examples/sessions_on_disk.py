"""Manage sessions on disk without starting a process: list, search, rename, tag, fork, export and delete."""
import pathlib

import agent_sdk

session_id = agent_sdk.query("Where is the login handled?").session_id

agent_sdk.rename_session(session_id, "Login")
agent_sdk.tag_session(session_id, "auth")
for info in agent_sdk.list_sessions(".", limit=5):
    print(info.session_id[:8], info.summary, info.tag, f"{info.file_size} bytes")

for hit in agent_sdk.search_sessions("login", tag="auth"):
    for excerpt in hit.excerpts:
        print(f"{excerpt.where}: {excerpt.text}")

copy = agent_sdk.fork_session(session_id, title="Login, another way")
print(agent_sdk.query("And with tokens?", resume=copy).content)

page = pathlib.Path("session.html")
page.write_text(agent_sdk.export_session(copy, format="html"), encoding="utf-8")
figures = agent_sdk.session_figures(copy)
print(f"{page}: {figures.turns} turns, {figures.total_tokens} tokens")

agent_sdk.delete_session(copy)
print("Deleted:", agent_sdk.get_session_info(copy) is None)
