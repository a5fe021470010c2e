"""
Session stores: the user -> session map with its leases, and copies of transcripts.

`SQLiteStore` is for one machine, `RedisStore` for many, `MemoryStore` for one process. Each module is imported on the
first access to one of its names.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.lazy import attach

if TYPE_CHECKING:
    from .base import Key, Store
    from .lease import Lease
    from .memory import MemoryStore
    from .redis import RedisStore
    from .sqlite import SQLiteStore

__all__ = ["Key", "Lease", "MemoryStore", "RedisStore", "SQLiteStore", "Store"]

__getattr__, __dir__ = attach(
    __name__,
    __all__,
    {
        "base": ("Key", "Store"),
        "lease": ("Lease",),
        "memory": ("MemoryStore",),
        "redis": ("RedisStore",),
        "sqlite": ("SQLiteStore",),
    },
)
