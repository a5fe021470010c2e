"""
Hints about a tool: the annotations of MCP and the keys of `_meta` that the CLI knows.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core import checks as check
from .._core.text import nearest
from .._schema.to_json import written

#: snake_case -> the wire's name. The endings `_hint` and `Hint` may be left out.
ANNOTATIONS: Mapping[str, str] = {
    "title": "title",
    "read_only": "readOnlyHint",
    "destructive": "destructiveHint",
    "idempotent": "idempotentHint",
    "open_world": "openWorldHint",
}
ALWAYS_LOAD = "anthropic/alwaysLoad"
MAX_RESULT_CHARS = "anthropic/maxResultSizeChars"

_SPELLINGS = {
    spelling: wire
    for name, wire in ANNOTATIONS.items()
    for spelling in (name, f"{name}_hint", wire, wire.removesuffix("Hint"))
}


def annotations_of(given: object) -> dict[str, Any]:
    """
    Return annotations as the wire spells them.

    Args:
        given: `{"read_only": True}`, in snake_case or as the wire spells them. The CLI runs tools that are `read_only`
            at the same time.

    Raises:
        ConfigurationError: A name or value is wrong.
    """
    named = check.mapping("annotations")(given) or {}
    return dict(_annotation(name, value) for name, value in named.items() if value is not None)


def _annotation(name: str, value: Any) -> tuple[str, Any]:
    wire = _SPELLINGS.get(name)
    if wire is None:
        near = nearest(name, ANNOTATIONS)
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(ANNOTATIONS)}"
        raise check.invalid("annotations", {name: value}, hint)
    test = check.string if wire == "title" else check.boolean
    return wire, test(f"annotations[{name!r}]")(value)


def meta_of(given: object, always_load: bool, max_result_chars: int | None) -> dict[str, Any]:
    """
    Return the `_meta` of a tool.

    Raises:
        ConfigurationError: *given* is no dict of JSON, or a value is wrong.
    """
    meta = check.mapping("meta")(given) or {}
    if check.boolean("always_load")(always_load):
        meta[ALWAYS_LOAD] = True
    if check.number("max_result_chars", least=1, whole=True)(max_result_chars) is not None:
        meta[MAX_RESULT_CHARS] = max_result_chars
    try:
        written(meta)
    except (TypeError, ValueError) as error:
        raise check.invalid("meta", given, f"cannot be written as JSON: {error}") from error
    return meta
