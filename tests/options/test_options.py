"""
Options: immutable, checked when they are made, and each with a way to travel.
"""
from __future__ import annotations

import itertools
import pickle
import pydoc
import re
import uuid
import warnings
from pathlib import Path

import attrs
import pytest
from memory import MemoryCLI

import agent_sdk
from agent_sdk import ConfigurationError, Options, UnknownToolWarning, hooks
from agent_sdk._core.fields import TARGET
from agent_sdk._core.official_names import METHODS, NAMES
from agent_sdk.options import options as module
from agent_sdk.options.options import FIELDS, option_texts

SESSION = "8a0d1f9c-6f0e-4b58-9a53-0d4f3b1f5f11"

#: The options of the Ruby SDK, which keep their names.
OF_RUBY = [
    "cwd",
    "model",
    "fallback_model",
    "max_turns",
    "max_thinking_tokens",
    "max_budget_usd",
    "permission_mode",
    "allow_dangerously_skip_permissions",
    "tools",
    "allowed_tools",
    "disallowed_tools",
    "resume",
    "resume_session_at",
    "fork_session",
    "continue_conversation",
    "system_prompt",
    "additional_directories",
    "setting_sources",
    "include_partial_messages",
    "output_format",
    "stderr",
    "env",
    "timeout",
    "cli_path",
    "agents",
    "plugins",
    "betas",
    "sandbox",
    "strict_mcp_config",
    "enable_file_checkpointing",
    "extra_args",
]


@pytest.mark.parametrize("name", OF_RUBY)
def test_the_options_of_ruby_are_here(name):
    """Every option of the Ruby SDK keeps its name."""
    assert name in {field.name for field in FIELDS}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_option_says_how_it_travels(field):
    """Each option has a way to the CLI and a default that stands for nothing given."""
    travel = field.metadata[TARGET]
    assert travel.by in ("argv", "initialize", "environ", "custom", "local")
    assert Options().non_defaults() == {}
    assert getattr(Options(), field.name) == field.default


def test_every_option_is_documented():
    """A comment line above each option says what it is."""
    lines = Path(module.__file__).read_text().splitlines()
    for field in FIELDS:
        number = next(n for n, line in enumerate(lines) if line.startswith(f"    {field.name}:"))
        assert lines[number - 1].lstrip().startswith("#: "), field.name


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"model": "opus"}, "opus"),
        ({"fallback_model": "a, b"}, ("a", "b")),
        ({"fallback_model": ["a", "b,c"]}, ("a", "b", "c")),
        ({"tools": "Read"}, ("Read",)),
        ({"tools": []}, ()),
        ({"allowed_tools": ("Read", "Bash(git log *)")}, ("Read", "Bash(git log *)")),
        ({"allowed_tools": (name for name in ["Read"])}, ("Read",)),
        ({"permission_mode": "accept_edits"}, "acceptEdits"),
        ({"permission_mode": "acceptEdits"}, "acceptEdits"),
        ({"cwd": Path("/")}, "/"),
        ({"additional_directories": [Path("/"), "/tmp"]}, ("/", "/tmp")),
        ({"additional_directories": Path("/")}, ("/",)),
        ({"plugins": [{"type": "local", "path": "/"}]}, ("/",)),
        ({"session_id": uuid.UUID(SESSION)}, SESSION),
        ({"setting_sources": []}, ()),
        ({"max_thinking_tokens": 0}, 0),
        ({"max_budget_usd": 1}, 1),
        ({"timeout": 0.5}, 0.5),
        ({"settings": {"a": 1}}, {"a": 1}),
        ({"settings": Path("/settings.json")}, "/settings.json"),
        ({"env": {"A": None}}, {"A": None}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) and value else None,
)
def test_values_have_one_form(given, expected):
    """Whatever shape a value is given in, it is kept in one."""
    name = next(iter(given))
    assert getattr(Options(**given), name) == expected


def _nobody_iterates(message):
    yield message


async def _nobody_awaits(message):
    """A callback as other SDKs have them."""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"modle": "x"}, "unknown option 'modle'; did you mean 'model'"),
        ({"xyzzy": 1}, "options_schema"),
        ({"model": ""}, "model=''"),
        ({"model": 5}, "model=5: expected a string, got int"),
        ({"model": "a\0b"}, "NUL"),
        ({"model": "a\ud800"}, "surrogate"),
        ({"max_turns": 0}, "at least 1"),
        ({"max_turns": 1.5}, "whole number"),
        ({"max_turns": True}, "whole number"),
        ({"max_budget_usd": 0}, "greater than 0"),
        ({"timeout": float("nan")}, "number"),
        ({"idle_timeout": -1}, "greater than 0"),
        ({"permission_mode": "yolo"}, "expected one of"),
        ({"permission_mode": 5}, "expected one of"),
        ({"tools": 5}, "list of strings"),
        ({"tools": {"Read": True}}, "list of strings"),
        ({"tools": ["Read", None]}, "contains None"),
        ({"setting_sources": ["user", "global"]}, "'global' must be one of"),
        ({"cwd": "/nowhere/at/all"}, "no such directory"),
        ({"plugins": ["/nowhere/at/all"]}, "no such directory"),
        ({"plugins": [{"type": "remote", "path": "/"}]}, "expected a path"),
        ({"session_id": "abc"}, "UUID"),
        ({"fork_session": 1}, "True or False"),
        ({"system_prompt": 5}, "expected a string"),
        ({"system_prompt": ["a", 5]}, "expected a string"),
        ({"system_prompt": {"type": "preset", "preset": "other"}}, "claude_code"),
        ({"system_prompt": {"type": "preset", "append": 5}}, "append"),
        ({"system_prompt": {"type": "custom"}}, "expected a string"),
        ({"system_prompt": {"type": "file", "path": "/nowhere"}}, "cannot read"),
        ({"output_format": "json"}, "JSON Schema"),
        ({"output_format": {"type": "json_schema"}}, "schema"),
        ({"output_format": {"a": float("nan")}}, "JSON"),
        ({"output_format": {"type": "x"}}, "output_format"),
        ({"agents": {"a": 5}}, "description"),
        ({"agents": {"a": {"description": "d"}}}, "prompt"),
        ({"agents": {"a": {"description": "d", "prompt": "p", "x": {1}}}}, "JSON"),
        ({"agents": {"a": {"description": "d", "prompt": "p", "tool": ["x"]}}}, "did you mean 'tools'"),
        ({"agents": {5: {}}}, "strings as keys"),
        ({"settings": 5}, "settings"),
        ({"settings": {"a": {1}}}, "JSON"),
        ({"sandbox": True}, "expected a dict"),
        ({"stderr": 5}, "function"),
        ({"env": ["A"]}, "expected a dict"),
        ({"transport": 5}, "no method for_process"),
        ({"transport": MemoryCLI}, "instance"),
        ({"resume": "x", "continue": True}, "mutually exclusive"),
        ({"resume_session_at": "x"}, "requires resume"),
        ({"session_id": SESSION, "resume": "x"}, "fork_session"),
        ({"model": "a", "fallback_model": "a"}, "differ"),
        ({"settings": "{}", "sandbox": {"enabled": True}}, "dict"),
    ],
    ids=str,
)
def test_wrong_options_say_what_is_wrong(given, words):
    """A wrong name or value is a `ConfigurationError` that names it and the remedy, as soon as it is given."""
    with pytest.raises(ConfigurationError, match=words):
        Options(**given)
    with pytest.raises((ValueError, TypeError)):
        agent_sdk.client(**given)


def test_options_go_by_name():
    """A value without a name is an error that says so."""
    with pytest.raises(ConfigurationError, match="options must be passed by name"):
        Options("sonnet")


def test_listeners_are_checked_before_a_process_starts():
    """A function that is asynchronous, or takes other arguments, is refused by all that call it with a message."""
    cli = MemoryCLI()
    client = agent_sdk.client(transport=cli)
    users = agent_sdk.UserSessions(agent_sdk.stores.MemoryStore(), transport=cli)
    calls = (
        lambda given: agent_sdk.query("x", given, transport=cli),
        lambda given: client.query("x", on_message=given),
        lambda given: client.wait_idle(0, on_message=given),
        lambda given: client.on("text", given),
        lambda given: agent_sdk.query_many(["x"], given, transport=cli),
        lambda given: users.query("ann", "x", given),
        lambda given: Options(stderr=given),
        lambda given: Options(on_elicitation=given),
    )
    for call, wrong in itertools.product(calls, (_nobody_awaits, _nobody_iterates, lambda: None, 5)):
        with pytest.raises(ConfigurationError, match=r"on_message|callback|stderr|on_elicitation"):
            call(wrong)
    with pytest.raises(ConfigurationError, match="did you mean 'text'"):
        client.on("is_text")
    assert cli.calls == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [("bash", "did you mean 'Bash'"), ("webfetch(domain:x)", "did you mean 'WebFetch'"), ("Bash(touch", "not closed")],
)
@pytest.mark.parametrize("option", ["tools", "allowed_tools", "disallowed_tools"])
def test_rules_that_would_fit_nothing(option, rule, text):
    """A rule that names no tool, or is not closed, forbids nothing to the CLI; the SDK raises an error."""
    with pytest.raises(ConfigurationError, match=f"{option}=.*{text}"):
        Options(**{option: ["Read", rule]})


def test_misspelt_tools_are_doubted():
    """A name that nearly is a tool's gets a warning, in rules and in patterns of hooks; others may be of a newer CLI."""
    guard = hooks.Matcher("WebFtch|Read", print)
    for make in (
        lambda: Options(allowed_tools=["Bsh", "Read"]),
        lambda: agent_sdk.Agent(description="d", prompt="p", tools=["Grp"]),
        lambda: Options(hooks={"pre_tool_use": guard}),
    ):
        with pytest.warns(UnknownToolWarning, match="did you mean '(Bash|Grep|WebFetch)'"):
            make()
    with pytest.warns(UnknownToolWarning) as told:
        agent_sdk.Agent(description="d", prompt="p", tools=["Grp"])
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Options(tools="default", allowed_tools=["NotebookRead", "mcp__bash__x", "TodoWrite", "Bash(a (b) *)", "Read,Edit"])
    with pytest.raises(ConfigurationError, match="did you mean 'Bash'"):
        Options(disallowed_tools="Read, bash")


def test_names_of_the_official_sdk():
    """A name that people know from the official SDK is answered with ours, and each of ours exists."""
    for name, ours in [*NAMES.items()]:
        with pytest.raises(ImportError, match=f"has no attribute '{name}'; use {ours}"):
            exec(f"from agent_sdk import {name}")
        assert not hasattr(agent_sdk, name)
        found = agent_sdk
        for part in ours.split(".")[1:]:
            found = getattr(found, part)
    client = agent_sdk.client(transport=MemoryCLI())
    for name, ours in METHODS.items():
        with pytest.raises(AttributeError, match=re.escape(f"use {ours}")):
            getattr(client, name)
        assert callable(getattr(client, ours.partition("(")[0]))
    with pytest.raises(ConfigurationError, match="in this SDK: additional_directories"):
        Options(add_dirs=["x"])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"sandbox": {"enable": True}}, "sandbox='enable': no such key; did you mean 'enabled'"),
        ({"sandbox": {"Enabled": True}}, "did you mean 'enabled'"),
        ({"system_prompt": {"type": "preset", "preset": "claude_code", "apend": "x"}}, "did you mean 'append'"),
        ({"thinking": {"type": "enabled"}}, "requires budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_token": 5}}, "did you mean 'budget_tokens'"),
        ({"mcp_servers": {"x": {"type": "http", "url": "http://a", "header": {}}}}, "did you mean 'headers'"),
    ],
)
def test_misspelt_keys_inside_options(options, text):
    """A key that nearly is a known one would be ignored: it is an error."""
    with pytest.raises(ConfigurationError, match=text):
        Options(**options)


def test_sandbox_keys_may_be_in_snake_case():
    """Sandbox settings are spelled as the CLI does; what is unknown travels as it is."""
    given = {"enabled": True, "auto_allow_bash_if_sandboxed": True, "network": {"allowedDomains": []}, "xyz": 1}
    assert Options(sandbox=given).sandbox == {
        "enabled": True, "autoAllowBashIfSandboxed": True, "network": {"allowedDomains": []}, "xyz": 1,
    }  # fmt: skip


def test_asynchronous_stores_and_transports():
    """Nobody would await the methods of an asynchronous store: it is refused."""
    class Store:
        async def append(self, key, entries): ...
        def load(self, key): ...

    with pytest.raises(ConfigurationError, match="method append is async"):
        Options(session_store=Store())


def test_resuming_nothing():
    """`resume(None)` would silently begin a new session: it is an error."""
    with pytest.raises(ConfigurationError, match="session_id=None"):
        agent_sdk.client(transport=MemoryCLI()).resume(None)


def test_a_lambda_is_named_by_its_place():
    """An error about a lambda says where it stands."""
    with pytest.raises(ConfigurationError, match=r"<lambda> in line \d+ of test_options\.py"):
        hooks.Matcher("Bash", lambda: None)


def test_an_option_cannot_be_set_on_a_client():
    """Setting an option as an attribute would change nothing; the error says how it is given."""
    client = agent_sdk.client(transport=MemoryCLI())
    with pytest.raises(AttributeError, match=r"with_model\(...\)"):
        client.model = "haiku"


@pytest.mark.parametrize("make", [agent_sdk.query, agent_sdk.stream])
def test_options_must_be_options(make):
    """`options=` takes `Options`; anything else is an error that says so."""
    with pytest.raises(ConfigurationError, match=r"expected agent_sdk\.Options"):
        make("x", options={"model": "opus"})


def test_overrides_lie_above_options():
    """A call's own options win over those it was given whole."""
    client = agent_sdk.client(Options(model="opus", max_turns=3), model="haiku")
    assert (client.options.model, client.options.max_turns) == ("haiku", 3)


def test_continue_is_accepted_by_its_own_name():
    """`continue`, which Python keeps for itself, can be given by name."""
    assert Options(**{"continue": True}).continue_conversation is True


def test_options_do_not_change():
    """Options cannot be set; what was given can be changed without changing them."""
    given = {"A": "1"}
    options = Options(env=given)
    given["B"] = "2"
    assert options.env == {"A": "1"}
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        options.model = "opus"


def test_copies_are_changed():
    """`evolve` and `with_*` give changed copies; without changes the same object."""
    options = Options(model="opus")
    assert options.evolve() is options
    assert options.evolve(max_turns=3) == Options(model="opus", max_turns=3)
    assert options.with_tools("Read", "Grep").without_tools("Bash") == Options(
        model="opus", allowed_tools=["Read", "Grep"], disallowed_tools=["Bash"]
    )
    assert options.with_tools(["Read", "Grep"]) == options.with_tools("Read", "Grep")
    assert options.with_fork_session().fork_session is True
    assert options.with_model(None) == Options()


@pytest.mark.parametrize("name", ["with_nothing", "with_", "nothing", "model_with", "__deepcopy__"])
def test_other_names_are_no_attributes(name):
    """Only `with_<option>` is made up."""
    with pytest.raises(AttributeError):
        getattr(Options(), name)


def test_a_copy_is_checked_like_the_first():
    """A change that does not go together with the rest is refused."""
    with pytest.raises(ConfigurationError, match="mutually exclusive"):
        Options(resume="x").evolve(continue_conversation=True)


def test_the_repr_hides_secrets():
    """The repr shows what was given, with secrets masked and long values cut."""
    shown = repr(
        Options(
            model="opus",
            env={"KEY": "hush"},
            settings='{"a": "hush"}',
            extra_args={"x": "hush"},
            system_prompt="p" * 500,
        )
    )
    assert "hush" not in shown
    assert "model='opus'" in shown and "'KEY': ***" in shown
    assert len(shown) < 300
    assert repr(Options()) == "Options()"


def test_options_pickle():
    """Options without functions can be sent to another process."""
    options = Options(model="opus", env={"A": None}, allowed_tools=["Read"])
    assert pickle.loads(pickle.dumps(options)) == options


def test_the_schema_describes_every_option():
    """`options_schema` has type, default, way of travel and meaning of each option."""
    schema = agent_sdk.options_schema()
    assert schema.keys() == {field.name for field in FIELDS}
    assert schema["model"] == {
        "type": "str | None",
        "default": None,
        "travels": "argv --model",
        "meaning": 'Model name or alias, such as `"sonnet"`.',
    }
    assert [name for name, facts in schema.items() if not facts["meaning"]] == []


def test_help_shows_each_option():
    """`help(Options)` has one line for each option, with the text that `options_schema` has."""
    text = pydoc.render_doc(Options, renderer=pydoc.plaintext)
    lines = {f"{name}: {facts['meaning']}" for name, facts in agent_sdk.options_schema().items()}
    assert lines - {line.strip(" |") for line in text.split("\n")} == set()


def test_options_need_no_source_files(monkeypatch):
    """Without source files the texts of the options are empty."""
    monkeypatch.setattr("inspect.getsource", lambda _: (_ for _ in ()).throw(OSError))
    assert option_texts.__wrapped__() == {}
