"""
Generate documentation from the code: `api.md`, the table in `options.md`, and the list in `examples/README.md`.

    python docs/make_api.py            write the pages
    python docs/make_api.py --check    write nothing; exit with code 1 if a page is out of date
"""
from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Generic

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import agent_sdk  # noqa: E402
from agent_sdk import testing  # noqa: E402

DOCS, EXAMPLES = ROOT / "docs", ROOT / "examples"
HEAD = """\
# API reference

Generated from the docstrings by `docs/make_api.py`; do not edit this page. [README.md](README.md) lists the guides.
"""
QUERIES = (
    "query", "stream", "client", "query_many", "Client", "MessageStream", "Options", "Retry", "image", "document",
)  # fmt: skip
TOOLS = ("tool", "create_sdk_mcp_server", "Agent", "Allow", "Deny")
#: Classes whose members every message inherits; the page shows them once, with `Message`.
SHARED = ("WireObject", "Predicates")
_SECTION = re.compile(r"(Args|Returns|Raises|Yields):")
_ITEM = re.compile(r"(\*{0,2}\w+(?:\(\w+\))?): (.*)")
_COMMENTED = re.compile(r"\s*(?:self\.)?(\w+)\s*(?::|=)")


# --- groups of names


def groups() -> Iterator[tuple[str, list[str]]]:
    """Yield each title with its public names; each name has exactly one title."""
    left = dict.fromkeys(agent_sdk.__all__)
    kinds: dict[str, list[str]] = {
        "Queries": [name for name in QUERIES if name in left],
        "Messages": [name for name in left if _is_a(name, agent_sdk.Message)],
        "Errors and warnings": [name for name in left if _is_a(name, Exception)],
        "Sessions": [name for name in left if re.search("session|subagent", name, re.I) and not _is_a(name, Exception)],
        "Tools, agents and permissions": [name for name in TOOLS if name in left],
        "Modules": [name for name in left if isinstance(getattr(agent_sdk, name), ModuleType)],
    }
    grouped = {name for names in kinds.values() for name in names}
    yield from kinds.items()
    yield "Other", [name for name in left if name not in grouped]
    data = dict.__doc__  # a plain table has no docstring of its own
    yield "Testing (agent_sdk.testing)", [name for name in testing.__all__ if _thing(name).__doc__ != data]


def _thing(name: str) -> Any:
    return getattr(agent_sdk, name) if name in agent_sdk.__all__ else getattr(testing, name)


def _is_a(name: str, base: type) -> bool:
    thing = getattr(agent_sdk, name)
    return isinstance(thing, type) and issubclass(thing, base)


def api() -> str:
    """Return the text of `api.md`."""
    parts = [part for title, names in groups() for part in _group(title, names)]
    anchors = _anchors(part for part in parts if part.startswith("#"))
    index = []
    for title, names in groups():
        links = ", ".join(f"[`{name}`](#{anchors[f'### {name}']})" for name in names)
        index.append(f"- [{title}](#{anchors[f'## {title}']}): {links}")
    return "\n\n".join(filter(None, [HEAD.strip(), "\n".join(index), *parts])) + "\n"


def _group(title: str, names: list[str]) -> Iterator[str]:
    yield f"## {title}"
    for name in names:
        yield from _entry(name, _thing(name))


def _anchors(headings: Iterable[str]) -> dict[str, str]:
    """Return the anchor of each heading as GitHub generates it; the second heading with the same text gets `-1`."""
    count: dict[str, int] = {}
    anchors = {}
    for heading in headings:
        slug = re.sub(r"[^\w -]", "", heading.lstrip("# ").lower()).replace(" ", "-")
        anchors.setdefault(heading, f"{slug}-{count[slug]}" if slug in count else slug)
        count[slug] = count.get(slug, 0) + 1
    return anchors


def _entry(name: str, thing: Any) -> Iterator[str]:
    yield f"### {name}"
    if isinstance(thing, ModuleType):
        yield _markdown(thing.__doc__)
        yield "\n".join(_line(each, getattr(thing, each)) for each in getattr(thing, "__all__", ()))
    elif isinstance(thing, type):
        yield from _class(name, thing)
    else:
        if callable(thing):
            yield _signature(name, thing)
        yield _markdown(inspect.getdoc(thing))


def _line(name: str, thing: Any) -> str:
    docstring = inspect.getdoc(thing) if isinstance(thing, type) or callable(thing) else None
    return f"- `{name}`" + (f": {_one_line(docstring)}" if docstring else "")


# --- classes


def _class(name: str, cls: type) -> Iterator[str]:
    if not issubclass(cls, (Exception, agent_sdk.Message)) and name != "Options":
        yield _signature(name, cls)
    bases = [base.__name__ for base in cls.__bases__ if base not in (object, Generic, *_hidden(cls))]
    described = (cls.__doc__ or "").partition("\n\nArgs:")[0] if name == "Options" else cls.__doc__
    yield _markdown(described) + (f"\n\nDerives from {', '.join(f'`{base}`' for base in bases)}." if bases else "")
    if name == "Options":
        yield "[options.md](options.md) lists the options."
    else:
        yield "\n".join(_fields(cls))
    for member in _members(cls):
        thing = inspect.getattr_static(cls, member)
        function = thing.__func__ if isinstance(thing, (classmethod, staticmethod)) else thing
        if inspect.isfunction(function) and "For the SDK: " not in (inspect.getdoc(function) or ""):
            yield f"#### {name}.{member}"
            yield _signature(member, function, is_method=not isinstance(thing, staticmethod))
            yield _markdown(inspect.getdoc(function))


def _hidden(cls: type) -> list[type]:
    """Return the base classes without an entry on the page; their members are shown with *cls*."""
    shown = [getattr(agent_sdk, name) for name in agent_sdk.__all__]
    hidden = []
    for base in cls.__mro__[1:]:
        if base in shown or (base.__name__ in SHARED and cls is not agent_sdk.Message):
            break
        if base.__module__.startswith("agent_sdk"):
            hidden.append(base)
    return hidden


def _members(cls: type) -> list[str]:
    found: dict[str, None] = {}
    for owner in (cls, *_hidden(cls)):
        found.update(dict.fromkeys(name for name in vars(owner) if not name.startswith("_")))
    return list(found)


def _fields(cls: type) -> Iterator[str]:
    """Yield one line for each attribute and property of *cls*."""
    comments: dict[str, str] = {}
    for owner in (*reversed(_hidden(cls)), cls):
        comments.update(_comments(owner))
    own = {name for owner in (cls, *_hidden(cls)) for name in vars(owner).get("__annotations__", ())}
    documented: set[str] = set()
    for field in getattr(cls, "__attrs_attrs__", ()):
        if field.name in own and not field.name.startswith("_"):
            documented.add(field.name)
            yield _field(field.name, field.type, comments.get(field.name))
    if issubclass(cls, Exception) and "__init__" in vars(cls):
        parameters = inspect.signature(vars(cls)["__init__"]).parameters.values()
        for parameter in parameters:
            if parameter.kind is parameter.KEYWORD_ONLY:
                documented.add(parameter.name)
                yield _field(parameter.name, parameter.annotation, comments.get(parameter.name))
    for name in _members(cls):
        thing = inspect.getattr_static(cls, name)
        if isinstance(thing, property) and name not in documented:
            documented.add(name)
            yield _field(name, thing.fget.__annotations__.get("return"), thing.__doc__)
    for name, comment in comments.items():
        # An attribute set in __init__ is documented only if it has a comment.
        if name not in documented and not name.startswith("_") and not hasattr(cls, name):
            yield _field(name, None, comment)


def _field(name: str, kind: object, text: str | None) -> str:
    return f"- `{name}`" + (f" (`{kind}`)" if isinstance(kind, str) else "") + (f": {_one_line(text)}" if text else "")


def _comments(cls: type) -> dict[str, str]:
    """Return the `#:` comments above fields."""
    comments, pending = {}, []
    for line in inspect.getsource(cls).splitlines():
        text = line.strip()
        if text.startswith("#:"):
            pending.append(text[2:].strip())
        else:
            named = _COMMENTED.match(line)
            if pending and named:
                comments[named[1]] = " ".join(pending)
            pending = []
    return comments


# --- signatures and docstrings


def _signature(name: str, function: Any, is_method: bool = False) -> str:
    words = list(_parameters(function, is_method))
    returns = "" if isinstance(function, type) else getattr(function, "__annotations__", {}).get("return")
    end = f") -> {returns}" if isinstance(returns, str) and returns else ")"
    text = f"{name}({', '.join(words)}{end}"
    if len(text) > 110:
        text = "\n".join([f"{name}(", *(f"    {word}," for word in words), end])
    return f"```py\n{text}\n```"


def _parameters(function: Any, is_method: bool) -> Iterator[str]:
    fields = getattr(function, "__attrs_attrs__", None)
    if fields is not None:
        yield from (_parameter(field.alias, field.type, field.default) for field in fields if field.init)
        return
    try:
        parameters = list(inspect.signature(function).parameters.values())[1 if is_method else 0 :]
    except ValueError:
        return
    was_starred = False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not was_starred:
            was_starred = True
            yield "*"
        was_starred = was_starred or each.kind is each.VAR_POSITIONAL
        star = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        yield _parameter(star + each.name, each.annotation, each.default)


def _parameter(name: str, kind: object, default: object) -> str:
    import attrs

    text = f"{name}: {kind}" if isinstance(kind, str) else name
    if default is inspect.Parameter.empty or default is attrs.NOTHING:
        return text
    is_long = " at 0x" in repr(default) or isinstance(default, attrs.Factory)
    shown = "..." if is_long or default is ... else repr(default)
    return f"{text} = {shown}"


def _one_line(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def _markdown(docstring: str | None) -> str:
    """Convert a docstring to Markdown; its sections become lists."""
    lines: list[str] = []
    section = ""
    for line in inspect.cleandoc(docstring or "").splitlines():
        named = _SECTION.fullmatch(line)
        if named:
            section = named[1]
            lines += [f"**{section}**", ""]
        elif section and line.startswith("    "):
            item = _ITEM.match(line.strip()) if line[4] != " " and section != "Returns" else None
            text = f"- `{item[1]}`: {item[2]}" if item else line.strip()
            if item or not lines[-1]:
                lines.append(text)
            else:
                lines[-1] += " " + text
        else:
            section = section if not line else ""
            lines.append(line)
    return "\n".join(lines).strip()


# --- the tables


def options_table() -> str:
    """Return the table of all options."""
    rows = ["| option | type | default | travels as | meaning |", "|---|---|---|---|---|"]
    for name, facts in agent_sdk.options_schema().items():
        default = "" if facts["default"] is None else f"`{facts['default']!r}`"
        kind = facts["type"].replace(" | None", "").replace(" | ", " or ")
        meaning = facts["meaning"].replace("|", "\\|")
        rows.append(f"| `{name}` | `{kind}` | {default} | {_travels(facts['travels'])} | {meaning} |")
    return "\n".join(rows)


def _travels(text: str) -> str:
    by, _, name = text.partition(" ")
    words = {"argv": "flag", "initialize": "handshake", "environ": "variable"}
    return f"{words.get(by, by)} `{name}`" if name else words.get(by, by)


def examples_list() -> str:
    """Return the list of all examples, each with the first sentence of its docstring."""
    paths = sorted(EXAMPLES.glob("*.py"))
    return "\n".join(f"- [`{path.name}`]({path.name}): {_first_line(path)}" for path in paths)


def _first_line(path: Path) -> str:
    return _one_line(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))


def _between_marks(path: Path, made: str) -> str:
    """Return the page at *path* with the text between its two marks replaced by *made*."""
    before, begin, rest = path.read_text(encoding="utf-8").partition("<!-- generated by docs/make_api.py -->\n")
    _, end, after = rest.partition("<!-- end -->")
    return f"{before}{begin}\n{made}\n\n{end}{after}"


# --- the command


def pages() -> dict[Path, str]:
    """Return the generated text of each page."""
    return {
        DOCS / "api.md": api(),
        DOCS / "options.md": _between_marks(DOCS / "options.md", options_table()),
        EXAMPLES / "README.md": _between_marks(EXAMPLES / "README.md", examples_list()),
    }


def stale() -> list[str]:
    """Return the names of the pages that are out of date."""
    made = pages().items()
    return [path.name for path, text in made if not path.exists() or path.read_text(encoding="utf-8") != text]


def main(arguments: Iterable[str]) -> int:
    """Write the pages, or only compare them with `--check`. Return the exit code."""
    old = stale()
    if "--check" in arguments:
        sys.stdout.write(f"out of date: {', '.join(old)}; run python docs/make_api.py\n" if old else "up to date\n")
        return 1 if old else 0
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
