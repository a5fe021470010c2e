"""
How objects show themselves in a notebook: classes of any layer ask here, `_display` registers what writes them.

The module that registers the formatters is imported on first use, so that no lower layer imports `_display`.
"""
from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

Formatter = Callable[[Any], str]

_formatters: dict[str, Formatter] = {}
_providers: list[str] = []


def set_provider(module: str) -> None:
    """Name the module that calls `register` when it is imported."""
    _providers[:] = [module]


def register(format: str, formatter: Formatter) -> None:
    """Set what writes an object as *format*: `html` or `markdown`."""
    _formatters[format] = formatter


def representation(format: str) -> Formatter:
    """Return the method of a class that a notebook calls: `_repr_html_ = representation("html")`."""
    def represent(thing: Any) -> str:
        for module in _providers if format not in _formatters else ():
            importlib.import_module(module)
        return _formatters[format](thing)

    return represent
