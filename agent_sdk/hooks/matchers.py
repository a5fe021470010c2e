"""
Which firings a hook applies to. What the CLI can compare by itself is sent to it, so that it asks less often; every
pattern is compared here as well, since one registration serves all hooks of an event.

The CLI's rule, kept here: text of letters, digits, `_`, `|`, comma and blank is a list of exact names, anything else a
regular expression that may match anywhere; no text, `""` and `"*"` are everything.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import attrs

from .._core import checks as check
from .._core.callbacks import check_signature, function_name
from .._core.tool_names import warn_if_misspelled
from ..errors import ConfigurationError
from .base import Event, HookContext

Handler = Callable[[Any], Any]
Pattern = str | re.Pattern[str] | Callable[[Any], Any] | Iterable[str | re.Pattern[str]] | None

FAIL_MODES = ("closed", "open")
#: Seconds that a hook may take unless its matcher says otherwise.
DEFAULT_TIMEOUT = 60.0

_EXACT_NAMES = re.compile(r"[A-Za-z0-9_|, ]*\Z")
#: `mcp__server` alone is no tool's name: it stands for all tools of that server, as it does in permission rules.
_SERVER_NAME = re.compile(r"mcp__(?:(?!__).)+\Z")
#: What Python reads and JavaScript does not, or reads otherwise: compared here alone.
_NOT_JAVASCRIPT = re.compile(r"\(\?[aiLmsuxP#>(]|\\[AZ]|[*+?}]\+|\[\^?\]")
#: A permission rule such as `Bash(git log *)`, which as an expression fits no tool's name.
_PERMISSION_RULE = re.compile(r"[A-Z]\w*\([^|]*\)\Z")
#: The CLI's two names for the tool that starts a subagent.
_SUBAGENT_TOOLS = frozenset({"Task", "Agent"})
_MATCH_ALL = ("", "*")


class Selector(NamedTuple):
    """A pattern, read."""

    matches_all: bool = False
    names: tuple[str, ...] = ()
    #: Regular expressions that the CLI can be told, as text.
    cli_patterns: tuple[str, ...] = ()
    regexes: tuple[re.Pattern[str], ...] = ()
    test: Callable[[Any], Any] | None = None
    #: Some of it can be compared here only.
    python_only: bool = False

    def matches(self, ctx: HookContext) -> bool:
        """Tell whether *ctx* fits."""
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
    """Return what the CLI is told so that it asks whenever one of *selectors* may fit; *None* for always."""
    given = list(selectors)
    if any(selector.matches_all or selector.python_only or selector.test is not None for selector in given):
        return None
    names = list(dict.fromkeys(name for selector in given for name in selector.names))
    sources = list(dict.fromkeys(source for selector in given for source in selector.cli_patterns))
    if not sources:
        return "|".join(names)
    regexes = [regex for selector in given for regex in selector.regexes]
    if _SUBAGENT_TOOLS & set(names) or any(regex.search(name) for regex in regexes for name in _SUBAGENT_TOOLS):
        # An expression may know the one name and the CLI compare the other.
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
            raise check.invalid("matcher", pattern, "expected an expression for text, not for bytes")
        return Selector(regexes=(pattern,), python_only=True)
    if callable(pattern):
        return Selector(test=check_signature("matcher", pattern, ("ctx",)))
    if isinstance(pattern, Iterable) and not isinstance(pattern, (bytes, Mapping)):
        return _parse_list(list(pattern))
    raise check.invalid("matcher", pattern, "expected a string, a list of strings, a compiled expression or a function")


def _parse_list(patterns: list[Any]) -> Selector:
    if not patterns:
        raise check.invalid("matcher", patterns, "an empty list fits nothing; leave it out to fit everything")
    for pattern in patterns:
        if not isinstance(pattern, (str, re.Pattern)):
            raise check.invalid("matcher", patterns, "expected strings or compiled expressions in the list")
    parts = [_parse_pattern(pattern) for pattern in patterns]
    return Selector(
        matches_all=any(part.matches_all for part in parts),
        names=tuple(name for part in parts for name in part.names),
        cli_patterns=tuple(source for part in parts for source in part.cli_patterns),
        regexes=tuple(regex for part in parts for regex in part.regexes),
        python_only=any(part.python_only for part in parts),
    )


def _parse_text(pattern: str) -> Selector:
    if not _EXACT_NAMES.match(pattern):
        return _parse_regex(pattern)
    words = [word.strip() for word in re.split(r"[|,]", pattern)]
    names = tuple(word for word in words if word and not _SERVER_NAME.match(word))
    sources = tuple(f"^{word}__" for word in words if _SERVER_NAME.match(word))
    if not names and not sources:
        raise check.invalid("matcher", pattern, "there is no name in it; leave it out to fit everything")
    return Selector(names=names, cli_patterns=sources, regexes=tuple(map(re.compile, sources)))


def _parse_regex(pattern: str) -> Selector:
    try:
        regex = re.compile(pattern)
    except re.error as error:
        # The CLI accepts it without a word and never fires the hook.
        raise check.invalid("matcher", pattern, f"not a valid regular expression ({error})") from error
    if _PERMISSION_RULE.match(pattern):
        raise check.invalid("matcher", pattern, "only the tool name is compared; read ctx.tool_input for more")
    if _NOT_JAVASCRIPT.search(pattern):
        return Selector(regexes=(regex,), python_only=True)
    return Selector(cli_patterns=(pattern,), regexes=(regex,))


def parse_fail_mode(value: object) -> str | None:
    """
    Return a fail mode; *None* stays *None*.

    Raises:
        ConfigurationError: It is neither `closed` nor `open`.
    """
    if value is not None and value not in FAIL_MODES:
        raise check.invalid("fail_mode", value, "expected 'closed' (an error refuses) or 'open' (an error lets pass)")
    return value


def _parse_timeout(value: object) -> float | None:
    seconds: float | None = check.number("timeout", above=0)(value)
    return seconds


@attrs.frozen(init=False, repr=False, eq=False)
class Matcher:
    """
    Hooks and what they apply to.

    Args:
        pattern: A tool's name, names with `|`, a regular expression as text, a list of these, a compiled expression, or
            a function of the context; *None* applies to everything. Most events compare it with the tool's name, some
            with their source, trigger or type, and some have nothing to compare.
        handlers: The hooks, called in order with one argument, the context.
        timeout: Seconds that each hook may take; *None* sets no limit.
        fail_mode: What a hook that raises, or is late, means: `closed` refuses, `open` lets pass. *None* leaves it to
            the hooks' owner, and that is `closed` by default.

    Raises:
        ConfigurationError: A value is wrong, or a handler takes other arguments.
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
        fail_mode: str | None = None,
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
        Check that the pattern can fit something at *event*.

        Raises:
            ConfigurationError: It cannot; the hook would never be called.
        """
        if self.selector.matches_all or self.selector.test is not None:
            return
        if event.matches is None:
            remedy = "leave the pattern out, or give a function of the context"
            raise check.invalid("matcher", self.pattern, f"{event.name} has nothing to compare it with; {remedy}")
        for name in self.selector.names if event.matches == "tool_name" else ():
            if name[0].islower() and not name.startswith("mcp__"):
                remedy = "tools are called like 'Bash', those of a server like 'mcp__server__tool'"
                raise check.invalid("matcher", name, f"no tool has such a name, and upper case counts; {remedy}")
            warn_if_misspelled("matcher", name)

    def __repr__(self) -> str:
        return f"<Matcher {self.pattern!r} {', '.join(map(function_name, self.handlers))}>"


_MATCHER_KEYS = ("matcher", "handler", "handlers", "timeout", "fail_mode")


def parse_matcher(value: Any) -> Matcher:
    """
    Return the matcher that *value* stands for: a `Matcher`, a dict with `matcher`, `handler` or `handlers`, `timeout`
    and `fail_mode`, or a function that is hooked to everything.

    Raises:
        ConfigurationError: It stands for none.
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
            raise check.invalid("hook", key, f"no such key; there are {', '.join(_MATCHER_KEYS)}")
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
