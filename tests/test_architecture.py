"""
The architecture as rules: layers, owners of libraries, sizes. Each line of a table gives its reason.

An import counts wherever it is written: at the top of a module, in a function, or for type checkers alone.
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

#: The layers, lowest first. A module imports from lower layers, from packages to its left in its own layer, and from its
#: own package.
LAYERS = [
    ["errors", "_core", "transport"],  # raised and used everywhere; the interface that carries lines
    ["messages", "permissions", "stores"],  # values: what the CLI sends, what users decide, where sessions are kept
    ["_converter", "hooks", "_schema", "transcripts"],  # structure values: frames, hook inputs, Python types, files
    ["mcp", "options", "_render"],  # made of values: tools, options, text of a session
    ["_display"],  # shows messages in terminals and notebooks
    ["_process", "_protocol"],  # a child process; the protocol over any transport, which does not know the process
    ["_client"],  # conversations
    ["_batch"],  # many conversations
    ["testing"],  # replaces the CLI, the model or the transport; used by no layer but the next
    ["_commands", "notebook", "__main__", "__init__"],  # what a person starts; the face
]

#: Library -> the files that may import it, by the start of their path.
OWNERS = {
    "cattrs": ("_converter.py",),  # rules of structuring in one place
    "ujson": ("_core/json_lines.py",),  # one line <-> one frame
    "json": ("_core/json_lines.py", "_render/", "testing/"),  # huge lines; for people; the fake
    "subprocess": ("_process/", "transcripts/paths.py", "transcripts/private_config.py"),  # the CLI; git; a keychain
    "select": ("_process/", "testing/_fake_program.py"),  # only the process polls
    "signal": ("_process/", "errors.py", "testing/"),  # names and sends; the errors only name
    "socket": ("testing/",),  # the scripted model
    "http": ("testing/",),  # the scripted model
    "urllib": ("testing/", "stores/redis.py"),  # quoting of keys
    "threading": (
        "_process/",  # the guard is one for each Python process
        "_protocol/",  # who pumps; whose turn it is; the watchdog of hooks
        "_client/",  # one start at a time
        "_core/callbacks.py",  # what a callback may wait for
        "_batch/",
        "stores/",  # a lease is renewed while a turn runs
        "transcripts/lock.py",  # threads of one process share a lock file
        "_display/",  # a sign of life
        "notebook.py",  # a sign of life
        "testing/",  # the scripted model
    ),
    "concurrent": ("_protocol/callback_set.py",),  # threads of tools
    "fcntl": ("transcripts/", "stores/", "testing/_fake_program.py"),  # locks between processes
    "sqlite3": ("stores/sqlite.py",),  # the embedded store
    "redis": ("stores/redis.py",),  # an extra
    "IPython": ("notebook.py", "_display/"),  # an extra
    "markdown_it": ("_render/commonmark.py", "_display/terminal_markdown.py"),  # one parser for pages and terminals
    "pygments": ("_render/commonmark.py",),  # colours of code in pages
    "rich": ("_display/", "_batch/progress.py", "_core/text.py"),  # terminals; tables as text
    "jsonschema": ("_schema/json_schema.py",),  # loaded when a schema is checked
    "referencing": ("_schema/json_schema.py",),  # resolves references for jsonschema, whose dependency it is
    "pytest": ("testing/",),  # the plugin
    "logging": ("_core/log.py", "testing/_http.py"),  # not loaded for who does not log
    "asyncio": (),  # plain threads and pipes
    "anyio": (),  # as asyncio
    "trio": (),  # as asyncio
    "multiprocessing": (),  # forks behind the guard's back
    "pickle": ("_core/callbacks.py",),  # runs what it reads: there, what it wrote a moment before
    "claude_agent_sdk": (),  # its wheel is looked into, never imported
}

#: What `install_requires` names, and nothing else may be loaded with a module of ours.
REQUIRED = {"attrs", "cattrs", "jsonschema", "markdown_it", "pygments", "referencing", "rich", "ujson"}
EXTRAS = {"redis", "IPython", "pytest"}

#: Who may print.
PRINTS = re.compile(
    r"__main__|_commands/.*|testing/_fake_program|_batch/progress|_display/.*|notebook|permissions/prompts"
)
LONGEST_FUNCTION = 50

#: What a module may import from above, for type checkers alone: an error has the messages of its turn.
FOR_TYPES = {("errors", "messages.base"), ("errors", "messages.results")}


@attrs.frozen
class Import:
    """One import: what of, whether it is inside a function, and whether it is for type checkers alone."""

    name: str
    is_lazy: bool
    is_for_types: bool
    line: int


def name_of(path: Path) -> str:
    """The dotted name inside the package; empty for the face."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


NAMES = {name_of(path): path for path in FILES}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """A file, parsed once."""
    return ast.parse(path.read_text())


def box_of(name: str) -> str:
    """The package, or the module of the root, that a module of ours belongs to."""
    return name.split(".")[0] or "__init__"


def is_for_types(node: ast.AST) -> bool:
    """Whether a statement is only run by type checkers."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports_of(path: Path) -> Iterator[Import]:
    """All imports of a file; our own modules as `.name`."""
    own = name_of(path).split(".") if name_of(path) else []
    package = own if path.name == "__init__.py" else own[:-1]
    yield from _walk(tree_of(path), package, False, False)


def _walk(node: ast.AST, package: list[str], is_lazy: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        names: list[str] = []
        if isinstance(child, ast.Import):
            names = [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom):
            names = _names(child, package)
        yield from (Import(name, is_lazy, for_types, child.lineno) for name in names)
        inside = is_lazy or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
        yield from _walk(child, package, inside, for_types or is_for_types(child))


def _names(node: ast.ImportFrom, package: list[str]) -> list[str]:
    if not node.level:
        return [node.module or ""]
    base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
    found = [".".join([*base, alias.name]) for alias in node.names]
    return [f".{name if name in NAMES else '.'.join(base)}" for name in found]


def ours(path: Path) -> list[Import]:
    """Imports of our own modules, by their names."""
    own = (one for one in imports_of(path) if one.name.startswith("."))
    named = [attrs.evolve(one, name=one.name[1:]) for one in own]
    return [one for one in named if not (one.is_for_types and (name_of(path), one.name) in FOR_TYPES)]


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


RANKS = {box: (level, place) for level, row in enumerate(LAYERS) for place, box in enumerate(row)}


def test_every_package_has_a_layer():
    """A new package or module of the root takes its place in the table."""
    assert (len(LAYERS), {box_of(name) for name in NAMES} ^ RANKS.keys()) == (10, set())


def test_imports_go_down():
    """A module imports from lower layers, from its left, and from its own package, also for type checkers."""
    wrong = [
        f"{where(path, one.line)} imports {one.name or 'the face'}"
        for path in FILES
        for one in ours(path)
        if (own := box_of(name_of(path))) != (other := box_of(one.name))
        and RANKS[other] >= RANKS[own]
    ]
    assert wrong == []


def test_there_are_no_circles():
    """Modules form no circle, also not by imports in functions or for type checkers."""
    graph = {name: {one.name for one in ours(path)} - {name, ""} for name, path in NAMES.items()}
    graphlib.TopologicalSorter(graph).prepare()


def defined_in(node: ast.AST) -> Iterator[str]:
    """The names that the classes and functions below *node* define: methods, attributes of `self`, class variables."""
    for one in ast.walk(node):
        if isinstance(one, (ast.FunctionDef, ast.ClassDef)):
            yield one.name
        elif isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
            yield from [one.attr] if ast.unparse(one.value) in ("self", "cls") else []
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id


def inherited(path: Path) -> set[str]:
    """What a module's classes may use of their base classes, which are named in it."""
    bases = {ast.unparse(base) for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef) for base in node.bases}
    found: set[str] = set()
    for other in ours(path):
        tree = tree_of(NAMES[other.name])
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in bases:
                found.update(defined_in(node))
                found.update(inherited(NAMES[other.name]) if node.bases else ())
    return found


def test_private_members_stay_in_their_module():
    """A name with one underscore is used in the module that defines it, and by subclasses on `self`."""
    wrong = []
    for path in FILES:
        own, base = set(defined_in(tree_of(path))), inherited(path)
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Attribute) or not re.match(r"_(?!_|replace$)", node.attr) or node.attr in own:
                continue
            on_self = ast.unparse(node.value) in ("self", "super()")
            if not (on_self and node.attr in base) and ast.unparse(node.value) not in ("os", "sys"):
                wrong.append(f"{where(path, node.lineno)} uses {ast.unparse(node)}")
    assert wrong == []


def test_libraries_have_owners():
    """A library is imported where the table says, and nowhere else."""
    wrong = [
        f"{where(path, one.line)} imports {one.name}"
        for path in FILES
        for one in foreign(path)
        if one.name in OWNERS and not one.is_for_types and not str(path.relative_to(PACKAGE)).startswith(OWNERS[one.name] or ("nobody",))
    ]
    assert wrong == []


def test_extras_are_imported_when_used():
    """Nothing but the requirements and the standard library is loaded with a module; extras come in functions."""
    known = sys.stdlib_module_names | REQUIRED | {"__future__"}
    found = [(where(path, one.line), one) for path in FILES for one in foreign(path) if one.name not in known and not one.is_for_types]
    assert [place for place, one in found if one.name not in EXTRAS] == []
    loaded = [place for place, one in found if not one.is_lazy]
    assert [place for place in loaded if not place.startswith(("notebook.py", "testing/pytest_plugin.py"))] == []


# --- sizes and manners


def test_modules_say_what_they_own():
    """A module begins with a docstring, and postpones its annotations."""
    texts = {str(path.relative_to(PACKAGE)): path.read_text() for path in FILES}
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
