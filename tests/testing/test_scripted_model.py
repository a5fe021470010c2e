"""The stand-in for the model's API."""
from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_sdk.testing import ModelRequest, Reply, ScriptedModel, isolated_env

LIMIT = 10.0
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    """Give a running model."""
    with ScriptedModel() as running:
        yield running


def user(content: Any) -> dict[str, Any]:
    """Build a user message."""
    return {"role": "user", "content": content}


def post(model: ScriptedModel, *messages: dict[str, Any], path: str = "/v1/messages?beta=true", **body: Any) -> Any:
    """Ask without a stream; give the decoded answer."""
    body = {"model": "m", "messages": list(messages or [user("hello")]), **body}
    headers = {"x-api-key": "secret", "x-claude-code-session-id": "s-1"}
    request = urllib.request.Request(model.url + path, json.dumps(body).encode(), headers)
    with NO_PROXY.open(request, timeout=LIMIT) as response:
        raw = response.read()
    return events(raw) if body.get("stream") else json.loads(raw)


def events(raw: bytes) -> list[dict[str, Any]]:
    """Decode a stream of events."""
    return [json.loads(part.partition(b"data: ")[2]) for part in raw.split(b"\n\n") if part]


def text(model: ScriptedModel, prompt: str = "hello") -> str:
    """Give the text of the model's answer to *prompt*."""
    return "".join(block.get("text", "") for block in post(model, user(prompt))["content"])


def deltas(stream: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the deltas of a stream."""
    return [event["delta"] for event in stream if event["type"] == "content_block_delta"]


def test_replies_in_order_then_echo(model: ScriptedModel) -> None:
    """Scripted replies are used in order; afterwards the model echoes the prompt."""
    model.reply("one").reply("two")
    assert [text(model, prompt) for prompt in ("a", "b", "three")] == ["one", "two", "echo: three"]


def test_done_after_tools(model: ScriptedModel) -> None:
    """Without a script the model answers tool results by a short text."""
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "42"}]}
    assert post(model, user("go"), user([result]))["content"][0]["text"] == "done: 42"


def test_otherwise(model: ScriptedModel) -> None:
    """The default reply can be a text or a function of the request."""
    model.otherwise("always")
    assert text(model) == "always"
    model.otherwise(lambda request: request.prompt.upper())
    assert text(model) == "HELLO"


def test_usage_and_stop_reason(model: ScriptedModel) -> None:
    """Figures and stop reason have defaults and can be given."""
    model.reply("a").reply("b", usage={"input_tokens": 5000}, stop_reason="max_tokens")
    first, second = post(model), post(model)
    assert (
        first["usage"]["input_tokens"], first["usage"]["output_tokens"], first["stop_reason"]
    ) == (12, 7, "end_turn")  # fmt: skip
    assert (second["usage"]["input_tokens"], second["stop_reason"]) == (5000, "max_tokens")


def test_stream(model: ScriptedModel) -> None:
    """A stream has the API's events, and its pieces make up the text."""
    stream = post(model.reply("to be or", thinking="hm"), stream=True)
    assert [event["type"] for event in stream[:2]] == ["message_start", "content_block_start"]
    assert [event["type"] for event in stream[-3:]] == ["content_block_stop", "message_delta", "message_stop"]
    assert [
        delta.get("thinking") or delta["text"] for delta in deltas(stream) if "signature" not in delta
    ] == ["hm", "to", " be", " or"]
    assert stream[-2]["usage"] == {"output_tokens": 7}


def test_chunks(model: ScriptedModel) -> None:
    """Given chunks are the pieces of the stream."""
    stream = post(model.reply(chunks=["ab", "cd"], chunk_delay=0.001), stream=True)
    assert [delta["text"] for delta in deltas(stream)] == ["ab", "cd"]


def test_long_text_in_slices(model: ScriptedModel) -> None:
    """A long text travels in few pieces, and whole."""
    pieces = [delta["text"] for delta in deltas(post(model.reply("a b" * 20_000), stream=True))]
    assert (len(pieces), "".join(pieces)) == (4, "a b" * 20_000)


def test_tools(model: ScriptedModel) -> None:
    """Tool uses get ids, their input travels in pieces, and the stop reason says tool_use."""
    stream = post(model.call_tools(("A", {"x": 1}), ("B", {}), text="let me"), stream=True)
    starts = [event["content_block"] for event in stream if event["type"] == "content_block_start"]
    assert [block.get("name", "text") for block in starts] == ["text", "A", "B"]
    assert starts[1]["id"] != starts[2]["id"]
    assert json.loads(deltas(stream)[2]["partial_json"]) == {"x": 1}
    assert stream[-2]["delta"]["stop_reason"] == "tool_use"


def test_call_tool(model: ScriptedModel) -> None:
    """A single tool use is a reply like others."""
    block = post(model.call_tool("Bash", {"command": "ls"}))["content"][0]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "Bash", {"command": "ls"})


def test_raw_blocks(model: ScriptedModel) -> None:
    """Raw blocks pass unchanged, kinds that nobody knows included."""
    block = {"type": "server_thing", "input": {"a": 1}}
    stream = post(model.blocks([block]).blocks([block]), stream=True)
    assert block == stream[1]["content_block"]
    assert [block] == post(model)["content"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("text", [{"type": "text", "text": "text"}]),
        ({"type": "x"}, [{"type": "x"}]),
        ([{"type": "x"}, {"type": "y"}], [{"type": "x"}, {"type": "y"}]),
        (Reply("text"), [{"type": "text", "text": "text"}]),
    ],
    ids=["str", "block", "blocks", "Reply"],
)
def test_respond(model: ScriptedModel, answer: Any, expected: Any) -> None:
    """A function of the request may return a text, a block, blocks or a reply."""
    model.respond(lambda request: answer)
    assert expected == post(model)["content"]


def test_respond_that_raises(model: ScriptedModel) -> None:
    """An error in a function reaches the CLI as an error that is not tried again, and names it."""
    model.respond(lambda request: 1 / 0)
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(model)
    assert caught.value.code == 400
    assert "ZeroDivisionError" in caught.value.read().decode()


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit_error"), (529, "overloaded_error"), (500, "api_error")])
def test_fail(model: ScriptedModel, status: int, kind: str) -> None:
    """A failure has its status, headers, and a body like the API's."""
    model.fail(status, message="why", headers={"retry-after": "1"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(model)
    assert (status, "1") == (caught.value.code, caught.value.headers["retry-after"])
    assert {"type": kind, "message": "why"} == json.load(caught.value)["error"]


def test_fail_for_good(model: ScriptedModel) -> None:
    """A failure without a number fails the call however often it is repeated, and the next call goes on."""
    model.fail(500).reply("next")
    for _ in range(3):
        with pytest.raises(urllib.error.HTTPError):
            post(model, user("a"))
    assert text(model, "b") == "next"


def test_fail_some_times(model: ScriptedModel) -> None:
    """A failure with a number lets a later attempt through."""
    model.fail(500, times=2).reply("good")
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError):
            post(model)
    assert text(model) == "good"


def test_drop(model: ScriptedModel) -> None:
    """A dropped stream ends after its first piece, and the next attempt goes on with the script."""
    model.drop("cut here").reply("whole")
    assert post(model, stream=True)[-1]["type"] == "content_block_delta"
    assert text(model) == "whole"


def test_drop_without_stream(model: ScriptedModel) -> None:
    """A request without a stream is cut before any answer."""
    model.drop()
    with pytest.raises((http.client.HTTPException, OSError)):
        post(model)


def test_sse_error(model: ScriptedModel) -> None:
    """A stream can break by an error event."""
    stream = post(model.sse_error("overloaded_error", message="busy"), stream=True)
    assert stream[-1] == {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}


def test_until_holds_the_reply(model: ScriptedModel) -> None:
    """A held reply shows its first piece and waits for the event."""
    let_go = threading.Event()
    model.reply("one two", until=let_go)
    connection = http.client.HTTPConnection("127.0.0.1", int(model.url.rpartition(":")[2]), timeout=LIMIT)
    connection.request("POST", "/v1/messages", json.dumps({"stream": True, "messages": [user("hi")]}))
    response = connection.getresponse()
    seen = b""
    while b"text_delta" not in seen:
        seen += response.read1()
    assert b" two" not in seen
    let_go.set()
    assert b" two" in response.read()
    connection.close()


def test_close_lets_go() -> None:
    """Closing ends a reply that is held."""
    with ScriptedModel() as model:
        model.reply("one two", until=threading.Event())
        asking = threading.Thread(target=_ask_and_forget, args=(model,))
        asking.start()
        model.wait_for_request()
    asking.join(LIMIT)
    assert not asking.is_alive()


def _ask_and_forget(model: ScriptedModel) -> None:
    # Whether the end of the reply or of the connection comes first is not the point.
    with contextlib.suppress(OSError, http.client.HTTPException):
        post(model, stream=True)


def test_wait_for_request(model: ScriptedModel) -> None:
    """Waiting gives the n-th request, or an error that counts."""
    text(model, "a")
    assert model.wait_for_request(1).prompt == "a"
    with pytest.raises(TimeoutError, match="1 of 2"):
        model.wait_for_request(2, timeout=0.01)


def test_when(model: ScriptedModel) -> None:
    """Prompts that fit a condition have a script of their own, by part of the prompt or by function."""
    model.reply("main")
    model.when("alpha").reply("a1").reply("a2")
    model.when(lambda request: request.model == "m" and "beta" in request.prompt).reply("b1")
    prompts = ["beta", "alpha", "other", "alpha", "alpha"]
    assert [text(model, prompt) for prompt in prompts] == ["b1", "a1", "main", "a2", "echo: alpha"]


def test_threads_share_a_script(model: ScriptedModel) -> None:
    """Each reply is given once, whatever the number of threads."""
    for number in range(20):
        model.reply(str(number))
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(text(model))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert {str(number) for number in range(20)} == set(seen)


def test_count_takes_nothing(model: ScriptedModel) -> None:
    """Counting tokens is answered by a number and takes nothing from the script."""
    model.reply("kept")
    assert isinstance(post(model, path="/v1/messages/count_tokens?beta=true")["input_tokens"], int)
    assert (model.remaining, text(model)) == (1, "kept")


@pytest.mark.parametrize(
    "prompt",
    [
        "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n\nYour task is to create a detailed summary",
        "Your task is to create a detailed summary of this conversation.",
    ],
)
def test_compaction_takes_nothing(model: ScriptedModel, prompt: str) -> None:
    """The request for a summary gets one and takes nothing from the script."""
    model.reply("kept")
    assert "<summary>" in text(model, prompt)
    assert model.remaining == 1


def test_side_question_takes_nothing(model: ScriptedModel) -> None:
    """A question beside the conversation is echoed and takes nothing from the script."""
    model.reply("kept")
    mark = {"type": "text", "text": "<system-reminder>This is a side question …</system-reminder>"}
    assert post(model, user([mark, {"type": "text", "text": "why?"}]))["content"][0]["text"] == "echo: why?"
    assert model.remaining == 1


def test_other_paths(model: ScriptedModel) -> None:
    """Whatever else is asked for gets an empty answer."""
    assert post(model, path="/api/other") == {}
    with NO_PROXY.open(model.url + "/v1/models", timeout=LIMIT) as response:
        assert json.load(response) == {"data": []}


def test_env_leads_here_and_nowhere_else(model: ScriptedModel) -> None:
    """The environment names the address and a dummy key, and takes proxies and tokens away."""
    env = model.env
    assert model.url == env["ANTHROPIC_BASE_URL"]
    assert env["ANTHROPIC_API_KEY"]
    unset = ["HTTPS_PROXY", "https_proxy", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"]
    assert [env[name] for name in unset] == [None] * 4


def test_close_twice() -> None:
    """Closing may be repeated, and the port is free afterwards."""
    model = ScriptedModel().start()
    model.close()
    model.close()
    with pytest.raises(urllib.error.URLError):
        post(model)


def test_repr(model: ScriptedModel) -> None:
    """The repr tells address and state."""
    model.reply("a")
    assert f"<ScriptedModel {model.url}, 0 requests, 1 replies left>" == repr(model)


REMINDER = {"type": "text", "text": "<system-reminder>\nnot the prompt\n</system-reminder>"}
FOLDED = "The user sent a new message while you were working:\nhi\n\nThis is how Claude Code surfaces messages"
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "42"}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([user("hi")], "hi"),
        ([user([REMINDER, {"type": "text", "text": "hi"}]), {"role": "system", "content": "env"}], "hi"),
        ([user("hi"), {"role": "assistant", "content": "…"}, user([RESULT])], "hi"),
        ([user("<local-command-stdout>Set model</local-command-stdout>\nhi")], "hi"),
        ([user("<system-reminder>x <task-notification>t</task-notification></system-reminder>")],
         "<task-notification>t</task-notification>"),
        ([user("hi"), user("[Request interrupted by user]")], "hi"),
        ([user("go"), user([RESULT]), {"role": "system", "content": FOLDED}], "hi"),
        ([user("failed before"), user([{"type": "text", "text": "hi"}])], "hi"),
        ([], ""),
    ],
    ids=["text", "reminder", "tool result", "command", "notification", "interrupted", "folded in", "last", "none"],
)  # fmt: skip
def test_prompt(messages: list[dict[str, Any]], expected: str) -> None:
    """The prompt is what the user said last, without what the CLI adds."""
    assert expected == ModelRequest(path="/v1/messages", body={"messages": messages}).prompt


def test_request(model: ScriptedModel) -> None:
    """A request answers questions about itself and shows no secret."""
    system = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    post(model, user([RESULT]), system=system, tools=[{"name": "Bash"}])
    (request,) = model.requests
    assert (
        request.model, request.system, request.tools, request.session_id, request.stream
    ) == ("m", "a\n\nb", ["Bash"], "s-1", False)  # fmt: skip
    assert request.tool_results == [RESULT]
    assert request.headers["x-api-key"] == "***"


def test_isolated_env(tmp_path: Path) -> None:
    """The folders exist, lie under the directory, and are the same the next time."""
    env = isolated_env(tmp_path / "new")
    assert env == isolated_env(tmp_path / "new")
    folders = [env[name] for name in ("HOME", "CLAUDE_CONFIG_DIR", "TMPDIR")]
    assert all(folder and Path(folder).is_dir() and tmp_path in Path(folder).parents for folder in folders)
    assert len(set(folders)) == 3


def _cli() -> str | None:
    """Find the real CLI without the package's own search, which is not under test here."""
    wheel = importlib.util.find_spec("claude_agent_sdk")
    bundled = Path(wheel.origin).parent / "_bundled" / "claude" if wheel and wheel.origin else None
    given = os.environ.get("AGENT_SDK_CLI") or shutil.which("claude")
    return given or (str(bundled) if bundled and bundled.exists() else None)


@pytest.mark.e2e
@pytest.mark.smoke
def test_the_real_cli(tmp_path: Path) -> None:
    """The real CLI works through a script of tool use and reply, and finds its own prompt in the requests."""
    cli = _cli()
    if cli is None:
        pytest.skip("no CLI on this machine")
    with ScriptedModel() as model:
        model.fail(529, times=1).call_tool("Bash", {"command": "echo from-the-tool"}).reply("it said so")
        frames = _run(cli, tmp_path, model, "say hello")
    assert (frames[-1]["result"], frames[-1]["is_error"]) == ("it said so", False)
    assert frames[-1]["total_cost_usd"] > 0
    assert [request.prompt for request in model.requests] == ["say hello"] * 3
    assert model.requests[-1].tool_results[0]["content"] == "from-the-tool"
    assert {frames[-1]["session_id"]} == {request.session_id for request in model.requests}
    assert list((tmp_path / "config" / "projects").glob("*/*.jsonl"))


def _run(cli: str, directory: Path, model: ScriptedModel, prompt: str) -> list[dict[str, Any]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC", "CLAUDE"))}
    overlaid = {**inherited, **isolated_env(directory), **model.env}
    env = {name: value for name, value in overlaid.items() if value is not None}
    flags = ["--output-format", "stream-json", "--verbose", "--input-format", "stream-json"]
    message = json.dumps({"type": "user", "message": user(prompt)}).encode() + b"\n"
    written = subprocess.check_output([cli, *flags], input=message, env=env, cwd=directory, timeout=60)
    return [json.loads(line) for line in written.split(b"\n") if line]
