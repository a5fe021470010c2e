"""The options of a query or a client."""
from __future__ import annotations

from .options import Options

__all__ = ["Options"]
