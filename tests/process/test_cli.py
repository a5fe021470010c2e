"""
Whatever bytes come on stdout and stderr: messages arrive, junk does no harm, nothing blocks. A fake CLI, real pipes.
"""
from __future__ import annotations

import json

import pytest

import agent_sdk
from agent_sdk import ProcessError
from agent_sdk.testing import FakeCLI, frames, steps


def texts(turn):
    """The texts of the assistant messages of a run that plays *turn*."""
    seen = []
    with FakeCLI(turn) as fake:
        result = agent_sdk.query("x", on_message=seen.append, cli_path=fake.path)
    assert result.is_success
    return [m.content for m in seen if m.is_assistant]


@pytest.mark.parametrize("text", ["ab" * 25_000_000, "é漢" * 10_000_000], ids=["ascii", "wide"])
def test_a_line_of_50_megabytes_arrives_intact(text):
    """There is no limit to a line."""
    assert texts([frames.init(), frames.assistant(text), frames.result("ok")]) == [text]


JUNK = [b"\n", b"   \n", b"[debug] hello\n", b"{not json\n", b"\xff\xfe\n", b"[1,2]\n", b'"text"\n', b"null\n", b"{}\n"]


def test_junk_between_messages_is_skipped():
    """Lines that are no frames, before, between and after messages, neither delay nor lose any."""
    turn = [*JUNK, frames.init(), *JUNK, frames.assistant("one"), *JUNK, frames.assistant("two"), *JUNK, frames.result()]
    assert texts(turn) == ["one", "two"]


def line(frame, ending=b"\n"):
    """A frame as the CLI writes it."""
    return json.dumps(frame).encode() + ending


def test_crlf_and_single_bytes():
    """CRLF ends a line as LF does, and a line may come byte by byte."""
    slow = steps.one_byte_at_a_time(frames.init(), frames.assistant("é漢😀"))
    assert texts([slow, line(frames.assistant("crlf"), b"\r\n"), frames.result()]) == ["é漢😀", "crlf"]


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x00", "\ufeff"])
def test_odd_characters_do_not_cut_a_message(odd):
    """Only the newline byte ends a line."""
    raw = json.dumps(frames.assistant(f"a{odd}b"), ensure_ascii=False).encode()
    raw = raw.replace(odd.encode(), odd.encode() if odd > "\x1f" else json.dumps(odd)[1:-1].encode())
    assert texts([frames.init(), raw + b"\n", frames.result()]) == [f"a{odd}b"]


def test_damaged_utf8_spoils_one_character():
    """A byte that is no UTF-8 becomes U+FFFD, in a message that arrives."""
    raw = line(frames.assistant("aXb")).replace(b"aXb", b"a\xffb")
    assert texts([frames.init(), raw, frames.result()]) == ["a\ufffdb"]


def test_lone_surrogates_arrive():
    """Half an emoji, as stream events have it, is a message."""
    raw = line(frames.assistant("aXb")).replace(b"aXb", b"a\\ud83db")
    assert texts([frames.init(), raw, frames.result()]) == ["a\ud83db"]


def test_much_stderr_neither_blocks_nor_is_kept():
    """10 MB of standard error are drained; the error of a run that fails has the last 64 KiB and shows 20 lines."""
    noise = "".join(f"line {n}\n" for n in range(1000))
    with FakeCLI([frames.init(), steps.stderr(noise, repeat=1100), steps.stderr("the reason\n"), steps.exit(3)]) as fake:
        with pytest.raises(ProcessError) as caught:
            agent_sdk.query("x", cli_path=fake.path)
    assert caught.value.exit_code == 3
    assert caught.value.stderr.endswith("the reason\n")
    assert len(caught.value.stderr) <= 65536
    assert str(caught.value).splitlines()[-1] == "the reason"
    assert [m.type for m in caught.value.messages] == ["system"]


def test_stderr_lines_reach_their_callback_in_the_callers_thread():
    """The callback for standard error gets whole lines, damaged bytes replaced."""
    lines = []
    turn = [frames.init(), steps.stderr(b"one\r\ntwo \xff\nhalf"), frames.assistant("x"), frames.result()]
    with FakeCLI(turn) as fake, agent_sdk.client(cli_path=fake.path, stderr=lines.append) as client:
        client.query("x")
        client.query("y")
    assert lines[:2] == ["one", "two \ufffd"]


def test_a_run_without_a_result_raises():
    """A CLI that ends without a result is an error, also when its exit code is 0."""
    with FakeCLI([frames.init(), frames.assistant("x"), steps.exit(0)]) as fake:
        with pytest.raises(ProcessError, match="exit code 0") as caught:
            agent_sdk.query("x", cli_path=fake.path)
    assert caught.value.session_id == caught.value.messages[0].session_id


def test_unknown_frames_arrive(tmp_path):
    """A message of an unknown type arrives with its raw, and ends nothing."""
    seen = []
    odd = {"type": "from_the_future", "subtype": 5, "uuid": None, "session_id": [], "value": {"a": 1}}
    with FakeCLI([frames.init(), odd, frames.assistant({"type": "hologram", "x": 1}), frames.result()]) as fake:
        agent_sdk.query("x", on_message=seen.append, cli_path=fake.path)
    assert seen[1].raw == odd
    assert seen[1].value == {"a": 1}
    assert seen[2].blocks[0].raw == {"type": "hologram", "x": 1}


def test_plumbing_does_not_arrive():
    """Frames that serve the SDK are no messages."""
    seen = []
    plumbing = [
        {"type": "keep_alive"},
        {"type": "transcript_mirror", "filePath": "/x", "entries": []},
        frames.command_lifecycle("started"),
        frames.session_state("running", sdk_host_only=True),
        {"type": "control_response", "response": {"subtype": "success", "request_id": "nobody"}},
        {"type": "control_cancel_request", "request_id": "nobody"},
    ]
    with FakeCLI([*plumbing, frames.init(), *plumbing, frames.result()]) as fake:
        agent_sdk.query("x", on_message=seen.append, cli_path=fake.path)
    assert [m.type for m in seen] == ["system", "result"]
