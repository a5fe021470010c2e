"""
`CallbackSet`: the callbacks and tool servers of one process, and the exceptions that they raised.

Created for each process from its options; the handlers of control requests use it.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core.callbacks import Deadline
from .._core.json_lines import Frame
from ..options.options import Options
from .hook_timer import Watchdog

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..hooks.runner import HookSet
    from ..mcp.server import ToolServer
    from ..stores.mirror import Mirror

#: Maximum number of callback errors kept for one result.
MAX_ERRORS = 100


class CallbackSet:
    """The callbacks of one process; *None* or empty for options that are not set."""

    def __init__(self, options: Options | None = None) -> None:
        self.hooks: HookSet | None = None
        self.can_use_tool: Callable[..., Any] | None = None
        self.on_elicitation: Callable[[Any], Any] | None = None
        self.servers: dict[str, ToolServer] = {}
        #: MCP servers outside this process, in the CLI's configuration format.
        self.outside: dict[str, Any] = {}
        #: Path of a file that defines such servers; the CLI reads it.
        self.servers_file: str | None = None
        #: Running tool calls by server.
        self.calls: dict[str, dict[Any, Any]] = {}
        self.tool_workers = 1
        #: The type of the structured output.
        self.output: Any = None
        #: Exceptions that callbacks raised in the current turn.
        self.errors: list[Exception] = []
        self.watchdog = Watchdog()
        #: Tool uses decided by a PermissionRequest hook, newest last.
        self.hook_decisions: list[tuple[str, Any]] = []
        #: Whether the turn is a retry: its prompt is empty, so UserPromptSubmit hooks are not called.
        self.is_retry = False
        #: Deadline of the turn; callbacks can read it.
        self.deadline: Deadline | None = None
        #: Hook responses to elicitations: the key of each, and its content.
        self.hook_elicitations: list[tuple[Any, Any]] = []
        #: Copies transcripts to a session store.
        self.mirror: Mirror | None = None
        self._workers: Executor | None = None
        if options is not None:
            self._read_options(options)

    def _read_options(self, options: Options) -> None:
        self.can_use_tool = options.can_use_tool
        self.on_elicitation = options.on_elicitation
        self.tool_workers = options.tool_workers
        self.output = options.output
        if options.hooks:
            from ..hooks.runner import HookSet

            self.hooks = HookSet(options.hooks, options.hook_fail_mode, options.hook_logger)
        if options.mcp_servers is not None or options.custom_tools is not None:
            from ..mcp.config import parse_servers

            servers = parse_servers(options.mcp_servers, options.custom_tools)
            self.servers, self.outside = dict(servers.inside), dict(servers.outside)
            self.servers_file = servers.file
            self.calls = {name: {} for name in self.servers}
        if options.session_store is not None:
            from ..stores.mirror import Mirror

            is_eager = options.session_store_flush == "eager"
            self.mirror = Mirror(options.session_store, is_eager, options.load_timeout_ms)

    def replace_servers(self, options: Options) -> Frame:
        """Replace the servers with those of *options*, and return them in the CLI's format."""
        from ..mcp.config import parse_servers

        servers = parse_servers(options.mcp_servers, options.custom_tools)
        for name in servers.inside:
            self.calls.setdefault(name, {})
        self.servers, self.outside = dict(servers.inside), dict(servers.outside)
        return {**self.outside, **{name: {"type": "sdk", "name": name} for name in self.servers}}

    def begin_turn(self, deadline: float | None) -> None:
        """Set the deadline that callbacks can read; *None* for a turn without a deadline, and after the turn."""
        if self.deadline is not None:
            self.deadline.at = None  # a tool that outlives its turn has no deadline
        self.deadline = None if deadline is None else Deadline(deadline)

    def prepare(self) -> None:
        """Build what the first calls need while the CLI starts."""
        if self.hooks is not None:
            self.hooks.prepare()
        if self.output is not None:
            from .._schema import structured_output

            structured_output.prepare(self.output)
        if self.can_use_tool is not None:
            from ..permissions import decisions  # noqa: F401  # imported before the first request
        for server in self.servers.values():
            server.prepare()

    def request(self) -> Frame:
        """Return the fields of `initialize` that declare these callbacks."""
        fields: Frame = {"hooks": self.hooks.wire() if self.hooks is not None else None}
        if self.servers:
            fields["sdkMcpServers"] = list(self.servers)
            fields["sdkMcpServerManifests"] = {name: server.manifest() for name, server in self.servers.items()}
        return fields

    def add_error(self, error: Exception) -> None:
        """Store an exception of a callback for the result."""
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)

    def cancel_calls(self) -> None:
        """Cancel the running and planned tool calls."""
        for calls in list(self.calls.values()):
            for call in list(calls.values()):
                call.cancel()

    def take_errors(self) -> list[Exception]:
        """Return the exceptions since the last call, and clear the list."""
        errors, self.errors = self.errors, []
        return errors

    def workers(self) -> Executor:
        """Return the thread pool for tools; created on first use."""
        if self._workers is None:
            from concurrent.futures import ThreadPoolExecutor

            self._workers = ThreadPoolExecutor(self.tool_workers, thread_name_prefix="agent_sdk-tool")
        return self._workers

    def close(self) -> None:
        """Shut down the tool threads without interrupting running tools."""
        if self._workers is not None:
            self._workers.shutdown(wait=False, cancel_futures=True)
            self._workers = None
