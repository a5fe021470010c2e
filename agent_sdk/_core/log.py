"""
Logging: the logger `agent_sdk` is silent unless you configure it, or set `AGENT_SDK_LOG=debug` in the environment.

`logging` is not imported for a program that does not use it: nobody could have asked for our lines.
"""
from __future__ import annotations

import os
import sys

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def debug(package: str, text: str, *values: object) -> None:
    """Log one line at DEBUG as `agent_sdk.<room>`."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger(f"agent_sdk.{package}").debug(text, *values)


def warn(text: str, category: type[Warning]) -> None:
    """Warn at the line outside of this package that led here: that is where people can change something."""
    import warnings

    package, frame, level = "agent_sdk.", sys._getframe(), 1
    # What attrs writes has no module.
    while frame is not None and f"{frame.f_globals.get('__name__', __name__)}.".startswith(package):
        frame, level = frame.f_back, level + 1  # type: ignore[assignment]
    warnings.warn(text, category, stacklevel=level)


def set_up() -> None:
    """Keep the logger silent, or turn it on when `AGENT_SDK_LOG` names a level."""
    level = os.environ.get("AGENT_SDK_LOG", "").upper()
    if level not in LEVELS and "logging" not in sys.modules:
        return
    import logging

    root = logging.getLogger("agent_sdk")
    root.addHandler(logging.NullHandler())
    if level in LEVELS:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        root.addHandler(handler)
        root.setLevel(level)


set_up()
