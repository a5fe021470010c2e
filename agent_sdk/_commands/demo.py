"""
`python -m agent_sdk demo`: start, follow up, resume, fork and continue a session with the real CLI.

Without an API key the model is the built-in `ScriptedModel`; the CLI, its sessions and transcripts are real.
"""
from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from .._client.functions import client, query
from .._client.introspection import cli_version
from .._process.locate import find_cli
from ..messages import Message, ResultMessage

_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")


def run(offline: bool = False) -> int:
    """Run the demo and return the exit code: 0 if every step succeeded."""
    offline = offline or not any(os.environ.get(name) for name in _KEYS)
    print(f"CLI {cli_version()} at {find_cli()}")
    print("model: the built-in ScriptedModel, since no key is set\n" if offline else "model: the default of the CLI\n")
    with _demo_options(offline) as options:
        return 0 if _run_steps(options) else 1


@contextlib.contextmanager
def _demo_options(offline: bool) -> Iterator[dict[str, Any]]:
    """Yield the options of the demo: a temporary folder and, offline, a scripted model and a home folder."""
    with tempfile.TemporaryDirectory(prefix="agent_sdk-demo-") as folder:
        project = os.path.join(folder, "project")
        os.mkdir(project)
        if not offline:
            yield {"cwd": project}
            return
        from ..testing import ScriptedModel, isolated_env

        with ScriptedModel() as model:
            model.otherwise(lambda request: _scripted_reply(request.user_texts))
            yield {"cwd": project, "env": {**isolated_env(os.path.join(folder, "home")), **model.env}}


def _scripted_reply(prompts: list[str]) -> str:
    """Return the reply of the scripted model: it repeats the earlier prompts."""
    earlier = " ".join(prompts[:-1]) or "nothing."
    return f"You said: {prompts[-1]!r} Before that I remember: {earlier}"


def _run_steps(options: dict[str, Any]) -> bool:
    def ask(prompt: str, **how: Any) -> ResultMessage:
        return query(prompt, _show, **how, **options)

    with client(**options) as talk:
        started = _finish_step("1. start", talk.query("My favourite colour is green.", _show))
        followed = _finish_step("2. follow up, same client", talk.query("And I live in Porto.", _show))
    first = started.session_id
    resumed = _finish_step("3. resume by id, new process", ask("What do you know of me?", resume=first))
    forked = _finish_step("4. fork", ask("In this copy, I moved to Faro.", resume=first, fork_session=True))
    original = _finish_step("5. the original, unchanged", ask("Where do I live?", resume=first))
    latest = _finish_step("6. continue the latest", ask("Go on.", continue_conversation=True))
    ids = {"session": started.session_id, "fork": forked.session_id}
    print("\n" + "\n".join(f"{name + ':':<9}{value}" for name, value in ids.items()))
    same = first == followed.session_id == resumed.session_id == original.session_id
    return bool(same and forked.session_id != first and latest.is_success)


def _show(message: Message) -> None:
    if message.is_init:
        print(f"   session {message.session_id}")
    elif message.is_assistant:
        print(f"   {message.content}")
    elif message.is_retry:
        what = f"the API did not answer ({message.error}), attempt {message.attempt} of {message.max_retries}"
        print(f"   {what}; Ctrl-C exits, --offline needs no API", flush=True)


def _finish_step(title: str, result: ResultMessage) -> ResultMessage:
    print(f"   -- {title}: {'done' if result.is_success else 'FAILED'}, ${result.total_cost_usd or 0:.6f} so far\n")
    result.raise_for_error()
    return result
