"""
`query_many`: order, callbacks in the calling thread, one budget, one rate limit, and an end of all at once.
"""
from __future__ import annotations

import io
import os
import re
import signal
import sys
import threading
import time

import pytest
from helpers import alive, command_line, in_thread, until

import agent_sdk
from agent_sdk import AbortError, ConfigurationError, MaxBudgetError, OverloadedError, RateLimitError, Retry
from agent_sdk._process.tree import descendants
from agent_sdk.testing import FakeCLI, Reply, frames, steps

COST = 0.000188
PAUSE = 0.7


def paid(cost, text="ok"):
    """The frames of a turn that cost something."""
    since = {"model": {"costUSD": cost}}
    return [frames.init(), frames.assistant(text), frames.result(text, model_usage_since_last_result=since)]


@pytest.fixture
def quick(real):
    """Options for the real CLI that does not repeat requests by itself."""
    return {**real, "env": {**real["env"], "CLAUDE_CODE_MAX_RETRIES": "0"}}


def test_no_prompts_no_outcomes():
    """Of nothing comes nothing, and no process."""
    assert agent_sdk.query_many([], cli_path="/nowhere") == []


@pytest.mark.parametrize(
    "given",
    [
        {"prompts": "one"},
        {"prompts": ["a", 5]},
        {"max_workers": 0},
        {"max_budget_usd": 0},
        {"on_error": "ignore"},
        {"on_message": 5},
        {"modle": "x"},
        {"persistent": False},
        {"session_id": "8a0d1f9c-6f0e-4b58-9a53-0d4f3b1f5f11"},
        {"resume": "some"},
    ],
    ids=str,
)
def test_what_is_wrong_is_said_before_anything_starts(given):
    """Wrong prompts and options are refused before any process starts."""
    with FakeCLI() as fake:
        with pytest.raises(ConfigurationError):
            agent_sdk.query_many(**{"prompts": ["a", "b"], "cli_path": fake.path, **given})
        assert fake.argv == []


def test_callbacks_run_in_the_calling_thread():
    """Messages, permission questions and standard error come to the thread that called, one at a time."""
    ask = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {}, "tool_use_id": "t"}
    script = [frames.init(), steps.stderr("careful\n"), steps.ask(ask), frames.assistant("ok"), frames.result("ok")]
    threads, busy = set(), threading.Lock()

    def note(*_):
        assert busy.acquire(blocking=False)
        threads.add(threading.get_ident())
        busy.release()
        return True

    with FakeCLI(script) as fake:
        outcomes = agent_sdk.query_many(
            range_of(5), note, max_workers=3, can_use_tool=note, stderr=note, cli_path=fake.path
        )
    assert all(outcome.is_success for outcome in outcomes)
    assert not any(outcome.result.callback_errors for outcome in outcomes)
    assert threads == {threading.get_ident()}


def range_of(count):
    """So many prompts."""
    return [f"prompt {number}" for number in range(count)]


def test_nothing_starts_when_the_budget_is_spent():
    """The budget is shared: what is left is each query's own limit, and without any left nothing starts."""
    with FakeCLI(paid(0.4)) as fake:
        outcomes = agent_sdk.query_many(range_of(4), max_workers=1, max_budget_usd=1.0, cli_path=fake.path)
        limits = [word for argv in fake.argv for word in argv if "budget" in word]
    assert [outcome.is_success for outcome in outcomes] == [True, True, True, False]
    assert isinstance(outcomes[3].error, MaxBudgetError) and outcomes[3].result is None
    assert [float(limit.split("=")[1]) for limit in limits] == pytest.approx([1.0, 0.6, 0.2])
    assert [outcome.cost_usd for outcome in outcomes] == [0.4, 0.4, 0.4, 0.0]


def rejected(resets_at):
    """The turn of a prompt that hits a rate limit."""
    info = {"status": "rejected", "resetsAt": resets_at, "rateLimitType": "five_hour"}
    event = {"type": "rate_limit_event", "rate_limit_info": info, "uuid": "u", "session_id": frames.SESSION_ID}
    failed = frames.result("limit", is_error=True, api_error_status=429, terminal_reason="api_error")
    return [frames.init(), event, failed]


def test_a_rejected_rate_limit_pauses_all():
    """After a rejection nothing starts before the reset; the rejected prompt keeps its error."""
    resets_at = time.time() + PAUSE
    with FakeCLI([rejected(resets_at), paid(0.1)]) as fake:
        outcomes = agent_sdk.query_many(range_of(3), max_workers=1, cli_path=fake.path)
    assert isinstance(outcomes[0].error, RateLimitError) and outcomes[0].result.is_error
    assert outcomes[0].error.resets_at == pytest.approx(resets_at)
    assert [outcome.is_success for outcome in outcomes] == [False, True, True]
    assert time.time() >= resets_at


def test_with_retry_the_rejected_prompt_goes_on():
    """With `retry` the prompt that was rejected is tried again after the reset."""
    with FakeCLI([rejected(time.time() + PAUSE), paid(0.1)]) as fake:
        outcomes = agent_sdk.query_many(range_of(2), max_workers=1, retry=Retry(2), cli_path=fake.path)
    assert [outcome.content for outcome in outcomes] == ["ok", "ok"]


def test_a_far_reset_is_not_waited_for():
    """When the reset is too far away, the rest is not started, and says when it could be."""
    with FakeCLI([rejected(time.time() + 10**6), paid(0.1)]) as fake:
        outcomes = agent_sdk.query_many(range_of(3), max_workers=1, cli_path=fake.path)
        assert len(fake.pids) == 1
    assert [type(outcome.error) for outcome in outcomes] == [RateLimitError] * 3


def test_an_error_of_a_callback_stops_all():
    """What `on_message` raises leaves unchanged, with the outcomes; nothing new is started."""
    boom = ValueError("boom")

    def fail(message):
        if message.is_result:
            raise boom

    with FakeCLI(paid(0.1)) as fake:
        with pytest.raises(ValueError) as caught:
            agent_sdk.query_many(range_of(5), fail, max_workers=2, cli_path=fake.path)
        assert caught.value is boom
        assert len(fake.pids) <= 3
        assert len(caught.value.outcomes) == 5
        until(lambda: not any(map(alive, fake.pids)))


@pytest.mark.parametrize("place", ["on_message", "can_use_tool"])
def test_ctrl_c_in_a_callback_stops_all(place):
    """Ctrl-C in any callback leaves as it is, with the outcomes, and no thread complains."""
    ask = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {}, "tool_use_id": "t"}
    complaints, before = [], threading.excepthook

    def strike(*_):
        raise KeyboardInterrupt

    threading.excepthook = complaints.append
    try:
        with FakeCLI([frames.init(), steps.ask(ask), frames.result("ok")]) as fake:
            with pytest.raises(KeyboardInterrupt) as caught:
                agent_sdk.query_many(range_of(3), max_workers=2, cli_path=fake.path, **{place: strike})
            until(lambda: not any(map(alive, fake.pids)))
    finally:
        threading.excepthook = before
    assert [type(outcome.error) for outcome in caught.value.outcomes] == [AbortError] * 3
    assert complaints == []


def test_raise_stops_all_at_the_first_failure():
    """With `on_error="raise"` the first failure is raised, with the outcomes until then."""
    failed = frames.result("no", is_error=True, api_error_status=529, terminal_reason="api_error")
    with FakeCLI([paid(0.1), [frames.init(), failed]]) as fake:
        with pytest.raises(OverloadedError) as caught:
            agent_sdk.query_many(range_of(4), max_workers=1, on_error="raise", cli_path=fake.path)
        until(lambda: not any(map(alive, fake.pids)))
    good, bad, *rest = caught.value.outcomes
    assert good.is_success and bad.error is caught.value
    assert all(isinstance(outcome.error, (AbortError, OverloadedError)) for outcome in rest)


def test_outcomes_speak_for_themselves():
    """An outcome knows its prompt, its text and its error."""
    with FakeCLI(paid(0.1)) as fake:
        [outcome] = agent_sdk.query_many(["hello"], cli_path=fake.path)
    assert (outcome.prompt, outcome.content) == ("hello", "ok")
    assert outcome.raise_for_error() is outcome
    with pytest.raises(AbortError):
        agent_sdk.Outcome("x", error=AbortError("no")).raise_for_error()


def test_the_progress_line_is_for_terminals(monkeypatch):
    """The line is shown on a terminal or on request, and is erased at the end."""
    with FakeCLI(paid(0.1)) as fake:
        quiet = io.StringIO()
        monkeypatch.setattr(sys, "stderr", quiet)
        agent_sdk.query_many(["a"], cli_path=fake.path)
        assert quiet.getvalue() == ""
        agent_sdk.query_many(["a", "b"], cli_path=fake.path, progress=True)
    lines = quiet.getvalue().split("\r")
    assert any(re.match(r"\x1b\[2K[012]/2 done", line) for line in lines)  # both may end between two updates
    assert lines[-1] == "\x1b[1A\x1b[2K"


@pytest.mark.e2e
def test_twenty_prompts(quick, model):
    """On the real CLI: twenty prompts in order, one that fails, one that is tried again, and one budget for all."""
    limited = iter([Reply(status=429)])
    model.when("prompt 7.").fail(400)
    model.when("prompt 11.").otherwise(lambda request: next(limited, f"echo: {request.prompt}"))
    prompts = [f"prompt {number}." for number in range(20)]
    outcomes = agent_sdk.query_many(
        prompts, max_workers=4, max_budget_usd=16.5 * COST, retry=Retry(2, delay=0.01), **quick
    )
    assert [outcome.prompt for outcome in outcomes] == prompts
    good = [number for number, outcome in enumerate(outcomes) if outcome.is_success]
    assert [outcomes[number].content for number in good] == [f"echo: prompt {number}." for number in good]
    assert 11 in good and outcomes[7].result.api_error_status == 400
    assert len(outcomes[11].result.results) == 2
    # What runs when the budget is spent may go beyond it: at most three others at the time.
    assert 16 <= len(good) <= 19
    assert all(isinstance(outcomes[number].error, MaxBudgetError) for number in {*range(20)} - {*good, 7})
    assert sum(outcome.cost_usd for outcome in outcomes) >= 16.5 * COST


@pytest.mark.e2e
@pytest.mark.smoke
def test_ctrl_c_keeps_what_is_finished(quick, model):
    """Ctrl-C half way reaches the caller at once, leaves nothing running, and brings the finished results with it."""
    held = threading.Event()
    model.when("slow").reply(chunks=["a", "b"], until=held).reply(chunks=["a", "b"], until=held)
    prompts = ["one", "two", "slow 3", "slow 4", "five", "six"]
    pids = set()

    def strike():
        until(lambda: sum("slow" in request.prompt for request in model.requests) == 2)
        pids.update(children())
        os.kill(os.getpid(), signal.SIGINT)

    thread = in_thread(strike)
    with pytest.raises(KeyboardInterrupt) as caught:
        agent_sdk.query_many(prompts, max_workers=2, **quick)
    assert not held.is_set()
    thread.join()
    held.set()
    outcomes = caught.value.outcomes
    assert [outcome.content for outcome in outcomes if outcome.is_success] == ["echo: one", "echo: two"]
    assert all(isinstance(outcome.error, AbortError) for outcome in outcomes[2:])
    assert len(pids) == 2
    until(lambda: not any(map(alive, pids)))
    assert not [thread for thread in threading.enumerate() if "agent_sdk-many" in thread.name]


def children():
    """The pids of this process's CLIs."""
    return [pid for pid in descendants(os.getpid()) if b"stream-json" in command_line(pid)]
