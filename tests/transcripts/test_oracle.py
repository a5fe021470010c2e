"""The history that this package reads is the history that the CLI sends to the model when it resumes."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from oracle import CORPUS, DAMAGES, EXPLAINED, OPEN, Oracle, lost_parent, two_on_a_line, unknown_parents

import agent_sdk
from agent_sdk.testing import ScriptedModel

pytestmark = pytest.mark.e2e


@pytest.fixture
def oracle(tmp_path: Path, model: ScriptedModel) -> Oracle:
    """An oracle for one test; skips if there is no CLI."""
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    return Oracle(tmp_path, model)


@pytest.mark.smoke
def test_damaged_transcripts_are_read_as_the_cli_reads_them(oracle: Oracle) -> None:
    """The short form: a turn with parallel tools, whole and damaged."""
    session_id = oracle.parallel_tools()
    copies = [oracle.damage(session_id, damage) for damage in (lost_parent, unknown_parents, two_on_a_line)]
    differences = [oracle.compare(each) for each in (session_id, *copies)]
    assert [str(one) for one in differences if one is not None] == []
    assert oracle.compared > 60


@pytest.mark.parametrize("make", CORPUS, ids=lambda make: make.__name__)
def test_a_transcript_of_the_cli_is_read_as_the_cli_reads_it(oracle: Oracle, make: Callable[[Oracle], str]) -> None:
    """Each transcript of the corpus, whole and with each damage, has the same history in both readings."""
    session_id = make(oracle)
    copies = {damage.__name__: oracle.damage(session_id, damage) for damage in DAMAGES}
    found = [str(one) for one in oracle.compare_subagents(session_id)]
    for name, each in {"whole": session_id, **copies}.items():
        difference = oracle.compare(each)
        if difference is not None and (make.__name__, name) not in OPEN | EXPLAINED.keys():
            found.append(f"{name}: {difference}")
    assert found == []
