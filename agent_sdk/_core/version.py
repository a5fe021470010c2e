"""The version of this package; setup.cfg reads it from this file, without an import."""
from __future__ import annotations

__version__ = "0.1.0"
