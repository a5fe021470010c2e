"""
Where sessions are kept besides the disk: the user -> session map with its leases, and copies of transcripts.

`SQLiteStore` is for one machine, `RedisStore` for many, `MemoryStore` for one process. A module is imported when one of
its names is asked for.
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base import Key, Store
    from .lease import Lease
    from .memory import MemoryStore
    from .redis import RedisStore
    from .sqlite import SQLiteStore

_HOMES = {
    "Key": "base",
    "Lease": "lease",
    "MemoryStore": "memory",
    "RedisStore": "redis",
    "SQLiteStore": "sqlite",
    "Store": "base",
}

__all__ = ["Key", "Lease", "MemoryStore", "RedisStore", "SQLiteStore", "Store"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
