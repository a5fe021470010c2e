"""
What options contradict each other, each rule with its remedy. Used by `options`, once all values are there.
"""
from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .._core.checks import is_uuid

#: Whether the options are broken, and what to do about it.
Rule = tuple[Callable[[Any], bool], str]
#: What contradicts what; each rule with its remedy.
RULES: tuple[Rule, ...] = (
    (
        lambda o: o.resume and o.continue_conversation,
        "resume and continue_conversation exclude each other; give one of them",
    ),
    (
        lambda o: o.resume_session_at and not o.resume,
        "resume_session_at needs resume: which session holds that message?",
    ),
    (
        lambda o: o.session_id and (o.resume or o.continue_conversation) and not o.fork_session,
        "session_id names a new session; to resume one under a new id add fork_session=True",
    ),
    (
        lambda o: o.model is not None and o.fallback_model is not None and o.model in o.fallback_model,
        "fallback_model must differ from model",
    ),
    (
        lambda o: o.permission_mode == "bypassPermissions" and os.name == "posix" and os.geteuid() == 0,
        "permission_mode='bypass_permissions' is refused by the CLI for root; use another user, or allow tools by name",
    ),
    (
        lambda o: o.thinking is not None and o.max_thinking_tokens is not None,
        "thinking and max_thinking_tokens say the same thing; give one of them",
    ),
    (
        lambda o: o.can_use_tool is not None and o.permission_prompt_tool_name is not None,
        "can_use_tool and permission_prompt_tool_name exclude each other; give one of them",
    ),
    (
        lambda o: o.output is not None and o.output_format is not None,
        "output and output_format say the same thing; give one of them",
    ),
    (
        lambda o: o.can_use_tool is not None and o.permission_prompts == "none",
        "can_use_tool is never asked with permission_prompts='none'; leave one of them out",
    ),
    (
        lambda o: o.session_store is not None and o.enable_file_checkpointing,
        "enable_file_checkpointing keeps files on this machine alone, and session_store moves sessions; leave one out",
    ),
    (
        lambda o: o.session_store is not None and not o.persist_session,
        "session_store keeps what the CLI saves, and persist_session=False saves nothing; leave one of them out",
    ),
    (
        lambda o: o.session_store is not None and o.resume and not is_uuid(o.resume),
        "with session_store, resume takes the session's id; a title is known on one machine only",
    ),
    (
        lambda o: o.sandbox is not None and isinstance(o.settings, str),
        "sandbox is merged into settings, so settings must be a dict beside it",
    ),
)
