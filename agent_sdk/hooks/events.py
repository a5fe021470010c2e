"""All hook events with their context classes. Importing this module imports all families."""
from __future__ import annotations

from collections.abc import Mapping

from .base import HookContext, all_events

#: The context class of every event, by its name in snake_case.
EVENTS: Mapping[str, type[HookContext]] = all_events()
