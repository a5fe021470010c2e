"""
Messages about slash commands, and about the way of our own messages through the CLI's queue.
"""
from __future__ import annotations

import attrs

from .base import Message, SystemMessage
from .models import SlashCommand
from .registry import message_type


@message_type("system", "commands_changed", "command")
@attrs.define(eq=False, repr=False, kw_only=True)
class CommandsChangedMessage(SystemMessage):
    """All slash commands there are now."""

    commands: list[SlashCommand] = attrs.field(factory=list)

    def _summary(self) -> str:
        return f"commands={len(self.commands)}"


@message_type("system", "local_command_output", "command")
@attrs.define(eq=False, repr=False, kw_only=True)
class LocalCommandOutputMessage(SystemMessage):
    """The output of a slash command that asks no model, such as `/usage`: its `content`."""


@message_type("command_lifecycle", None, "command")
@attrs.define(eq=False, repr=False, kw_only=True)
class CommandLifecycleMessage(Message):
    """What became of a message of ours that was sent with a uuid."""

    command_uuid: str = ""
    #: `queued`, `started`, `completed`, `cancelled`, `discarded` or `refused`.
    state: str = ""

    def _summary(self) -> str:
        return str(self.state)
