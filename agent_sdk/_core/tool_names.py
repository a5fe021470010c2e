"""
The names of the CLI's own tools, and what is wrong with a name that nearly is one of them.

The CLI takes any name, so that a misspelt one in a rule, or in the pattern of a hook, forbids nothing.
"""
from __future__ import annotations

import functools

from ..errors import UnknownToolWarning
from . import log
from .checks import Check, invalid, string_list
from .text import nearest

#: As a session may offer them.
BUILTIN = (
    "AskUserQuestion", "Bash", "CronCreate", "CronDelete", "CronList", "Edit", "EnterPlanMode", "EnterWorktree",
    "ExitPlanMode", "ExitWorktree", "Glob", "Grep", "ListAgents", "Monitor", "NotebookEdit", "Read", "ReportFindings",
    "ScheduleWakeup", "SendMessage", "Skill", "Task", "TaskStop", "ToolSearch", "WebFetch", "WebSearch", "Workflow",
    "Write",
)  # fmt: skip
_BY_LOWER = {name.lower(): name for name in BUILTIN}
#: How alike two names are that mean the same: `Bsh` and `Bash` are, `NotebookRead` and `NotebookEdit` are not.
_MIN_SIMILARITY = 0.85


def tool_rules(name: str) -> Check:
    """Accept names of tools and rules, as a list or one of them; gives a tuple. Warns of what looks misspelt."""
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
            raise invalid(option, rule, f"upper case counts in names of tools; did you mean {right!r}?")
        warn_if_misspelled(option, tool)


def warn_if_misspelled(where: str, tool: str) -> None:
    """Warn of the name of a *tool* that is unknown and much like one of the CLI's."""
    meant = _intended_tool(tool)
    if meant is not None:
        log.warn(f"{where}={tool!r}: the CLI has no such tool; did you mean {meant!r}?", UnknownToolWarning)


@functools.lru_cache
def _intended_tool(tool: str) -> str | None:
    if tool in BUILTIN or not tool.isalpha():
        return None
    return nearest(tool, BUILTIN, _MIN_SIMILARITY) or None
