"""
Definitions of subagents, for the option `agents`.

The CLI silently skips a definition with an invalid value, so the SDK checks every value first.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from .._core import checks as check
from .._core import json_lines
from .._core.fields import camel
from .._core.tool_names import tool_rules
from ..errors import ConfigurationError
from .converters import EFFORTS, permission_mode_name

if TYPE_CHECKING:
    from .._core.literals import Effort, PermissionMode

_MEMORIES = ("user", "project", "local")


def _required_string(name: str, *, empty: bool = False) -> check.Check:
    as_text = check.string(name, empty=empty)

    def accept(value: object) -> str:
        if value is None:
            raise check.invalid(name, value, "expected a string")
        accepted: str = as_text(value)
        return accepted

    return accept


def _parse_effort(value: object) -> str | int | None:
    as_number, as_level = check.number("effort", least=0, whole=True), check.one_of("effort", EFFORTS)
    effort: str | int | None = as_number(value) if isinstance(value, (int, float)) else as_level(value)
    return effort


def _parse_background(value: object) -> bool | None:
    return None if value is None else bool(check.boolean("background")(value))


def _parse_servers(value: object) -> tuple[Any, ...] | None:
    """Accept server names and dicts of name -> server; return names and dicts in the CLI's format."""
    if value is None:
        return None
    given = [value] if isinstance(value, (str, Mapping)) else value
    if not isinstance(given, Sequence):
        raise check.invalid("mcp_servers", value, "expected a list of names, or a dict of name -> server")
    return tuple(_parse_server(one) for one in given)


def _parse_server(one: object) -> Any:
    if isinstance(one, str):
        return check.string("mcp_servers")(one)
    if not isinstance(one, Mapping):
        raise check.invalid("mcp_servers", one, "expected a name, or a dict of name -> server")
    from ..mcp.config import parse_servers

    servers = parse_servers(one)
    if servers.inside:
        name = next(iter(servers.inside))
        remedy = f"define it in the option mcp_servers and refer to it by its name, {name!r}"
        raise ConfigurationError(f"mcp_servers: the CLI ignores in-process servers in an agent; {remedy}")
    return servers.outside


def _masked(servers: tuple[Any, ...] | None) -> str:
    # Environments and headers of servers can contain secrets.
    return repr(servers and [one if isinstance(one, str) else dict.fromkeys(one, "***") for one in servers])


def _checked(converter: check.Check, default: Any = attrs.NOTHING, **how: Any) -> Any:
    return attrs.field(converter=converter, default=default, **how)


@attrs.frozen(kw_only=True)
class Agent:
    """
    A subagent that the model can start: `Agent(description="...", prompt="...")`.

    The fields are those of the CLI in snake_case. *None* keeps the CLI's default.

    Raises:
        ConfigurationError: A value is invalid.
    """

    #: When the model should use this agent.
    description: str = _checked(_required_string("description"))
    #: System prompt of the agent.
    prompt: str = _checked(_required_string("prompt", empty=True))
    #: Tools that the agent can use; defaults to all tools of the session.
    tools: Sequence[str] | None = _checked(tool_rules("tools"), None)
    disallowed_tools: Sequence[str] | None = _checked(tool_rules("disallowed_tools"), None)
    #: Model alias, full model name, or `"inherit"`.
    model: str | None = _checked(check.string("model"), None)
    skills: Sequence[str] | None = _checked(check.string_list("skills"), None)
    #: Names of the session's servers, or dicts of name -> `mcp.stdio(...)`, `mcp.http(...)` or `mcp.sse(...)`.
    mcp_servers: Sequence[Any] | Mapping[str, Any] | None = _checked(_parse_servers, None, repr=_masked, hash=False)
    initial_prompt: str | None = _checked(check.string("initial_prompt", empty=True), None)
    max_turns: int | None = _checked(check.number("max_turns", least=1, whole=True), None)
    #: Run the agent in the background.
    background: bool | None = _checked(_parse_background, None)
    #: Memory scope: `user`, `project` or `local`.
    memory: Literal["user", "project", "local"] | None = _checked(check.one_of("memory", _MEMORIES), None)
    #: Effort level: `low`, `medium`, `high`, `xhigh` or `max`, or a number.
    effort: Effort | int | None = _checked(_parse_effort, None)
    #: One of `permission_modes()`, in snake_case or in the CLI's spelling.
    permission_mode: PermissionMode | None = _checked(permission_mode_name, None)

    def to_wire(self) -> dict[str, Any]:
        """Return the definition in the CLI's format."""
        given = ((field.name, getattr(self, field.name)) for field in attrs.fields(Agent))
        return {_WIRE_NAMES[name]: value for name, value in given if value is not None}


#: snake_case -> wire name. Other keys of a dict are sent unchanged.
_WIRE_NAMES = {field.name: camel(field.name) for field in attrs.fields(Agent)}


def parse_agents(value: object) -> dict[str, dict[str, Any]] | None:
    """
    Accept subagents by name, as `Agent` objects or dicts, and return them in the CLI's format.

    Raises:
        ConfigurationError: A definition lacks a required field, or a value is invalid.
    """
    given: dict[str, Any] | None = check.mapping("agents")(value)
    return None if given is None else {name: _parse_agent(name, agent) for name, agent in given.items()}


def _parse_agent(name: str, agent: object) -> dict[str, Any]:
    if isinstance(agent, Agent):
        return agent.to_wire()
    if not isinstance(agent, Mapping):
        raise check.invalid(f"agents[{name!r}]", agent, "expected an Agent, or a dict with description and prompt")
    known = {field: agent[key] for field, wire in _WIRE_NAMES.items() for key in (wire, field) if key in agent}
    others = {key: item for key, item in agent.items() if key not in _WIRE_NAMES and key not in _WIRE_NAMES.values()}
    _check_extra_keys(name, others)
    for needed in ("description", "prompt"):
        if needed not in known:
            raise ConfigurationError(f"agents[{name!r}]: expected an Agent, or a dict with a {needed}")
    try:
        return {**others, **Agent(**known).to_wire()}
    except ConfigurationError as error:
        raise ConfigurationError(f"agents[{name!r}]: {error}") from error


def _check_extra_keys(agent: str, others: Mapping[str, Any]) -> None:
    check.reject_typos(f"agents[{agent!r}]", others, _WIRE_NAMES)
    try:
        json_lines.dumps(others)
    except (TypeError, ValueError) as error:
        raise check.invalid(f"agents[{agent!r}]", others, str(error)) from error
