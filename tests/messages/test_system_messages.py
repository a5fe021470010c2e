"""Tests of the message families: each kind has its class, its kinds and its typed objects."""
from __future__ import annotations

import importlib
from typing import Any

import pytest

from agent_sdk._converter import structure_message
from agent_sdk.messages import registry

SYSTEM = {
    "init": ("InitMessage", {"init"}),
    "status": ("StatusMessage", {"status"}),
    "compact_boundary": ("CompactBoundaryMessage", {"compact_boundary"}),
    "session_state_changed": ("SessionStateMessage", {"session_state"}),
    "session_title_changed": ("SessionTitleMessage", {"session_title"}),
    "commands_changed": ("CommandsChangedMessage", {"command"}),
    "local_command_output": ("LocalCommandOutputMessage", {"command", "command_output"}),
    "informational": ("InformationalMessage", {"notification"}),
    "notification": ("NotificationMessage", {"notification"}),
    "api_retry": ("ApiRetryMessage", {"retry"}),
    "model_fallback": ("ModelFallbackMessage", {"fallback"}),
    "model_refusal_fallback": ("ModelRefusalFallbackMessage", {"fallback"}),
    "model_refusal_no_fallback": ("ModelRefusalNoFallbackMessage", {"fallback"}),
    "thinking_tokens": ("ThinkingTokensMessage", {"thinking_tokens", "progress"}),
    "permission_denied": ("PermissionDeniedMessage", {"permission_denied"}),
    "memory_recall": ("MemoryRecallMessage", {"memory_recall"}),
    "files_persisted": ("FilesPersistedMessage", {"files_persisted"}),
    "plugin_install": ("PluginInstallMessage", {"plugin_install"}),
    "elicitation_complete": ("ElicitationCompleteMessage", {"elicitation"}),
    "mirror_error": ("MirrorErrorMessage", {"storage_error"}),
    "session_writes_lost": ("SessionWritesLostMessage", {"storage_error"}),
    "control_request_progress": ("ControlRequestProgressMessage", {"progress"}),
    "worker_shutting_down": ("WorkerShuttingDownMessage", {"shutdown"}),
    "ui_invalidate": ("UIInvalidateMessage", set()),
    "hook_started": ("HookStartedMessage", {"hook"}),
    "hook_progress": ("HookProgressMessage", {"hook", "progress"}),
    "hook_response": ("HookResponseMessage", {"hook"}),
    "task_started": ("TaskStartedMessage", {"task", "task_started"}),
    "task_progress": ("TaskProgressMessage", {"task", "task_progress", "progress"}),
    "task_updated": ("TaskUpdatedMessage", {"task", "task_updated"}),
    "task_notification": ("TaskNotificationMessage", {"task", "task_notification"}),
    "background_tasks_changed": ("BackgroundTasksMessage", {"task"}),
    "of_tomorrow": ("SystemMessage", {"unknown"}),
}

OTHERS = {
    "assistant": ("AssistantMessage", {"assistant"}),
    "user": ("UserMessage", {"user"}),
    "stream_event": ("StreamEvent", {"stream_event", "partial"}),
    "result": ("ResultMessage", {"result"}),
    "tool_progress": ("ToolProgressMessage", {"tool_progress", "progress"}),
    "tool_use_summary": ("ToolUseSummaryMessage", {"tool_use_summary"}),
    "rate_limit_event": ("RateLimitEvent", {"rate_limit"}),
    "auth_status": ("AuthStatusMessage", {"auth_status"}),
    "prompt_suggestion": ("PromptSuggestionMessage", {"prompt_suggestion"}),
    "conversation_reset": ("ConversationResetMessage", {"conversation_reset"}),
    "active_goal": ("ActiveGoalMessage", {"goal"}),
    "command_lifecycle": ("CommandLifecycleMessage", {"command"}),
    "of_tomorrow": ("UnknownMessage", {"unknown"}),
}

KINDS = [
    *(({"type": "system", "subtype": key}, name, {*kinds, "system"}) for key, (name, kinds) in SYSTEM.items()),
    *(({"type": key, "message": {}, "event": {}}, name, kinds) for key, (name, kinds) in OTHERS.items()),
]


def test_the_tables_are_complete() -> None:
    """`SYSTEM` and `OTHERS` list every registered type of messages, and an unknown one."""
    for family in registry.MESSAGE_FAMILIES:
        importlib.import_module(f"agent_sdk.messages.{family}")
    subtypes = {subtype for _, subtype in registry._messages if subtype is not None}
    types = {kind for kind, subtype in registry._messages if subtype is None} - {"system"}
    assert (subtypes, types) == (set(SYSTEM) - {"of_tomorrow"}, set(OTHERS) - {"of_tomorrow"})


@pytest.mark.parametrize(("frame", "name", "kinds"), KINDS, ids=[row[1] for row in KINDS])
def test_each_kind_has_its_class(frame: dict[str, Any], name: str, kinds: set[str]) -> None:
    """Each kind of message has a class whose own predicates are true and all others false."""
    from agent_sdk.messages import predicates

    message = structure_message(frame)
    assert name == type(message).__name__
    assert kinds == {asked for asked in predicates() if getattr(message, f"is_{asked}")}
    assert frame == message.raw


@pytest.mark.parametrize(
    ("frame", "path", "expected"),
    [
        ({"subtype": "compact_boundary", "compact_metadata": {"trigger": "auto", "pre_tokens": 9}},
         "compact_metadata.trigger", "auto"),
        ({"subtype": "compact_boundary", "compact_metadata": {"preserved_segment": {"head_uuid": "h"}}},
         "compact_metadata.preserved_segment.head_uuid", "h"),
        ({"subtype": "compact_boundary"}, "compact_metadata.trigger", ""),
        ({"subtype": "commands_changed", "commands": [{"argumentHint": "x"}]}, "commands.0.argument_hint", "x"),
        ({"subtype": "task_updated", "patch": {"status": "killed"}}, "patch.status", "killed"),
        ({"subtype": "task_notification", "usage": {"tool_uses": 3}}, "usage.tool_uses", 3),
        ({"subtype": "task_notification", "resource_links": [{"mimeType": "m"}]}, "resource_links.0.mime_type", "m"),
        ({"subtype": "background_tasks_changed", "tasks": [{"task_id": "a"}]}, "tasks.0.task_id", "a"),
        ({"subtype": "memory_recall", "memories": [{"scope": "team"}]}, "memories.0.scope", "team"),
        ({"subtype": "files_persisted", "failed": [{"error": "e"}]}, "failed.0.error", "e"),
        ({"subtype": "mirror_error", "key": {"projectKey": "p"}}, "key.project_key", "p"),
        ({"subtype": "init", "plugins": [{"path": "p"}]}, "plugins.0.path", "p"),
        ({"subtype": "permission_denied", "message": "no"}, "content", "no"),
        ({"subtype": "notification", "text": "hi"}, "text", "hi"),
        ({"type": "active_goal", "value": {"condition": "c"}}, "value.condition", "c"),
        ({"type": "auth_status", "isAuthenticating": True}, "is_authenticating", True),
        ({"type": "rate_limit_event", "rate_limit_info": {"rateLimitType": "five_hour"}},
         "rate_limit_info.rate_limit_type", "five_hour"),
        ({"type": "tool_progress", "subagent_retry": {"attempt": 2}}, "subagent_retry.attempt", 2),
    ],
)
def test_typed_objects(frame: dict[str, Any], path: str, expected: Any) -> None:
    """Objects inside a message are typed, and never None where the CLI always sends them."""
    value: Any = structure_message({"type": "system", **frame})
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else getattr(value, step)
    assert expected == value
