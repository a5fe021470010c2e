"""
Names of the CLI's built-in tools, and checks for misspelled names.

The CLI accepts any name, so a misspelled name in a rule or hook pattern matches nothing.
"""
from __future__ import annotations

import functools

from ..errors import UnknownToolWarning
from . import log
from .checks import Check, invalid, string_list
from .text import nearest

#: All tools that a session can offer.
BUILTIN = (
    "AskUserQuestion", "Bash", "CronCreate", "CronDelete", "CronList", "Edit", "EnterPlanMode", "EnterWorktree",
    "ExitPlanMode", "ExitWorktree", "Glob", "Grep", "ListAgents", "Monitor", "NotebookEdit", "Read", "ReportFindings",
    "ScheduleWakeup", "SendMessage", "Skill", "Task", "TaskStop", "ToolSearch", "WebFetch", "WebSearch", "Workflow",
    "Write",
)  # fmt: skip
_BY_LOWER = {name.lower(): name for name in BUILTIN}
#: Minimum similarity of a misspelling: `Bsh` matches `Bash`, `NotebookRead` does not match `NotebookEdit`.
_MIN_SIMILARITY = 0.85


def tool_rules(name: str) -> Check:
    """Accept tool names and rules, as a list or a string; return a tuple. Warns about likely misspellings."""
    as_words = string_list(name)

    def check(value: object) -> tuple[str, ...] | None:
        rules: tuple[str, ...] | None = as_words(value)
        for rule in rules or ():
            _check_rule(name, rule)
        return rules

    return check


def _check_rule(option: str, rule: str) -> None:
    named, opened, rest = rule.partition("(")
    if opened and ")" not in rest:
        raise invalid(option, rule, "the parenthesis is not closed; write it as 'Bash(git log *)'")
    for tool in named.replace(",", " ").split():
        right = _BY_LOWER.get(tool.lower(), tool)
        if right != tool:
            raise invalid(option, rule, f"tool names are case-sensitive; did you mean {right!r}?")
        warn_if_misspelled(option, tool)


def warn_if_misspelled(where: str, tool: str) -> None:
    """Warn if *tool* is unknown and similar to a built-in tool's name."""
    meant = _intended_tool(tool)
    if meant is not None:
        log.warn(f"{where}={tool!r}: unknown tool; did you mean {meant!r}?", UnknownToolWarning)


@functools.lru_cache
def _intended_tool(tool: str) -> str | None:
    if tool in BUILTIN or not tool.isalpha():
        return None
    return nearest(tool, BUILTIN, _MIN_SIMILARITY) or None
