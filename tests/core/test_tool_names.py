"""Names of tools in rules, hook patterns, agents and policies: the CLI's spelling, and names that fit no tool."""
from __future__ import annotations

import warnings

import pytest

from agent_sdk import Agent, ConfigurationError, Options, UnknownToolWarning, builtin_tools, hooks, mcp, tool
from agent_sdk._core.tool_names import cli_name
from agent_sdk.hooks.matchers import wire_matcher
from agent_sdk.permissions import AddRules, RemoveRules, Rule, read_only
from agent_sdk.permissions.updates import parse_suggestions

#: A rule as a user writes it -> the rule in the CLI's spelling.
SPELLINGS = {
    "mcp__my shop__pay": "mcp__my_shop__pay",
    "mcp__sérv": "mcp__s_rv",
    "mcp__shop.eu__pay now!": "mcp__shop_eu__pay_now_",
    "mcp__日本__x": "mcp______x",
    "mcp__a😀__x": "mcp__a____x",
    "mcp__shop (eu)__pay": "mcp__shop__eu___pay",
    "mcp__shop(eu)__pay": "mcp__shop_eu___pay",
    "mcp__shop (eu)": "mcp__shop__eu_",
    "mcp__my shop__*": "mcp__my_shop__*",
    "mcp__claude.ai Gmail__send": "mcp__claude_ai_Gmail__send",
    "mcp__plugin:shop:eu__pay": "mcp__plugin_shop_eu__pay",
    "mcp__plain-1__x": "mcp__plain-1__x",
    "Bash(mcp__my shop *)": "Bash(mcp__my shop *)",
}


@tool
def pay() -> str:
    """Pay."""
    return "paid"


@pytest.mark.parametrize(("written", "right"), SPELLINGS.items())
def test_mcp_names_are_translated(written, right):
    """Rules of options and agents, and permission rules, hold MCP names in the CLI's spelling."""
    assert Options(allowed_tools=[written]).allowed_tools == (right,)
    assert Options(disallowed_tools=["Bash", written]).disallowed_tools == ("Bash", right)
    agent = Agent(description="d", prompt="p", tools=[written], disallowed_tools=[written])
    assert agent.tools == agent.disallowed_tools == (right,)
    assert str(Rule.parse(written)) == str(AddRules(written, "deny").rules[0]) == right


def test_lists_in_one_text_are_split():
    """An MCP name keeps its spaces; a comma, a built-in tool and another MCP name begin a new rule."""
    rules = Options(disallowed_tools="mcp__my shop__pay, Bash(rm *) mcp__a  b Read mcp__c").disallowed_tools
    assert rules == ("mcp__my_shop__pay,Bash(rm *),mcp__a__b,Read,mcp__c",)
    with pytest.raises(ConfigurationError, match=r"'Bahs'.*did you mean 'Bash'"):
        Options(disallowed_tools="mcp__my shop Bahs")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("mcp__my shop__pay", "mcp__my_shop__pay"),
        ("mcp__sérv", "mcp__s_rv__x"),
        ("mcp__sérv__pay|Bash", "mcp__s_rv__pay"),
        ("mcp__sérv__.*", "mcp__s_rv__x"),
        ("^(?:mcp__my shop__.*|Bash)$", "mcp__my_shop__x"),
        ("Bash, mcp__shop.eu: pay__x", "mcp__shop_eu__pay__x"),
        ("mcp__shop-eu é__x", "mcp__shop-eu____x"),
        ("mcp__shop (eu)__pay", "mcp__shop__eu___pay"),
        ("mcp__shop (eu)", "mcp__shop__eu___pay"),
        ("mcp__shop [eu]__pay", "mcp__shop__eu___pay"),
        ("mcp__plain__x|Read", "mcp__plain__x"),
    ],
)
def test_hook_patterns_are_translated(pattern, name):
    """A hook on an MCP name as the user wrote it matches that tool, in the CLI and in the SDK."""
    selector = hooks.Matcher(pattern, print).selector
    assert selector.matches(hooks.PreToolUse(tool_name=name))
    assert not selector.matches(hooks.PreToolUse(tool_name="mcp__other__x"))
    assert wire_matcher([selector]).isascii()


def test_policies_translate_mcp_names():
    """The names of a policy are compared in the CLI's spelling; wildcards stay."""
    decide = read_only(allow=["mcp__my shop__*", "mcp__sérv__get"])
    for name, allowed in {"mcp__my_shop__x": True, "mcp__s_rv__get": True, "mcp__s_rv__put": False}.items():
        assert (type(decide(name, {}, None)).__name__ == "Allow") is allowed


def test_one_rule_of_names():
    """A character outside the BMP is two characters to the CLI."""
    assert [cli_name(text) for text in ("é", "e\u0301", "😀", "a-b_c")] == ["_", "e_", "__", "a-b_c"]


@pytest.mark.parametrize("name", ["Bahs", "Bsh", "Webfetsh", "PayTool", "mcp_shop__pay", "mcp__", "pay", "Wr*te2", "Zz*"])
def test_a_deny_that_fits_no_tool_is_an_error(name):
    """A deny of an unknown tool would deny nothing: an error. An allow of it only warns: the CLI may be newer."""
    for make in (
        lambda: Options(disallowed_tools=["Read", name]),
        lambda: Agent(description="d", prompt="p", disallowed_tools=[name]),
        lambda: AddRules(Rule(name), "deny"),
        lambda: AddRules({"toolName": name}, "deny"),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(ConfigurationError, match="unknown tool"):
                make()
    for make in (
        lambda: Options(allowed_tools=[name]),
        lambda: Options(tools=[name]),
        lambda: Agent(description="d", prompt="p", tools=[name]),
        lambda: AddRules([name]),
        lambda: RemoveRules([name], "deny"),
        lambda: read_only(allow=[name]),
    ):
        with pytest.warns(UnknownToolWarning, match="unknown tool"):
            make()


def test_hints_find_transpositions():
    """A transposition is within the reach of the hint."""
    for wrong, right in {"Bahs": "Bash", "Raed": "Read", "Tsak": "Task", "WebFecth": "WebFetch"}.items():
        with pytest.raises(ConfigurationError, match=f"did you mean '{right}'"):
            Options(disallowed_tools=[wrong])
        with pytest.warns(UnknownToolWarning, match=f"did you mean '{right}'"):
            Options(hooks={"pre_tool_use": hooks.Matcher(wrong, print)})


def test_known_names_are_accepted_in_silence():
    """Built-in tools, older names, wildcards, servers given elsewhere, and the CLI's own suggestions raise nothing."""
    names = [*builtin_tools(), "KillShell", "MultiEdit", "*", "mcp__*", "Task*", "mcp__server", "mcp__server__tool"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Options(disallowed_tools=names, allowed_tools=names, tools="default")
        Options(hooks={"pre_tool_use": hooks.Matcher("propose_skills|Agent", print)})
        suggestion = {"type": "addRules", "rules": [{"toolName": "NewTool"}], "behavior": "allow"}
        assert len(parse_suggestions([suggestion])) == 1


def test_a_deny_names_a_tool_of_its_own_server():
    """The tools of a server in this process are known, so a deny of another name is an error."""
    shop = mcp.ToolServer("shop", [pay])
    for options in ({"custom_tools": [pay]}, {"mcp_servers": {"sdk": shop}}):
        with pytest.raises(ConfigurationError, match=r"'mcp__sdk__pya'.*did you mean 'pay'"):
            Options(disallowed_tools=["mcp__sdk__pya"], **options)
        Options(disallowed_tools=["mcp__sdk__pay", "mcp__sdk", "mcp__sdk__*", "mcp__other__x"], **options)
    with pytest.raises(ConfigurationError, match="its tools are pay"):
        Options(mcp_servers={"my shop": shop}).evolve(disallowed_tools=["mcp__my shop__refund"])


def test_the_list_is_that_of_the_cli():
    """The list holds the 54 names of CLI 2.1.332, and the older name of one."""
    names = builtin_tools()
    assert len(names) == len(set(names)) == 55
    assert {"LSP", "TodoWrite", "TaskCreate", "SetGoal", "PowerShell", "SendUserMessage", "Agent", "Task"} <= set(names)
