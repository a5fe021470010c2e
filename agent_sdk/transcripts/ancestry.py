"""
What a session that the CLI forked took over from its source.

The CLI copies the entries as they are and notes nowhere where they come from: the source is the transcript beside it
that holds the last of the copied messages, and the cost it had noted when the fork began is what the fork went on from.
"""
from __future__ import annotations

import os
from typing import Any

from .._core import json_lines
from . import paths
from .lines import kind_of, lines, open_transcript

_TOLD = ("cost-state", "queue-operation")


def inherited_cost(path: str, last_copied: str, begun: str) -> float:
    """
    Return the US dollars that a forked session began with.

    Args:
        path: The fork's transcript.
        last_copied: The uuid of the last message in it that is not its own.
        begun: When the fork began, as ISO 8601.

    Returns:
        0.0 also where the source is gone: the fork's own figure then stands for both.
    """
    if not begun:
        return 0.0
    folder = os.path.dirname(path)
    costs = [
        _cost_at(entry.path, last_copied.encode(), begun)
        for entry in paths.transcripts_in(folder, os.path.dirname(folder))
        if entry.path != path
    ]
    return max(costs, default=0.0)


def _cost_at(path: str, uuid: bytes, begun: str) -> float:
    """Return what the transcript at *path* had cost at the time *begun*; 0.0 where *uuid* is not of its own making."""
    mark, is_source, cost, own_begin = b'"uuid":"' + uuid + b'"', False, 0.0, ""
    try:
        with open_transcript(path) as file:
            for _, line in lines(file, _is_of_use):
                is_told = kind_of(line) in _TOLD
                entry = json_lines.decode(line) if is_told or mark in line else None
                timestamp = str((entry or {}).get("timestamp") or "")
                if entry is None:
                    continue
                if not is_told:
                    # Another fork of the same source has it as well, with a time before its own begin.
                    is_source = timestamp >= own_begin
                elif timestamp > begun:
                    break
                own_begin, cost = own_begin or timestamp, _total(entry, cost)
    except OSError:
        # Deleted meanwhile: no source of anything.
        return 0.0
    return cost if is_source else 0.0


def _is_of_use(start: bytes) -> bool:
    kind = kind_of(start)
    return kind is None or kind in ("user", "assistant", *_TOLD)


def _total(entry: dict[str, Any], before: float) -> float:
    total = entry.get("totalCostUSD")
    return float(total) if isinstance(total, (int, float)) else before
