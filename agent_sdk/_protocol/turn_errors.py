"""
The errors that end a turn early, and what has to be done before they are raised.
"""
from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import AbortError, AgentTimeoutError, ProcessError, SessionNotFoundError
from ..transcripts.paths import find_transcripts

if TYPE_CHECKING:
    from .turn import Turn


def abort(turn: Turn) -> AbortError:
    """Stop a turn that was aborted, and build its error."""
    if not turn.stop():
        turn.drop()
    return AbortError(
        "the turn was aborted; the next query goes on with its session",
        session_id=turn.session_id,
        result=turn.result,
        messages=list(turn.messages),
    )


def timeout(turn: Turn) -> AgentTimeoutError:
    """Stop a turn whose time is up, and build its error."""
    elapsed, terms = turn.elapsed, turn.limits
    is_total = terms.timeout is not None and elapsed >= terms.timeout
    what = f"timeout={terms.timeout:g}" if is_total else f"idle_timeout={terms.idle_timeout:g}"
    if not turn.stop():
        turn.drop()
    return AgentTimeoutError(
        f"no result after {elapsed:.1f} seconds ({what}); the turn was stopped, its session can be resumed",
        session_id=turn.session_id,
        elapsed=elapsed,
        last_message=turn.last_message,
        messages=list(turn.messages),
    )


def check_limits(turn: Turn) -> None:
    """
    Find out whether there is still reason to wait for a place where *turn* can run.

    Raises:
        AbortError: It was aborted.
        AgentTimeoutError: Its time is up.
    """
    check_abort(turn)
    limit = turn.deadline()
    if limit is not None and time.monotonic() >= limit:
        raise timeout(turn)


def check_abort(turn: Turn) -> None:
    """
    Find out whether *turn* was aborted while nothing ran.

    Raises:
        AbortError: It was.
    """
    if turn.is_aborted:
        raise abort(turn)


def process_error(turn: Turn, error: ProcessError) -> ProcessError:
    """Build the error of a turn whose process ended, from the one that tells how it ended."""
    turn.finish()
    return ProcessError(
        str(error.args[0]),
        exit_code=error.exit_code,
        stderr=error.stderr,
        argv=error.argv,
        cwd=error.cwd,
        session_id=turn.session_id,
        messages=list(turn.messages),
    )


def check_session(turn: Turn, result: Mapping[str, Any]) -> None:
    """
    Look at a result that came before anything else: the CLI's way to say that it cannot resume.

    Raises:
        SessionNotFoundError: It says so.
    """
    errors = result.get("errors")
    if turn.limits.resume is None or not result.get("is_error") or not isinstance(errors, list) or not errors:
        return
    turn.finish()
    raise session_not_found(str(errors[0]), turn.limits.resume, turn.limits.cwd, turn.env)


def session_not_found(
    text: str, session_id: str, cwd: str | None, env: Mapping[str, str] | None
) -> SessionNotFoundError:
    """Build the error for a session that the CLI cannot resume; *env* is the CLI's environment."""
    directory, found = cwd or os.getcwd(), find_transcripts(session_id, env)
    where = f"a transcript of that id lies at {', '.join(found)}" if found else "no transcript of that id was found"
    return SessionNotFoundError(
        f"{text} (directory {directory}; {where})", session_id=session_id, directory=directory, found=found
    )
