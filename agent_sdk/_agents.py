"""
Definitions of subagents, for the option `agents`.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from . import _checks as check
from . import _codec


@attrs.frozen(kw_only=True)
class Agent:
    """
    A subagent that the model may start.

    The fields are those of the CLI in snake_case; *None* leaves its default.
    """

    #: When the model should use it.
    description: str
    #: Its system prompt.
    prompt: str
    #: The tools it has; all of the session's when not given.
    tools: Sequence[str] | None = None
    disallowed_tools: Sequence[str] | None = None
    #: An alias, a full name, or `"inherit"`.
    model: str | None = None
    skills: Sequence[str] | None = None
    #: Servers by name, or dicts of name -> configuration.
    mcp_servers: Sequence[Any] | None = None
    initial_prompt: str | None = None
    max_turns: int | None = None
    #: Run beside the conversation.
    background: bool | None = None
    #: `user`, `project` or `local`.
    memory: str | None = None
    effort: str | int | None = None
    permission_mode: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return the definition as the CLI reads it."""
        return _wire(attrs.asdict(self))


#: snake_case -> the wire's name; other keys of a dict travel as they are.
_NAMES = {
    field.name: field.name.split("_")[0] + "".join(word.title() for word in field.name.split("_")[1:])
    for field in attrs.fields(Agent)
}


def _wire(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {_NAMES.get(name, name): value for name, value in fields.items() if value is not None}


def agents_of(value: object) -> dict[str, dict[str, Any]] | None:
    """
    Accept subagents by name, as `Agent` or dicts; gives them as the CLI reads them.

    Raises:
        ConfigurationError: A definition lacks what it must have. The CLI would take it in silence.
    """
    given: dict[str, Any] | None = check.mapping("agents")(value)
    return None if given is None else {name: _agent(name, agent) for name, agent in given.items()}


def _agent(name: str, agent: object) -> dict[str, Any]:
    wire = agent.to_wire() if isinstance(agent, Agent) else _wire(agent) if isinstance(agent, Mapping) else {}
    _check_keys(name, wire)
    for needed in ("description", "prompt"):
        if not isinstance(wire.get(needed), str):
            raise check.wrong(f"agents[{name!r}]", agent, f"expected an Agent or a dict with a {needed}")
    try:
        _codec.dumps(wire)
    except (TypeError, ValueError) as error:
        raise check.wrong(f"agents[{name!r}]", agent, str(error)) from error
    return wire


def _check_keys(agent: str, wire: Mapping[str, Any]) -> None:
    import difflib

    for key in wire.keys() - set(_NAMES.values()):
        nearest = difflib.get_close_matches(str(key), _NAMES, n=1)
        if nearest:  # another one may be of a newer CLI
            raise check.wrong(f"agents[{agent!r}]", key, f"no such key; did you mean {nearest[0]!r}?")
