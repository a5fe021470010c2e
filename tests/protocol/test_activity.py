"""
When a run is over: the orders of frames that the real CLI was seen to write, one test each.
"""
from __future__ import annotations

import pytest

from agent_sdk._protocol.activity import REPORT_TIMEOUT, ActivityTracker
from agent_sdk.testing import frames

OURS, THEIRS = "prompt-1", "prompt-2"
TASK = {"origin": {"kind": "task-notification"}}


def lifecycle(state, uuid=OURS):
    """What became of a prompt."""
    return frames.command_lifecycle(state, uuid)


def answering(*uuids, **fields):
    """A result that names prompts."""
    return frames.result("x", user_message_uuids=list(uuids), **fields)


def after(*given, prompt=OURS):
    """A ledger in a turn with our prompt that has seen these frames."""
    ledger = ActivityTracker()
    ledger.begin(prompt)
    for frame in given:
        ledger.process_frame(frame)
    return ledger


STARTED = [frames.session_state("running"), lifecycle("queued"), lifecycle("started"), frames.init()]
BEGUN = [frames.background_tasks("a1"), frames.task_started("a1")]
ENDED = [frames.task_updated("a1"), frames.task_notification("a1"), frames.background_tasks()]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (answering(OURS), True),
        (answering(THEIRS), False),
        (answering(THEIRS, OURS), True),
        (frames.result(), True),
        (frames.result(user_message_uuids=[]), True),
        (frames.result(**TASK), False),
        (answering(OURS, **TASK), True),
        (frames.result(user_message_uuids="odd"), True),
    ],
    ids=["ours", "another's", "folded", "unnamed", "empty", "task", "task and ours", "odd"],
)
def test_which_result_answers_the_prompt(result, expected):
    """The result that names our prompt, alone or folded with others, or that names none and has no origin."""
    assert after(*STARTED).answers(result) is expected


def test_an_unnamed_result_before_our_prompt_is_not_ours():
    """While our prompt is still queued, a result that names nobody belongs to the CLI's own turn."""
    ledger = after(lifecycle("queued"))
    assert (ledger.is_before_prompt, ledger.answers(frames.result())) == (True, False)
    ledger.process_frame(lifecycle("started"))
    assert (ledger.is_before_prompt, ledger.answers(frames.result())) == (False, True)


def test_a_cli_that_says_nothing_of_prompts_is_believed():
    """Without lifecycle frames everything belongs to our prompt."""
    ledger = after(frames.init())
    assert (ledger.is_before_prompt, ledger.answers(frames.result())) == (False, True)


def test_a_plain_turn_expects_nothing_more():
    """Without background work the result is the end; `idle`, which comes after it, is not waited for."""
    assert after(*STARTED).expects_reports is False


def test_an_agent_in_the_background_is_waited_for():
    """After the first result an agent lives: it reports in a turn of its own, whose result has an origin, then idle."""
    ledger = after(*STARTED, *BEGUN)
    assert (ledger.agents, ledger.expects_reports) == (1, True)
    for frame in [*ENDED, frames.session_state("running"), frames.init(), frames.result(**TASK)]:
        ledger.process_frame(frame)
    assert (ledger.agents, ledger.expects_reports) == (0, True)
    ledger.process_frame(frames.session_state("idle"))
    assert ledger.expects_reports is False


def test_an_agent_that_ended_before_the_result_may_still_report():
    """An agent that began and ended within the turn reports after its result: only `idle` says that it will not."""
    ledger = after(*STARTED, *BEGUN, *ENDED)
    assert (ledger.agents, ledger.expects_reports) == (0, True)
    ledger.process_frame(frames.session_state("idle"))
    assert ledger.expects_reports is False


def test_without_states_the_last_agent_is_the_end():
    """Where the CLI does not tell its state, no agent alive is enough."""
    ledger = after(frames.init(), *BEGUN)
    assert ledger.expects_reports is True
    for frame in ENDED:
        ledger.process_frame(frame)
    assert ledger.expects_reports is False


def test_an_agent_of_an_earlier_turn_counts():
    """An agent that lives when a prompt is sent is waited for in that turn."""
    ledger = after(*STARTED, *BEGUN)
    ledger.begin(THEIRS)
    assert ledger.expects_reports is True


def test_shells_are_not_waited_for():
    """A shell in the background may run for ever; it only keeps the CLI from being at rest."""
    ledger = after(*STARTED, frames.task_started("b1", task_type="local_bash"), frames.session_state("idle"))
    assert (ledger.agents, ledger.expects_reports, ledger.is_idle) == (0, False, False)


def test_a_foreground_task_is_none():
    """A slow command in the foreground is announced like a task, and is not one."""
    ledger = after(*STARTED, frames.task_started("b1", task_type="local_bash", is_backgrounded=False))
    assert ledger.tasks == {}


def test_workflows_are_waited_for():
    """A workflow in the background reports as an agent does."""
    ledger = after(*STARTED, frames.task_started("w1", task_type="local_workflow"))
    assert ledger.expects_reports is True


@pytest.mark.parametrize("status", ["completed", "failed", "stopped", "killed"])
@pytest.mark.parametrize("frame", [frames.task_updated, frames.task_notification], ids=["updated", "notification"])
def test_every_end_of_a_task_counts(frame, status):
    """However a task ends, and whichever frame says so, it lives no more."""
    assert after(*BEGUN, frame("a1", status)).tasks == {}


@pytest.mark.parametrize(
    "frame", [frames.task_updated("a1", "running"), frames.task_notification("other")], ids=["runs", "other"]
)
def test_what_is_no_end_changes_nothing(frame):
    """A change of status that is no end, and the end of an unknown task, leave a task alive."""
    assert list(after(*BEGUN, frame).tasks) == ["a1"]


def test_rest_waits_for_the_report(monkeypatch):
    """After the end of a task the CLI gets a moment to begin the turn in which it reports."""
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    ledger = after(*BEGUN, *ENDED, frames.session_state("idle"), prompt="")
    assert ledger.is_idle is False
    clock[0] += REPORT_TIMEOUT
    assert ledger.is_idle is True
    ledger.process_frame(frames.session_state("running"))
    assert ledger.is_idle is False


@pytest.mark.parametrize(
    "first", [lifecycle("queued", THEIRS), lifecycle("started", THEIRS)], ids=["queued", "started"]
)
def test_after_an_abort_the_rest_is_discarded_until_the_next_prompt(first):
    """What still comes of a stopped turn is dropped; the first word about the new prompt ends that."""
    ledger = after(*STARTED)
    ledger.is_discarding = True
    ledger.begin(THEIRS)
    for frame in (lifecycle("cancelled"), frames.assistant("late"), frames.init()):
        ledger.process_frame(frame)
        assert ledger.is_discarding is True
    ledger.process_frame(first)
    assert ledger.is_discarding is False


def test_without_lifecycle_the_next_init_ends_the_discarding():
    """A CLI that says nothing of prompts begins its turn with init."""
    ledger = after(frames.init())
    ledger.is_discarding = True
    ledger.begin(THEIRS)
    ledger.process_frame(frames.assistant("late"))
    assert ledger.is_discarding is True
    ledger.process_frame(frames.init())
    assert ledger.is_discarding is False


@pytest.mark.parametrize(
    "frame",
    [
        {}, {"type": None}, {"type": ["system"]}, {"type": {}}, {"type": "system", "subtype": ["init"]},
        {"type": "system", "subtype": "task_started", "is_backgrounded": True, "task_id": [1], "task_type": {}},
        {"type": "system", "subtype": "task_updated", "patch": []},
        {"type": "system", "subtype": "background_tasks_changed", "tasks": "odd"},
        {"type": "system", "subtype": "background_tasks_changed", "tasks": [None, 5, {"task_id": {}}]},
        {"type": "system", "subtype": "session_state_changed", "state": ["idle"]},
        {"type": "command_lifecycle", "command_uuid": {}, "state": []},
    ],
    ids=str,
)  # fmt: skip
def test_odd_frames_do_no_harm(frame):
    """Whatever a frame holds, noting it raises nothing."""
    ledger = after(*STARTED, frame)
    assert ledger.answers(answering(OURS)) is True
