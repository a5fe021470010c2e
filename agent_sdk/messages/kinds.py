"""
The questions that every message answers: `message.is_result`, `message.is_tool_use`.

Most ask for a kind of the message's class; those that depend on a message's content say no here, and the class that
knows better overrides them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

if TYPE_CHECKING:
    from typing_extensions import Never

    class Kind:
        """What type checkers see of a predicate: a `bool` that cannot be set."""

        def __get__(self, message: object, owner: object = None) -> bool: ...

        def __set__(self, message: object, value: Never) -> None: ...


def kind(name: str, doc: str) -> Kind:
    """Declare a predicate, with its docstring: true for messages of the kind *name*."""
    def has_kind(message: Predicates) -> bool:
        return name in message.kinds

    # A plain property, which the interpreter calls faster than any descriptor of ours.
    return cast("Kind", property(has_kind, doc=doc))


class Predicates:
    """The predicates of a message. Each is false where it does not apply."""

    __slots__ = ()

    #: What a message of this class is: its type, its subtype and its families. Filled by `message_type`.
    kinds: ClassVar[frozenset[str]] = frozenset()

    is_user = kind("user", "A user message: a tool result, a replayed prompt, or one the CLI made.")
    is_assistant = kind("assistant", "A finished content block of the model's reply.")
    is_result = kind("result", "The message that ends a turn.")
    is_stream_event = kind("stream_event", "A piece of a reply, sent while it is written.")
    is_partial = kind("stream_event", "The same as `is_stream_event`.")
    is_system = kind("system", "A message of the CLI itself, of any subtype.")
    is_init = kind("init", "The start of a turn: session, model, tools.")
    is_compact_boundary = kind("compact_boundary", "The conversation was compacted here.")
    is_status = kind("status", "The CLI's status or its permission mode changed.")
    is_session_state = kind("session_state_changed", "The CLI became idle, running or in need of an answer.")
    is_session_title = kind("session_title_changed", "The session got a title.")
    is_conversation_reset = kind("conversation_reset", "The conversation starts anew, under a new session id.")
    is_retry = kind("api_retry", "A failed API request is about to be tried again.")
    is_rate_limit = kind("rate_limit_event", "The state of a usage limit changed.")
    is_fallback = kind("fallback", "Another model answers, or could not, in place of the one asked for.")
    is_permission_denied = kind("permission_denied", "A tool use was refused without asking.")
    is_notification = kind("notification", "A notice for the person: `notification` or `informational`.")
    is_progress = kind("progress", "A sign of life: of a tool, a task, a hook, a control request, thinking.")
    is_tool_progress = kind("tool_progress", "A tool is still running.")
    is_tool_use_summary = kind("tool_use_summary", "A summary of tool uses.")
    is_thinking_tokens = kind("thinking_tokens", "An estimate of how much the model has thought.")
    is_hook = kind("hook", "A shell hook started, wrote something or ended.")
    is_task = kind("task", "A background task: a subagent, a shell, a workflow; or the list of them.")
    is_task_started = kind("task_started", "A task started.")
    is_task_progress = kind("task_progress", "A task moved on.")
    is_task_updated = kind("task_updated", "Fields of a task changed.")
    is_task_notification = kind("task_notification", "A task ended.")
    is_command = kind("command", "The list of slash commands changed, or a message of ours moved in the CLI's queue.")
    is_command_output = kind("local_command_output", "The output of a local slash command.")
    is_auth_status = kind("auth_status", "A sign-in is going on, or ended.")
    is_prompt_suggestion = kind("prompt_suggestion", "A proposal for the next prompt.")
    is_memory_recall = kind("memory_recall", "Memories were brought into the conversation.")
    is_goal = kind("active_goal", "The goal the session works towards changed.")
    is_elicitation = kind("elicitation_complete", "A question of an MCP server was dealt with.")
    is_plugin_install = kind("plugin_install", "A plugin is being installed.")
    is_files_persisted = kind("files_persisted", "Files were stored outside the session.")
    is_storage_error = kind(
        "storage_error", "Part of the session could not be stored: `mirror_error` or `session_writes_lost`."
    )
    is_shutdown = kind("worker_shutting_down", "The worker that runs the session is about to end.")

    @property
    def is_unknown(self) -> bool:
        """A type or subtype that this version does not know, or a frame that did not fit its class."""
        return "unknown" in self.kinds

    @property
    def is_background(self) -> bool:
        """The CLI did this by itself, between two turns."""
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
        """A user message that carries what a tool gave back."""
        return False

    @property
    def is_subagent(self) -> bool:
        """A message of an agent that the model started."""
        return False

    @property
    def is_replay(self) -> bool:
        """A user message repeated by the CLI, not sent anew."""
        return False

    @property
    def is_synthetic(self) -> bool:
        """A user message that the CLI made up."""
        return False

    @property
    def is_success(self) -> bool:
        """A result that is good: its subtype says success, and `is_error` on the wire does not deny it."""
        return False

    @property
    def is_error(self) -> bool:
        """A result that is an error, of whatever kind."""
        return False

    @property
    def is_error_max_turns(self) -> bool:
        """A result: `max_turns` was reached."""
        return False

    @property
    def is_error_during_execution(self) -> bool:
        """A result: the run broke, or was interrupted."""
        return False

    @property
    def is_error_max_budget(self) -> bool:
        """A result: `max_budget_usd` was reached."""
        return False

    @property
    def is_error_max_structured_output_retries(self) -> bool:
        """A result: the model gave no output that fits the schema."""
        return False

    @property
    def is_aborted(self) -> bool:
        """A result of a turn that was interrupted."""
        return False

    @property
    def is_blocked(self) -> bool:
        """A result of a prompt that a hook kept from the model."""
        return False


def predicates() -> list[str]:
    """The names of all predicates, without their `is_`: `assistant`, `tool_use`, `result`, ..."""
    return [name[3:] for name in vars(Predicates) if name.startswith("is_")]
