"""What docstrings say of functions and parameters."""
from __future__ import annotations

import pytest

from agent_sdk._schema import docstrings

GOOGLE = """Look up the weather
    in a city.

    It is always fine.

    Args:
        city: The city: its name,
            in English
        unit (str, optional): Celsius or Fahrenheit.
        **more: The rest

    Returns:
        text: The weather.
    """
SPHINX = """Look up the weather.

    :param city: The city,
        in English
    :param str unit: Celsius
    :returns: the weather
    """


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOGLE, "Look up the weather in a city."),
        (SPHINX, "Look up the weather."),
        ("\n    One line.\n    ", "One line."),
        ("Args:\n    a: text", ""),
        ("Short.\nArgs:\n    a: text", "Short."),
        ("", ""),
        (None, ""),
    ],
)
def test_summary(text: str | None, expected: str) -> None:
    """The description is the first paragraph, on one line."""
    assert docstrings.summary(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOGLE, {"city": "The city: its name, in English", "unit": "Celsius or Fahrenheit.", "more": "The rest"}),
        (SPHINX, {"city": "The city, in English", "unit": "Celsius"}),
        ("No parameters.\n\nNote: none", {}),
        (None, {}),
    ],
)
def test_parameters(text: str | None, expected: dict[str, str]) -> None:
    """Parameters are read from a Google or a Sphinx section, and from no other."""
    assert docstrings.parameters(text) == expected
