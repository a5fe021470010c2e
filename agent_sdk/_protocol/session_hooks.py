"""
Hook events that the CLI never fires for an SDK: Setup and SessionStart when a session opens, SessionEnd at its end.

The SDK fires them with the fields that the CLI would send. It cannot pass the hooks' responses to the CLI.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._core.callbacks import call_in_user_thread
from ..errors import HookError
from ..transcripts.location import SessionLocation
from .callback_set import CallbackSet

if TYPE_CHECKING:
    from ..messages import Message

#: Response keys that have no effect.
_IGNORED_KEYS = frozenset({"hookSpecificOutput", "systemMessage", "decision"})


def source_of(opening: Mapping[str, Any]) -> str:
    """Return how a session is opened: *startup*, *resume* or *fork*."""
    if opening.get("fork_session"):
        return "fork"
    return "resume" if opening.get("resume") or opening.get("continue_conversation") else "startup"


def fire_session_start(callbacks: CallbackSet, init: Message, source: str, location: SessionLocation | None) -> None:
    """Fire Setup and SessionStart for a session that has opened."""
    fields = {"permission_mode": init.permission_mode, "model": init.model}
    _fire(callbacks, "setup", init, {**fields, "trigger": "init"}, location)
    _fire(callbacks, "session_start", init, {**fields, "source": source}, location)


def fire_session_end(callbacks: CallbackSet, init: Message, reason: str, location: SessionLocation | None) -> None:
    """Fire SessionEnd for a session that has ended."""
    _fire(callbacks, "session_end", init, {"reason": reason}, location)


def _fire(
    callbacks: CallbackSet, event: str, init: Message, fields: Mapping[str, Any], location: SessionLocation | None
) -> None:
    hooks, session_id = callbacks.hooks, str(init.session_id)
    if hooks is None or not hooks.has(event):
        return
    path = SessionLocation.of(init.cwd, None if location is None else location.env).transcript(session_id)
    common = {"session_id": session_id, "transcript_path": path, "cwd": init.cwd}
    outcome = call_in_user_thread(hooks.fire, event, {**common, **fields})
    for error in outcome.errors:
        callbacks.add_error(error)
    if outcome.output.get("continue") is False or outcome.output.keys() & _IGNORED_KEYS:
        remedy = "return None; to add context, use user_prompt_submit or append_system_prompt"
        callbacks.add_error(HookError(f"{event}: the result of this hook is ignored; {remedy}", event=event))
