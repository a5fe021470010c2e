"""
Permissions on the real CLI, with files as witnesses: answers of `can_use_tool`, ready-made callbacks, batch scripts.
"""
from __future__ import annotations

import io
import json
import re
import threading
import warnings

import pytest
from helpers import told

import agent_sdk
from agent_sdk import Allow, CallbackWarning, ConfigurationError, Deny, ShadowedCallbackWarning, permissions
from agent_sdk.hooks import Result
from agent_sdk.permissions import AddDirectories, AddRules, SetMode


@pytest.fixture
def made(real):
    """The path of a file that the model wants to write."""
    return real["cwd"] / "made"


@pytest.fixture
def run(real, model, made):
    """Run one turn in which the model writes a file, or uses another tool."""

    def turn(tool="Write", given=None, **options):
        model.call_tool(tool, given or {"file_path": str(made), "content": "hi"}).reply("done")
        return agent_sdk.query("go", **{**real, **options})

    return turn


@pytest.fixture
def decided(kept):
    """Run one turn of a kept client, in which the model wants to write a file; gives the file and the result."""

    def turn(decide):
        kept.answer, file = decide, kept.new_path()
        agent = kept.client("permissions", can_use_tool=lambda name, given, context: kept.answer(name, given, context))
        kept.model.call_tool("Write", {"file_path": str(file), "content": "hi"}).reply("done")
        return file, agent.query("go")

    return turn


@pytest.mark.parametrize("answer", [Allow(), True], ids=["Allow", "True"])
def test_an_allowed_write_exists(decided, answer):
    """`Allow` and *True* let the tool run, and the callback is told what it is about."""
    asked = []
    file, _ = decided(lambda *about: asked.append(about) or answer)
    assert file.read_text() == "hi"
    ((name, given, context),) = asked
    assert (name, given) == ("Write", {"file_path": str(file), "content": "hi"})
    assert context.tool_use_id.startswith("toolu_") and context.request_id
    assert (context.display_name, context.description, context.agent_id, context.cancelled) == (
        "Write", file.name, None, False
    )  # fmt: skip
    assert context.suggestions == [SetMode("accept_edits")]


REFUSALS = {
    "Deny": (Deny("Not here."), "Not here."),
    "False": (False, "The user does not want this tool to run."),
    "None": (None, "returned nothing"),
    "text": ("yes", "returned a str"),
}


@pytest.mark.parametrize(("answer", "said"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.filterwarnings("ignore::agent_sdk.errors.CallbackWarning")
@pytest.mark.smoke
def test_a_denied_write_does_not_exist(decided, kept, answer, said):
    """`Deny`, *False* and whatever is no answer refuse; the model reads why, the turn goes on."""
    file, result = decided(lambda *about: answer)
    assert not file.exists()
    assert said in kept.told()
    assert result.content == "done"
    assert [denial.tool_name for denial in result.permission_denials] == ["Write"]
    assert bool(result.callback_errors) is (answer is None or isinstance(answer, str))


@pytest.mark.smoke
def test_a_bug_in_the_callback_denies(run, model, made):
    """An exception refuses the tool, is kept in the result, and its text stays out of the model's sight."""

    def callback(name, given, context):
        raise LookupError("secret")

    with pytest.warns(CallbackWarning, match="secret"):
        result = run(can_use_tool=callback)
    assert not made.exists()
    assert [type(error) for error in result.callback_errors] == [LookupError]
    assert "LookupError" in told(model) and "secret" not in told(model)


@pytest.mark.parametrize("wrong", [float("nan"), {1}, object()], ids=["nan", "set", "object"])
@pytest.mark.filterwarnings("ignore::agent_sdk.errors.CallbackWarning")
def test_what_cannot_be_sent_denies_and_the_cli_lives(decided, kept, wrong):
    """An input that has no JSON form refuses, and the next turn works."""
    file, result = decided(lambda name, given, context: Allow({**given, "content": wrong}))
    assert not file.exists()
    assert [type(error) for error in result.callback_errors] == [ConfigurationError]
    assert kept.client("permissions").query("still there?").is_success


@pytest.mark.smoke
def test_a_changed_input_runs_changed(run, made):
    """`updated_input` takes the place of the tool's input."""
    run(can_use_tool=lambda name, given, context: Allow({**given, "content": "changed"}))
    assert made.read_text() == "changed"


UPDATES = {
    "suggestion": lambda context: context.suggestions,
    "mode": lambda context: SetMode("accept_edits"),
    "rule": lambda context: AddRules("Write"),
    "wire": lambda context: [
        {"type": "addRules", "rules": [{"toolName": "Write"}], "behavior": "allow", "destination": "session"}
    ],
}


@pytest.mark.parametrize("updates", UPDATES.values(), ids=UPDATES)
def test_changes_of_the_rules_spare_the_next_question(real, model, updates):
    """With `updated_permissions`, a rule or a mode, the next use is not asked about."""
    asked = []

    def callback(name, given, context):
        asked.append(given["file_path"])
        return Allow(updated_permissions=updates(context))

    paths = [str(real["cwd"] / name) for name in ("a", "b")]
    for path in paths:
        model.call_tool("Write", {"file_path": path, "content": "hi"})
    agent_sdk.query("go", can_use_tool=callback, **real)
    assert asked == paths[:1]
    assert (real["cwd"] / "b").exists()


def test_directories_can_be_added(run, model, tmp_path):
    """`AddDirectories` opens another directory: the next read there is not asked about."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "a").write_text("one")
    (other / "b").write_text("two")
    asked = []
    model.call_tool("Read", {"file_path": str(other / "a")})

    def callback(name, given, context):
        asked.append(context.blocked_path or given["file_path"])
        return Allow(updated_permissions=AddDirectories(other))

    run("Read", {"file_path": str(other / "b")}, can_use_tool=callback)
    assert asked == [str(other / "a")]
    assert "two" in told(model)


def test_interrupt_ends_the_turn(run, model, made):
    """`Deny(interrupt=True)` refuses and ends the turn with an error result; the model is not asked again."""
    result = run(can_use_tool=lambda *about: Deny("Stop it.", interrupt=True))
    assert not made.exists()
    assert result.is_aborted and result.is_error
    assert len(model.requests) == 1


@pytest.mark.smoke
def test_serial_questions_in_the_callers_thread(real, model):
    """Parallel edits are asked about one after the other; an earlier answer may allow the rest."""
    asked = []
    paths = [real["cwd"] / name for name in "abc"]
    model.call_tools(*[("Write", {"file_path": str(path), "content": "hi"}) for path in paths]).reply("done")

    def callback(name, given, context):
        asked.append((threading.get_ident(), sum(path.exists() for path in paths)))
        return True

    agent_sdk.query("go", can_use_tool=callback, **real)
    assert asked == [(threading.get_ident(), done) for done in range(3)]


QUESTION = {
    "question": "Which colour?",
    "header": "Colour",
    "multiSelect": False,
    "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}],
}


@pytest.mark.smoke
def test_ask_answers_the_models_questions(run, model):
    """`permissions.ask()` puts AskUserQuestion to the person, by number or in words, and the model reads the answer."""
    shown = io.StringIO()
    lines = iter(["2"])
    callback = permissions.ask(input=lambda prompt: next(lines), output=shown)
    run("AskUserQuestion", {"questions": [QUESTION]}, can_use_tool=callback)
    assert "1. Red: warm" in shown.getvalue()
    assert '"Which colour?"="Blue"' in str(model.requests[-1].tool_results)


def test_a_callback_of_ones_own_answers_questions(run, model):
    """Any callback may answer AskUserQuestion with `answers` in the input; a plain *True* leaves it unanswered."""

    def callback(name, given, context):
        assert context.requires_user_interaction
        return Allow({**given, "answers": {"Which colour?": "Green"}})

    run("AskUserQuestion", {"questions": [QUESTION]}, can_use_tool=callback)
    assert '"Which colour?"="Green"' in str(model.requests[-1].tool_results)


@pytest.mark.parametrize(
    ("typed", "exists"), [(["y"], True), (["n please use b"], False), (["what?", "yes"], True), ([], False)]
)
def test_ask_puts_a_tool_to_the_person(decided, kept, typed, exists):
    """`permissions.ask()` shows the edit and asks; text after no goes to the model, the end of input refuses."""
    shown, lines = io.StringIO(), iter(typed)

    def read(prompt):
        assert "[y]es / [n]o / [a]lways" in prompt
        line = next(lines, None)
        if line is None:
            raise EOFError
        return line

    file, _ = decided(permissions.ask(read, shown))
    assert file.exists() is exists
    assert file.name in shown.getvalue() and "hi" in shown.getvalue()
    if typed == ["n please use b"]:
        assert "please use b" in kept.told()


def test_always_is_remembered(real, model):
    """Where the CLI suggests a rule, `always` takes it: the second edit is not asked about."""
    lines = iter(["always"])
    for name in ("a", "b"):
        model.call_tool("Write", {"file_path": str(real["cwd"] / name), "content": "hi"})
    agent_sdk.query("go", can_use_tool=permissions.ask(lambda prompt: next(lines), io.StringIO()), **real)
    assert (real["cwd"] / "b").exists()


def test_read_only(run, model, made, tmp_path):
    """`read_only()` lets files be read and refuses commands and edits."""
    (tmp_path / "note").write_text("readable")
    run("Read", {"file_path": str(tmp_path / "note")}, can_use_tool=permissions.read_only())
    assert "readable" in told(model)
    run(can_use_tool=permissions.read_only())
    run("Bash", {"command": f"touch {made}"}, can_use_tool=permissions.read_only())
    assert not made.exists()
    assert "may only read files" in told(model)


def test_within(run, real, model, made, tmp_path):
    """`within(directory)` lets edits be made below it, and refuses others, links that lead out included."""
    inside = permissions.within(real["cwd"])
    run(can_use_tool=inside)
    assert made.exists()
    (real["cwd"] / "link").symlink_to(tmp_path)
    for path in (tmp_path / "outside", real["cwd"] / "link" / "outside", real["cwd"] / ".." / "outside"):
        run("Write", {"file_path": str(path), "content": "x"}, can_use_tool=inside)
        assert not (tmp_path / "outside").exists()
    run("Bash", {"command": "touch by-command"}, can_use_tool=inside)
    assert not (real["cwd"] / "by-command").exists()


@pytest.mark.smoke
def test_deny_all(run, model, made):
    """`deny_all()` refuses whatever would be asked about."""
    run(can_use_tool=permissions.deny_all("Look, don't touch."))
    assert not made.exists()
    assert "Look, don't touch." in told(model)


def test_batch_scripts_are_never_asked(run, made):
    """`permission_prompts="none"` refuses what would ask, and rules still allow."""
    result = run(permission_prompts="none")
    assert not made.exists()
    assert [denial.tool_name for denial in result.permission_denials] == ["Write"]
    run(permission_prompts="none", allowed_tools=["Write"])
    assert made.exists()


def test_a_callback_without_a_mode_starts_in_default(run, real, made):
    """Settings that choose a mode which never asks do not take the question away; a mode that is given holds."""
    asked = []
    options = {"can_use_tool": lambda *about: asked.append(about) or True}
    run(settings={"permissions": {"defaultMode": "acceptEdits"}}, **options)
    assert len(asked) == 1 and made.exists()
    run(permission_mode="accept_edits", **options)
    assert len(asked) == 1


def test_a_shadowed_callback_warns(run, made):
    """A rule that lets a tool run without asking is told to whoever gives a callback too; rules for some uses are not."""
    asked = []
    with pytest.warns(ShadowedCallbackWarning, match="not called for Write:") as warned:
        run(can_use_tool=lambda *about: asked.append(about), allowed_tools=["Write", "Bash(ls *)"])
    assert (len(warned), warned[0].filename) == (1, __file__)
    assert (made.exists(), asked) == (True, [])
    made.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a hook may ask for it all the same
        ask = {"pre_tool_use": lambda ctx: Result.permission("ask")}
        run(can_use_tool=lambda *about: asked.append(about) or True, allowed_tools=["Write"], hooks=ask)
    assert (made.exists(), len(asked)) == (True, 1)


def test_hooks_stand_above_the_callback(run, made):
    """What a hook decides, the callback is not asked about; a hook's refusal holds against rules that allow."""
    asked = []
    run(can_use_tool=lambda *about: asked.append(about), hooks={"pre_tool_use": lambda ctx: Result.approve()})
    assert made.exists()
    made.unlink()
    run(can_use_tool=lambda *about: True, hooks={"pre_tool_use": lambda ctx: Result.block("no")})
    assert (made.exists(), asked) == (False, [])


def test_an_untrusted_folder(run, real, model, made, tmp_path):
    """A project's settings cannot allow tools, but its shell hooks run, unless its settings are not read at all."""
    folder = real["cwd"] / ".claude"
    folder.mkdir()
    witness = tmp_path / "hook-ran"
    hook = {"matcher": "*", "hooks": [{"type": "command", "command": f"touch {witness}"}]}
    settings = {"permissions": {"allow": ["Write"]}, "hooks": {"PreToolUse": [hook]}}
    (folder / "settings.json").write_text(json.dumps(settings))
    run(setting_sources=[], can_use_tool=permissions.deny_all())
    assert (witness.exists(), made.exists()) == (False, False)
    run(can_use_tool=permissions.deny_all())
    assert (witness.exists(), made.exists()) == (True, False)


WRONG = {
    "no-function": ({"can_use_tool": "yes"}, "expected a function"),
    "two-arguments": ({"can_use_tool": lambda name, given: True}, "it is called with"),
    "unknown-mode": ({"permission_mode": "yolo"}, "expected one of 'default'"),
    "never-asked": ({"can_use_tool": lambda *about: True, "permission_prompts": "none"}, "never called"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_wrong_permissions_are_errors_before_a_process_starts(options, said):
    """Wrong options are errors, with the remedy."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        agent_sdk.query("go", **options)


def test_bypass_as_root_is_an_error(monkeypatch):
    """The CLI refuses to start so as root; the error says it before."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(ConfigurationError, match="the CLI rejects permission_mode"):
        agent_sdk.query("go", permission_mode="bypass_permissions")


@pytest.mark.parametrize(
    "build",
    [lambda: AddRules([]), lambda: AddRules("Bash(ls"), lambda: SetMode("yolo"), lambda: AddDirectories([]),
     lambda: AddRules("Bash", destination="somewhere"), lambda: Deny(""), lambda: Allow("text")],
    ids=["no-rule", "unclosed", "mode", "no-directory", "destination", "no-message", "no-dict"],
)  # fmt: skip
def test_answers_cannot_be_built_wrong(build):
    """The CLI drops a wrong answer, or takes it for none, in silence: it cannot be built."""
    with pytest.raises(ConfigurationError):
        build()
