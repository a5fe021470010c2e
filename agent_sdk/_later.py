"""
What is loaded later than `import agent_sdk`: the classes of messages, while the CLI starts or when one is asked for.
"""
from __future__ import annotations

import importlib
from typing import Any


def message_class(module: str, name: str, names: list[str]) -> Any:
    """
    Return a public name of the face that lives in `agent_sdk.messages`, or that module itself.

    Raises:
        AttributeError: The face has no such name.
    """
    if name not in names:
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    messages = importlib.import_module("agent_sdk.messages")
    return messages if name == "messages" else getattr(messages, name)
