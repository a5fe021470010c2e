"""
What the CLI tells about itself when asked: commands, models, agents, the account.
"""
from __future__ import annotations

import attrs

from .._core.fields import WIRE, wire
from .base import WireObject


@attrs.define(eq=False, repr=False, kw_only=True)
class SlashCommand(WireObject):
    """A slash command, without its slash."""

    name: str = ""
    description: str = ""
    argument_hint: str = wire("argumentHint", "")
    aliases: list[str] | None = None
    builtin: bool = False


@attrs.define(eq=False, repr=False, kw_only=True)
class ModelInfo(WireObject):
    """A model that can be chosen; `value` is what to choose it by."""

    value: str = ""
    resolved_model: str | None = wire("resolvedModel")
    display_name: str = wire("displayName", "")
    description: str = ""
    supports_effort: bool = wire("supportsEffort", False)
    #: Out of `low`, `medium`, `high`, `xhigh` and `max`.
    supported_effort_levels: list[str] | None = attrs.field(default=None, metadata={WIRE: "supportedEffortLevels"})
    supports_adaptive_thinking: bool = wire("supportsAdaptiveThinking", False)
    supports_fast_mode: bool = wire("supportsFastMode", False)
    supports_auto_mode: bool = wire("supportsAutoMode", False)


@attrs.define(eq=False, repr=False, kw_only=True)
class AgentInfo(WireObject):
    """A kind of agent that the model can start."""

    name: str = ""
    description: str = ""
    model: str | None = None


@attrs.define(eq=False, repr=False, kw_only=True)
class AccountInfo(WireObject):
    """Who pays, and how the CLI signs in."""

    email: str | None = None
    organization: str | None = None
    subscription_type: str | None = wire("subscriptionType")
    token_source: str | None = wire("tokenSource")
    api_key_source: str | None = wire("apiKeySource")
    #: `firstParty`, `bedrock`, `vertex`, `foundry`, `gateway`, ...
    api_provider: str | None = wire("apiProvider")


@attrs.define(eq=False, repr=False, kw_only=True)
class SettingsParseError(WireObject):
    """A setting that the CLI could not read."""

    file: str | None = None
    path: str = ""
    message: str = ""
