"""
The questions that every message answers: `message.is_result`, `message.is_tool_use`.

Most ask for a kind of the message's class; those that depend on a message's content say no here, and the class that
knows better overrides them.
"""
from __future__ import annotations

from typing import ClassVar


class Predicates:
    """The predicates of a message. Each is false where it does not apply."""

    __slots__ = ()

    #: What a message of this class is: its type, its subtype and its families. Filled by `message_type`.
    kinds: ClassVar[frozenset[str]] = frozenset()

    @property
    def is_user(self) -> bool:
        """A user message: a tool result, a replayed prompt, or one the CLI made."""
        return "user" in self.kinds

    @property
    def is_assistant(self) -> bool:
        """A finished content block of the model's reply."""
        return "assistant" in self.kinds

    @property
    def is_result(self) -> bool:
        """The message that ends a turn."""
        return "result" in self.kinds

    @property
    def is_stream_event(self) -> bool:
        """A piece of a reply, sent while it is written."""
        return "stream_event" in self.kinds

    @property
    def is_partial(self) -> bool:
        """The same as `is_stream_event`."""
        return "stream_event" in self.kinds

    @property
    def is_system(self) -> bool:
        """A message of the CLI itself, of any subtype."""
        return "system" in self.kinds

    @property
    def is_init(self) -> bool:
        """The start of a turn: session, model, tools."""
        return "init" in self.kinds

    @property
    def is_compact_boundary(self) -> bool:
        """The conversation was compacted here."""
        return "compact_boundary" in self.kinds

    @property
    def is_status(self) -> bool:
        """The CLI's status or its permission mode changed."""
        return "status" in self.kinds

    @property
    def is_session_state(self) -> bool:
        """The CLI became idle, running or in need of an answer."""
        return "session_state_changed" in self.kinds

    @property
    def is_session_title(self) -> bool:
        """The session got a title."""
        return "session_title_changed" in self.kinds

    @property
    def is_conversation_reset(self) -> bool:
        """The conversation starts anew, under a new session id."""
        return "conversation_reset" in self.kinds

    @property
    def is_retry(self) -> bool:
        """A failed API request is about to be tried again."""
        return "api_retry" in self.kinds

    @property
    def is_rate_limit(self) -> bool:
        """The state of a usage limit changed."""
        return "rate_limit_event" in self.kinds

    @property
    def is_fallback(self) -> bool:
        """Another model answers, or could not, in place of the one asked for."""
        return "fallback" in self.kinds

    @property
    def is_permission_denied(self) -> bool:
        """A tool use was refused without asking."""
        return "permission_denied" in self.kinds

    @property
    def is_notification(self) -> bool:
        """A notice for the person: `notification` or `informational`."""
        return "notification" in self.kinds

    @property
    def is_progress(self) -> bool:
        """A sign of life of something that runs: a tool, a task, a hook, a control request, thinking."""
        return "progress" in self.kinds

    @property
    def is_tool_progress(self) -> bool:
        """A tool is still running."""
        return "tool_progress" in self.kinds

    @property
    def is_tool_use_summary(self) -> bool:
        """A summary of tool uses."""
        return "tool_use_summary" in self.kinds

    @property
    def is_thinking_tokens(self) -> bool:
        """An estimate of how much the model has thought."""
        return "thinking_tokens" in self.kinds

    @property
    def is_hook(self) -> bool:
        """A shell hook started, wrote something or ended."""
        return "hook" in self.kinds

    @property
    def is_task(self) -> bool:
        """A background task: a subagent, a shell, a workflow; or the list of them."""
        return "task" in self.kinds

    @property
    def is_task_started(self) -> bool:
        """A task started."""
        return "task_started" in self.kinds

    @property
    def is_task_progress(self) -> bool:
        """A task moved on."""
        return "task_progress" in self.kinds

    @property
    def is_task_updated(self) -> bool:
        """Fields of a task changed."""
        return "task_updated" in self.kinds

    @property
    def is_task_notification(self) -> bool:
        """A task ended."""
        return "task_notification" in self.kinds

    @property
    def is_command(self) -> bool:
        """The list of slash commands changed, or a message sent by us moved in the CLI's queue."""
        return "command" in self.kinds

    @property
    def is_command_output(self) -> bool:
        """The output of a local slash command."""
        return "local_command_output" in self.kinds

    @property
    def is_auth_status(self) -> bool:
        """A sign-in is going on, or ended."""
        return "auth_status" in self.kinds

    @property
    def is_prompt_suggestion(self) -> bool:
        """A proposal for the next prompt."""
        return "prompt_suggestion" in self.kinds

    @property
    def is_memory_recall(self) -> bool:
        """Memories were brought into the conversation."""
        return "memory_recall" in self.kinds

    @property
    def is_goal(self) -> bool:
        """The goal the session works towards changed."""
        return "active_goal" in self.kinds

    @property
    def is_elicitation(self) -> bool:
        """A question of an MCP server was dealt with."""
        return "elicitation_complete" in self.kinds

    @property
    def is_plugin_install(self) -> bool:
        """A plugin is being installed."""
        return "plugin_install" in self.kinds

    @property
    def is_files_persisted(self) -> bool:
        """Files were stored outside the session."""
        return "files_persisted" in self.kinds

    @property
    def is_storage_error(self) -> bool:
        """Part of the session could not be stored: `mirror_error` or `session_writes_lost`."""
        return "storage_error" in self.kinds

    @property
    def is_shutdown(self) -> bool:
        """The worker that runs the session is about to end."""
        return "worker_shutting_down" in self.kinds

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
