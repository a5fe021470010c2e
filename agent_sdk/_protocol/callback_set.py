"""
The host: what the user gave one process to call back, and what became of it.

Handlers read it; the keeper makes one for each process from the options.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core.callbacks import Deadline
from ..options.options import Options
from .hook_timer import Watchdog

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..hooks.runner import HookSet
    from ..mcp.call import ToolCall
    from ..mcp.server import ToolServer
    from ..stores.mirror import Mirror

Frame = dict[str, Any]
#: Errors of callbacks that are kept for one result.
MAX_ERRORS = 100


class CallbackSet:
    """The callbacks of one process. All of it is *None* or empty where nothing was given."""

    def __init__(self, options: Options | None = None) -> None:
        self.hooks: HookSet | None = None
        self.can_use_tool: Callable[..., Any] | None = None
        self.on_elicitation: Callable[[Any], Any] | None = None
        self.servers: dict[str, ToolServer] = {}
        #: Servers outside of this process, as the CLI's configuration has them.
        self.outside: dict[str, Any] = {}
        #: A file of such servers, which the CLI reads itself.
        self.servers_file: str | None = None
        #: The calls under way, for each server.
        self.calls: dict[str, dict[Any, Any]] = {}
        #: Calls of tools that were read and not yet begun, by the id of their control request.
        self.pending_tool_calls: dict[str, ToolCall] = {}
        self.tool_workers = 1
        #: What the output is to become.
        self.output: Any = None
        #: What callbacks raised since the turn began.
        self.errors: list[Exception] = []
        self.watchdog = Watchdog()
        #: Tool uses that a PermissionRequest hook has settled.
        self.hook_decisions: list[tuple[str, Any]] = []
        #: Whether the turn is another attempt: its empty prompt is nobody's, and no hook is asked about it.
        self.is_retry = False
        #: When the turn's time is up: callbacks can know it.
        self.deadline: Deadline | None = None
        #: What hooks have answered to questions of MCP servers: what each was about, and the fields.
        self.hook_elicitations: list[tuple[Any, Any]] = []
        #: Copies transcripts to a session store.
        self.mirror: Mirror | None = None
        self._workers: Executor | None = None
        if options is not None:
            self._take(options)

    def _take(self, options: Options) -> None:
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
        """Take the servers of *options* in place of those here, and return them all as the CLI reads them."""
        from ..mcp.config import parse_servers

        servers = parse_servers(options.mcp_servers, options.custom_tools)
        for name in servers.inside:
            self.calls.setdefault(name, {})
        self.servers, self.outside = dict(servers.inside), dict(servers.outside)
        return {**self.outside, **{name: {"type": "sdk", "name": name} for name in self.servers}}

    def begin_turn(self, deadline: float | None) -> None:
        """Let callbacks know the deadline of the turn; *None* when it has none, and when it is over."""
        if self.deadline is not None:
            self.deadline.at = None  # what still runs for the turn before has all the time there is
        self.deadline = None if deadline is None else Deadline(deadline)

    def prepare(self) -> None:
        """Make what the first calls need, while the CLI starts."""
        if self.hooks is not None:
            self.hooks.prepare()
        if self.output is not None:
            from .._schema import structured_output

            structured_output.prepare(self.output)
        if self.can_use_tool is not None:
            from ..permissions import decisions  # noqa: F401  # loaded here, not at the first question
        for server in self.servers.values():
            server.prepare()

    def request(self) -> Frame:
        """Return the fields of the handshake that announce these callbacks."""
        fields: Frame = {"hooks": self.hooks.wire() if self.hooks is not None else None}
        if self.servers:
            fields["sdkMcpServers"] = list(self.servers)
            fields["sdkMcpServerManifests"] = {name: server.manifest() for name, server in self.servers.items()}
        return fields

    def add_error(self, error: Exception) -> None:
        """Keep what a callback raised, for the result."""
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)

    def cancel_calls(self) -> None:
        """Tell the tools that run, or are about to, that nobody waits any more."""
        for calls in list(self.calls.values()):
            for call in list(calls.values()):
                call.cancel()

    def take_errors(self) -> list[Exception]:
        """Return what was raised since the last time."""
        errors, self.errors = self.errors, []
        return errors

    def workers(self) -> Executor:
        """Return the threads that run tools, started when first needed."""
        if self._workers is None:
            from concurrent.futures import ThreadPoolExecutor

            self._workers = ThreadPoolExecutor(self.tool_workers, thread_name_prefix="agent_sdk-tool")
        return self._workers

    def close(self) -> None:
        """Let the threads of the tools end; a tool that still runs ends by itself."""
        if self._workers is not None:
            self._workers.shutdown(wait=False, cancel_futures=True)
            self._workers = None
