"""
Notebook representations: classes of any layer call `representation`; `_display` registers the formatters.

The module of the formatters is imported on first use, so that lower layers do not import `_display`.
"""
from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

Formatter = Callable[[Any], str]

_formatters: dict[str, Formatter] = {}
_providers: list[str] = []


def set_provider(module: str) -> None:
    """Set the module that calls `register` on import."""
    _providers[:] = [module]


def register(format: str, formatter: Formatter) -> None:
    """Register the function that formats an object as *format*: `html` or `markdown`."""
    _formatters[format] = formatter


def representation(format: str) -> Formatter:
    """Return a representation method for notebooks: `_repr_html_ = representation("html")`."""
    def represent(thing: Any) -> str:
        for module in _providers if format not in _formatters else ():
            importlib.import_module(module)
        return _formatters[format](thing)

    return represent
