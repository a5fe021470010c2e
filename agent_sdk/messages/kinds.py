"""
The predicates of messages: `message.is_result`, `message.is_tool_use`.

Most test a kind of the message's class. Predicates that depend on the content of a message return False in
`Predicates`, and the message classes override them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

if TYPE_CHECKING:
    from typing_extensions import Never

    class Kind:
        """The type of a predicate for type checkers: a read-only `bool`."""

        def __get__(self, message: object, owner: object = None) -> bool: ...

        def __set__(self, message: object, value: Never) -> None: ...


def kind(name: str, doc: str) -> Kind:
    """Declare a predicate that is true for messages of the kind *name*, with its docstring."""
    def has_kind(message: Predicates) -> bool:
        return name in message.kinds

    # The interpreter calls a plain property faster than a custom descriptor.
    return cast("Kind", property(has_kind, doc=doc))


class Predicates:
    """The predicates of a message. A predicate is false for classes that it does not apply to."""

    __slots__ = ()

    #: The kinds of the class: its type, its subtype and further kinds. Filled by `message_type`.
    kinds: ClassVar[frozenset[str]] = frozenset()

    is_user = kind("user", "A user message: a tool result, a replayed prompt, or a prompt that the CLI created.")
    is_assistant = kind("assistant", "A finished content block of the model's reply.")
    is_result = kind("result", "The message that ends a turn.")
    is_stream_event = kind("stream_event", "A partial piece of a reply, sent while the model produces it.")
    is_partial = kind("stream_event", "The same as `is_stream_event`.")
    is_system = kind("system", "A message from the CLI itself, of any subtype.")
    is_init = kind("init", "The start of a turn: session, model, tools.")
    is_compact_boundary = kind("compact_boundary", "The CLI compacted the conversation at this point.")
    is_status = kind("status", "The CLI's status or its permission mode changed.")
    is_session_state = kind("session_state_changed", "The CLI became idle or running, or requires an action.")
    is_session_title = kind("session_title_changed", "The session got a title.")
    is_conversation_reset = kind("conversation_reset", "The conversation was reset and has a new session id.")
    is_retry = kind("api_retry", "An API request failed and the CLI will retry it.")
    is_rate_limit = kind("rate_limit_event", "The state of a usage limit changed.")
    is_fallback = kind("fallback", "The requested model was replaced by another model, or no fallback was available.")
    is_permission_denied = kind("permission_denied", "A tool use was denied without a permission request.")
    is_notification = kind("notification", "A notice for the user: `notification` or `informational`.")
    is_progress = kind("progress", "Progress of a tool, a task, a hook, a control request or thinking.")
    is_tool_progress = kind("tool_progress", "A tool is still running.")
    is_tool_use_summary = kind("tool_use_summary", "A summary of tool uses.")
    is_thinking_tokens = kind("thinking_tokens", "An estimate of the thinking tokens used so far.")
    is_hook = kind("hook", "A shell hook started, wrote output or ended.")
    is_task = kind("task", "A message about a background task (subagent, shell, workflow), or the list of all tasks.")
    is_task_started = kind("task_started", "A task started.")
    is_task_progress = kind("task_progress", "A task made progress.")
    is_task_updated = kind("task_updated", "Fields of a task changed.")
    is_task_notification = kind("task_notification", "A task ended.")
    is_command = kind("command", "The list of slash commands changed, or the state of a queued user message changed.")
    is_command_output = kind("local_command_output", "The output of a local slash command.")
    is_auth_status = kind("auth_status", "A sign-in is in progress, or ended.")
    is_prompt_suggestion = kind("prompt_suggestion", "A suggestion for the next prompt.")
    is_memory_recall = kind("memory_recall", "The CLI added memories to the conversation.")
    is_goal = kind("active_goal", "The goal of the session changed.")
    is_elicitation = kind("elicitation_complete", "An elicitation of an MCP server was completed.")
    is_plugin_install = kind("plugin_install", "A plugin is being installed.")
    is_files_persisted = kind("files_persisted", "The CLI stored files outside the session.")
    is_storage_error = kind(
        "storage_error", "Part of the session could not be stored: `mirror_error` or `session_writes_lost`."
    )
    is_shutdown = kind("worker_shutting_down", "The worker that runs the session is about to end.")

    @property
    def is_unknown(self) -> bool:
        """The type or subtype is unknown, or the frame did not fit its class."""
        return "unknown" in self.kinds

    @property
    def is_background(self) -> bool:
        """The CLI sent this message on its own, between two turns."""
        return False

    @property
    def is_text(self) -> bool:
        """An assistant message with text."""
        return False

    @property
    def is_thinking(self) -> bool:
        """An assistant message with thinking."""
        return False

    @property
    def is_tool_use(self) -> bool:
        """An assistant message in which the model uses a tool."""
        return False

    @property
    def is_tool_result(self) -> bool:
        """A user message with a tool result."""
        return False

    @property
    def is_subagent(self) -> bool:
        """A message of an agent that the model started."""
        return False

    @property
    def is_replay(self) -> bool:
        """A user message that the CLI repeated."""
        return False

    @property
    def is_synthetic(self) -> bool:
        """A user message that the CLI created."""
        return False

    @property
    def is_success(self) -> bool:
        """A successful result: its subtype is `success` and `is_error` on the wire is false."""
        return False

    @property
    def is_error(self) -> bool:
        """A result with an error of any kind."""
        return False

    @property
    def is_error_max_turns(self) -> bool:
        """A result of a turn that reached `max_turns`."""
        return False

    @property
    def is_error_during_execution(self) -> bool:
        """A result of a turn that failed or was interrupted."""
        return False

    @property
    def is_error_max_budget(self) -> bool:
        """A result of a turn that reached `max_budget_usd`."""
        return False

    @property
    def is_error_max_structured_output_retries(self) -> bool:
        """A result of a turn in which the model returned no output that matches the schema."""
        return False

    @property
    def is_aborted(self) -> bool:
        """A result of a turn that was interrupted."""
        return False

    @property
    def is_blocked(self) -> bool:
        """A result of a prompt that a hook blocked."""
        return False


def predicates() -> list[str]:
    """Return the names of all predicates without the prefix `is_`: `assistant`, `tool_use`, `result`, ..."""
    return [name[3:] for name in vars(Predicates) if name.startswith("is_")]
