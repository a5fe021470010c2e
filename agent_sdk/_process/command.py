"""
Builds the command line, the environment and the private files of one process from `Options`.

Reads the field markers of `Options`; options with code of their own are at the end of the module.
"""
from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .._core import json_lines, log
from .._core.checks import is_encodable
from .._core.fields import TARGET
from ..errors import ConfigurationError, ShadowedCallbackWarning
from ..options.converters import CUSTOM_TOOLS
from ..options.options import FIELDS, Options
from .locate import find_cli

#: Values of this size in bytes or larger do not fit on the command line.
MAX_ARGV_BYTES = 8 * 1024
_BASE_FLAGS = ("--output-format=stream-json", "--verbose", "--input-format=stream-json")
_ARGV_OPTIONS = [(field.name, field.metadata[TARGET]) for field in FIELDS if field.metadata[TARGET].by == "argv"]
_ENVIRON_OPTIONS = [(field.name, field.metadata[TARGET]) for field in FIELDS if field.metadata[TARGET].by == "environ"]
#: Environment variables for every CLI process: the client's name, and a request to report the idle state.
_SDK_VARIABLES = {"CLAUDE_CODE_ENTRYPOINT": "sdk-py", "CLAUDE_CODE_SDK_READS_SESSION_STATE": "1"}
#: Environment variable that marks all descendants of a CLI process.
MARKER = "AGENT_SDK_PROCESS"
_numbers = itertools.count(1)
_FLAG_NAME = re.compile(r"-{0,2}[A-Za-z0-9][\w.-]*", re.ASCII)
#: Flag names that suggest a secret; `--max-thinking-tokens` does not match.
_SECRET_NAME = re.compile(r"(token|key|secret|password|credentials?|headers?)$")
#: Flags whose values can contain secrets.
_SECRET_FLAGS = ("--settings", "--mcp-config", "--managed-settings")


@attrs.define
class Command:
    """The command line, environment and files of one process."""

    argv: list[str]
    env: dict[str, str]
    cwd: str | None
    #: Environment entry of the process and all its descendants, as `NAME=value`.
    marker: str = ""
    #: Private files that are removed when the process has ended.
    files: list[str] = attrs.field(factory=list)
    #: Object whose lifetime is tied to the process: its finalizer runs after the process has ended.
    owner: object = None

    @property
    def masked(self) -> list[str]:
        """The command line without secrets."""
        return [_masked(word) for word in self.argv]

    def remove_files(self) -> None:
        """Remove the private files."""
        while self.files:
            try:
                os.unlink(self.files.pop())
            except OSError:
                continue  # the file was already deleted, for example by a temp cleaner


def command_of(
    options: Options, outside: Mapping[str, Any] | None = None, servers_file: str | None = None
) -> Command:
    """Build the command for one process. *outside* are MCP servers by name, *servers_file* a file with more of them."""
    if options.fork_session and not (options.resume or options.continue_conversation):
        raise ConfigurationError("fork_session requires a session to copy; add resume=<session id>")
    env = _environment(options)
    env[MARKER] = f"{os.getpid()}-{next(_numbers)}"
    cli = find_cli(options.cli_path, env.get("PATH", ""))
    command = Command([cli, *_BASE_FLAGS], env, options.cwd, f"{MARKER}={env[MARKER]}")
    try:
        command.argv += _arguments(options, outside, command.files)
        command.argv += [f"--mcp-config={servers_file}"] if servers_file else []
    except BaseException:
        command.remove_files()
        raise
    return command


def _arguments(options: Options, outside: Mapping[str, Any] | None, files: list[str]) -> Iterator[str]:
    for name, travel in _ARGV_OPTIONS:
        value = getattr(options, name)
        if name == "allowed_tools":
            value = _allowed_tools(options)
        encoded = value if travel.encode is None or value is None else travel.encode(value)
        if encoded is not None and encoded is not False:
            yield from _flags(travel.name, encoded)
    if options.system_prompt is not None and options.resume is not None:
        # The CLI records a session's first system prompt and ignores a new one on resume without this flag.
        yield "--system-prompt-snapshot=off"
    yield from _permission_flags(options)
    yield from _server_flags(outside, files)
    yield from _settings_flags(options, files)
    yield from _extra_flags(options)


def _flags(flag: str, value: object) -> Iterator[str]:
    if not flag and isinstance(value, tuple):
        yield from value
    elif value is True:
        yield flag
    elif isinstance(value, tuple):
        for item in value:
            yield _flag(flag, str(item))
    else:
        yield _flag(flag, str(value))


def _flag(flag: str, value: str) -> str:
    """Return flag and value as one argument, so that a value starting with `-` is not read as a flag."""
    if "\0" in value or not is_encodable(value):
        raise ConfigurationError(f"{flag}: must not contain a NUL character or an unpaired surrogate")
    size = len(value.encode("utf-8", "surrogateescape"))
    if size >= MAX_ARGV_BYTES:
        raise ConfigurationError(f"{flag}: {size} bytes do not fit on a command line")
    return f"{flag}={value}"


def _environment(options: Options) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name != "CLAUDECODE"}
    for name, value in _SDK_VARIABLES.items():
        env.setdefault(name, value)
    if options.cwd is not None:
        env["PWD"] = os.path.abspath(options.cwd)
    for option, travel in _ENVIRON_OPTIONS:
        encoded = travel.encode(getattr(options, option)) if travel.encode else getattr(options, option)
        if encoded is not None:
            env[travel.name] = encoded
    for name, over in (options.env or {}).items():
        if over is None:
            env.pop(name, None)
        else:
            env[name] = _check_variable(name, over)
    return env


def _check_variable(name: str, value: object) -> str:
    if not isinstance(value, str) or "\0" in name + value or not name or "=" in name or not is_encodable(name + value):
        raise ConfigurationError(f"env[{name!r}]: expected a string without NUL, or None to unset the variable")
    return value


def _permission_flags(options: Options) -> Iterator[str]:
    if options.can_use_tool is not None:
        yield "--permission-prompt-tool=stdio"
        if options.permission_mode is None:
            yield "--permission-mode=default"  # the CLI's own default may be a mode that sends no permission requests
        _warn_of_unused_callback(options)


def _warn_of_unused_callback(options: Options) -> None:
    whole = [rule for rule in options.allowed_tools or () if "(" not in rule or rule.endswith(("()", "(*)"))]
    if options.permission_mode == "bypassPermissions":
        log.warn("can_use_tool is never called: bypass_permissions allows every tool", ShadowedCallbackWarning)
    elif whole and not {"pre_tool_use", "PreToolUse"} & (options.hooks or {}).keys():  # a hook may return "ask"
        text = f"can_use_tool is not called for {', '.join(whole)}: allowed_tools allows them"
        log.warn(text, ShadowedCallbackWarning)


def _allowed_tools(options: Options) -> tuple[str, ...] | None:
    """Return the tools that run without a permission request, including *custom_tools* and *skills*."""
    more = [f"mcp__{CUSTOM_TOOLS}"] if options.custom_tools else []
    for skill in options.skills or ():
        more.append("Skill" if skill == "all" else f"Skill({skill})")
    return (*(options.allowed_tools or ()), *more) if more else options.allowed_tools


def _server_flags(outside: Mapping[str, Any] | None, files: list[str]) -> Iterator[str]:
    # Always passed in a file: URLs and headers can contain tokens, and every user can read a command line.
    if outside:
        yield f"--mcp-config={_private_file(json_lines.dumps({'mcpServers': dict(outside)}), files)}"


def _settings_flags(options: Options, files: list[str]) -> list[str]:
    settings: Any = options.settings
    if options.sandbox is not None:
        settings = {**(settings or {}), "sandbox": options.sandbox}
    if settings is None:
        return []
    text = settings if isinstance(settings, str) else json_lines.dumps(settings)
    is_large = text.lstrip().startswith("{") and len(text.encode("utf-8", "surrogateescape")) >= MAX_ARGV_BYTES
    return [_flag("--settings", _private_file(text, files) if is_large else text)]


def _private_file(text: str, files: list[str]) -> str:
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix="agent_sdk-", suffix=".json")
    files.append(path)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    return path


def _extra_flags(options: Options) -> Iterator[str]:
    value: Any
    for name, value in (options.extra_args or {}).items():
        if not _FLAG_NAME.fullmatch(name):
            raise ConfigurationError(f"extra_args[{name!r}]: expected a flag name, such as 'debug-file'")
        if (value is not None and not isinstance(value, (str, int, float))) or value is False:
            raise ConfigurationError(f"extra_args[{name!r}]={value!r}: expected a string, or None for no value")
        flag = "--" + name.lstrip("-")
        yield flag if value is None or value is True else _flag(flag, str(value))


def _masked(word: str) -> str:
    flag, equals, _ = word.partition("=")
    hides = flag in _SECRET_FLAGS or _SECRET_NAME.search(flag.lower())
    return f"{flag}=***" if equals and hides else word
