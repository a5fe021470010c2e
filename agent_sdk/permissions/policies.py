"""
Permission callbacks that decide by themselves: `deny_all`, `read_only`, `within`.

Each is called only for what the CLI would ask about: what a rule, a mode or a hook allows never comes here.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .._core import checks as check
from .context import PermissionContext
from .decisions import Allow, Deny, PermissionCallback

#: Tools that change nothing and reach nothing outside this machine.
READ_ONLY_TOOLS = ("Read", "Glob", "Grep", "LS", "NotebookRead", "ListAgents", "ToolSearch")
#: Tools whose reach is the path in this key of their input.
PATH_ARGUMENTS: Mapping[str, str] = {
    "Read": "file_path",
    "Write": "file_path",
    "Edit": "file_path",
    "MultiEdit": "file_path",
    "NotebookEdit": "notebook_path",
    "NotebookRead": "notebook_path",
    "Glob": "path",
    "Grep": "path",
    "LS": "path",
}
#: What inputs call their paths, whatever the tool.
PATH_KEYS = ("file_path", "notebook_path", "path", "directory", "cwd")
#: Patterns of files that are absolute, go up, or could be put together to do so by braces or escapes.
_LEAVING_PATTERN = re.compile(r"^[/~]|\.\.|[{,][./]|\\")


def deny_all(message: str = "No tool may run here.") -> PermissionCallback:
    """
    Return a callback that refuses all that the CLI asks about; reading in its folder, and commands that only look, it
    does not.

    Args:
        message: What the model reads.
    """
    refusal = Deny(message)

    def decide(tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> Deny:
        return refusal

    return decide


def read_only(allow: Iterable[str] = ()) -> PermissionCallback:
    """
    Return a callback that allows the tools that only read files and refuses all others: commands, edits, the web,
    subagents and tools of servers.

    Args:
        allow: Further tools, by name or with wildcards: `["WebSearch", "mcp__docs__*"]`.

    Raises:
        ConfigurationError: *allow* is no list of names.
    """
    allowed = (*READ_ONLY_TOOLS, *_parse_names(allow))

    def decide(tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> Allow | Deny:
        if _matches_any(tool_name, allowed):
            return Allow()
        return Deny(f"{tool_name} is not allowed: this session may only read files.")

    return decide


def within(directory: str | os.PathLike[str], allow: Iterable[str] = ()) -> PermissionCallback:
    """
    Return a callback that allows the file tools below *directory* and refuses all others, commands included: what a
    command touches cannot be told from its text.

    Symbolic links are followed before the comparison. Paths must be absolute, since the callback is not told where the
    CLI stands. Reading inside the CLI's working directory is not asked about, and so never comes here.

    Args:
        directory: The directory, which must exist; a relative one is below this process's own, not below `cwd=`.
        allow: Tools that may run without a look at their input, by name or with wildcards: `["Bash", "mcp__db__*"]`.

    Raises:
        ConfigurationError: There is no such directory, or *allow* is no list of names.
    """
    if directory is None:
        raise check.invalid("directory", directory, "expected the path of a directory")
    root = os.path.realpath(str(check.directory("directory")(directory)))
    allowed = _parse_names(allow)

    def decide(tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> Allow | Deny:
        if _matches_any(tool_name, allowed):
            return Allow()
        why = _denial_reason(root, tool_name, tool_input, context)
        return Allow() if why is None else Deny(f"{tool_name} is not allowed: {why}.")

    return decide


def _parse_names(value: Iterable[str]) -> tuple[str, ...]:
    names: tuple[str, ...] | None = check.string_list("allow")(value)
    return names or ()


def _matches_any(tool_name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(tool_name, pattern) for pattern in patterns)


def _denial_reason(root: str, tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> str | None:
    """Say why this use is not below *root*; *None* when it is."""
    key = PATH_ARGUMENTS.get(tool_name)
    if key is None:
        return f"only tools that work on files below {root} are"
    if tool_input.get(key) is None:
        return f"give it a {key} below {root}"
    paths = [tool_input[name] for name in PATH_KEYS if tool_input.get(name) is not None]
    if context.blocked_path is not None:
        paths.append(context.blocked_path)
    for path in paths:
        if not _is_below(root, path):
            return f"{path!r} is not an absolute path below {root}"
    if tool_name == "Glob" and _may_leave_folder(tool_input.get("pattern")):
        return "its pattern leads out of its path"
    return None


def _is_below(root: str, path: object) -> bool:
    if not isinstance(path, str) or not os.path.isabs(path) or "\0" in path:
        return False
    real = os.path.realpath(path)
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def _may_leave_folder(pattern: object) -> bool:
    return not isinstance(pattern, str) or _LEAVING_PATTERN.search(pattern) is not None
