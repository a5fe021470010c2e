"""
Token and cost arithmetic: parsing, addition and subtraction.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import attrs

#: Figures of this size or larger, including infinity, are implausible.
MAX_FIGURE = 1e15

F = TypeVar("F", bound="Figures")


def as_number(value: object) -> Any:
    """Return a number unchanged; return 0 for other values and for implausible numbers."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and 0 <= value < MAX_FIGURE else 0  # type: ignore[operator]


class Figures:
    """Base of attrs classes with only numeric fields."""

    __slots__ = ()

    @classmethod
    def _fields(cls) -> tuple[Any, ...]:
        fields: tuple[Any, ...] = attrs.fields(cast(Any, cls))
        return fields

    @classmethod
    def from_wire(cls: type[F], row: object) -> F:
        """Read the fields from an object or a dict; missing fields count as 0."""
        read: Callable[[str, int], Any] = row.get if isinstance(row, Mapping) else functools.partial(getattr, row)
        return cls(**{one.name: type(one.default)(as_number(read(one.name, 0))) for one in cls._fields()})

    @classmethod
    def sum(cls: type[F], rows: Iterable[F]) -> F:
        """Return the sum of *rows*."""
        total = cls()
        for row in rows:
            total.add(row)
        return total

    def add(self: F, other: F) -> None:
        """Add *other* to this object."""
        for one in self._fields():
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def since(self: F, earlier: F) -> F:
        """Return the growth of each figure since *earlier*; a figure that shrank counts as 0."""
        grown = {one.name: max(0, getattr(self, one.name) - getattr(earlier, one.name)) for one in self._fields()}
        return type(self)(**grown)


@attrs.define
class TokenTotals(Figures):
    """Tokens and US dollars, each counted once."""

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cost_usd: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as a dict."""
        return attrs.asdict(self)
