"""
All errors of the package. They can be pickled, have their details as attributes, and include a remedy in the message.

    AgentSDKError
    ├── ConfigurationError (ValueError, TypeError)   an invalid option, prompt or argument; no process was started
    ├── BusyError                                    another turn is running in the client
    │   └── SessionBusyError                         another turn is running in the session or for the user
    ├── CLINotFoundError                             the CLI was not found
    ├── ProcessError                                 the CLI exited, or failed to start
    ├── JSONDecodeError (ValueError)                 invalid JSON
    ├── ControlError                                 the CLI rejected a control request
    │   └── ControlTimeoutError (TimeoutError)       a control request timed out
    ├── AgentTimeoutError (TimeoutError)             `timeout` or `idle_timeout` expired
    ├── AbortError                                   `abort()` stopped the turn
    ├── SessionNotFoundError                         the session to resume does not exist
    ├── StoreError                                   a session store failed
    ├── CassetteError                                a cassette is missing, damaged or has a newer format
    │   └── CassetteMismatchError (AssertionError)   the run differs from the recorded run
    ├── HookError                                    a callback returned an invalid value or timed out
    ├── PermissionDeniedError                        a required tool was denied
    └── ResultError                                  the turn failed, by cause:
        ├── AuthenticationError                      missing or rejected credentials
        ├── RateLimitError                           a usage limit is reached
        ├── OverloadedError                          the API is overloaded
        ├── InvalidRequestError                      the API rejected the request
        ├── MaxTurnsError                            the run reached `max_turns`
        ├── MaxBudgetError                           the run reached `max_budget_usd`
        ├── StructuredOutputError                    no output matched the schema
        └── ExecutionError                           any other cause
"""
from __future__ import annotations

import signal as _signal
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # The one import upwards, for type checkers alone: an error has the messages of its turn.
    from .messages.base import Message
    from .messages.results import ResultMessage


class AgentSDKError(Exception):
    """Base class of all errors of this package."""


class ConfigurationError(AgentSDKError, ValueError, TypeError):
    """An option, a prompt or an argument is invalid. Raised before a process starts."""


class BusyError(AgentSDKError):
    """Another turn is running in this client."""


class SessionBusyError(BusyError):
    """Another turn is running in this session or for this user, in any process on any host."""

    def __init__(
        self, message: str, *, session_id: str | None = None, user: str | None = None, waited: float = 0.0
    ) -> None:
        super().__init__(message)
        #: The busy session, or *None* when the user is busy.
        self.session_id = session_id
        #: The busy user, or *None* when the session is busy.
        self.user = user
        #: Seconds that the call waited.
        self.waited = waited


class CLINotFoundError(AgentSDKError):
    """The `claude` program was not found or cannot be executed."""

    def __init__(self, message: str, *, searched: Sequence[str] = ()) -> None:
        super().__init__(message)
        #: The searched locations, in order.
        self.searched = list(searched)


class ProcessError(AgentSDKError):
    """The CLI exited without a result, or failed to start."""

    def __init__(
        self,
        message: str,
        *,
        exit_code: int | None = None,
        stderr: str = "",
        argv: Sequence[str] = (),
        cwd: str | None = None,
        session_id: str | None = None,
        messages: Sequence[Message] = (),
    ) -> None:
        super().__init__(message)
        #: The exit code; negative when a signal ended the process, *None* when it never ran.
        self.exit_code = exit_code
        #: The last 64 KiB of the CLI's standard error.
        self.stderr = stderr
        #: The command line with secrets masked.
        self.argv = list(argv)
        self.cwd = cwd
        self.session_id = session_id
        #: The messages received before the error.
        self.messages = list(messages)

    @property
    def signal(self) -> str | None:
        """The name of the signal that ended the CLI, such as `SIGKILL`, or *None*."""
        if self.exit_code is None or self.exit_code >= 0:
            return None
        try:
            return _signal.Signals(-self.exit_code).name
        except ValueError:
            return str(-self.exit_code)

    def __str__(self) -> str:
        text = super().__str__()
        tail = self.stderr.rstrip().split("\n")[-20:]
        return text if tail == [""] else text + "\n" + "\n".join(tail)


class JSONDecodeError(AgentSDKError, ValueError):
    """A text is not valid JSON."""

    def __init__(self, message: str, *, line: str = "") -> None:
        super().__init__(message)
        #: The first 200 characters of the text.
        self.line = line[:200]


class ControlError(AgentSDKError):
    """The CLI responded to a control request with an error."""

    def __init__(self, message: str, *, subtype: str = "", error_code: str | None = None) -> None:
        super().__init__(message)
        #: The subtype of the request, such as `set_model`.
        self.subtype = subtype
        #: The error code of the CLI, if any.
        self.error_code = error_code


class ControlTimeoutError(ControlError, TimeoutError):
    """A control request timed out."""


class AgentTimeoutError(AgentSDKError, TimeoutError):
    """A query exceeded `timeout`, or received no message for `idle_timeout`."""

    def __init__(
        self,
        message: str,
        *,
        session_id: str | None = None,
        elapsed: float = 0.0,
        last_message: Message | None = None,
        messages: Sequence[Message] = (),
    ) -> None:
        super().__init__(message)
        self.session_id = session_id
        #: Seconds since the start of the query.
        self.elapsed = elapsed
        self.last_message = last_message
        self.messages = list(messages)


class AbortError(AgentSDKError):
    """`abort()` stopped the turn. The next query continues the session."""

    def __init__(
        self,
        message: str,
        *,
        session_id: str | None = None,
        result: ResultMessage | None = None,
        messages: Sequence[Message] = (),
    ) -> None:
        super().__init__(message)
        self.session_id = session_id
        #: The result of the stopped turn, or *None* when the CLI sent none.
        self.result = result
        self.messages = list(messages)


class SessionNotFoundError(AgentSDKError):
    """The session to resume was not found."""

    def __init__(
        self, message: str, *, session_id: str = "", directory: str | None = None, found: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.session_id = session_id
        #: The working directory whose sessions were searched.
        self.directory = directory
        #: Paths of transcripts with this id that exist elsewhere on this machine.
        self.found = list(found)


class StoreError(AgentSDKError):
    """A session store failed: it is unreachable, full, locked or damaged."""

    def __init__(self, message: str, *, store: str = "", operation: str = "", timed_out: bool = False) -> None:
        super().__init__(message)
        #: The class of the store, such as `SQLiteStore`.
        self.store = store
        #: The failed operation, such as `append`.
        self.operation = operation
        #: True when the operation timed out.
        self.timed_out = timed_out


class CassetteError(AgentSDKError):
    """A cassette of `agent_sdk.testing` is missing, damaged or has a newer format."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        #: The path of the cassette.
        self.path = path


class CassetteMismatchError(CassetteError, AssertionError):
    """A run differs from the recorded run. The message shows the difference."""

    def __init__(self, message: str, *, path: str = "", recorded: Any = None, actual: Any = None) -> None:
        super().__init__(message, path=path)
        #: The most similar recorded item, and the actual item.
        self.recorded = recorded
        self.actual = actual


class HookError(AgentSDKError):
    """A hook or a permission callback returned an unsupported value, or timed out."""

    def __init__(self, message: str, *, event: str = "", handler: str = "") -> None:
        super().__init__(message)
        #: The event in snake_case, such as `pre_tool_use`; `can_use_tool` for a permission callback.
        self.event = event
        #: The name of the function.
        self.handler = handler


class PermissionDeniedError(AgentSDKError):
    """A required tool was denied."""

    def __init__(
        self,
        message: str,
        *,
        tool_name: str = "",
        tool_input: Mapping[str, Any] | None = None,
        denials: Sequence[Any] = (),
    ) -> None:
        super().__init__(message)
        self.tool_name = tool_name
        #: The input of the denied tool use.
        self.tool_input = dict(tool_input or {})
        #: All denials of the turn, as in `ResultMessage.permission_denials`.
        self.denials = list(denials)


class ResultError(AgentSDKError):
    """The turn failed. `result` is the result message."""

    def __init__(self, message: str, *, result: ResultMessage = None) -> None:  # type: ignore[assignment]
        super().__init__(message)
        #: *None* only where no run was started, as by `query_many` with nothing left to spend.
        self.result = result


class AuthenticationError(ResultError):
    """No credentials were found, or the API rejected them."""


class RateLimitError(ResultError):
    """A usage limit is reached."""

    def __init__(
        self,
        message: str,
        *,
        result: ResultMessage = None,  # type: ignore[assignment]
        resets_at: float | None = None,
    ) -> None:
        super().__init__(message, result=result)
        #: Reset time of the limit in seconds since the epoch; *None* when the CLI sent none.
        self.resets_at = resets_at


class OverloadedError(ResultError):
    """The API is overloaded. Retry later."""


class InvalidRequestError(ResultError):
    """The API rejected the request."""


class CallbackWarning(UserWarning):
    """A hook, a permission callback or a tool raised during a turn. The errors are in `result.callback_errors`."""


class StoreWarning(UserWarning):
    """A session store failed after the result of a turn, when no message can report it."""


class ShadowedCallbackWarning(UserWarning):
    """`can_use_tool` is never called for a tool because a rule or the permission mode already allows it."""


class UnknownToolWarning(UserWarning):
    """A permission rule or hook pattern matches no tool of the CLI, but its name is similar to one."""


class MaxTurnsError(ResultError):
    """The run reached `max_turns`."""


class MaxBudgetError(ResultError):
    """The run reached `max_budget_usd`."""


class StructuredOutputError(ResultError):
    """The model returned no output that matches the schema."""


class ExecutionError(ResultError):
    """The run failed for a reason without a class of its own."""
