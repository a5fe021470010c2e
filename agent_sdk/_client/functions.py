"""
The functions for one call: `query`, `stream`, `client`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.callbacks import check_callback
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
    Run one prompt to its end and return the result, good or bad.

    Blocks until the run is over and its process is reaped. Each call starts a process; a `Client` keeps one.

    Args:
        prompt: A string, or a list of strings and content blocks.
        on_message: Called for every message, in order, in the calling thread.
        options: Options to start from.
        output: As the option: `result.output` is one of it.
        overrides: Options by name, above *options*: `resume=`, `model=`, `timeout=` ...

    Returns:
        The last result of the run: `is_success`, `is_error`, `raise_for_error()`, `messages`, `session_id`.

    Raises:
        AgentSDKError: As the tree in `agent_sdk.errors` says; whatever *on_message* raises comes through unchanged.
    """
    check_callback("on_message", on_message)
    return stream(prompt, options=options, **given_output(output), **overrides).run(on_message)


def stream(prompt: Prompt, *, options: Options | None = None, **overrides: Unpack[OptionValues]) -> MessageStream:
    """
    Run one prompt as an iterator of its messages; leaving the loop early stops it.

    Args:
        prompt: A string, or a list of strings and content blocks.
        options: Options to start from.
        overrides: Options by name, above *options*.
    """
    conversation = one_shot(options, **overrides)
    return make_stream(conversation, prompt, conversation.options)


def client(options: Options | None = None, **overrides: Unpack[OptionValues]) -> Client:
    """Make a `Client`: a conversation that goes on from call to call."""
    return Client(options, **overrides)


def one_shot(options: Options | None, **overrides: Any) -> Conversation:
    """Return a conversation for one turn."""
    if "persistent" in overrides:
        raise ConfigurationError("persistent is an option of Client; query and stream start a process for each call")
    return Conversation(options_of(options, **overrides, persistent=False), is_one_shot=True)
