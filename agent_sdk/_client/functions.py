"""
The functions for single calls: `query`, `stream`, `client`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.callbacks import check_callback
from ..errors import ConfigurationError
from ..options.options import Options, options_of
from .callbacks import OnMessage
from .client import Client, make_stream
from .conversation import Conversation
from .prompt import Prompt
from .stream import MessageStream

if TYPE_CHECKING:
    from ..messages import ResultMessage


def query(
    prompt: Prompt, on_message: OnMessage | None = None, *, options: Options | None = None, **overrides: Any
) -> ResultMessage:
    """
    Run one prompt and return the result, good or bad.

    Blocks until the run has ended and its process is reaped. Each call starts a process; use a `Client` to keep one.

    Args:
        prompt: A string, or a list of strings and content blocks.
        on_message: Called for every message, in order, in the calling thread.
        options: Base options.
        overrides: Options by name, which take precedence over *options*: `resume=`, `model=`, `timeout=` ...

    Returns:
        The last result of the run, with `is_success`, `is_error`, `raise_for_error()`, `messages`, `session_id`.

    Raises:
        AgentSDKError: See the tree in `agent_sdk.errors`. Exceptions of *on_message* propagate unchanged.
    """
    check_callback("on_message", on_message)
    return stream(prompt, options=options, **overrides).run(on_message)


def stream(prompt: Prompt, *, options: Options | None = None, **overrides: Any) -> MessageStream:
    """
    Run one prompt and return an iterator of its messages. Leaving the loop early stops the turn.

    Args:
        prompt: A string, or a list of strings and content blocks.
        options: Base options.
        overrides: Options by name, which take precedence over *options*.
    """
    conversation = one_shot(options, overrides)
    return make_stream(conversation, prompt, conversation.options)


def client(options: Options | None = None, **overrides: Any) -> Client:
    """Return a new `Client`, which keeps its session and process between calls."""
    return Client(options, **overrides)


def one_shot(options: Options | None, overrides: dict[str, Any]) -> Conversation:
    """Return a conversation for one turn."""
    if "persistent" in overrides:
        raise ConfigurationError("persistent requires a Client; query and stream start a process for each call")
    return Conversation(options_of(options, {**overrides, "persistent": False}), is_one_shot=True)
