"""
`agent_sdk.notebook` and the example notebooks, on a real kernel with the real CLI behind it.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers import alive, until

import agent_sdk
from agent_sdk.errors import ConfigurationError
from agent_sdk.notebook import fill_variables, parse_options, rewrite_questions
from agent_sdk.testing import frames, isolated_env

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
nbclient = pytest.importorskip("nbclient")
jupyter_client = pytest.importorskip("jupyter_client")
nbformat = pytest.importorskip("nbformat")


@pytest.fixture
def world(model, tmp_path, monkeypatch):
    """The environment of a kernel: a home of its own, and the scripted model behind its CLI; its folder is returned."""
    if not agent_sdk.cli_available():
        pytest.skip("the CLI is not installed")
    for name, value in {**isolated_env(tmp_path / "world"), **model.env, "PYTHONPATH": str(ROOT)}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


class Kernel:
    """A real kernel, and what its cells give."""

    def __init__(self, folder):
        self.manager = jupyter_client.KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env=dict(os.environ))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def start(self, code):
        """Begin to run a cell."""
        return self.client.execute(code, allow_stdin=False, stop_on_error=False)

    def reply(self, request, timeout=60):
        """Wait for the end of a cell."""
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"]

    def outputs(self, request):
        """What a cell that has ended sent, until its kernel was idle."""
        found = []
        while True:
            message = self.client.get_iopub_msg(timeout=10)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["content"].get("execution_state") == "idle":
                return found
            found.append(message)

    def run(self, code):
        """Run a cell to its end and return what it printed or gave."""
        request = self.start(code)
        reply = self.reply(request)
        assert reply["status"] == "ok", reply
        contents = [message["content"] for message in self.outputs(request)]
        return "".join(content.get("text", content.get("data", {}).get("text/plain", "")) for content in contents)

    def close(self):
        """End the kernel as a person does, by shutting it down."""
        if self.manager.has_kernel:
            self.client.stop_channels()
            self.manager.shutdown_kernel()


@pytest.fixture
def kernel(world):
    """A kernel in a scratch project."""
    one = Kernel(world)
    yield one
    one.close()


RUN = "import agent_sdk; client = agent_sdk.client(include_partial_messages=True)"
ASK = "client.query({0!r}, on_message=agent_sdk.show)"
#: How a cell talks to its client, and how it finds its process.
WAYS = {
    "show": (RUN, ASK, "print(client.pid)"),
    "magic": (
        "%load_ext agent_sdk.notebook",
        "%%agent\n{0}",
        "import agent_sdk.notebook as n; print(n._agents[-1].client.pid)",
    ),
}


@pytest.mark.e2e
@pytest.mark.parametrize("way", WAYS)
def test_the_stop_button(kernel, model, way):
    """It stops the turn while the model still writes; the next cell goes on with the session, and no process is left."""
    load, ask, pid = WAYS[way]
    kernel.run(load)
    kernel.run(ask.format("one"))
    first = int(kernel.run(pid))
    held = threading.Event()
    model.when("two").reply(chunks=["beginning ", "end"], until=held)
    seen = len(model.requests)
    request = kernel.start(ask.format("two"))
    model.wait_for_request(seen + 1, timeout=60)
    until(lambda: "beginning" in str(kernel.client.get_iopub_msg(timeout=10)["content"]))
    kernel.manager.interrupt_kernel()
    reply = kernel.reply(request)
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    updates = [one["content"] for one in kernel.outputs(request) if one["msg_type"] == "update_display_data"]
    shown = updates[-1]["data"]["text/html"]
    assert "✗ stopped" in shown and "working …" not in shown
    held.set()
    kernel.run(ask.format("three"))
    assert model.requests[-1].user_texts[0] == "one" and model.requests[-1].user_texts[-1] == "three"
    last = int(kernel.run(pid))
    kernel.close()
    until(lambda: not alive(first) and not alive(last))


@pytest.mark.e2e
def test_the_first_cell_stopped(kernel, model):
    """Stopped before it had an answer, the first cell leaves no result; the next one goes on with its session."""
    kernel.run("%load_ext agent_sdk.notebook\nimport agent_sdk.notebook as n")
    model.when("one").reply("late", delay=60)
    request = kernel.start("%%agent\none")
    model.wait_for_request(timeout=60)
    kernel.manager.interrupt_kernel()
    assert kernel.reply(request)["ename"] == "KeyboardInterrupt"
    kernel.outputs(request)  # until it takes the next cell
    first = kernel.run("print(n._agents[-1].client.session_id, _agent)")
    kernel.run("%%agent\ntwo")
    assert first == kernel.run("print(_agent.session_id, None)")
    assert model.requests[-1].user_texts == ["one", "two"]


@pytest.mark.e2e
@pytest.mark.smoke
def test_the_magic(kernel, model):
    """One client for the notebook; names of variables are filled in, the result is in `_agent`."""
    kernel.run("%load_ext agent_sdk.notebook\nname = 'Ada'")
    assert "echo: Hello Ada, {not_there} {1, 2} {{name}} $name" in kernel.run(
        "%%agent\nHello {name}, {not_there} {1, 2} {{name}} $name"
    )
    assert model.requests[-1].prompt == "Hello Ada, {not_there} {1, 2} {{name}} $name"
    first = kernel.run("print(_agent.session_id)")
    kernel.run("%agent --model haiku again, {name} {_agent} $name")
    assert model.requests[-1].user_texts[1:] == [f"again, Ada echo: {model.requests[-1].user_texts[0]} $name"]
    assert "haiku" in model.requests[-1].model
    assert kernel.run("print(_agent.session_id)") == first
    kernel.run("%agent --fork in the copy")
    assert len(model.requests[-1].user_texts) == 3
    assert kernel.run("print(_agent.session_id)") != first
    kernel.run("answer = %agent --quiet really?")
    assert (model.requests[-1].prompt, kernel.run("print(answer.content)")) == ("really?", "echo: really?\n")
    kernel.run("%%agent --new\nanew")
    assert model.requests[-1].user_texts == ["anew"]
    assert "<ResultMessage success 'echo: x'" in kernel.run("%agent --quiet x")
    assert "<Client " in kernel.run("%agent")
    assert "--resume ID" in kernel.run("%agent --help")


@pytest.mark.e2e
def test_mistakes_are_told_in_a_line(kernel):
    """An error of the package comes without the frames of the package; the extension can be taken away."""
    kernel.run("%load_ext agent_sdk.notebook")
    reply = kernel.reply(kernel.start("%agent --nosuch hello"))
    assert reply["ename"] == "ConfigurationError"
    assert len(reply["traceback"]) == 1 and "--nosuch" in reply["traceback"][0]
    kernel.run("%unload_ext agent_sdk.notebook")
    assert kernel.reply(kernel.start("%%agent\nx"))["status"] == "error"


@pytest.mark.e2e
def test_a_client_of_ones_own(kernel, model):
    """`use` gives the magic a client with options and tools of the user's."""
    kernel.run("%load_ext agent_sdk.notebook\nimport agent_sdk, agent_sdk.notebook")
    kernel.run("client = agent_sdk.notebook.use(agent_sdk.client(system_prompt='Speak French.'))")
    kernel.run("%agent hello")
    assert "Speak French." in model.requests[-1].system
    assert kernel.run("print(client.session_id == _agent.session_id)") == "True\n"


@pytest.mark.e2e
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_example_notebook_runs(path, world):
    """Each example notebook runs from top to bottom, and shows what it did."""
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(world)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in shown if output.output_type == "error"]
    pages = [output.get("data", {}).get("text/html", "") for output in shown]
    live = [page for page in pages if 'class="agent-sdk ' in page]
    assert len(live) >= 4 and all("✓ 1 turn" in page for page in live)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_example_notebook_is_clean(path):
    """No outputs, no counts and no paths of a machine are stored."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    assert not any(place in path.read_text() for place in ("/home/", "/tmp/", "/Users/", "/root"))


@pytest.mark.parametrize(
    ("line", "asked", "rest"),
    [
        ("", {}, ""),
        ("hello --new", {}, "hello --new"),
        ("--new hello", {"new": ""}, " hello"),
        ("--model haiku  it's {x}", {"model": "haiku"}, "  it's {x}"),
        ("--model=haiku --quiet", {"model": "haiku", "quiet": ""}, ""),
        ("-- --new", {}, " --new"),
    ],
)
def test_options_stand_before_the_prompt(line, asked, rest):
    """Options are read up to the first word that is none; the rest stays as typed."""
    assert parse_options(line) == (asked, rest)


@pytest.mark.parametrize("line", ["--nosuch", "--model", "--model=", "--new=1", "--Model x"])
def test_wrong_options_are_refused(line):
    """An option that is unknown, or has no value where it needs one, is an error."""
    with pytest.raises(ConfigurationError, match="--help"):
        parse_options(line)


def test_a_question_mark_at_the_end_is_the_agents():
    """IPython's own help takes nothing from a line of the magic; other lines and cells stay as they are."""
    lines = ["%agent  is it so?\n", "x = %agent why?", "x?\n", "%agent no\n"]
    call = "get_ipython().run_line_magic('agent', {!r})\n".format
    assert rewrite_questions(lines) == [call("is it so?"), "x = " + call("why?"), "x?\n", "%agent no\n"]
    assert rewrite_questions(["%%agent\n", "%agent what?\n"]) == ["%%agent\n", "%agent what?\n"]


def test_only_names_of_variables_are_filled_in():
    """A value is put in once, as text, a message as its content; all other braces stay."""
    from agent_sdk._converter import structure_message

    names = {"x": "{y}", "y": 2, "result": structure_message(frames.result("42"))}
    text = "{x} {y} {z} {} {x!r} {x.y} {{x}} {1} {result} {"
    assert fill_variables(text, names) == "{y} 2 {z} {} {x!r} {x.y} {{x}} {1} 42 {"


def test_the_extension_needs_no_ipython_to_be_imported():
    """`import agent_sdk.notebook` works without IPython; only loading the extension asks for it."""
    code = "import sys; sys.modules['IPython'] = None; import agent_sdk.notebook"
    subprocess.run([sys.executable, "-c", code], check=True)
