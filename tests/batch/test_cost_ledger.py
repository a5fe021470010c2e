"""
`Ledger`: many queries, each token and each dollar counted once, by model and by tag.
"""
from __future__ import annotations

import json
import threading

import pytest

import agent_sdk
from agent_sdk import ConfigurationError, Ledger
from agent_sdk._client.usage import UsageTotals
from agent_sdk._converter import structure_message
from agent_sdk.testing import FakeCLI, frames

SINCE = {
    "opus": {"costUSD": 0.5, "inputTokens": 20, "outputTokens": 2, "cacheReadInputTokens": 7},
    "haiku": {"costUSD": 0.25, "inputTokens": 10, "outputTokens": 1},
}


def result(uuid="one", since=SINCE, **fields):
    """A result message that says what was spent since the last one."""
    frame = frames.result("x", uuid=uuid, model_usage_since_last_result=since, total_cost_usd=9.0, **fields)
    return structure_message({name: value for name, value in frame.items() if value is not None})


def test_a_result_is_counted_once():
    """The same result, told twice, is counted once; other messages count nothing."""
    ledger, told = Ledger(), result()
    for _ in range(2):
        ledger(told)
        ledger(structure_message(frames.assistant("hello")))
    assert ledger.total_cost_usd == 0.75
    assert (ledger.total.turns, ledger.total.input_tokens, ledger.total.output_tokens) == (1, 30, 3)


def test_what_earlier_results_of_the_run_cost_is_counted():
    """A run with several results, such as one that was tried again, is counted whole."""
    ledger, last = Ledger(), result("two")
    last.results = [result("one"), last]
    ledger(last)
    assert (ledger.total.turns, ledger.total_cost_usd) == (2, 1.5)


def test_models_and_tags():
    """Figures are told by model and by tag; the inner tag counts, and what has none is under the empty one."""
    ledger = Ledger()
    ledger.add(result("a"))
    with ledger.tag("outer"):
        with ledger.tag("inner"):
            ledger.add(result("b"))
        ledger.add(result("c", {"opus": {"costUSD": 2.0}}))
    assert {name: spent.cost_usd for name, spent in ledger.by_model.items()} == {"opus": 3.0, "haiku": 0.5}
    assert {name: (spent.turns, spent.cost_usd) for name, spent in ledger.by_tag.items()} == {
        "": (1, 0.75),
        "inner": (1, 0.75),
        "outer": (1, 2.0),
    }


def test_totals_are_not_added_up():
    """Where the CLI tells totals only, what counts is their growth, by session and model."""
    ledger = Ledger()
    for uuid, session, cost in (("a", "s", 0.5), ("b", "s", 0.75), ("c", "t", 0.25)):
        ledger.add(result(uuid, None, session_id=session, modelUsage={"opus": {"costUSD": cost}}))
    assert ledger.by_model["opus"].cost_usd == 1.0


def test_a_turn_that_cost_nothing_adds_nothing():
    """After a failed turn the totals are those of before, and nothing is counted again."""
    meter, ledger = UsageTotals(), Ledger()
    for one in (result("a"), result("b", {})):
        meter.add(one)
        ledger.add(one)
    assert (meter.cost, ledger.total_cost_usd, ledger.total.turns) == (0.75, 0.75, 2)


def test_inside_its_block_a_ledger_counts_every_query():
    """As a context manager it counts all turns of this thread, once, also where it is `on_message` too."""
    spent = frames.result("ok", model_usage_since_last_result=SINCE)
    with FakeCLI([frames.init(), spent]) as fake, Ledger() as ledger:
        agent_sdk.query("one", cli_path=fake.path)
        agent_sdk.query("two", ledger, cli_path=fake.path)
        with ledger.tag("many"):
            agent_sdk.query_many(["three", "four"], cli_path=fake.path)
        assert ledger.by_tag["many"].turns == 2
        other = threading.Thread(target=lambda: agent_sdk.query("elsewhere", cli_path=fake.path))
        other.start()
        other.join()
    with FakeCLI([frames.init(), spent]) as fake:
        agent_sdk.query("after", cli_path=fake.path)
    assert (ledger.total.turns, ledger.total_cost_usd) == (4, 3.0)


def test_blocks_nest():
    """Two ledgers, one inside the other, each count what ends in their block."""
    with FakeCLI([frames.init(), frames.result("ok", model_usage_since_last_result=SINCE)]) as fake:
        with Ledger() as outer:
            agent_sdk.query("one", cli_path=fake.path)
            with Ledger() as inner:
                agent_sdk.query("two", cli_path=fake.path)
    assert (outer.total.turns, inner.total.turns) == (2, 1)


def test_plain_figures():
    """`to_dict` is plain data, which JSON can hold."""
    ledger = Ledger()
    with ledger.tag("t"):
        ledger.add(result())
    figures = json.loads(json.dumps(ledger.to_dict()))
    assert figures["total"]["cost_usd"] == 0.75
    assert [(row["tag"], row["model"], row["input_tokens"]) for row in figures["rows"]] == [
        ("t", "opus", 20),
        ("t", "haiku", 10),
    ]


def test_tables():
    """In a terminal and in a notebook it is a table, escaped where it must be."""
    ledger = Ledger()
    with ledger.tag("<b>"):
        ledger.add(result())
    lines = str(ledger).splitlines()
    assert lines[0].split() == ["tag", "model", "turns", "input", "output", "cache", "read", "cache", "write", "USD"]
    assert lines[-1].split() == ["total", "1", "30", "3", "7", "0", "0.750000"]
    assert len({len(line) for line in lines}) == 1
    shown = ledger._repr_html_()
    assert "&lt;b&gt;" in shown and "<b>" not in shown
    assert repr(ledger) == "<Ledger 1 turns, $0.75>"


def test_a_tag_is_a_text():
    """A tag that is no text is refused."""
    with pytest.raises(ConfigurationError), Ledger().tag(5):
        pass


@pytest.mark.e2e
@pytest.mark.smoke
def test_the_real_cli_over_resume(real):
    """On the real CLI, whose totals go on over resume, three turns cost what three turns cost."""
    with Ledger() as ledger:
        first = agent_sdk.query("one", **real)
        again = agent_sdk.query("two", resume=first.session_id, **real)
        last = agent_sdk.query("three", resume=first.session_id, fork_session=True, **real)
    assert again.total_cost_usd < last.total_cost_usd
    assert ledger.total_cost_usd == pytest.approx(last.total_cost_usd)
    assert ledger.total.turns == 3
