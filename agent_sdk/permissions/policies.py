"""
Permission callbacks that decide without a user: `deny_all`, `read_only`, `within`.

The CLI calls them only for tool uses that need permission, not for those that a rule, a mode or a hook allows.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .._core import checks as check
from .._core.tool_names import check_tool, cli_tool_name
from .context import PermissionContext
from .decisions import Allow, Deny, PermissionCallback

#: Tools that change nothing and access nothing outside this machine.
READ_ONLY_TOOLS = ("Read", "Glob", "Grep", "LS", "NotebookRead", "ListAgents", "ToolSearch")
#: Tools that access only the path in this key of their input.
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
#: Input keys that hold a path, for any tool.
PATH_KEYS = ("file_path", "notebook_path", "path", "directory", "cwd")
#: File patterns that are absolute, contain `..`, or could expand to such a path through braces or escapes.
_LEAVING_PATTERN = re.compile(r"^[/~]|\.\.|[{,][./]|\\")


def deny_all(message: str = "Tools are not allowed in this session.") -> PermissionCallback:
    """
    Return a callback that denies every permission request. The CLI makes no request for reading files in its working
    directory and for read-only commands.

    Args:
        message: The text that the model reads.
    """
    refusal = Deny(message)

    def decide(tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> Deny:
        return refusal

    return decide


def read_only(allow: Iterable[str] = ()) -> PermissionCallback:
    """
    Return a callback that allows tools that only read files and denies all others: commands, edits, web access,
    subagents and MCP tools.

    Args:
        allow: Additional tools, by name or wildcard: `["WebSearch", "mcp__docs__*"]`.

    Raises:
        ConfigurationError: *allow* is not a list of names.
    """
    allowed = (*READ_ONLY_TOOLS, *_parse_names(allow))

    def decide(tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> Allow | Deny:
        if _matches_any(tool_name, allowed):
            return Allow()
        return Deny(f"{tool_name} is not allowed: this session may only read files.")

    return decide


def within(directory: str | os.PathLike[str], allow: Iterable[str] = ()) -> PermissionCallback:
    """
    Return a callback that allows file tools below *directory* and denies all others. Commands are denied because the
    files that a command accesses cannot be determined from its text.

    Symbolic links are resolved before the comparison. Paths must be absolute, because the callback does not know the
    CLI's working directory. The CLI makes no permission request for reading files in its working directory.

    Args:
        directory: An existing directory. A relative path is resolved against this process's directory, not `cwd=`.
        allow: Tools that are allowed with any input, by name or wildcard: `["Bash", "mcp__db__*"]`.

    Raises:
        ConfigurationError: *directory* does not exist, or *allow* is not a list of names.
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
    for name in names or ():
        if not re.search(r"[?\[]", name):
            check_tool("allow", name)
    return tuple(cli_tool_name(name, keep="*?[]!") for name in names or ())


def _matches_any(tool_name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(tool_name, pattern) for pattern in patterns)


def _denial_reason(root: str, tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> str | None:
    """Return why the tool use is not limited to *root*; *None* when it is."""
    key = PATH_ARGUMENTS.get(tool_name)
    if key is None:
        return f"only file tools below {root} are allowed"
    if tool_input.get(key) is None:
        return f"it needs a {key} below {root}"
    paths = [tool_input[name] for name in PATH_KEYS if tool_input.get(name) is not None]
    if context.blocked_path is not None:
        paths.append(context.blocked_path)
    for path in paths:
        if not _is_below(root, path):
            return f"{path!r} is not an absolute path below {root}"
    if tool_name == "Glob" and _may_leave_folder(tool_input.get("pattern")):
        return "the pattern leads outside its path"
    return None


def _is_below(root: str, path: object) -> bool:
    if not isinstance(path, str) or not os.path.isabs(path) or "\0" in path:
        return False
    real = os.path.realpath(path)
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def _may_leave_folder(pattern: object) -> bool:
    return not isinstance(pattern, str) or _LEAVING_PATTERN.search(pattern) is not None
