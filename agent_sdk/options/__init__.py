"""Options: what a query or a client can be given."""
from __future__ import annotations

from .options import Options

__all__ = ["Options"]
