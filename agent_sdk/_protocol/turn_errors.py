"""
The errors of turns that end early, built from the turn's state.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import AbortError, AgentTimeoutError, ProcessError, SessionNotFoundError
from ..transcripts.location import SessionLocation
from .turn_state import TurnState


def abort(state: TurnState) -> AbortError:
    """Return the error of an aborted turn."""
    return AbortError(
        "the turn was aborted; the next query resumes its session",
        session_id=state.session_id,
        result=state.result,
        messages=list(state.messages),
    )


def timeout(state: TurnState, elapsed: float) -> AgentTimeoutError:
    """Return the error of a turn that timed out after *elapsed* seconds."""
    limits = state.limits
    is_total = limits.timeout is not None and elapsed >= limits.timeout
    option = f"timeout={limits.timeout:g}" if is_total else f"idle_timeout={limits.idle_timeout:g}"
    return AgentTimeoutError(
        f"no result after {elapsed:.1f} seconds ({option}); the turn was stopped, its session can be resumed",
        session_id=state.session_id,
        elapsed=elapsed,
        last_message=state.last_message,
        messages=list(state.messages),
    )


def process_error(state: TurnState, error: ProcessError) -> ProcessError:
    """Return the error of a turn whose process ended; *error* is the transport's."""
    return ProcessError(
        str(error.args[0]),
        exit_code=error.exit_code,
        stderr=error.stderr,
        argv=error.argv,
        cwd=error.cwd,
        session_id=state.session_id,
        messages=list(state.messages),
    )


def resume_error(state: TurnState, result: Mapping[str, Any]) -> SessionNotFoundError | None:
    """Return the error for a result before init that reports that the CLI cannot resume the session."""
    errors, session_id = result.get("errors"), state.limits.resume
    if session_id is None or not result.get("is_error") or not isinstance(errors, list) or not errors:
        return None
    return session_not_found(str(errors[0]), session_id, state.location)


def session_not_found(text: str, session_id: str, location: SessionLocation | None) -> SessionNotFoundError:
    """Return the error for a session that the CLI cannot resume; *location* is where the CLI looked."""
    place = location or SessionLocation.of()
    found = place.find_all(session_id)
    where = f"a transcript with that id exists at {', '.join(found)}" if found else "no transcript of that id was found"
    return SessionNotFoundError(
        f"{text} (directory {place.cwd}; {where})", session_id=session_id, directory=place.cwd, found=found
    )
