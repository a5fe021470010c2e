"""
Every error of the package. Each pickles, carries its facts as attributes and says what to do next.

    AgentSDKError
    ├── ConfigurationError (ValueError, TypeError)   a wrong option, prompt or argument; no process was started
    ├── BusyError                                    one turn at a time
    │   └── SessionBusyError                         in one session or for one user, on all hosts
    ├── CLINotFoundError                             no CLI, with the places searched
    ├── ProcessError                                 the CLI ended, or could not be started
    ├── JSONDecodeError (ValueError)                 text that should have been JSON
    ├── ControlError                                 the CLI refused a control request
    │   └── ControlTimeoutError (TimeoutError)       the CLI did not answer one in time
    ├── AgentTimeoutError (TimeoutError)             `timeout` or `idle_timeout` passed
    ├── AbortError                                   `abort()` stopped the turn
    ├── SessionNotFoundError                         the session to resume does not exist
    ├── StoreError                                   a store of sessions failed
    ├── CassetteError                                a cassette is missing, damaged or of a newer format
    │   └── CassetteMismatchError (AssertionError)   the run is not the one that was recorded
    ├── HookError                                    a hook or permission callback gave no answer that can be sent
    ├── PermissionDeniedError                        a tool that had to run was refused
    └── ResultError                                  a bad result, by cause:
        ├── AuthenticationError                      no credentials, or refused ones
        ├── RateLimitError                           a usage limit is reached
        ├── OverloadedError                          the API is overloaded
        ├── InvalidRequestError                      the API refused the request
        ├── MaxTurnsError                            `max_turns` reached
        ├── MaxBudgetError                           `max_budget_usd` reached
        ├── StructuredOutputError                    no output that fits the schema
        └── ExecutionError                           anything else
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
    """Base of all errors of this package."""


class ConfigurationError(AgentSDKError, ValueError, TypeError):
    """An option, a prompt or an argument is wrong. Raised before any process starts."""


class BusyError(AgentSDKError):
    """Another turn is running in this client."""


class SessionBusyError(BusyError):
    """Another turn runs in this session, or for this user: in this process, another one, or on another host."""

    def __init__(
        self, message: str, *, session_id: str | None = None, user: str | None = None, waited: float = 0.0
    ) -> None:
        super().__init__(message)
        #: The session, where that is what was waited for.
        self.session_id = session_id
        #: The user, where that is what was waited for.
        self.user = user
        #: Seconds.
        self.waited = waited


class CLINotFoundError(AgentSDKError):
    """The `claude` program was not found, or cannot be run."""

    def __init__(self, message: str, *, searched: Sequence[str] = ()) -> None:
        super().__init__(message)
        #: The places that were searched, in order.
        self.searched = list(searched)


class ProcessError(AgentSDKError):
    """The CLI ended without a result, or could not be started."""

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
        #: The exit code; negative or *None* when a signal ended it or it never ran.
        self.exit_code = exit_code
        #: The last 64 KiB that the CLI wrote to its standard error.
        self.stderr = stderr
        #: The command line, secrets masked.
        self.argv = list(argv)
        self.cwd = cwd
        self.session_id = session_id
        #: What the run had said until then.
        self.messages = list(messages)

    @property
    def signal(self) -> str | None:
        """Name of the signal that ended the CLI, such as `SIGKILL`, or *None*."""
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
    """Text that should have been JSON is not."""

    def __init__(self, message: str, *, line: str = "") -> None:
        super().__init__(message)
        #: The text, at most its first 200 characters.
        self.line = line[:200]


class ControlError(AgentSDKError):
    """The CLI answered a control request with an error."""

    def __init__(self, message: str, *, subtype: str = "", error_code: str | None = None) -> None:
        super().__init__(message)
        #: The request's verb, such as `set_model`.
        self.subtype = subtype
        #: The CLI's code for the error, when it gives one.
        self.error_code = error_code


class ControlTimeoutError(ControlError, TimeoutError):
    """The CLI did not answer a control request in time."""


class AgentTimeoutError(AgentSDKError, TimeoutError):
    """A query took longer than `timeout`, or was silent for longer than `idle_timeout`."""

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
        #: Seconds since the query began.
        self.elapsed = elapsed
        self.last_message = last_message
        self.messages = list(messages)


class AbortError(AgentSDKError):
    """The turn was stopped by `abort()`. Its session goes on with the next query."""

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
        #: The result that the CLI sent for the stopped turn, if it did.
        self.result = result
        self.messages = list(messages)


class SessionNotFoundError(AgentSDKError):
    """The session to resume does not exist where it was looked for."""

    def __init__(
        self, message: str, *, session_id: str = "", directory: str | None = None, found: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.session_id = session_id
        #: The working directory that was tried.
        self.directory = directory
        #: Transcripts of that id found on this machine, as paths.
        self.found = list(found)


class StoreError(AgentSDKError):
    """A store of sessions failed: it cannot be reached, is full, locked or damaged."""

    def __init__(self, message: str, *, store: str = "", operation: str = "", timed_out: bool = False) -> None:
        super().__init__(message)
        #: The store's class, such as `SQLiteStore`.
        self.store = store
        #: What it was to do, such as `append`.
        self.operation = operation
        #: Whether it gave no answer in time, rather than a bad one.
        self.timed_out = timed_out


class CassetteError(AgentSDKError):
    """A cassette of `agent_sdk.testing` is missing, damaged, or of a newer format."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        #: The file.
        self.path = path


class CassetteMismatchError(CassetteError, AssertionError):
    """A run differs from the one that was recorded; the message shows how."""

    def __init__(self, message: str, *, path: str = "", recorded: Any = None, actual: Any = None) -> None:
        super().__init__(message, path=path)
        #: The nearest recorded thing, and what came in its place.
        self.recorded = recorded
        self.actual = actual


class HookError(AgentSDKError):
    """A hook or a permission callback returned what has no meaning there, or did not answer in time."""

    def __init__(self, message: str, *, event: str = "", handler: str = "") -> None:
        super().__init__(message)
        #: The event in snake_case, such as `pre_tool_use`; `can_use_tool` for a permission callback.
        self.event = event
        #: The name of the function.
        self.handler = handler


class PermissionDeniedError(AgentSDKError):
    """A tool that had to run was refused."""

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
        #: What the tool was to run with.
        self.tool_input = dict(tool_input or {})
        #: All refusals of the turn, as in `ResultMessage.permission_denials`.
        self.denials = list(denials)


class ResultError(AgentSDKError):
    """A result that is an error; `result` is the message."""

    def __init__(self, message: str, *, result: ResultMessage = None) -> None:  # type: ignore[assignment]
        super().__init__(message)
        #: *None* only where no run was started, as by `query_many` with nothing left to spend.
        self.result = result


class AuthenticationError(ResultError):
    """No credentials were found, or the API refused them."""


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
        #: When the limit resets, in seconds since the epoch, when the CLI says so.
        self.resets_at = resets_at


class OverloadedError(ResultError):
    """The API is overloaded; try again later."""


class InvalidRequestError(ResultError):
    """The API refused the request."""


class CallbackWarning(UserWarning):
    """A hook, a permission callback or a tool raised in a turn; the errors are in `result.callback_errors`."""


class StoreWarning(UserWarning):
    """A store of sessions failed when no message could tell: after the result of a turn."""


class ShadowedCallbackWarning(UserWarning):
    """`can_use_tool` is never asked for a tool: a rule or the permission mode allows it already."""


class UnknownToolWarning(UserWarning):
    """A rule or the pattern of a hook names no tool of the CLI, but nearly one: it would fit nothing."""


class MaxTurnsError(ResultError):
    """The run reached `max_turns`."""


class MaxBudgetError(ResultError):
    """The run reached `max_budget_usd`."""


class StructuredOutputError(ResultError):
    """The model gave no output that fits the schema."""


class ExecutionError(ResultError):
    """The run failed for a reason that has no class of its own."""
