"""
The words that users pass as arguments, as types. For type checkers and editors; the values are checked elsewhere.
"""
from __future__ import annotations

from typing import Literal

#: In snake_case, or as the CLI spells it.
PermissionMode = Literal[
    "default", "accept_edits", "plan", "bypass_permissions", "dont_ask", "auto", "acceptEdits", "bypassPermissions",
    "dontAsk",
]  # fmt: skip

#: In snake_case, or as the CLI spells it.
HookEvent = Literal[
    "pre_tool_use", "post_tool_use", "post_tool_use_failure", "post_tool_batch", "permission_request",
    "permission_denied", "user_prompt_submit", "user_prompt_expansion", "stop", "stop_failure", "subagent_start",
    "subagent_stop", "notification", "message_display", "elicitation", "elicitation_result", "task_created",
    "task_completed", "teammate_idle", "session_start", "session_end", "setup", "pre_compact", "post_compact",
    "pre_model_switch", "post_model_switch", "config_change", "worktree_create", "worktree_remove",
    "instructions_loaded", "cwd_changed", "file_changed", "directory_added",
    "PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch", "PermissionRequest",
    "PermissionDenied", "UserPromptSubmit", "UserPromptExpansion", "Stop", "StopFailure", "SubagentStart",
    "SubagentStop", "Notification", "MessageDisplay", "Elicitation", "ElicitationResult", "TaskCreated",
    "TaskCompleted", "TeammateIdle", "SessionStart", "SessionEnd", "Setup", "PreCompact", "PostCompact",
    "PreModelSwitch", "PostModelSwitch", "ConfigChange", "WorktreeCreate", "WorktreeRemove",
    "InstructionsLoaded", "CwdChanged", "FileChanged", "DirectoryAdded",
]  # fmt: skip

#: The predicates of messages without their `is_`.
MessageKind = Literal[
    "user", "assistant", "result", "stream_event", "partial", "system", "init", "compact_boundary", "status",
    "session_state", "session_title", "conversation_reset", "retry", "rate_limit", "fallback", "permission_denied",
    "notification", "progress", "tool_progress", "tool_use_summary", "thinking_tokens", "hook", "task", "task_started",
    "task_progress", "task_updated", "task_notification", "command", "command_output", "auth_status",
    "prompt_suggestion", "memory_recall", "goal", "elicitation", "plugin_install", "files_persisted", "storage_error",
    "shutdown", "unknown", "background", "text", "thinking", "tool_use", "tool_result", "subagent", "replay",
    "synthetic", "success", "error", "error_max_turns", "error_during_execution", "error_max_budget",
    "error_max_structured_output_retries", "aborted", "blocked",
]  # fmt: skip

Effort = Literal["low", "medium", "high", "xhigh", "max"]
FailMode = Literal["closed", "open"]
#: In snake_case, or as the CLI spells it.
RuleDestination = Literal[
    "session", "local_settings", "project_settings", "user_settings", "cli_arg", "localSettings", "projectSettings",
    "userSettings", "cliArg",
]  # fmt: skip
ExportFormat = Literal["markdown", "html", "json"]
#: What a `Retry` tries again.
RetryCause = Literal["overloaded", "rate_limit", "server_error", "connection"]
RecordMode = Literal["none", "new", "once", "all"]
