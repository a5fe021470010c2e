"""
`Client`: a conversation over several calls, in one process.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._core.callbacks import check_callback
from .._core.checks import invalid
from ..errors import ConfigurationError
from ..options.options import NAMES, NOT_GIVEN, Options, given_output, options_of
from .callbacks import OnMessage, check_kind
from .control_requests import ControlRequests
from .conversation import Conversation
from .prompt import Prompt, content_of
from .stream import IdleStream, MessageStream

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .._core.literals import HookEvent, MessageKind
    from ..hooks.matchers import Pattern
    from ..messages import ResultMessage, Usage
    from ..options.typing import MatcherOptions, OptionMethods, OptionsWithoutOutput, OptionValues, OutputType, T
else:
    OptionMethods = object

R = TypeVar("R")
C = TypeVar("C", bound=OnMessage)
H = TypeVar("H", bound=Callable[..., object])


class Client(ControlRequests, OptionMethods):
    """
    A conversation with the CLI.

    The client keeps its process and its session between turns. Use it in a `with` block, or call `close`. A client runs
    one turn at a time. It can be created in one thread and used in another.

    Args:
        options: Base options; *overrides* are options by name and take precedence.

    Raises:
        ConfigurationError: The name or value of an option is invalid.
    """

    def __init__(self, options: Options | None = None, **overrides: Unpack[OptionValues]) -> None:
        super().__init__(Conversation(options_of(options, **overrides)))

    # --- state

    @property
    def session_id(self) -> str | None:
        """Id of the session, from the newest init or result message; *None* before the first one and after `close`."""
        return self._conversation.session_id

    @property
    def session_ids(self) -> list[str]:
        """All ids that the session of this client has had, oldest first."""
        return list(self._conversation.session_ids)

    @property
    def pid(self) -> int | None:
        """Process id of the CLI; *None* if no process is running."""
        connection = self._conversation.process.connection
        return connection.transport.pid if connection is not None and connection.is_usable else None

    @property
    def options(self) -> Options:
        """The options for the next turn."""
        return self._conversation.options

    @property
    def capabilities(self) -> dict[str, Any]:
        """The configured `tools`, `permission_mode`, `max_turns` and `model`."""
        asked = self.options
        return {
            "tools": list(asked.allowed_tools or asked.tools or ()),
            "permission_mode": asked.permission_mode,
            "max_turns": asked.max_turns,
            "model": asked.model,
        }

    @property
    def usage(self) -> Usage:
        """Tokens used by this client; each result counts once."""
        return self._conversation.usage.usage

    @property
    def total_cost_usd(self) -> float:
        """Cost of this client in US dollars; each result counts once."""
        return self._conversation.usage.cost

    # --- turns

    def query(
        self,
        prompt: Prompt,
        on_message: OnMessage | None = None,
        *,
        output: OutputType[T] = NOT_GIVEN,
        **overrides: Unpack[OptionsWithoutOutput],
    ) -> ResultMessage[T]:
        """
        Run one turn in this session and return its result, good or bad.

        Args:
            prompt: A string, or a list of strings and content blocks.
            on_message: Called for every message, in order, in the calling thread.
            output: As the option *output*: a type; `result.output` is an instance of it.
            overrides: Options for this call only. *resume* and *fork_session* switch the client's session permanently.

        Raises:
            AgentSDKError: See the tree in `agent_sdk.errors`. Exceptions of *on_message* propagate unchanged.
        """
        return self.stream(prompt, **given_output(output), **overrides).run(on_message)

    def stream(self, prompt: Prompt, **overrides: Unpack[OptionValues]) -> MessageStream:
        """Run one turn in this session and return an iterator of its messages."""
        return make_stream(self._conversation, prompt, self.options.evolve(**overrides))

    def abort(self) -> bool:
        """
        Abort the running turn without waiting. Allowed in any thread, callback or signal handler.

        Returns:
            Whether a turn was running. If so, its call raises `AbortError`, and no further callback runs for it.
        """
        return self._conversation.abort()

    def start(self) -> Client:
        """Start the process without a prompt, to reduce the latency of the first query."""
        self._conversation.connect()
        return self

    def wait_idle(self, timeout: float | None = None, on_message: OnMessage | None = None) -> bool:
        """
        Process messages of background work until the CLI is idle.

        The SDK reads no messages between turns; call this to receive the results of background tasks.

        Args:
            timeout: Maximum seconds to wait; *None* disables the limit.
            on_message: Called for each message, in order, in the calling thread.

        Returns:
            True if the CLI is idle, False if *timeout* passed first.

        Raises:
            BusyError: Another turn is running.
        """
        check_callback("on_message", on_message)
        if not self._conversation.process.is_running:
            return True
        stream = IdleStream(self._conversation, timeout)
        with stream:
            for message in stream:
                if on_message is not None:
                    on_message(message)
        return stream.is_idle

    def close(self) -> None:
        """
        End the process and the session; the next query starts a new session.

        Aborts a running turn first. The call is bounded in time; closing a closed client has no effect.
        """
        self._conversation.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- sessions

    def fork(self) -> Client:
        """Return a client whose first query forks this session."""
        if self.session_id is None:
            raise ConfigurationError("fork: this client has no session yet; run a query first")
        return Client(self.options, resume=self.session_id, fork_session=True)

    def resume(self, session_id: str) -> Client:
        """
        Resume another session in the next query.

        Raises:
            ConfigurationError: *session_id* is *None*; call `close` to start a new session.
        """
        if session_id is None:
            raise invalid("session_id", session_id, "expected a session id; call close() to start a new session")
        self._conversation.switch_session(self.options.evolve(resume=session_id))
        return self

    # --- callbacks

    @overload
    def on(self, kind: MessageKind, callback: C) -> C: ...

    @overload
    def on(self, kind: MessageKind, callback: None = None) -> Callable[[C], C]: ...

    def on(self, kind: MessageKind, callback: Any = None) -> Any:
        """
        Register *callback* for every message of a kind, in all turns of this client.

        Args:
            kind: Name of a predicate without `is_`: `"init"`, `"text"`, `"tool_use"`, `"result"` ...
            callback: A function of one message; if omitted, a decorator is returned.

        Raises:
            ConfigurationError: *kind* is unknown.
        """
        check_kind(kind)
        if callback is None:
            return lambda function: self.on(kind, function)
        self._conversation.callbacks.add(kind, callback)
        return callback

    def hook(
        self, event: HookEvent, pattern: Pattern = None, *, matcher: Pattern = None, **how: Unpack[MatcherOptions]
    ) -> Callable[[H], H]:
        """
        Register the decorated function as a hook, starting with the next turn: `@client.hook("pre_tool_use", "Bash")`.

        Args:
            event: Name of the event, such as `"pre_tool_use"`.
            pattern: Tools, agents or triggers to match; defaults to all.
            matcher: Keyword form of *pattern*. A function of the context must be passed by this name.
            how: `timeout` in seconds and `fail_mode`, as for `hooks.Matcher`.

        Raises:
            ConfigurationError: The event is unknown, or the function takes other arguments.
        """
        from ..hooks.base import event_name
        from ..hooks.matchers import Matcher

        if callable(event) or callable(pattern):
            text = "client.hook is a decorator: write @client.hook(event) above the function; to match with a function,"
            raise ConfigurationError(f"{text} pass matcher=function")
        event_name(event)
        chosen = pattern if matcher is None else matcher

        def register(function: H) -> H:
            before = self.options.hooks or {}
            already = before.get(event, ())
            already = already if isinstance(already, (list, tuple)) else (already,)
            return self._set_options(function, hooks={**before, event: [*already, Matcher(chosen, function, **how)]})

        return register

    # --- builders

    def with_tools(self, *tools: str) -> Client:
        """Set *allowed_tools* for the following turns."""
        self._conversation.options = self.options.with_tools(*tools)
        return self

    def without_tools(self, *tools: str) -> Client:
        """Set *disallowed_tools* for the following turns."""
        self._conversation.options = self.options.without_tools(*tools)
        return self

    def _set_options(self, returned: R, **changes: Any) -> R:
        self._conversation.options = self.options.evolve(**changes)
        return returned

    if not TYPE_CHECKING:  # which read the methods in `options.typing`

        def __getattr__(self, name: str) -> Callable[..., Client]:
            option = self.options.builder(name)
            return lambda value=True: self._set_options(self, **{option: value})

    def __setattr__(self, name: str, value: object) -> None:
        # For assignments by users; the SDK makes none.
        if name in NAMES:
            remedy = f"use query(..., {name}=...) for one query, or with_{name}(...) for all following ones"
            raise AttributeError(f"client.{name} cannot be set: {remedy}", name=name, obj=self)
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        conversation = self._conversation
        is_idle = conversation.process.is_running
        state = "RUNNING" if conversation.is_running else "IDLE" if is_idle else "CLOSED"
        return f"<Client {self.session_id or 'no session yet'} {state}, {conversation.usage.turns} turns>"


def make_stream(conversation: Conversation, prompt: Prompt, options: Options) -> MessageStream:
    """Return the stream of one turn, which has not started."""
    content_of(prompt)
    if options.retry is None:
        return MessageStream(conversation, prompt, options)
    from .retrying_stream import RetryingStream

    return RetryingStream(conversation, prompt, options)
