"""
One call of a tool by the model: from the request to the answer, whatever the tool does.
"""
from __future__ import annotations

from typing import Any

from .._core import log
from .._core.callbacks import Deadline
from . import results
from .context import ToolContext
from .tool import ArgumentsError, Tool

RPCMessage = dict[str, Any]
#: The calls of one server over one connection that are planned or running, by request id.
Calls = dict[Any, "ToolCall"]


class ToolCall:
    """One call of a tool by the model, to be run once, in any thread."""

    __slots__ = ("_calls", "_context", "error", "id", "params", "server_name", "tool")

    def __init__(self, tool: Tool[..., Any], id: Any, params: RPCMessage, server_name: str, calls: Calls) -> None:
        self.tool = tool
        #: The id of the request.
        self.id = id
        #: As they came: `name`, `arguments`, `_meta`.
        self.params = params
        self.server_name = server_name
        #: What the handler raised, or what kept its result from being sent; the model has read it already.
        self.error: Exception | None = None
        self._context: ToolContext | None = None
        self._calls = calls

    @property
    def tool_use_id(self) -> str | None:
        """The model's tool use, when the CLI names it."""
        meta = self.params.get("_meta")
        found = meta.get("claudecode/toolUseId") if isinstance(meta, dict) else None
        return found if isinstance(found, str) else None

    @property
    def context(self) -> ToolContext:
        """What the tool can know of this call."""
        if self._context is None:
            self._context = ToolContext(
                tool_use_id=self.tool_use_id, server_name=self.server_name, tool_name=self.tool.name, raw=self.params
            )
        return self._context

    def discard(self) -> None:
        """Leave it unrun: nobody waits for its answer."""
        self._calls.pop(self.id, None)

    def cancel(self) -> None:
        """Say that nobody waits for the answer any more: a tool that looks at its context ends early."""
        self.context.cancelled = True

    @property
    def is_cancelled(self) -> bool:
        """The CLI gave this call up."""
        return self._context is not None and self._context.cancelled

    def run(self, deadline: Deadline | None = None) -> RPCMessage:
        """
        Run the tool and return the answer.

        Args:
            deadline: When nobody will wait for it.

        An exception of the tool becomes its answer, for the model to read, and stays in `error`. Only what is no
        `Exception` (`KeyboardInterrupt`, `SystemExit`) leaves. A call that was cancelled before does not run.
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
            # The model's mistake and not the tool's: it reads what was wrong, and tries again.
            return results.failure(str(error))
        except Exception as error:
            return self._error_result(error, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        try:
            return results.encode(value)
        except Exception as error:
            # The value is the user's, and so may be the code that reads it: the CLI must get an answer all the same.
            return self._error_result(error, f"the tool ran, but what it returned cannot be sent: {error}")

    def _error_result(self, error: Exception, text: str) -> RPCMessage:
        self.error = error
        log.debug("mcp", "the tool %s failed: %s", self.tool.name, type(error).__name__)
        return results.failure(text)

    def __repr__(self) -> str:
        return f"<ToolCall {self.tool.name} {self.tool_use_id or self.id}{' cancelled' if self.is_cancelled else ''}>"
