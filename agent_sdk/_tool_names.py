"""
The names of the CLI's own tools, and what is wrong with a name that nearly is one of them.

The CLI takes any name, so that a misspelt one in a rule, or in the pattern of a hook, forbids nothing.
"""
from __future__ import annotations

from . import _log
from ._checks import Check, words, wrong
from .errors import UnknownToolWarning

#: As a session may offer them.
BUILTIN = (
    "AskUserQuestion", "Bash", "CronCreate", "CronDelete", "CronList", "Edit", "EnterPlanMode", "EnterWorktree",
    "ExitPlanMode", "ExitWorktree", "Glob", "Grep", "ListAgents", "Monitor", "NotebookEdit", "Read", "ReportFindings",
    "ScheduleWakeup", "SendMessage", "Skill", "Task", "TaskStop", "ToolSearch", "WebFetch", "WebSearch", "Workflow",
    "Write",
)  # fmt: skip
_BY_LOWER = {name.lower(): name for name in BUILTIN}
#: How alike two names are that mean the same: `Bsh` and `Bash` are, `NotebookRead` and `NotebookEdit` are not.
_ALIKE = 0.85


def tool_rules(name: str) -> Check:
    """Accept names of tools and rules, as a list or one of them; gives a tuple. Warns of what looks misspelt."""
    as_words = words(name)

    def check(value: object) -> tuple[str, ...] | None:
        rules: tuple[str, ...] | None = as_words(value)
        for rule in rules or ():
            _check(name, rule)
        return rules

    return check


def _check(option: str, rule: str) -> None:
    tool, opened, rest = rule.partition("(")
    if opened and ")" not in rest:
        raise wrong(option, rule, "the parenthesis is not closed; write it as 'Bash(git log *)'")
    right = _BY_LOWER.get(tool.strip().lower())
    if right is not None and right != tool.strip():
        raise wrong(option, rule, f"upper case counts in names of tools; did you mean {right!r}?")
    doubt(option, tool.strip())


def doubt(where: str, tool: str) -> None:
    """Warn of the name of a *tool* that is unknown and much like one of the CLI's."""
    if tool in BUILTIN or not tool.isalpha():
        return
    import difflib

    nearest = difflib.get_close_matches(tool, BUILTIN, n=1, cutoff=_ALIKE)
    if nearest:
        text = f"{where}={tool!r}: the CLI has no such tool; did you mean {nearest[0]!r}?"
        _log.warn(text, UnknownToolWarning)
