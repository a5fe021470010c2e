"""
The documentation matches the code: generated pages are up to date, tables are complete, links have targets.
"""
from __future__ import annotations

import inspect
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from agent_sdk import errors

ROOT = Path(__file__).parents[1]
MAKER = runpy.run_path(str(ROOT / "docs" / "make_api.py"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "examples" / "README.md",
]
CLASSES = {name: cls for name, cls in vars(errors).items() if inspect.isclass(cls) and issubclass(cls, Exception)}
_FENCE = re.compile(r"^```.*?^```", re.M | re.S)


def test_generated_pages_are_up_to_date():
    """The API reference, the table of options and the list of examples match the code."""
    # In a separate process: types that other tests resolved have a different text.
    command = [sys.executable, str(ROOT / "docs" / "make_api.py"), "--check"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, "run python docs/make_api.py\n" + done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.name}")
def test_links_have_targets(page):
    """Each relative link has an existing file, and an existing heading, as its target."""
    broken = [link for link in links(page) if not has_target(page, link)]
    assert broken == []


def links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def has_target(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or anchor in MAKER["_anchors"](headings(target)).values()


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ .*$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.M)


def test_every_page_is_in_the_table_of_contents():
    """The table of contents links to every page of the docs."""
    contents = ROOT / "docs" / "README.md"
    missing = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} - set(links(contents))
    assert missing == set()


def test_layers_are_those_of_the_tests():
    """The architecture page lists the layers that the tests enforce."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \| ([^|]*) \|", page, re.M)
    layers = runpy.run_path(str(ROOT / "tests" / "test_architecture.py"))["LAYERS"]
    assert [re.findall(r"`(\w+)`", row) for row in rows] == layers


def test_every_error_has_its_row():
    """The errors page has a row for each error and warning, with all of its attributes."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", page, re.M)
    documented = {name: sorted(re.findall(r"`(\w+)`", facts)) for name, facts in rows}
    assert {name: facts_of(cls) for name, cls in CLASSES.items()} == documented


def facts_of(cls: type[Exception]) -> list[str]:
    """Return the keyword-only arguments of the constructor, which are attributes too."""
    if not inspect.isfunction(cls.__init__):
        return []
    return sorted(name for name, each in inspect.signature(cls).parameters.items() if each.kind is each.KEYWORD_ONLY)
