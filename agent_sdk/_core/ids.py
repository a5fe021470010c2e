"""
Fresh ids.
"""
from __future__ import annotations


def new_uuid() -> str:
    """Return a new UUID, version 4."""
    import uuid  # importing uuid inspects the platform

    return str(uuid.uuid4())
