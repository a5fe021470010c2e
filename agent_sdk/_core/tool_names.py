"""
Names of the CLI's built-in tools, the CLI's spelling of MCP names, and checks for names that match no tool.

The CLI accepts any name, so a misspelled name in a rule or hook pattern matches nothing.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..errors import ConfigurationError, UnknownToolWarning
from . import log
from .checks import Check, invalid, string_list
from .text import did_you_mean, nearest

#: All tools that a session can offer, as CLI 2.1.332 lists them; `Task` is its older name for `Agent`.
BUILTIN = (
    "Agent", "Artifact", "AskUserQuestion", "Bash", "ClaudeDesign", "CronCreate", "CronDelete", "CronList", "Edit",
    "EndConversation", "EnterPlanMode", "EnterWorktree", "ExitPlanMode", "ExitWorktree", "Glob", "Grep", "LSP",
    "ListAgents", "ListMcpResourcesTool", "Monitor", "NotebookEdit", "OfferChromeSetup", "PowerShell", "Projects",
    "PushNotification", "Read", "ReadMcpResourceDirTool", "ReadMcpResourceTool", "ReadNotifications", "RemoteTrigger",
    "ReportFindings", "ScheduleWakeup", "SendFeedback", "SendMessage", "SendUserFile", "SendUserMessage", "SetGoal",
    "ShareOnboardingGuide", "ShowOnboardingRolePicker", "Skill", "SubagentHandback", "Task", "TaskCreate", "TaskGet",
    "TaskList", "TaskStop", "TaskUpdate", "TodoWrite", "ToolSearch", "WaitForMcpServers", "WebFetch", "WebSearch",
    "Workflow", "Write", "propose_skills",
)  # fmt: skip
#: Names that the CLI still translates, tools of earlier CLIs, and tools that only some sessions have.
_OTHER = (
    "AgentOutputTool", "BashOutput", "Brief", "JavaScript", "KillBash", "KillShell", "LS", "ListMcpResources",
    "ListPeers", "MultiEdit", "NotebookRead", "ProposeGoal", "REPL", "ReadMcpResource", "ReadMcpResourceDir",
    "SlashCommand", "StructuredOutput", "TaskOutput", "TodoRead",
)  # fmt: skip
_KNOWN = frozenset((*BUILTIN, *_OTHER))
_BY_LOWER = {name.lower(): name for name in _KNOWN}
MCP = "mcp__"
#: The parts of a list of rules: separators, parentheses, and the characters between them.
_RULE_PART = re.compile(r"[,\s]+|[()]|[^,\s()]+")


def cli_name(name: str, keep: str = "") -> str:
    """Return the name of an MCP server or tool as the CLI writes it in tool names. The characters of *keep* stay."""
    foreign = rf"[^A-Za-z0-9_{re.escape(keep)}-]"
    written = re.sub(foreign, lambda found: "_" * (1 + (found[0] > "\uffff")), name)  # the CLI counts UTF-16 units
    if name.startswith("claude.ai "):
        return re.sub("_+", "_", written).strip("_")
    return written


def cli_tool_name(name: str, keep: str = "") -> str:
    """Return *name* with an MCP name in the CLI's spelling. The characters of *keep*, such as wildcards, stay."""
    if not name.startswith(MCP):
        return name
    server, separator, tool = name[len(MCP) :].partition("__")
    return f"{MCP}{cli_name(server, keep)}{separator}{cli_name(tool, keep)}"


def tool_rules(name: str) -> Check:
    """Accept tool names and rules, as a list or a string; return a tuple. Unknown names raise in a deny, or warn."""
    as_words = string_list(name)

    def check(value: object) -> tuple[str, ...] | None:
        rules: tuple[str, ...] | None = as_words(value)
        return None if rules is None else tuple(_parse_rules(name, rule) for rule in rules)

    return check


def _parse_rules(option: str, text: str) -> str:
    opened = text.partition("(")[2]
    if "(" in text and ")" not in opened:
        raise invalid(option, text, "the parenthesis is not closed; write it as 'Bash(git log *)'")
    if option == "tools" and text.strip() == "default":
        return text
    rules = list(_split_rules(text))
    for rule in rules:
        tool = rule_name(rule)
        right = _BY_LOWER.get(tool.lower(), tool)
        if right != tool:
            raise invalid(option, text, f"tool names are case-sensitive; did you mean {right!r}?")
        check_tool(option, tool, deny=option == "disallowed_tools")
    return ",".join(map(cli_rule, rules)) if MCP in text else text


def _split_rules(text: str) -> Iterator[str]:
    """Split at commas and white space outside parentheses. An MCP name may contain spaces and parentheses."""
    rule, gap, depth = "", "", 0
    for part in _RULE_PART.findall(text):
        is_gap = part[0] == "," or part.isspace()
        if is_gap and not depth:
            gap = "," if "," in gap + part else part
            continue
        if gap and rule and ("," in gap or not rule.startswith(MCP) or _starts_rule(part)):
            yield rule
            rule, gap = "", ""
        rule, gap = rule + (gap if rule else "") + part, ""
        depth = max(0, depth + (part == "(") - (part == ")"))
    if rule:
        yield rule


def _starts_rule(word: str) -> bool:
    """Return whether *word* is a rule of its own, and not the rest of an MCP name that contains a space."""
    return word.startswith(MCP) or word in _KNOWN or (word[0].isupper() and nearest(word, BUILTIN, 0.7) != "")


def rule_name(rule: str) -> str:
    """Return the tool name of a rule such as `Bash(git log *)`. Other parentheses belong to an MCP name."""
    name, opened, _ = rule.partition("(")
    is_content = opened and rule.endswith(")") and not (name.startswith(MCP) and name[-1].isspace())
    return name if is_content else rule


def cli_rule(rule: str) -> str:
    """Return *rule* with an MCP name in the CLI's spelling; `*` and a content in parentheses stay."""
    name = rule_name(rule)
    return cli_tool_name(name, keep="*") + rule[len(name) :]


def is_known_tool(tool: str) -> bool:
    """Return whether *tool*, which may contain `*`, fits a built-in tool or is the name of an MCP server or tool."""
    if tool.startswith(MCP):
        return bool(tool[len(MCP) :].strip("_ "))
    return tool in _KNOWN or ("*" in tool and any(fnmatchcase(name, tool) for name in (*_KNOWN, MCP)))


def check_tool(where: str, tool: str, *, deny: bool = False) -> None:
    """
    Warn if *tool* fits no tool.

    Raises:
        ConfigurationError: *tool* fits no tool, and *deny* is set: the rule would deny nothing.
    """
    if is_known_tool(tool):
        return
    text = f"{where}={tool!r}: unknown tool; {_hint(tool) or 'agent_sdk.builtin_tools() lists the built-in tools'}"
    if not deny:
        log.warn(text, UnknownToolWarning)
        return
    mcp = "write tools of MCP servers as 'mcp__server__tool' ('mcp__sdk__name' for custom_tools)"
    newer = "deny a tool of a newer CLI by settings={'permissions': {'deny': [...]}}"
    raise ConfigurationError(f"{text}. The rule would deny nothing: {mcp}; {newer}")


def _hint(tool: str) -> str:
    return did_you_mean(tool, BUILTIN) if tool.isascii() and tool.isalpha() else ""
