"""
Hook events of a session: start and end, compaction, model switches, and changes of files and directories.

The CLI does not fire `SessionStart` (at startup and resume) and `SessionEnd` for an SDK; this SDK fires them itself.
"""
from __future__ import annotations

import os

from .._core.fields import wire
from ..messages.registry import wire_object
from .base import HookContext, hook_event


@hook_event("SessionStart", matches="source", takes_context=True)
class SessionStart(HookContext):
    """A session starts or is resumed."""

    #: `startup`, `resume`, `clear`, `compact` or `fork`.
    source: str = ""
    model: str | None = None
    session_title: str | None = None
    seconds_since_last_response: float | None = None
    context_tokens: int | None = None
    prompt_cache_likely_expired: bool | None = None
    estimated_cache_write_usd: float | None = None


@hook_event("SessionEnd", matches="reason")
class SessionEnd(HookContext):
    """A session ends."""

    #: `clear`, `resume`, `logout`, `prompt_input_exit` or `other`.
    reason: str = ""


@hook_event("Setup", matches="trigger", takes_context=True)
class Setup(HookContext):
    """The CLI sets a directory up."""

    #: `init` or `maintenance`.
    trigger: str = ""


@hook_event("PreCompact", matches="trigger", cli_matches=True, denial="block", prevents=True)
class PreCompact(HookContext):
    """The conversation is about to be compacted."""

    #: `manual` or `auto`.
    trigger: str = ""
    custom_instructions: str | None = None


@hook_event("PostCompact", matches="trigger")
class PostCompact(HookContext):
    """The conversation was compacted."""

    trigger: str = ""
    compact_summary: str = ""


@wire_object
class ModelSwitchContext(HookContext):
    """Base class of the events of a model switch."""

    from_model: str = ""
    to_model: str = ""
    #: The model as requested; may be an alias.
    requested_model: str | None = None
    #: `command`, `picker` or `sdk`; after the switch also `auto` or `resume`.
    source: str = ""
    context_tokens: int = 0
    prompt_cache_warm: bool = False
    #: `5m` or `1h`.
    cache_ttl: str = ""
    estimated_cache_write_usd: float = 0.0
    #: `configured`, `catalog` or `default`.
    pricing: str = ""


@hook_event("PreModelSwitch", matches="to_model", denial="permission", prevents=True)
class PreModelSwitch(ModelSwitchContext):
    """The model is about to be switched."""


@hook_event("PostModelSwitch", matches="to_model", takes_context=True)
class PostModelSwitch(ModelSwitchContext):
    """The model was switched."""


@hook_event("ConfigChange", matches="source", denial="block", prevents=True)
class ConfigChange(HookContext):
    """A settings file changed and is about to take effect."""

    #: `user_settings`, `project_settings`, `local_settings`, `policy_settings` or `skills`.
    source: str = ""
    file_path: str | None = None


@hook_event("WorktreeCreate")
class WorktreeCreate(HookContext):
    """A git worktree is to be created. `hookSpecificOutput` of the result may set its `worktreePath`."""

    name: str = ""


@hook_event("WorktreeRemove")
class WorktreeRemove(HookContext):
    """A git worktree is to be removed."""

    worktree_path: str = ""


@hook_event("InstructionsLoaded", matches="load_reason")
class InstructionsLoaded(HookContext):
    """An instructions file was loaded, such as CLAUDE.md."""

    file_path: str = ""
    #: `User`, `Project`, `Local` or `Managed`.
    memory_type: str = ""
    #: `session_start`, `nested_traversal`, `path_glob_match`, `include` or `compact`.
    load_reason: str = ""
    globs: list[str] | None = None
    trigger_file_path: str | None = None
    parent_file_path: str | None = None


@hook_event("CwdChanged")
class CwdChanged(HookContext):
    """The working directory changed."""

    old_cwd: str = ""
    new_cwd: str = ""


@hook_event("FileChanged", matches="file_path", cli_matches=True)
class FileChanged(HookContext):
    """A watched file changed. The patterns are file names and select the files to watch."""

    file_path: str = ""
    #: `change`, `add` or `unlink`; the field `event` on the wire.
    change: str = wire("event", "")

    def matched_value(self) -> str:
        """Return the file name without its directory."""
        return os.path.basename(self.file_path)


@hook_event("DirectoryAdded", matches="source")
class DirectoryAdded(HookContext):
    """A directory was added to the directories that tools may use."""

    directory: str = ""
    #: `slash_command` or `register_repo_root`.
    source: str = ""
