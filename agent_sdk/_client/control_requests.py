"""
The control requests of a client to its process: one method per request.

Every method works between turns (starting a process if needed), inside a callback, and from another thread.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..errors import AgentSDKError, ConfigurationError, ControlError
from .conversation import Conversation

if TYPE_CHECKING:
    from .._core.literals import PermissionMode
    from ..messages import (
        AccountInfo,
        AgentInfo,
        ContextReport,
        McpServersChange,
        McpServerStatus,
        ModelInfo,
        RewindReport,
        SlashCommand,
    )


class ControlRequests:
    """The control requests of a `Client`."""

    _conversation: Conversation

    def __init__(self, conversation: Conversation) -> None:
        self.__dict__["_conversation"] = conversation  # not through `Client.__setattr__`

    def control(self, subtype: str, **fields: Any) -> dict[str, Any]:
        """
        Send a control request to the CLI and return its response.

        Raises:
            ControlError: The CLI rejected the request, or does not support it.
        """
        try:
            return self._conversation.connect().request(subtype, fields)
        except (TypeError, ValueError) as error:
            if isinstance(error, AgentSDKError):
                raise
            raise ConfigurationError(f"{subtype}: {error}") from error

    # --- the turn, the model, the mode

    def interrupt(self) -> dict[str, Any]:
        """
        Interrupt the running turn: its call returns an aborted result. Returns the CLI's response; empty if no process
        is running.
        """
        return self.control("interrupt") if self._conversation.process.is_running else {}

    def set_model(self, model: str | None = None) -> None:
        """Switch to another model from the next model call; *None* restores the default."""
        self._set_live("model", model)

    def set_permission_mode(self, mode: PermissionMode) -> None:
        """Set the permission mode. Accepts the names of the option *permission_mode*."""
        self._set_live("permission_mode", mode)

    def set_max_thinking_tokens(self, tokens: int | None) -> None:
        """Set the thinking budget in tokens; 0 disables thinking, *None* restores the default."""
        self._set_live("max_thinking_tokens", tokens)

    def _set_live(self, name: str, value: Any) -> None:
        options = self._conversation.options.evolve(**{name: value})
        self._conversation.connect()
        self._conversation.process.set_live(name, getattr(options, name))
        self._conversation.options = options

    # --- MCP servers

    def mcp_status(self) -> list[McpServerStatus]:
        """Return the status of the MCP servers."""
        from .._converter import structure
        from ..messages import McpServerStatus

        rows = self.control("mcp_status").get("mcpServers")
        return [structure(row, McpServerStatus) for row in rows or ()]

    def reconnect_mcp_server(self, name: str) -> None:
        """Reconnect to an MCP server. Not supported for in-process tool servers."""
        self.control("mcp_reconnect", serverName=name)

    def toggle_mcp_server(self, name: str, enabled: bool) -> None:
        """Enable or disable an MCP server."""
        self.control("mcp_toggle", serverName=name, enabled=enabled)

    def set_mcp_servers(self, servers: Mapping[str, Any]) -> McpServersChange:
        """
        Replace the MCP servers of the session, in this process and the following ones.

        Args:
            servers: As for the option *mcp_servers*. Servers that are not listed are removed.

        Raises:
            ConfigurationError: A server name or definition is invalid.
        """
        from .._converter import structure
        from ..messages import McpServersChange

        options = self._conversation.options.evolve(mcp_servers=servers)
        connection = self._conversation.connect()
        wire = connection.callbacks.replace_servers(options)
        answer = connection.request("mcp_set_servers", {"servers": wire})
        self._conversation.options = options
        self._conversation.process.record("mcp_servers", servers)
        return structure(answer, McpServersChange)

    # --- the session

    def context_usage(self, detail: Literal["full", "summary"] = "full") -> ContextReport:
        """
        Return the contents of the context window by category.

        Args:
            detail: `"full"` takes about a second, `"summary"` a few milliseconds.
        """
        from .._converter import structure
        from ..messages import ContextReport

        return structure(self.control("get_context_usage", detail=detail), ContextReport)

    def rewind_files(self, message_uuid: str, dry_run: bool = False) -> RewindReport:
        """
        Restore files to their state when a prompt was sent. Requires the option *enable_file_checkpointing*.

        Args:
            message_uuid: Uuid of the prompt, from `result.user_message_uuids`.
            dry_run: Only report the files that would change.

        Returns:
            The files that changed or would change.

        Raises:
            ControlError: No checkpoint exists for the message. The CLI reports success in this case.
        """
        from .._converter import structure
        from ..messages import RewindReport

        answer = self._rewind(message_uuid, True)  # the CLI lists the changes only in a dry run
        if not dry_run:
            answer = {**answer, **self._rewind(message_uuid, False)}
        return structure(answer, RewindReport)

    def _rewind(self, message_uuid: str, dry_run: bool) -> dict[str, Any]:
        answer = self.control("rewind_files", user_message_id=message_uuid, dry_run=dry_run)
        if not answer.get("canRewind"):
            text = f"rewind_files({message_uuid!r}): {answer.get('error') or 'not possible'}"
            raise ControlError(text, subtype="rewind_files")
        return answer

    def stop_task(self, task_id: str) -> None:
        """
        Stop a background task.

        Raises:
            ControlError: No such task is running. The CLI reports success in this case.
        """
        self._conversation.connect()
        if task_id not in self._conversation.process.activity.tasks:
            alive = ", ".join(self._conversation.process.activity.tasks) or "none"
            raise ControlError(f"stop_task: no running task {task_id!r} (running: {alive})", subtype="stop_task")
        self.control("stop_task", task_id=task_id)

    # # --- the response to the handshake

    def supported_commands(self) -> list[SlashCommand]:
        """Return the slash commands of this session."""
        from ..messages import SlashCommand

        return self._listed("commands", SlashCommand)

    def supported_models(self) -> list[ModelInfo]:
        """Return the available models."""
        from ..messages import ModelInfo

        return self._listed("models", ModelInfo)

    def supported_agents(self) -> list[AgentInfo]:
        """Return the agents that the model can start."""
        from ..messages import AgentInfo

        return self._listed("agents", AgentInfo)

    def account_info(self) -> AccountInfo:
        """Return the account: source of the API key, plan and provider."""
        from .._converter import structure
        from ..messages import AccountInfo

        self._conversation.connect()
        return structure(self._conversation.process.info.raw.get("account") or {}, AccountInfo)

    def _listed(self, name: str, kind: type[Any]) -> list[Any]:
        from .._converter import structure

        self._conversation.connect()
        return [structure(row, kind) for row in self._conversation.process.info.rows(name)]
