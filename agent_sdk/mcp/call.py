"""
One tool call by the model: runs the tool and builds the response.
"""
from __future__ import annotations

from typing import Any

from .._core import log
from .._core.callbacks import Deadline
from . import results
from .context import ToolContext
from .tool import ArgumentsError, Tool

RPCMessage = dict[str, Any]
#: The pending and running calls of one server on one connection, by request id.
Calls = dict[Any, "ToolCall"]


class ToolCall:
    """One tool call by the model. Run it once, in any thread."""

    __slots__ = ("_calls", "_context", "error", "id", "params", "server_name", "tool")

    def __init__(self, tool: Tool[..., Any], id: Any, params: RPCMessage, server_name: str, calls: Calls) -> None:
        self.tool = tool
        #: The id of the request.
        self.id = id
        #: The parameters of the request: `name`, `arguments`, `_meta`.
        self.params = params
        self.server_name = server_name
        #: The exception of the handler, or of encoding its result. The model receives it as a tool error.
        self.error: Exception | None = None
        self._context: ToolContext | None = None
        self._calls = calls

    @property
    def tool_use_id(self) -> str | None:
        """The id of the model's tool use, if the CLI sent one."""
        meta = self.params.get("_meta")
        found = meta.get("claudecode/toolUseId") if isinstance(meta, dict) else None
        return found if isinstance(found, str) else None

    @property
    def context(self) -> ToolContext:
        """The context that the tool receives."""
        if self._context is None:
            self._context = ToolContext(
                tool_use_id=self.tool_use_id, server_name=self.server_name, tool_name=self.tool.name, raw=self.params
            )
        return self._context

    def discard(self) -> None:
        """Remove the call without running it."""
        self._calls.pop(self.id, None)

    def cancel(self) -> None:
        """Mark the call as cancelled: its response is no longer needed. A tool can check this in its context."""
        self.context.cancelled = True

    @property
    def is_cancelled(self) -> bool:
        """True when the CLI has cancelled this call."""
        return self._context is not None and self._context.cancelled

    def run(self, deadline: Deadline | None = None) -> RPCMessage:
        """
        Run the tool and return the response.

        Args:
            deadline: The time at which the call is cancelled.

        An exception of the tool is sent to the model as a tool error and kept in `error`. `KeyboardInterrupt` and
        `SystemExit` propagate. A cancelled call does not run.
        """
        if deadline is not None:
            self.context.expire_at(deadline)
        try:
            result = results.failure("cancelled before it ran") if self.is_cancelled else self._result()
        finally:
            self.discard()
        return {"jsonrpc": "2.0", "id": self.id, "result": result}

    def _result(self) -> RPCMessage:
        arguments = self.params.get("arguments")
        try:
            value = self.tool.call(arguments, self.context if self.tool.wants_context else None)
        except ArgumentsError as error:
            # The model's mistake, not the tool's: the model reads the problems and retries.
            return results.failure(str(error))
        except Exception as error:
            return self._error_result(error, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        try:
            return results.encode(value)
        except Exception as error:
            # Encoding may run the user's code, which can raise anything; the CLI needs a response in any case.
            return self._error_result(error, f"the tool ran, but its return value cannot be sent: {error}")

    def _error_result(self, error: Exception, text: str) -> RPCMessage:
        self.error = error
        log.debug("mcp", "the tool %s failed: %s", self.tool.name, type(error).__name__)
        return results.failure(text)

    def __repr__(self) -> str:
        return f"<ToolCall {self.tool.name} {self.tool_use_id or self.id}{' cancelled' if self.is_cancelled else ''}>"
