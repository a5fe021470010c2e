"""
The face: what it gives, and what it costs to import.
"""
from __future__ import annotations

import ast
import importlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import agent_sdk
from agent_sdk import errors

ROOT = Path(agent_sdk.__file__).parents[1]

#: What must not be loaded by `import agent_sdk`, by nobody's name or by the start of it.
HEAVY = (
    "asyncio", "anyio", "mcp", "pydantic", "cattrs", "redis", "IPython", "jsonschema", "sqlite3", "logging", "inspect",
    "difflib", "tempfile", "http", "argparse", "concurrent", "claude_agent_sdk", "markdown_it", "pygments", "rich",
    "agent_sdk.messages",
    "agent_sdk.hooks", "agent_sdk.mcp", "agent_sdk.stores", "agent_sdk.testing",
    "agent_sdk._converter", "agent_sdk._display",
)  # fmt: skip

#: The contract, by name. What is not here may be there as well.
PROMISED = [
    "query",
    "stream",
    "client",
    "Client",
    "Options",
    "MessageStream",
    "image",
    "document",
    "Transport",
    "messages",
    "errors",
    "cli_available",
    "cli_version",
    "requirements_met",
    "builtin_tools",
    "hook_events",
    "permission_modes",
    "options_schema",
    "Message",
    "AssistantMessage",
    "UserMessage",
    "InitMessage",
    "SystemMessage",
    "ResultMessage",
    "StreamEvent",
    "CompactBoundaryMessage",
    "AgentSDKError",
    "ConfigurationError",
    "BusyError",
    "CLINotFoundError",
    "ProcessError",
    "JSONDecodeError",
    "ControlError",
    "ControlTimeoutError",
    "AgentTimeoutError",
    "AbortError",
    "SessionNotFoundError",
    "HookError",
    "PermissionDeniedError",
    "ResultError",
    "AuthenticationError",
    "RateLimitError",
    "OverloadedError",
    "InvalidRequestError",
    "MaxTurnsError",
    "MaxBudgetError",
    "StructuredOutputError",
    "ExecutionError",
]


#: The packages with an `__all__`; `""` is `agent_sdk` itself.
PACKAGES = ("", "hooks", "mcp", "messages", "permissions", "stores", "testing", "transcripts")

#: The first would log; with the second every import compiles anew, which no program pays for twice.
UNSET = ("AGENT_SDK_LOG", "PYTHONDONTWRITEBYTECODE")


def python(code: str) -> str:
    """Run code in a fresh Python; what it prints."""
    env = {name: value for name, value in os.environ.items() if name not in UNSET}
    env["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_is_sorted_and_true():
    """`__all__` is sorted, holds no name twice, and each of its names exists."""
    names = agent_sdk.__all__
    assert names == sorted(set(names))
    assert [name for name in names if not hasattr(agent_sdk, name)] == []
    assert set(names) <= set(dir(agent_sdk)) | set(names)


def _declared(package: str) -> set[str]:
    """Return the names that `__init__.py` of a package imports, assigns or defines."""
    tree = ast.parse((ROOT / "agent_sdk" / package / "__init__.py").read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_know_each_public_name(package):
    """`__init__.py` imports or defines each name of `__all__`; type checkers take any other name for `Any`."""
    public = importlib.import_module(f"agent_sdk.{package}" if package else "agent_sdk").__all__
    assert set() == set(public) - _declared(package)


@pytest.mark.parametrize("name", PROMISED)
def test_what_the_contract_names_is_there(name):
    """Every name of the contract is in `__all__`."""
    assert name in agent_sdk.__all__


def test_nothing_else_is_public():
    """What the face holds without an underscore is in `__all__`, or a module of the package."""
    extra = {name for name in vars(agent_sdk) if name.isidentifier() and name[0] != "_"} - set(agent_sdk.__all__)
    modules = {path.stem for path in Path(agent_sdk.__file__).parent.iterdir()}
    assert extra - modules - {"annotations", "TYPE_CHECKING", "Any"} == set()


def test_every_error_is_on_the_face():
    """Each class of the error tree can be imported from the package."""
    classes = {
        name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, (Exception, Warning))
    }
    assert classes - set(agent_sdk.__all__) - {"CallbackWarning", "ShadowedCallbackWarning"} == set()


def test_public_things_have_docstrings():
    """Every public class and function says what it is."""
    things = [(name, getattr(agent_sdk, name)) for name in agent_sdk.__all__]
    assert [name for name, thing in things if callable(thing) and not (thing.__doc__ or "").strip()] == []


def test_an_unknown_name_is_an_attribute_error():
    """Names that are loaded later do not hide a wrong one."""
    with pytest.raises(AttributeError, match="no attribute 'quary'"):
        agent_sdk.quary  # noqa: B018
    with pytest.raises(ImportError):
        exec("from agent_sdk import quary")


def test_importing_loads_little():
    """`import agent_sdk` loads neither messages nor converter, nor anything asynchronous."""
    loaded = json.loads(python("import sys, agent_sdk, json; print(json.dumps(sorted(sys.modules)))"))
    bare = set(json.loads(python("import sys, json; print(json.dumps(sorted(sys.modules)))")))
    base = set(
        json.loads(
            python("import ujson, attrs, subprocess, threading, sys, json; print(json.dumps(list(sys.modules)))")
        )
    )
    heavy = [
        name
        for name in set(loaded) - bare - base
        if name.startswith(tuple(f"{one}." for one in HEAVY)) or name in HEAVY
    ]
    assert heavy == []


def test_a_query_loads_no_library_for_display():
    """A plain query loads neither Markdown nor terminal libraries."""
    code = """
import sys, agent_sdk
from agent_sdk.testing import FakeCLI, frames
with FakeCLI(frames.conversation("hi", "hello")) as fake:
    print(agent_sdk.query("hi", cli_path=fake.path).content)
print(sorted({"markdown_it", "pygments", "rich", "IPython"} & set(sys.modules)))
"""
    assert python(code) == "hello\n[]\n"


def test_importing_starts_nothing():
    """`import agent_sdk` starts no thread and no process, opens no descriptor, and leaves signals alone."""
    code = """
import os, signal, threading
before = len(os.listdir('/dev/fd')), signal.getsignal(signal.SIGINT)
import agent_sdk
print(threading.active_count(), (len(os.listdir('/dev/fd')), signal.getsignal(signal.SIGINT)) == before)
"""
    assert python(code) == "1 True\n"


CPU = "import time; began = time.process_time(); import {}; print(time.process_time() - began)"


def _ratio() -> float:
    ours, theirs = [], []
    for _ in range(7):
        theirs.append(float(python(CPU.format("ujson, attrs, subprocess, threading"))))
        ours.append(float(python(CPU.format("agent_sdk"))))
    return statistics.median(ours) / statistics.median(theirs)


@pytest.mark.skipif("COVERAGE_PROCESS_CONFIG" in os.environ, reason="coverage slows the import")
def test_importing_is_cheap():
    """`import agent_sdk` takes at most 1.9 times the CPU of what it needs from others."""
    ratios: list[float] = []
    while len(ratios) < 4:
        ratios.append(_ratio())
        if ratios[-1] <= 1.9:
            return
    pytest.fail(f"in no attempt below 1.9: {ratios}")
