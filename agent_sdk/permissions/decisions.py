"""
The decisions of a permission callback, and their wire form. Any other return value denies.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import attrs

from .._core import checks as check
from .._core import json_lines
from .._core.text import function_name
from ..errors import ConfigurationError, HookError
from .context import PermissionContext
from .updates import PermissionUpdate, converted_field

#: `(tool_name, tool_input, context)` -> `Allow`, `Deny` or a bool.
PermissionCallback = Callable[[str, dict[str, Any], PermissionContext], Any]

DEFAULT_DENIAL = "The user does not want this tool to run."


#: A change of permission rules, or its wire form as a dict.
UpdateLike = PermissionUpdate | Mapping[str, Any]


def _parse_updates(value: UpdateLike | Iterable[UpdateLike] | None) -> tuple[PermissionUpdate, ...]:
    if value is None:
        return ()
    several = (value,) if isinstance(value, (str, Mapping, PermissionUpdate)) else value
    if not isinstance(several, Iterable):
        raise check.invalid("updated_permissions", value, "expected permission updates, such as AddRules('Read')")
    return tuple(PermissionUpdate.from_wire(item) for item in several)


def _parse_input(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    given: dict[str, Any] | None = check.mapping("updated_input")(value)
    try:
        json_lines.dumps(given)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"updated_input cannot be written as JSON: {error}") from error
    return given


@attrs.frozen
class Allow:
    """
    Allow the tool to run.

    Args:
        updated_input: The complete input to run the tool with; *None* leaves the input unchanged.
        updated_permissions: Changes of permission rules to apply, such as `context.suggestions`.

    Raises:
        ConfigurationError: A value cannot be sent to the CLI.
    """

    updated_input: dict[str, Any] | None = attrs.field(default=None, converter=_parse_input)
    updated_permissions: tuple[PermissionUpdate, ...] = attrs.field(default=None, converter=_parse_updates)

    def to_wire(self, tool_input: dict[str, Any]) -> dict[str, Any]:
        """Return the wire form. It always contains the input, because older CLI versions require it."""
        given = tool_input if self.updated_input is None else self.updated_input
        wire: dict[str, Any] = {"behavior": "allow", "updatedInput": given}
        if self.updated_permissions:
            wire["updatedPermissions"] = [update.to_wire() for update in self.updated_permissions]
        return wire


@attrs.frozen
class Deny:
    """
    Deny the tool. The turn continues.

    Args:
        message: The text that the model reads instead of the tool's result.
        interrupt: Also end the turn. The turn's result is then an error, and the CLI discards the message.

    Raises:
        ConfigurationError: A value is invalid.
    """

    message: str = converted_field(check.string("message"), DEFAULT_DENIAL)
    interrupt: bool = converted_field(check.boolean("interrupt"), False)

    def __attrs_post_init__(self) -> None:
        if self.message is None:
            # The CLI rejects a decision without a message.
            raise check.invalid("message", None, "must be a non-empty string; omit it for the default")

    def to_wire(self) -> dict[str, Any]:
        """Return the wire form."""
        wire: dict[str, Any] = {"behavior": "deny", "message": self.message}
        return {**wire, "interrupt": True} if self.interrupt else wire


class Decision(NamedTuple):
    """The wire form of a decision, and the error of the callback."""

    wire: dict[str, Any]
    error: Exception | None


def decide(
    callback: PermissionCallback, tool_name: str, tool_input: dict[str, Any], context: PermissionContext
) -> Decision:
    """
    Call *callback* and return its decision. A return value other than `Allow`, `Deny` and bool denies.

    An `Exception` in the callback denies and is returned as `error`; `KeyboardInterrupt` and `SystemExit` propagate.
    """
    try:
        answer = callback(tool_name, tool_input, context)
    except Exception as error:
        # Fail closed; the caller reports the error. Its text may contain secrets, so the model reads only its class.
        failed = f"The permission callback failed ({type(error).__name__}), so the tool was denied."
        return Decision(Deny(failed).to_wire(), error)
    return _parse_decision(answer, tool_input, function_name(callback))


def _parse_decision(answer: object, tool_input: dict[str, Any], callback: str) -> Decision:
    if isinstance(answer, Allow):
        return _parse_allow(answer, tool_input, callback)
    if isinstance(answer, Deny):
        return Decision(answer.to_wire(), None)
    if isinstance(answer, bool):
        return Decision(Allow().to_wire(tool_input) if answer else Deny().to_wire(), None)
    kind = "nothing" if answer is None else f"a {type(answer).__name__}"
    return _invalid_answer(f"returned {kind}; it must return Allow, Deny, True or False.", callback)


def _parse_allow(answer: Allow, tool_input: dict[str, Any], callback: str) -> Decision:
    try:
        # Already checked by Allow, but the dict may have been changed since, and a NaN makes the CLI exit.
        json_lines.dumps(answer.updated_input)
    except (TypeError, ValueError) as error:
        return _invalid_answer(f"returned an updated_input that cannot be written as JSON: {error}.", callback)
    return Decision(answer.to_wire(tool_input), None)


def _invalid_answer(problem: str, callback: str) -> Decision:
    text = f"The permission callback {problem}"
    error = HookError(text, event="can_use_tool", handler=callback)
    return Decision(Deny(f"{text} The tool was denied.").to_wire(), error)

