"""
The public API as a type checker sees it: mypy and pyright read this file, and nothing runs it.

    mypy tests/typing/api.py
    pyright tests/typing/api.py
"""
from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import agent_sdk
from agent_sdk import (
    AgentSDKError,
    AgentTimeoutError,
    AssistantMessage,
    Client,
    Message,
    MessageStream,
    Options,
    ProcessError,
    RateLimitError,
    ResultMessage,
    Transport,
)
from agent_sdk.errors import AbortError, ConfigurationError

# --- one call


def show(message: Message) -> None:
    """A callback that gives nothing back."""
    text: str = message.content
    print(text, message.is_assistant)


result: ResultMessage = agent_sdk.query("hello")
result = agent_sdk.query("hello", show)
result = agent_sdk.query("hello", on_message=lambda message: print(message.content), model="opus", max_turns=3)
result = agent_sdk.query(["look:", agent_sdk.image(Path("a.png")), {"type": "text", "text": "x"}], options=Options())
good: bool = result.is_success
money: float | None = result.total_cost_usd
session: str | None = result.session_id
everything: list[Message] = result.messages
starts: list[bool] = [message.is_init for message in everything]
parsed: Message = agent_sdk.messages.parse({"type": "result"})
made: AssistantMessage = AssistantMessage(session_id="s-1", error=None)
AssistantMessage(session_id=1)  # type: ignore[arg-type]
parsed.is_init = True  # type: ignore[assignment]
results: list[ResultMessage] = result.results

with agent_sdk.stream("hello", resume="s-1") as stream:
    messages: MessageStream = stream
    for message in stream:
        one: Message = message
        if isinstance(message, AssistantMessage):
            model: str | None = message.model
    texts: Iterator[str] = stream.text_stream
    last: ResultMessage | None = stream.result
    was_running: bool = stream.abort()

# --- a client

with agent_sdk.client(model="sonnet", allowed_tools=["Read"]) as client:
    same: Client = client.with_model("opus").with_tools("Read", "Grep").without_tools("Bash")
    result = client.query("hello", on_message=show, timeout=5)
    identity: str | None = client.session_id
    identities: list[str] = client.session_ids
    number: int | None = client.pid
    asked: dict[str, Any] = client.capabilities
    total: float = client.total_cost_usd
    rests: bool = client.wait_idle(timeout=1.0, on_message=show)
    copy: Client = client.fork()
    moved: Client = client.resume("s-2").start()
    answer: dict[str, Any] = client.control("get_settings", detail="full")
    client.set_model(None)
    client.set_permission_mode("plan")
    client.set_max_thinking_tokens(0)
    names: list[str] = [command.name for command in client.supported_commands()]
    threading.Thread(target=client.abort).start()

    @client.on("tool_use")
    def note(message: Message) -> None:
        """A callback for one kind of message."""

    client.on("text", show)

# --- options, errors, a transport

options: Options = Options(cwd=Path("."), env={"A": None}).evolve(max_turns=3).with_model("opus")
schema: dict[str, dict[str, Any]] = agent_sdk.options_schema()
available: bool = agent_sdk.cli_available()
version: str | None = agent_sdk.cli_version()
needs: dict[str, bool] = agent_sdk.requirements_met()
tools: list[str] = [*agent_sdk.builtin_tools(), *agent_sdk.hook_events(), *agent_sdk.permission_modes()]

try:
    result.raise_for_error()
except RateLimitError as error:
    resets: float | None = error.resets_at
except AgentTimeoutError as error:
    elapsed: float = error.elapsed
except ProcessError as error:
    code: int | None = error.exit_code
    signal: str | None = error.signal
    tail: str = error.stderr
except AbortError as error:
    stopped: str | None = error.session_id
except (ConfigurationError, AgentSDKError) as error:
    print(error)


class Tape(Transport):
    """A transport of the user's own."""

    def read_lines(self, timeout: float | None) -> list[bytes]:
        """Give lines."""
        return []


result = agent_sdk.query("hello", transport=Tape())
