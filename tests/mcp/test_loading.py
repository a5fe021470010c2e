"""What the package `mcp` loads, and when."""
from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAMS = [
    ("import agent_sdk", ("agent_sdk.mcp", "cattrs", "jsonschema")),
    ("import agent_sdk.mcp", ("cattrs", "jsonschema", "asyncio", "pathlib", "mcp")),
    (
        "from agent_sdk import mcp; mcp.ToolServer('k', [mcp.tool(name='e', input_schema={'a': str}, handler=len)])",
        ("cattrs", "jsonschema", "asyncio"),
    ),
    ("from agent_sdk import query, testing as t; fake = t.FakeCLI(); query('x', cli_path=fake.path)", ("jsonschema",)),
]


@pytest.mark.parametrize(("program", "absent"), PROGRAMS, ids=[program for program, _ in PROGRAMS])
def test_loaded_modules(program: str, absent: tuple[str, ...]) -> None:
    """Tools are loaded when they are used; the converter and the validator later still."""
    code = f"import sys; {program}; print(*(set({absent!r}) & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-S", "-c", _with_path(code)], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""


def _with_path(code: str) -> str:
    # Without `site` nothing but the program imports: its hooks may load pathlib and more.
    return f"import sys; sys.path[:] = {sys.path!r}; {code}"
