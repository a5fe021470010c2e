"""
The law of the house: floors, owners of libraries, sizes. Each line of a table says why.

Imports for type checkers are left out: they do not run. An import inside a function counts like any other, except that
it cannot make a circle.
"""
from __future__ import annotations

import ast
import functools
import graphlib
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import agent_sdk

PACKAGE = Path(agent_sdk.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

#: Room -> floor. A room imports from lower floors and from itself; rooms that are not built yet may stand here.
FLOORS = {
    "errors": 0.0,  # raised everywhere, so it knows nobody
    "_log": 0.0,  # called everywhere
    "_fields": 0.0,  # markers on declarations
    "_ids": 0.0,  # fresh ids
    "_official_names": 0.0,  # a table
    "_later": 0.1,  # loads by name what the face does not load at once
    "_progress_line": 0.0,  # one line at a terminal
    "_codec": 0.1,  # logs junk
    "_checks": 0.2,  # checks what can be written as JSON
    "_callbacks": 0.3,  # refuses by way of the checks
    "_tool_names": 0.3,  # refuses by way of the checks
    "permissions": 1.0,  # decisions are values
    "_prompt": 1.0,  # what people say, as content
    "_agents": 3.25,  # subagents, with servers of their own
    "_retry": 1.0,  # when to try again is a value
    "messages": 2.0,  # what the CLI says
    "_converter": 2.1,  # reads the declarations of messages
    "transport": 3.0,  # the seam
    "hooks": 3.0,  # contexts are structured as messages are
    "mcp": 3.0,  # tools of this process
    "stores": 3.0,  # where sessions are kept besides the disk
    "_output": 3.1,  # classes -> schemas, by way of the tools
    "_option_rules": 3.1,  # what options contradict each other
    "_option_builders": 3.2,  # copies with changes
    "_encoders": 3.2,  # one option's value -> what travels
    "options": 3.3,  # one line for each option
    "_process": 4.0,  # options -> a child process
    "transcripts": 4.0,  # sessions as files
    "_control": 4.1,  # knows the protocol of transports, never the process
    "_claim": 4.2,  # one turn at a time in a session
    "_stored": 4.3,  # a process whose sessions are in a store
    "_meter": 4.9,  # adds up results
    "_keeper": 5.0,  # one client's process
    "_message_stream": 5.1,  # one turn as an iterator
    "_controls": 5.1,  # the control requests of a client
    "_listening": 5.2,  # what a client calls back
    "_retrying": 5.2,  # the same turn once more
    "_client": 5.3,  # does not know Session
    "_session": 5.4,  # a client with a memory
    "_introspection": 6.0,  # looks at the process room and at the options
    "_show": 6.0,  # knows all messages, and diffs from transcripts
    "_api": 6.0,  # query, stream, client
    "_money": 6.1,  # a ledger over many queries
    "_crew": 6.1,  # the threads of many queries
    "_many": 6.2,  # many queries at once
    "_users": 6.1,  # sessions of many users
    "testing": 6.1,  # fakes stand on the seam and below it
    "notebook": 6.3,  # a client of the notebook
    "_doctor": 6.2,  # looks at everything
    "_sessions_command": 6.2,  # prints sessions
    "_chat_command": 6.3,  # resolves ids as the sessions command does
    "_demo": 6.3,  # the walk, with the scripted model
    "__main__": 6.4,  # chooses the command
    "__init__": 7.0,  # the face
}

#: Imports against the floors. All of them run when they are needed, not when a module is loaded.
UPWARDS = {
    ("messages", "_show"): "a notebook asks an object for its own picture",
    ("transcripts", "_sessions_command"): "a list of sessions shows itself as the command prints it",
    ("transcripts", "_show"): "a notebook asks a session for its own picture",
    ("__main__", "__init__"): "the version",
    ("testing", "__init__"): "the version",
}

#: Library -> the files that may import it, by the start of their path.
OWNERS = {
    "cattrs": ("_converter.py",),  # rules of structuring in one place
    "ujson": ("_codec.py",),  # one line <-> one frame
    "json": ("_codec.py", "_show/text.py", "transcripts/markdown.py", "testing/"),  # huge lines; for people; the fake
    "subprocess": ("_process/", "transcripts/worktrees.py", "transcripts/private_folder.py"),  # the CLI; git; a keychain
    "select": ("_process/", "testing/_fake_program.py"),  # only the process room polls
    "signal": ("_process/", "errors.py", "testing/"),  # names and sends; the errors only name
    "socket": ("testing/",),  # the scripted model
    "http": ("testing/",),  # the scripted model
    "urllib": ("testing/", "stores/redis.py"),  # quoting of keys
    "threading": (
        "_process/",  # the guard is one for each Python process
        "_control/",  # who pumps; whose turn it is; the watchdog of hooks
        "_keeper.py",  # one start at a time
        "_client.py",  # one turn at a time
        "_message_stream.py",  # a stream that is collected in another thread
        "_callbacks.py",  # what a callback may wait for
        "_api.py",  # query_many
        "_crew.py",  # query_many
        "_money.py",  # a ledger is shared by threads
        "_users.py",  # one turn for each user
        "stores/",  # a lease is renewed while a turn runs
        "transcripts/turn_lock.py",  # threads of one process share a lock file
        "_show/",  # a sign of life
        "notebook.py",  # a sign of life
        "testing/",  # the scripted model
    ),
    "concurrent": ("_control/host.py",),  # threads of tools
    "fcntl": ("transcripts/", "stores/", "testing/_fake_program.py"),  # locks between processes
    "sqlite3": ("stores/sqlite.py",),  # the embedded store
    "redis": ("stores/redis.py",),  # an extra
    "IPython": ("notebook.py", "_show/"),  # an extra
    "jsonschema": ("mcp/validation.py",),  # an extra
    "pytest": ("testing/",),  # the plugin
    "logging": ("_log.py", "testing/_http.py"),  # not loaded for who does not log
    "asyncio": (),  # plain threads and pipes
    "anyio": (),  # as asyncio
    "trio": (),  # as asyncio
    "multiprocessing": (),  # forks behind the guard's back
    "pickle": ("_callbacks.py",),  # runs what it reads: there, what it wrote a moment before
    "claude_agent_sdk": (),  # its wheel is looked into, never imported
}

#: What `install_requires` names, and nothing else may be loaded with a module of ours.
REQUIRED = {"attrs", "cattrs", "ujson"}
EXTRAS = {"redis", "IPython", "jsonschema", "pytest"}

#: Who may print.
PRINTS = re.compile(
    r"__main__|_demo|_doctor|_fake_program|\w*_command|_progress_line|_show/.*|notebook|permissions/prompts"
)
LONGEST_FUNCTION = 50
LONGEST_MODULE = 350


@attrs.frozen
class Import:
    """One import: what of, and whether it runs when the module is loaded."""

    name: str
    is_lazy: bool
    line: int


def name_of(path: Path) -> str:
    """The dotted name inside the package; empty for the face."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


NAMES = {name_of(path): path for path in FILES}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """A file, parsed once."""
    return ast.parse(path.read_text())


def room_of(name: str) -> str:
    """The room of a module of ours."""
    return name.split(".")[0] or "__init__"


def is_for_types(node: ast.AST) -> bool:
    """Whether a statement is only run by type checkers."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports_of(path: Path) -> Iterator[Import]:
    """All imports of a file that can run; our own modules as `.name`."""
    own = name_of(path).split(".") if name_of(path) else []
    package = own if path.name == "__init__.py" else own[:-1]
    yield from _walk(tree_of(path), package, False)


def _walk(node: ast.AST, package: list[str], is_lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if is_for_types(child):
            continue
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, is_lazy, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(name, is_lazy, child.lineno) for name in _names(child, package))
        inside = is_lazy or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
        yield from _walk(child, package, inside)


def _names(node: ast.ImportFrom, package: list[str]) -> list[str]:
    if not node.level:
        return [node.module or ""]
    base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
    found = [".".join([*base, alias.name]) for alias in node.names]
    return [f".{name if name in NAMES else '.'.join(base)}" for name in found]


def ours(path: Path) -> list[Import]:
    """Imports of our own modules, by their names."""
    own = (one for one in imports_of(path) if one.name.startswith("."))
    return [attrs.evolve(one, name=one.name[1:]) for one in own]


def foreign(path: Path) -> list[Import]:
    """Imports of everybody else's packages, by their first names."""
    return [attrs.evolve(one, name=one.name.split(".")[0]) for one in imports_of(path) if not one.name.startswith(".")]


def where(path: Path, line: int) -> str:
    """A place, for messages."""
    return f"{path.relative_to(PACKAGE)}:{line}"


def functions_of(path: Path) -> Iterator[ast.FunctionDef]:
    """All functions of a file."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            yield node


# --- floors and owners


def test_every_room_has_a_floor():
    """A new room takes its place in the table."""
    assert {room_of(name) for name in NAMES} - FLOORS.keys() == set()


def test_rooms_import_from_lower_floors():
    """No room imports from its own floor or from a higher one, but for what the table of exceptions names."""
    wrong = [
        f"{where(path, one.line)} imports {one.name or 'the face'}"
        for path in FILES
        for one in ours(path)
        if (room := room_of(name_of(path))) != (other := room_of(one.name))
        and FLOORS[other] >= FLOORS[room]
        and not (one.is_lazy and (room, other) in UPWARDS)
        and (room, other) != ("__main__", "__init__")
    ]
    assert wrong == []


def test_there_are_no_circles():
    """Modules that are loaded together form no circle."""
    graph = {name: {one.name for one in ours(path) if not one.is_lazy} - {name, ""} for name, path in NAMES.items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_libraries_have_owners():
    """A library is imported where the table says, and nowhere else."""
    wrong = [
        f"{where(path, one.line)} imports {one.name}"
        for path in FILES
        for one in foreign(path)
        if one.name in OWNERS and not str(path.relative_to(PACKAGE)).startswith(OWNERS[one.name] or ("nobody",))
    ]
    assert wrong == []


def test_extras_are_imported_when_used():
    """Nothing but the three requirements and the standard library is loaded with a module; extras come in functions."""
    known = sys.stdlib_module_names | REQUIRED | {"__future__"}
    found = [(where(path, one.line), one) for path in FILES for one in foreign(path) if one.name not in known]
    assert [place for place, one in found if one.name not in EXTRAS] == []
    loaded = [place for place, one in found if not one.is_lazy]
    assert [place for place in loaded if not place.startswith(("notebook.py", "testing/pytest_plugin.py"))] == []


# --- sizes and manners


def test_modules_are_short_and_say_what_they_own():
    """A module has at most 350 lines, begins with a docstring, and postpones its annotations."""
    texts = {str(path.relative_to(PACKAGE)): path.read_text() for path in FILES}
    assert {name: n for name, text in texts.items() if (n := text.count("\n")) > LONGEST_MODULE} == {}
    trees = {name: ast.parse(text) for name, text in texts.items()}
    assert [name for name, tree in trees.items() if not ast.get_docstring(tree)] == []
    with_code = [name for name, tree in trees.items() if len(tree.body) > 1]
    assert [name for name in with_code if "from __future__ import annotations" not in texts[name]] == []


def test_functions_are_short():
    """No function has more than 50 lines; half have at most 9, nine in ten at most 26."""
    sizes = {where(path, f.lineno): (f.end_lineno or 0) - f.lineno + 1 for path in FILES for f in functions_of(path)}
    assert {place: size for place, size in sizes.items() if size > LONGEST_FUNCTION} == {}
    lengths = sorted(sizes.values())
    assert (lengths[len(lengths) // 2] <= 9, lengths[len(lengths) * 9 // 10] <= 26) == (True, True)


@pytest.mark.parametrize(
    "pattern",
    [r"\b(TODO|FIXME|XXX)\b", r"/(home|root|Users|work)/\w", r"except:\s*$", r"^\s*from \S+ import \*"],
    ids=["to do", "machine paths", "bare except", "star imports"],
)
def test_nothing_is_left_lying_about(pattern):
    """No reminders, no paths of somebody's machine, no bare `except`, no star imports."""
    found = [
        where(path, number)
        for path in FILES
        for number, line in enumerate(path.read_text().split("\n"), 1)
        if re.search(pattern, line)
    ]
    assert found == []


def test_only_terminals_print():
    """`print` is for the modules that talk to a person."""
    found = [
        where(path, node.lineno)
        for path in FILES
        if not PRINTS.fullmatch(str(path.relative_to(PACKAGE).with_suffix("")))
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert found == []


def comments_of(text: str) -> set[int]:
    """The lines that hold a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


def swallowed(path: Path) -> Iterator[int]:
    """The lines of `except` clauses that do nothing and give no reason."""
    text = path.read_text()
    comments = comments_of(text)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        is_silent = all(isinstance(one, (ast.Pass, ast.Continue)) for one in node.body)
        if is_silent and not comments & set(range(node.lineno, (node.end_lineno or 0) + 1)):
            yield node.lineno


def test_swallowed_exceptions_have_a_reason():
    """An `except` that goes on as if nothing had been says why in a comment."""
    assert [where(path, line) for path in FILES for line in swallowed(path)] == []
