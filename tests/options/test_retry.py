"""
`Retry`: a failed turn is tried again in its session, nothing is said twice, and what is hopeless is given up at once.
"""
from __future__ import annotations

import threading
import time

import pytest
from helpers import in_thread, until

import agent_sdk
from agent_sdk import AbortError, AgentTimeoutError, AuthenticationError, ConfigurationError, Retry
from agent_sdk._converter import structure_message
from agent_sdk.options.retry import cause_of
from agent_sdk.testing import FakeCLI, Reply, frames

QUICK = {"delay": 0.01}
ONCE = {"CLAUDE_CODE_MAX_RETRIES": "0"}
PAUSE = 0.5


def failure(status=529, **fields):
    """The frames of a turn that the API failed."""
    said = f"API Error: {status}"
    words = frames.assistant(said, error="server_error", model="<synthetic>")
    failed = {"is_error": True, "api_error_status": status, "terminal_reason": "api_error", **fields}
    return [frames.init(), words, frames.result(said, **failed)]


def rejected(resets_at):
    """The frame that says that a usage limit is reached."""
    info = {"status": "rejected", "resetsAt": resets_at, "rateLimitType": "five_hour"}
    return {"type": "rate_limit_event", "rate_limit_info": info, "uuid": "u", "session_id": frames.SESSION_ID}


def asked(fake):
    """What the host said, turn by turn."""
    return [frame["message"]["content"] for frame in fake.received if frame["type"] == "user"]


GOOD = [frames.init(), frames.assistant("fine"), frames.result("fine")]


@pytest.fixture
def once(real):
    """Options for the real CLI that does not repeat requests by itself."""
    return {**real, "env": {**real["env"], **ONCE}}


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"api_error_status": 529}, "overloaded"),
        ({"api_error_status": 429}, "rate_limit"),
        ({"api_error_status": 500}, "server_error"),
        ({"api_error_status": 503}, "server_error"),
        ({"api_error_status": None}, "connection"),
        ({"api_error_status": 401}, None),
        ({"api_error_status": 400}, None),
        ({"api_error_status": None, "result": "Not logged in · Please run /login"}, None),
        ({"api_error_status": 529, "terminal_reason": "completed"}, None),
        ({"api_error_status": 529, "is_error": False}, None),
    ],
    ids=str,
)
def test_causes(fields, cause):
    """What is worth another attempt is told from the result."""
    frame = frames.result("x", **{"is_error": True, "terminal_reason": "api_error", **fields})
    assert cause_of(structure_message(frame)) == cause


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Retry(0),
        lambda: Retry(on=("sometimes",)),
        lambda: Retry(delay=-1),
        lambda: Retry(give_up_on="401"),
        lambda: agent_sdk.Options(retry="often"),
        lambda: agent_sdk.Options(retry=True),
    ],
)
def test_wrong_values_are_named(wrong):
    """A retry that makes no sense is refused when it is made."""
    with pytest.raises(ConfigurationError):
        wrong()


def test_a_number_is_a_retry():
    """`retry=5` stands for `Retry(5)`."""
    assert agent_sdk.Options(retry=5).retry == Retry(5)


def test_the_delay_doubles_up_to_its_limit():
    """Each further attempt waits twice as long, within a quarter, and never beyond the limit."""
    retry = Retry(50, delay=1.0, max_delay=8.0)
    result = structure_message(failure()[-1])
    pauses = [retry.pause(result, attempt) for attempt in (1, 2, 3, 4, 5, 49)]
    for pause, usual in zip(pauses, (1, 2, 4, 8, 8, 8), strict=True):
        assert usual * 0.75 <= pause <= usual * 1.25
    assert retry.pause(result, 50) is None


def test_a_failed_attempt_is_a_notice_not_a_result():
    """The failed attempt's result and words are held back: an `api_retry` message stands in their place."""
    with FakeCLI([failure(), failure(500), GOOD]) as fake:
        seen = []
        result = agent_sdk.query("hello", seen.append, cli_path=fake.path, retry=Retry(3, **QUICK))
        assert result.content == "fine"
        assert ["init", "api_retry", "init", "api_retry", "init", None, "success"] == [m.subtype for m in seen]
        assert [(m.attempt, m.max_retries, m.error) for m in seen if m.subtype == "api_retry"] == [
            (1, 2, "overloaded"),
            (2, 2, "server_error"),
        ]
        assert [one.api_error_status for one in result.results] == [529, 500, None]
        assert [m.subtype for m in result.messages] == [m.subtype for m in seen]
        assert ["hello", [], []] == asked(fake)
        assert len(fake.pids) == 1


def test_the_last_failure_is_the_result():
    """When no attempt is left the failure is returned with its words, or raised where that was asked for."""
    with FakeCLI([failure()]) as fake:
        seen = []
        result = agent_sdk.query("x", seen.append, cli_path=fake.path, retry=Retry(2, **QUICK))
        assert result.api_error_status == 529
        assert [m.content for m in seen if m.is_assistant] == ["API Error: 529"]
        assert seen[-1] is result
        with pytest.raises(agent_sdk.OverloadedError):
            agent_sdk.query("x", cli_path=fake.path, retry=Retry(1), raise_on_error=True)


def test_other_failures_are_not_tried_again():
    """What `on` does not name, and what the API will never accept, is returned at once."""
    with FakeCLI([failure(400)]) as fake:
        assert agent_sdk.query("x", cli_path=fake.path, retry=3).api_error_status == 400
        assert len(asked(fake)) == 1
    with FakeCLI([failure(529)]) as fake:
        assert agent_sdk.query("x", cli_path=fake.path, retry=Retry(3, on="rate_limit")).is_error
        assert len(asked(fake)) == 1


def test_a_rate_limit_is_waited_for_until_its_reset():
    """The wait lasts until the moment that the CLI named, not longer and not shorter."""
    resets_at = time.time() + PAUSE
    with FakeCLI([[failure()[0], rejected(resets_at), *failure(429)[1:]], GOOD]) as fake:
        seen = []
        result = agent_sdk.query("x", seen.append, cli_path=fake.path, retry=Retry(2, delay=30.0))
        assert result.content == "fine"
        assert time.time() >= resets_at
        assert [m.retry_delay_ms <= PAUSE * 1000 for m in seen if m.subtype == "api_retry"] == [True]


def test_a_far_reset_is_not_waited_for():
    """A reset beyond `max_wait` is not waited for; the error says when it is."""
    resets_at = time.time() + 9000
    with FakeCLI([[rejected(resets_at), *failure(429)], GOOD]) as fake:
        result = agent_sdk.query("x", cli_path=fake.path, retry=Retry(2, max_wait=60.0))
        with pytest.raises(agent_sdk.RateLimitError) as caught:
            result.raise_for_error()
        assert caught.value.resets_at == pytest.approx(resets_at)


def test_the_timeout_bounds_all_attempts():
    """There is no attempt that would begin after `timeout`: the failure is returned instead of an expiry."""
    with FakeCLI([failure(), GOOD]) as fake:
        result = agent_sdk.query("x", cli_path=fake.path, timeout=20, retry=Retry(2, delay=100.0, max_delay=100.0))
        assert result.api_error_status == 529
    with FakeCLI([failure(), [frames.init()], []]) as fake, pytest.raises(AgentTimeoutError):
        agent_sdk.query("x", cli_path=fake.path, timeout=1.0, retry=Retry(2, **QUICK))


def test_abort_ends_the_wait():
    """`abort` works while the next attempt is waited for, and the client goes on afterwards."""
    with FakeCLI([failure(), GOOD]) as fake, agent_sdk.client(cli_path=fake.path) as client:
        noticed = threading.Event()

        def note(message):
            if message.subtype == "api_retry":
                noticed.set()

        thread = in_thread(lambda: (noticed.wait(60), until(client.abort)))
        with pytest.raises(AbortError):
            client.query("x", note, retry=Retry(2, delay=600.0, max_delay=600.0))
        thread.join()
        assert client.query("y").content == "fine"


def test_a_stream_is_tried_again_too():
    """`stream` hands out the messages of all attempts, and its text is that of the good one."""
    with FakeCLI([failure(), GOOD]) as fake:
        with agent_sdk.stream("x", cli_path=fake.path, retry=Retry(2, **QUICK)) as stream:
            assert ["fine"] == list(stream.text_stream)
        assert stream.result.is_success


def test_each_attempt_is_paid_for_once():
    """The client's meter counts what failed attempts cost."""
    spent = {"model_usage_since_last_result": {"m": {"costUSD": 0.25, "inputTokens": 1}}}
    good = [*GOOD[:2], frames.result("fine", **spent)]
    with FakeCLI([failure(529, **spent), good]) as fake, agent_sdk.client(cli_path=fake.path) as client:
        client.query("x", retry=Retry(2, **QUICK))
        assert client.total_cost_usd == 0.5


@pytest.mark.e2e
@pytest.mark.smoke
def test_the_model_is_asked_the_same_again(once, model):
    """After a failure the real CLI sends the same history once more, and no trace of the attempt stays in it."""
    attempts = iter([Reply(status=529), Reply(status=500), "fine now"])
    model.call_tool("Bash", {"command": "echo worked"})
    model.otherwise(lambda request: next(attempts, "afterwards"))
    submitted = []
    hooks = {"user_prompt_submit": lambda ctx: submitted.append(ctx.prompt)}
    with agent_sdk.client(**once, hooks=hooks, allowed_tools=["Bash"]) as client:
        result = client.query("do it", retry=Retry(3, **QUICK))
        assert result.content == "fine now"
        first, second, third = [request.body["messages"] for request in model.requests[1:]]
        assert first == second == third
        assert client.query("and then?").content == "afterwards"
    assert model.requests[-1].user_texts == ["do it", "and then?"]
    assert submitted == ["do it", "and then?"]


@pytest.mark.e2e
def test_one_shot_and_resumed_queries_are_tried_again(once, model):
    """`query` tries again in the process and the session that it opened, a resumed one included."""
    model.reply("first")
    session = agent_sdk.query("one", **once).session_id
    attempts = iter([Reply(status=529)])
    model.otherwise(lambda request: next(attempts, "second"))
    result = agent_sdk.query("two", resume=session, retry=Retry(2, **QUICK), **once)
    assert (result.content, result.session_id) == ("second", session)
    assert model.requests[-1].user_texts == ["one", "two"]


@pytest.mark.e2e
def test_a_lost_connection_is_tried_again(once, model):
    """An API that cannot be reached is tried again."""
    env = {**once["env"], "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
    seen = []
    result = agent_sdk.query("x", seen.append, cwd=once["cwd"], env=env, retry=Retry(2, **QUICK))
    assert result.is_error
    assert "connection" in [m.error for m in seen if m.subtype == "api_retry"]


@pytest.mark.e2e
def test_refused_credentials_end_the_turn_at_once(real, model):
    """On 401 the turn is stopped at the CLI's first own retry, and the result still says what it was."""
    model.fail(401)
    env = {**real["env"], "CLAUDE_CODE_MAX_RETRIES": "10"}
    seen = []
    result = agent_sdk.query("x", seen.append, cwd=real["cwd"], env=env, retry=Retry(5))
    assert 1 == sum(m.subtype == "api_retry" for m in seen)
    with pytest.raises(AuthenticationError, match="401"):
        result.raise_for_error()
