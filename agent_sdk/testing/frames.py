"""
Frames in the CLI's format, for `FakeCLI` and for tests of code that reads messages.

The functions return dicts with a new `uuid`; *fields* are added or replace existing fields. A `FakeCLI` replaces the
strings `$prompt`, `$uuid` and `$session` by the user's text, the uuid of the user's message and the session id. It
replaces a `session_id` equal to `SESSION_ID` by that of `--resume` or `--session-id`.
"""
from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

#: The default session id of frames.
SESSION_ID = "00000000-0000-4000-8000-00000000c1a0"
#: The default model of frames.
MODEL = "claude-opus-5-5"
#: The CLI version whose format these frames have.
CLI_VERSION = "2.1.330"
#: The default cost of a turn, in US dollars.
COST_USD = 0.000188

Frame = dict[str, Any]
Block = Mapping[str, Any]


def init(session_id: str = SESSION_ID, **fields: Any) -> Frame:
    """Build the message at the start of each turn, with *fields* such as `tools`, `cwd`, `permissionMode`."""
    return _system(
        "init",
        fields,
        session_id=session_id,
        cwd="/work",
        tools=["Task", "Bash", "Edit", "Read", "Write"],
        mcp_servers=[],
        model=MODEL,
        permissionMode="default",
        slash_commands=["compact", "context"],
        apiKeySource="ANTHROPIC_API_KEY",
        claude_code_version=CLI_VERSION,
        output_style="default",
        agents=["general-purpose"],
        skills=[],
        plugins=[],
    )


def assistant(*content: str | Block, **fields: Any) -> Frame:
    """Build an assistant message from texts and blocks; the CLI itself sends one message for each block."""
    message = {
        "id": f"msg_{_hex(22)}",
        "type": "message",
        "role": "assistant",
        "model": fields.pop("model", MODEL),
        "content": [_block(item) for item in content],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(output_tokens=1),
    }
    return _frame("assistant", fields, message=message, parent_tool_use_id=None)


def thinking(text: str, signature: str = "c2ln", **fields: Any) -> Frame:
    """Build an assistant message with a thinking block."""
    return assistant({"type": "thinking", "thinking": text, "signature": signature}, **fields)


def tool_use(name: str, input: Mapping[str, Any] | None = None, id: str | None = None, **fields: Any) -> Frame:
    """Build an assistant message with a tool use; *id* is the `tool_use_id` and defaults to a new one."""
    block = {"type": "tool_use", "id": id or f"toolu_{_hex(20)}", "name": name, "input": dict(input or {})}
    return assistant(block, **fields)


def tool_result(
    tool_use_id: str, content: str | Sequence[Block] = "", is_error: bool = False, **fields: Any
) -> Frame:
    """Build the user message with a tool result: a text, or blocks."""
    block: Frame = {"type": "tool_result", "tool_use_id": tool_use_id, "content": _copied(content)}
    if is_error:
        block["is_error"] = True
    return user(block, **fields)


def user(*content: str | Block, **fields: Any) -> Frame:
    """Build a user message; a single text is sent as a string, anything else as blocks."""
    if len(content) == 1 and isinstance(content[0], str):
        message: Frame = {"role": "user", "content": content[0]}
    else:
        message = {"role": "user", "content": [_block(item) for item in content]}
    return _frame("user", fields, message=message, parent_tool_use_id=None)


def stream_event(event: Mapping[str, Any], **fields: Any) -> Frame:
    """Build a stream event; *event* is the event of the API."""
    return _frame("stream_event", fields, event=dict(event), parent_tool_use_id=None)


def text_delta(text: str, index: int = 0, **fields: Any) -> Frame:
    """Build the stream event for a piece of text."""
    delta = {"type": "text_delta", "text": text}
    return stream_event({"type": "content_block_delta", "index": index, "delta": delta}, **fields)


def thinking_delta(text: str, index: int = 0, **fields: Any) -> Frame:
    """Build the stream event for a piece of thinking."""
    delta = {"type": "thinking_delta", "thinking": text}
    return stream_event({"type": "content_block_delta", "index": index, "delta": delta}, **fields)


def result(text: str = "", **fields: Any) -> Frame:
    """
    Build the result message of a successful turn.

    With `user_message_uuids=["$uuid"]` it contains the uuid of its prompt, as the CLI's results do.
    """
    return _result("success", fields, result=text, is_error=False)


def error_result(subtype: str = "error_during_execution", errors: Sequence[str] = (), **fields: Any) -> Frame:
    """Build an error result, such as `error_max_turns`; for an API failure use `result(…, is_error=True)`."""
    return _result(subtype, fields, errors=list(errors), is_error=True, terminal_reason=None, stop_reason=None)


def compact_boundary(
    trigger: str = "manual", pre_tokens: int = 1000, post_tokens: int = 100, **fields: Any
) -> Frame:
    """Build the message for a compaction of the conversation; sizes are in tokens."""
    metadata = {
        "trigger": trigger,
        "pre_tokens": pre_tokens,
        "post_tokens": post_tokens,
        "cumulative_dropped_tokens": 0,
        "duration_ms": 20,
    }
    return _system("compact_boundary", fields, compact_metadata=metadata, logical_parent_uuid=_uuid())


def api_retry(attempt: int = 1, max_retries: int = 2, error_status: int | None = 529, **fields: Any) -> Frame:
    """Build the message for the retry of an API call."""
    return _system(
        "api_retry",
        fields,
        attempt=attempt,
        max_retries=max_retries,
        retry_delay_ms=550,
        error_status=error_status,
        error="unknown" if error_status is None else "overloaded",
    )


def rate_limit(status: str = "allowed_warning", resets_at: int = 1_800_000_000, **fields: Any) -> Frame:
    """Build the message about a usage limit; *resets_at* is in seconds since the epoch."""
    info = {"status": status, "resetsAt": resets_at, "rateLimitType": "five_hour"}
    return _frame("rate_limit_event", fields, rate_limit_info=info)


def status(status: str | None = None, **fields: Any) -> Frame:
    """Build a status message, such as `status("compacting")` or `status(permissionMode="plan")`."""
    return _system("status", fields, status=status)


def task_started(task_id: str = "a1", description: str = "a task", **fields: Any) -> Frame:
    """Build the start of a background agent, or of a shell with `task_type="local_bash"`."""
    return _system(
        "task_started",
        fields,
        task_id=task_id,
        tool_use_id=f"toolu_{_hex(20)}",
        description=description,
        subagent_type="general-purpose",
        is_backgrounded=True,
        task_type="local_agent",
    )


def task_updated(task_id: str = "a1", status: str = "completed", **fields: Any) -> Frame:
    """Build the status change of a background task: `completed`, `failed` or `killed`."""
    return _system("task_updated", fields, task_id=task_id, patch={"status": status})


def task_notification(
    task_id: str = "a1", status: str = "completed", summary: str = "", **fields: Any
) -> Frame:
    """Build the end of a background task: `completed`, `stopped` or `failed`."""
    return _system("task_notification", fields, task_id=task_id, status=status, output_file="", summary=summary)


def background_tasks(*task_ids: str, **fields: Any) -> Frame:
    """Build the list of the running background agents."""
    tasks = [{"task_id": task_id, "task_type": "local_agent", "description": "a task"} for task_id in task_ids]
    return _system("background_tasks_changed", fields, tasks=tasks)


def session_state(state: str = "idle", **fields: Any) -> Frame:
    """Build the internal message with the CLI's state: `running`, `requires_action` or `idle`."""
    return _system("session_state_changed", fields, state=state, sdk_host_only=True)


def command_lifecycle(state: str = "queued", command_uuid: str = "$uuid", **fields: Any) -> Frame:
    """Build the internal message with the state of a prompt: `queued`, `started`, `completed`, `cancelled`."""
    return _frame("command_lifecycle", fields, command_uuid=command_uuid, state=state)


def conversation(prompt: str = "hello", reply: str = "world", **fields: Any) -> list[Frame]:
    """
    Build the frames of a whole turn: init, assistant, result.

    Args:
        prompt: The user's text. The CLI does not send it back; it only affects the token counts.
        reply: The text of the assistant message and of the result.
        fields: Fields of the result.
    """
    usage = _usage(input_tokens=12 + len(prompt) // 4)
    return [init(), assistant(reply), result(reply, **{"usage": usage, **fields})]


def _frame(kind: str, fields: Mapping[str, Any], **own: Any) -> Frame:
    return {"type": kind, **own, "session_id": own.get("session_id", SESSION_ID), "uuid": _uuid(), **fields}


def _system(subtype: str, fields: Mapping[str, Any], **own: Any) -> Frame:
    return {"type": "system", "subtype": subtype, **_frame("system", fields, **own)}


def _result(subtype: str, fields: Mapping[str, Any], **own: Any) -> Frame:
    common: Frame = {
        "subtype": subtype,
        "duration_ms": 100,
        "duration_api_ms": 20,
        "num_turns": 1,
        "stop_reason": "end_turn",
        "total_cost_usd": COST_USD,
        "usage": _usage(),
        "modelUsage": {MODEL: _model_usage()},
        "permission_denials": [],
        "terminal_reason": "completed",
    }
    return _frame("result", fields, **{**common, **own})


def _usage(**figures: int) -> dict[str, int]:
    zero = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    return {"input_tokens": 12, "output_tokens": 7, **zero, **figures}


def _model_usage() -> Frame:
    return {
        "inputTokens": 12,
        "outputTokens": 7,
        "cacheReadInputTokens": 0,
        "cacheCreationInputTokens": 0,
        "webSearchRequests": 0,
        "costUSD": COST_USD,
        "contextWindow": 1_000_000,
        "maxOutputTokens": 128_000,
    }


def _block(item: str | Block) -> Frame:
    return {"type": "text", "text": item} if isinstance(item, str) else dict(item)


def _copied(content: str | Sequence[Block]) -> str | list[Frame]:
    return content if isinstance(content, str) else [dict(block) for block in content]


def _uuid() -> str:
    return str(uuid.uuid4())


def _hex(length: int) -> str:
    return uuid.uuid4().hex[:length]
