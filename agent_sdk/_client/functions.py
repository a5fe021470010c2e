"""
The functions for single calls: `query`, `stream`, `client`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..options.options import NOT_GIVEN, Options, given_output, options_of
from .callbacks import OnMessage
from .client import Client, make_stream
from .conversation import Conversation
from .prompt import Prompt
from .stream import MessageStream

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..messages import ResultMessage
    from ..options.typing import OptionsWithoutOutput, OptionValues, OutputType, T


def query(
    prompt: Prompt,
    on_message: OnMessage | None = None,
    *,
    options: Options | None = None,
    output: OutputType[T] = NOT_GIVEN,
    **overrides: Unpack[OptionsWithoutOutput],
) -> ResultMessage[T]:
    """
    Run one prompt and return the result, good or bad.

    Blocks until the run has ended and its process is reaped. Each call starts a process; use a `Client` to keep one.

    Args:
        prompt: A string, or a list of strings and content blocks.
        on_message: Called for every message, in order, in the calling thread.
        options: Base options.
        output: As the option *output*: a type; `result.output` is an instance of it.
        overrides: Options by name, which take precedence over *options*: `resume=`, `model=`, `timeout=` ...

    Returns:
        The last result of the run, with `is_success`, `is_error`, `raise_for_error()`, `messages`, `session_id`.

    Raises:
        AgentSDKError: See the tree in `agent_sdk.errors`. Exceptions of *on_message* propagate unchanged.
    """
    return stream(prompt, options=options, **given_output(output), **overrides).run(on_message)


def stream(prompt: Prompt, *, options: Options | None = None, **overrides: Unpack[OptionValues]) -> MessageStream:
    """
    Run one prompt and return an iterator of its messages. Leaving the loop early stops the turn.

    Args:
        prompt: A string, or a list of strings and content blocks.
        options: Base options.
        overrides: Options by name, which take precedence over *options*.
    """
    conversation = one_shot(options, **overrides)
    return make_stream(conversation, prompt, conversation.options)


def client(options: Options | None = None, **overrides: Unpack[OptionValues]) -> Client:
    """Return a new `Client`, which keeps its session and process between calls."""
    return Client(options, **overrides)


def one_shot(options: Options | None, **overrides: Any) -> Conversation:
    """Return a conversation for one turn."""
    if "persistent" in overrides:
        raise ConfigurationError("persistent requires a Client; query and stream start a process for each call")
    return Conversation(options_of(options, **overrides, persistent=False), is_one_shot=True)
