"""
Matchers select the events that a hook applies to. Patterns that the CLI can compare are sent to it, which reduces the
number of hook requests. The SDK also compares every pattern, because all hooks of an event share one registration.

The SDK follows the CLI's rule: a string of letters, digits, `_`, `|`, commas and spaces is a list of exact names. Any
other string is a regular expression that may match anywhere. *None*, `""` and `"*"` match everything.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from .._core import checks as check
from .._core.callbacks import check_signature
from .._core.text import function_name
from .._core.tool_names import MCP, check_tool, cli_name, cli_tool_name, is_known_tool
from ..errors import ConfigurationError
from .base import Event, HookContext

if TYPE_CHECKING:
    from .._core.literals import FailMode

Handler = Callable[[Any], Any]
Pattern = str | re.Pattern[str] | Callable[[Any], Any] | Iterable[str | re.Pattern[str]] | None

FAIL_MODES = ("closed", "open")
#: Default timeout of a hook in seconds.
DEFAULT_TIMEOUT = 60.0

_EXACT_NAMES = re.compile(r"[A-Za-z0-9_|, ]*\Z")
#: `mcp__server` alone matches all tools of that server, as in permission rules.
_SERVER_NAME = re.compile(r"mcp__(?:(?!__).)+\Z")
#: Syntax that JavaScript does not support or interprets differently: such patterns are compared only in Python.
_NOT_JAVASCRIPT = re.compile(r"\(\?[aiLmsuxP#>(]|\\[AZ]|[*+?}]\+|\[\^?\]")
#: A permission rule such as `Bash(git log *)`; as a regular expression it matches no tool name.
_PERMISSION_RULE = re.compile(r"[A-Z]\w*\([^|]*\)\Z")
#: The CLI's two names for the tool that starts a subagent.
_SUBAGENT_TOOLS = frozenset({"Task", "Agent"})
_MATCH_ALL = ("", "*")
#: Syntax that makes a pattern a regular expression even if every other character may occur in a server's name.
_REGEX_SYNTAX = re.compile(r"[\\^$*+?\[{|]")
#: Characters that occur in no tool name and have no meaning in a regular expression.
_NOT_IN_NAMES = re.compile(r"[^\x21-\x7e]|[\"#%&'/;@`~]|(?<!\(\?)(?<!\(\?<)[:!=]")


class Selector(NamedTuple):
    """A parsed pattern."""

    matches_all: bool = False
    names: tuple[str, ...] = ()
    #: Regular expressions that can be sent to the CLI, as text.
    cli_patterns: tuple[str, ...] = ()
    regexes: tuple[re.Pattern[str], ...] = ()
    test: Callable[[Any], Any] | None = None
    #: Part of the pattern can be compared only in Python.
    python_only: bool = False

    def matches(self, ctx: HookContext) -> bool:
        """Return whether the pattern matches *ctx*."""
        if self.matches_all:
            return True
        if self.test is not None:
            return bool(self.test(ctx))
        value = ctx.matched_value()
        if value in self.names:
            return True
        if not isinstance(value, str):
            return False
        return any(map(self._matches_value, _SUBAGENT_TOOLS if value in _SUBAGENT_TOOLS else (value,)))

    def _matches_value(self, value: str) -> bool:
        return value in self.names or any(regex.search(value) for regex in self.regexes)


def wire_matcher(selectors: Iterable[Selector]) -> str | None:
    """Return the matcher for the CLI that covers all *selectors*; *None* matches every event."""
    given = list(selectors)
    if any(selector.matches_all or selector.python_only or selector.test is not None for selector in given):
        return None
    names = list(dict.fromkeys(name for selector in given for name in selector.names))
    sources = list(dict.fromkeys(source for selector in given for source in selector.cli_patterns))
    if not sources:
        return "|".join(names)
    regexes = [regex for selector in given for regex in selector.regexes]
    if _SUBAGENT_TOOLS & set(names) or any(regex.search(name) for regex in regexes for name in _SUBAGENT_TOOLS):
        # An expression may match one of the two names while the CLI compares the other.
        names = list(dict.fromkeys([*names, *sorted(_SUBAGENT_TOOLS)]))
    exact = [f"^(?:{'|'.join(names)})$"] if names else []
    parts = [*exact, *sources]
    return parts[0] if len(parts) == 1 else "|".join(f"(?:{part})" for part in parts)


def _parse_pattern(pattern: Any) -> Selector:
    if pattern is None or (isinstance(pattern, str) and pattern.strip() in _MATCH_ALL):
        return Selector(matches_all=True)
    if isinstance(pattern, str):
        return _parse_text(pattern)
    if isinstance(pattern, re.Pattern):
        if not isinstance(pattern.pattern, str):
            raise check.invalid("matcher", pattern, "expected a pattern for str, not for bytes")
        return Selector(regexes=(pattern,), python_only=True)
    if callable(pattern):
        return Selector(test=check_signature("matcher", pattern, ("ctx",)))
    if isinstance(pattern, Iterable) and not isinstance(pattern, (bytes, Mapping)):
        return _parse_list(list(pattern))
    raise check.invalid("matcher", pattern, "expected a string, a list of strings, a compiled expression or a function")


def _parse_list(patterns: list[Any]) -> Selector:
    if not patterns:
        raise check.invalid("matcher", patterns, "an empty list matches nothing; omit it to match everything")
    for pattern in patterns:
        if not isinstance(pattern, (str, re.Pattern)):
            raise check.invalid("matcher", patterns, "expected a list of strings or compiled expressions")
    return _combine([_parse_pattern(pattern) for pattern in patterns])


def _combine(parts: list[Selector]) -> Selector:
    return Selector(
        matches_all=any(part.matches_all for part in parts),
        names=tuple(name for part in parts for name in part.names),
        cli_patterns=tuple(source for part in parts for source in part.cli_patterns),
        regexes=tuple(regex for part in parts for regex in part.regexes),
        python_only=any(part.python_only for part in parts),
    )


def _parse_text(pattern: str) -> Selector:
    if _EXACT_NAMES.match(pattern):
        return _parse_names(pattern)
    if MCP not in pattern:
        return _parse_regex(pattern)
    translated = _NOT_IN_NAMES.sub(lambda found: cli_name(found[0]), pattern)
    if translated == pattern and _REGEX_SYNTAX.search(pattern):
        return _parse_regex(pattern)
    # An MCP name as the user wrote it, or a regular expression that contains one: both are compared.
    names = [word for word in re.split(r"[|,]", pattern) if word.strip().startswith(MCP)]
    return _combine([_parse_regex(translated), *map(_parse_names, names)])


def _parse_names(text: str) -> Selector:
    words = [word.strip() for word in re.split(r"[|,]", text)]
    names = tuple(cli_tool_name(word) for word in words if word and not _SERVER_NAME.match(word))
    sources = tuple(f"^{cli_tool_name(word)}__" for word in words if _SERVER_NAME.match(word))
    if not names and not sources:
        raise check.invalid("matcher", text, "it contains no name; omit it to match everything")
    return Selector(names=names, cli_patterns=sources, regexes=tuple(map(re.compile, sources)))


def _parse_regex(pattern: str) -> Selector:
    try:
        regex = re.compile(pattern)
    except re.error as error:
        # The CLI accepts the pattern silently and never calls the hook.
        raise check.invalid("matcher", pattern, f"not a valid regular expression ({error})") from error
    if _PERMISSION_RULE.match(pattern):
        raise check.invalid("matcher", pattern, "only the tool name is compared; check ctx.tool_input in the hook")
    if _NOT_JAVASCRIPT.search(pattern):
        return Selector(regexes=(regex,), python_only=True)
    return Selector(cli_patterns=(pattern,), regexes=(regex,))


def parse_fail_mode(value: object) -> str | None:
    """
    Return a fail mode; *None* stays *None*.

    Raises:
        ConfigurationError: *value* is neither `closed` nor `open`.
    """
    if value is not None and value not in FAIL_MODES:
        raise check.invalid("fail_mode", value, "expected 'closed' (a failure denies) or 'open' (a failure allows)")
    return value


def _parse_timeout(value: object) -> float | None:
    seconds: float | None = check.number("timeout", above=0)(value)
    return seconds


@attrs.frozen(init=False, repr=False, eq=False)
class Matcher:
    """
    Hooks and the pattern of the events that they apply to.

    Args:
        pattern: A tool name, names joined by `|`, a regular expression as a string, a list of these, a compiled
            expression, or a function of the context. *None* matches everything. Most events compare the tool name, some
            their source, trigger or type, and some have no value to compare.
        handlers: The hooks, called in order with one argument, the context.
        timeout: Timeout of each hook in seconds; *None* sets no limit.
        fail_mode: The effect of a hook that raises or times out: `closed` denies, `open` allows. *None* uses the fail
            mode of the hooks option, which defaults to `closed`.

    Raises:
        ConfigurationError: A value is invalid, or a handler has the wrong signature.
    """

    pattern: Pattern
    handlers: tuple[Handler, ...]
    timeout: float | None
    fail_mode: str | None
    selector: Selector

    def __init__(
        self,
        pattern: Pattern = None,
        *handlers: Handler,
        timeout: float | None = DEFAULT_TIMEOUT,
        fail_mode: FailMode | None = None,
    ) -> None:
        if not handlers:
            hint = f"; Matcher(None, {function_name(pattern)}) matches everything" if callable(pattern) else ""
            raise ConfigurationError(f"a Matcher needs a handler: Matcher('Bash', function){hint}")
        self.__attrs_init__(
            pattern,
            tuple(check_signature("handler", handler, ("ctx",)) for handler in handlers),
            _parse_timeout(timeout),
            parse_fail_mode(fail_mode),
            _parse_pattern(pattern),
        )

    def check_for(self, event: Event) -> None:
        """
        Check that the pattern can match at *event*.

        Raises:
            ConfigurationError: The pattern cannot match, so the hook would never be called.
        """
        if self.selector.matches_all or self.selector.test is not None:
            return
        if event.matches is None:
            remedy = "omit the pattern, or pass a function of the context"
            raise check.invalid("matcher", self.pattern, f"{event.name} hooks have no value to compare; {remedy}")
        for name in self.selector.names if event.matches == "tool_name" else ():
            if name[0].islower() and not is_known_tool(name):
                remedy = "use a name like 'Bash', or 'mcp__server__tool' for a tool of an MCP server"
                raise check.invalid("matcher", name, f"unknown tool, and tool names are case-sensitive; {remedy}")
            check_tool("matcher", name)

    def __repr__(self) -> str:
        return f"<Matcher {self.pattern!r} {', '.join(map(function_name, self.handlers))}>"


_MATCHER_KEYS = ("matcher", "handler", "handlers", "timeout", "fail_mode")


def parse_matcher(value: Any) -> Matcher:
    """
    Convert *value* to a matcher: a `Matcher`, a dict with the keys `matcher`, `handler` or `handlers`, `timeout` and
    `fail_mode`, or a function that matches everything.

    Raises:
        ConfigurationError: *value* has another type or an invalid content.
    """
    if isinstance(value, Matcher):
        return value
    if isinstance(value, Mapping):
        return _matcher_from_dict(value)
    if callable(value):
        return Matcher(None, value)
    raise check.invalid("hook", value, "expected a function, a Matcher or a dict with a handler")


def _matcher_from_dict(value: Mapping[str, Any]) -> Matcher:
    for key in value:
        if key not in _MATCHER_KEYS:
            raise check.invalid("hook", key, f"unknown key; expected one of {', '.join(_MATCHER_KEYS)}")
    several = value.get("handlers", ())
    handlers = [*(several if isinstance(several, (list, tuple)) else (several,))]
    if "handler" in value:
        handlers.insert(0, value["handler"])
    return Matcher(
        value.get("matcher"),
        *handlers,
        timeout=value.get("timeout", DEFAULT_TIMEOUT),
        fail_mode=value.get("fail_mode"),
    )
