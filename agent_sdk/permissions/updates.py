"""
Changes of a session's permission rules, sent with an `Allow`.

The CLI silently discards all changes of a decision when one is invalid, so invalid changes raise at construction.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import attrs

from .._core import checks as check
from .._core import log
from .._core.tool_names import MCP, check_tool, cli_tool_name, rule_name
from .modes import MODES

if TYPE_CHECKING:
    from .._core.literals import PermissionMode, RuleDestination

C = TypeVar("C", bound="type[PermissionUpdate]")

#: The place where a change is stored: for the duration of the session, or in a settings file.
DESTINATIONS: Mapping[str, str] = {
    "session": "session",
    "local_settings": "localSettings",
    "project_settings": "projectSettings",
    "user_settings": "userSettings",
    "cli_arg": "cliArg",
}
BEHAVIORS: Mapping[str, str] = {"allow": "allow", "deny": "deny", "ask": "ask"}

_types: dict[str, type[PermissionUpdate]] = {}


def _one_of_spellings(name: str, spellings: Mapping[str, str]) -> Callable[[Any], str]:
    """Return a converter of a word in snake_case or in the CLI's spelling to the CLI's spelling."""

    def check_word(value: object) -> str:
        word = spellings.get(value, value) if isinstance(value, str) else None
        if word not in spellings.values():
            raise check.invalid(name, value, f"expected one of {', '.join(spellings)}")
        return str(word)

    return check_word


def _parse_tool_name(value: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise check.invalid("tool_name", value, "expected the name of a tool, such as 'Bash'")
    if ("(" in value or ")" in value) and not value.startswith(MCP):
        raise check.invalid("tool_name", value, "expected a name without parentheses; use Rule.parse() for a rule")
    return cli_tool_name(value.strip(), keep="*")


def converted_field(converter: Callable[[Any], Any], default: Any = attrs.NOTHING) -> Any:
    """Declare an attrs field that *converter* normalizes and validates."""
    return attrs.field(default=default, converter=converter)


@attrs.frozen
class Rule:
    """
    The tool uses that a permission rule applies to: all uses of a tool, or those that match *rule_content*.

    Args:
        tool_name: A tool name such as `Bash`, `mcp__server` or `mcp__server__tool`.
        rule_content: A pattern such as `git log *` or `//etc/**`; *None* matches every use.

    Raises:
        ConfigurationError: A value is invalid.
    """

    tool_name: str = attrs.field(converter=_parse_tool_name)
    rule_content: str | None = converted_field(check.string("rule_content"), None)

    @classmethod
    def parse(cls, text: str) -> Rule:
        """
        Parse a rule in the syntax of settings files: `Bash`, `Bash(git log *)`, `mcp__server`.

        As in the CLI, `Read()` and `Read(*)` match every use.

        Raises:
            ConfigurationError: *text* is not a valid rule.
        """
        if not isinstance(text, str):
            raise check.invalid("rule", text, "expected text such as 'Bash(git log *)'")
        text = text.strip()
        name = rule_name(text)
        if name == text and "(" in text and not text.startswith(MCP):
            raise check.invalid("rule", text, "the parenthesis is not closed; write it as 'Bash(git log *)'")
        content = text[len(name) + 1 : -1]
        return cls(name, None if content.strip() in ("", "*") else content)

    def to_wire(self) -> dict[str, str]:
        """Return the wire form. A missing content is omitted, because the CLI discards a rule with a null content."""
        named = {"toolName": self.tool_name}
        return named if self.rule_content is None else {**named, "ruleContent": self.rule_content}

    def __str__(self) -> str:
        return self.tool_name if self.rule_content is None else f"{self.tool_name}({self.rule_content})"


#: A rule, its text, or its wire form as a dict.
RuleLike = Rule | str | Mapping[str, Any]


def _parse_rule(value: RuleLike) -> Rule:
    if isinstance(value, Mapping):
        # Mostly the CLI's own suggestions, which may name the tools of a newer CLI: no warning.
        name = value.get("tool_name", value.get("toolName"))
        return Rule(name, value.get("rule_content", value.get("ruleContent")))
    rule = value if isinstance(value, Rule) else Rule.parse(value)
    check_tool("rule", rule.tool_name)
    return rule


def _parse_rules(value: RuleLike | Iterable[RuleLike]) -> tuple[Rule, ...]:
    several: Iterable[RuleLike] = (value,) if isinstance(value, (str, Rule, Mapping)) else value
    if not isinstance(several, Iterable):
        raise check.invalid("rules", value, "expected rules, such as 'Bash(git log *)'")
    rules = tuple(_parse_rule(item) for item in several)
    if not rules:
        raise check.invalid("rules", value, "expected at least one rule, such as 'Bash(git log *)'")
    return rules


def _parse_directories(value: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> tuple[str, ...]:
    found: tuple[str, ...] | None = check.paths("directories")(value)
    if not found:
        raise check.invalid("directories", value, "expected at least one path")
    return found


def _destination_field() -> Any:
    return converted_field(_one_of_spellings("destination", DESTINATIONS), "session")


def update_type(type: str) -> Callable[[C], C]:
    """Register the class of one kind of change. Apply it above `@attrs.frozen`."""

    def register(cls: C) -> C:
        cls.type = type
        _types[type] = cls
        return cls

    return register


class PermissionUpdate:
    """
    A change of the permission rules: `AddRules`, `ReplaceRules`, `RemoveRules`, `SetMode`, `AddDirectories` or
    `RemoveDirectories`. `destination` is `session` (the default), `local_settings`, `project_settings`,
    `user_settings` or `cli_arg`; it is stored in the CLI's spelling.
    """

    __slots__ = ()

    #: The CLI's name of this kind of change.
    type: ClassVar[str] = ""

    def to_wire(self) -> dict[str, Any]:
        """Return the wire form."""
        values = attrs.asdict(self, recurse=False)  # type: ignore[arg-type]  # every subclass is an attrs class
        return {"type": self.type, **{name: _to_wire_value(value) for name, value in values.items()}}

    @staticmethod
    def from_wire(raw: object) -> PermissionUpdate:
        """
        Parse the wire form of a change. An instance is returned unchanged.

        Raises:
            ConfigurationError: *raw* is not a valid change.
        """
        if isinstance(raw, PermissionUpdate) and type(raw) is not PermissionUpdate:
            return raw
        cls = _types.get(str(raw.get("type"))) if isinstance(raw, Mapping) else None
        if cls is None or not isinstance(raw, Mapping):
            raise check.invalid("permission update", raw, f"expected one of type {', '.join(_types)}")
        fields = {key: value for key, value in raw.items() if key != "type"}
        declared: tuple[Any, ...] = attrs.fields(cls)  # type: ignore[arg-type]  # every subclass is an attrs class
        unknown = fields.keys() - {field.name for field in declared}
        missing = {field.name for field in declared if field.default is attrs.NOTHING} - fields.keys()
        if unknown or missing:
            raise check.invalid("permission update", raw, f"unknown or missing: {', '.join(sorted(unknown | missing))}")
        return cls(**fields)


def _to_wire_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [item.to_wire() if isinstance(item, Rule) else item for item in value]
    return value


def parse_suggestions(raw: object) -> list[PermissionUpdate]:
    """Parse the suggestions of a request. Unknown kinds are skipped; `raw` of the context contains them."""
    updates = []
    for item in raw if isinstance(raw, list) else ():
        try:
            updates.append(PermissionUpdate.from_wire(item))
        except ValueError:
            # Suggestions are optional, and an unknown one cannot be sent back to the CLI.
            log.debug("permissions", "skipped a permission suggestion of an unknown kind")
    return updates


@attrs.frozen
class RulesUpdate(PermissionUpdate):
    """
    Base class of rule changes. *rules* is a rule, its text (`"Bash(git log *)"`) or a list of them; *behavior* is
    allow, deny or ask.
    """

    rules: tuple[Rule, ...] = attrs.field(converter=_parse_rules)
    behavior: Literal["allow", "deny", "ask"] = converted_field(_one_of_spellings("behavior", BEHAVIORS), "allow")
    destination: RuleDestination = _destination_field()

    def __attrs_post_init__(self) -> None:
        for rule in self.rules if self.behavior == "deny" and not isinstance(self, RemoveRules) else ():
            check_tool("rule", rule.tool_name, deny=True)


@update_type("addRules")
@attrs.frozen
class AddRules(RulesUpdate):
    """Add rules."""


@update_type("replaceRules")
@attrs.frozen
class ReplaceRules(RulesUpdate):
    """Replace all rules of the same behavior and destination with these rules."""


@update_type("removeRules")
@attrs.frozen
class RemoveRules(RulesUpdate):
    """Remove rules."""


@update_type("setMode")
@attrs.frozen
class SetMode(PermissionUpdate):
    """Switch the permission mode to one of `MODES`, in either spelling."""

    mode: PermissionMode = converted_field(_one_of_spellings("mode", MODES))
    destination: RuleDestination = _destination_field()


@attrs.frozen
class DirectoriesUpdate(PermissionUpdate):
    """Base class of directory changes. *directories* is a path or a list of paths."""

    directories: tuple[str, ...] = attrs.field(converter=_parse_directories)
    destination: RuleDestination = _destination_field()


@update_type("addDirectories")
@attrs.frozen
class AddDirectories(DirectoriesUpdate):
    """Allow the tools to use additional directories."""


@update_type("removeDirectories")
@attrs.frozen
class RemoveDirectories(DirectoriesUpdate):
    """Remove additional directories."""
