"""
The handshake: what the first control request carries, and what its answer tells.
"""
from __future__ import annotations

from typing import Any

from .._fields import TRAVELS
from ..options import FIELDS, Options
from .host import Host

Frame = dict[str, Any]
_INITIALIZE = [(field.name, field.metadata[TRAVELS]) for field in FIELDS if field.metadata[TRAVELS].by == "initialize"]


def request_of(options: Options, host: Host) -> Frame:
    """Return the fields of the `initialize` request."""
    fields = host.request()
    for name, travel in _INITIALIZE:
        value = getattr(options, name)
        if value is None or value is False:
            continue
        encoded = value if travel.encode is None else travel.encode(value)
        fields.update(encoded if not travel.name else {travel.name: encoded})
    if options.skills and "all" not in options.skills:
        fields["skills"] = list(options.skills)
    return fields


class ServerInfo:
    """The CLI's answer to the handshake. It tells what other requests do not: commands, models, agents, account."""

    def __init__(self, raw: Frame | None = None) -> None:
        self.raw: Frame = raw or {}

    @property
    def permission_mode(self) -> str | None:
        """The permission mode that the process started in."""
        mode = self.raw.get("current_permission_mode")
        return mode if isinstance(mode, str) else None

    def rows(self, name: str) -> list[Any]:
        """Return one of the lists of the answer; empty when it is missing."""
        rows = self.raw.get(name)
        return rows if isinstance(rows, list) else []
