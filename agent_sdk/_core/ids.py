"""
Fresh ids.
"""
from __future__ import annotations


def new_uuid() -> str:
    """Return a fresh UUID, version 4."""
    import uuid  # looks at the platform when it is imported

    return str(uuid.uuid4())
