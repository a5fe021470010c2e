"""Sessions written as Markdown, HTML and JSON; nothing in them gets out."""
from __future__ import annotations

import ast
import inspect
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from disk import Disk, Transcript

from agent_sdk import ConfigurationError, SessionNotFoundError, transcripts
from agent_sdk._render.export import export_session as implementation
from agent_sdk._render.markdown import fenced, sanitize_markdown
from agent_sdk.transcripts import export_session, rename_session

PNG = "iVBORw0KGgo="
EVIL = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](https://evil.test/pixel.png)",
    "<javascript:alert(1)>",
    '[x](https://a.test/"onmouseover="alert(1))',
    "[<img src=x onerror=alert(1)>](https://a.test)",
    "```\n</pre></code><script>alert(1)</script>",
    "`</code><script>alert(1)</script>`",
    "</details></main><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "**<b onclick=alert(1)>**",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "\u2028<script>\u0085alert(1)",
    "--><script>alert(1)</script><!--",
]
TAGS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title style body header main h1 h2 h3 h4 h5 h6 dl dt dd article div span time p br hr ul ol li "
        "blockquote pre code strong em s a table thead tbody tr th td details summary b ins del img",
    )
)
ATTRIBUTES = {"lang", "charset", "name", "content", "http-equiv", "class", "datetime", "href", "rel", "src", "alt", "start",
              "style"}


class Page(HTMLParser):
    """Reads a page as a browser does; complains of what should not be there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.images: list[str] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        assert tag in TAGS
        facts = {name: value or "" for name, value in attrs}
        assert set(facts) <= ATTRIBUTES
        assert facts.get("style", "text-align:left") in {f"text-align:{side}" for side in ("left", "center", "right")}
        if tag not in ("meta", "br", "hr", "img"):
            self.open.append(tag)
        if tag == "img":
            self.images.append(facts["src"])
            assert re.fullmatch(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*", facts["src"])
        if tag == "a":
            self.links.append(facts["href"])
            assert re.match(r"https?://|mailto:", facts["href"])

    def handle_endtag(self, tag: str) -> None:
        """Close a tag."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += data


def _everywhere(disk: Disk, text: str) -> Transcript:
    """A session with *text* in every place that an export shows."""
    session = disk.transcript()
    session.user(text)
    session.reply(text)
    session.assistant({"type": "thinking", "thinking": text})
    session.use("Edit", {"file_path": text, "old_string": text, "new_string": text}, id="t1")
    patch = [{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": ["-" + text, "+" + text]}]
    session.result(text, id="t1", toolUseResult={"filePath": text, "structuredPatch": patch})
    session.use(text, {"command": text, text: text}, id="t2")
    session.result([{"type": "text", "text": text}, {"type": "image", "source": {"media_type": text, "data": text}}],
                   id="t2", is_error=True)
    session.user([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": text}}])
    session.assistant({"type": text, "what": text})
    session.entry("system", subtype="informational", content=text)
    agent = session.subagent("a1", "t2", agentType=text)
    agent.user(text)
    agent.reply(text)
    rename_session(session.id, text)
    return session


@pytest.mark.parametrize("text", EVIL)
def test_nothing_in_a_session_becomes_html(disk: Disk, text: str) -> None:
    """Whatever was said, a page has only our tags, our attributes, and links to the web."""
    page = export_session(_everywhere(disk, text).id, format="html")
    assert page.count("<style>") == page.count("<title>") == 1
    Page(page)


@pytest.mark.parametrize("text", EVIL)
def test_markdown_brings_no_html_and_no_script_link(disk: Disk, text: str) -> None:
    """Outside of code no tag and no link to a script stays alive."""
    written = export_session(_everywhere(disk, text).id)
    prose = re.sub(r"(?m)^((?:> ?)*) {0,3}(`{3,}).*\n(?:.*\n)*?\1 {0,3}\2`*$", "", written)
    prose = re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", prose)
    assert "<" not in prose
    assert not re.search(r"(?i)(?<!\\)\]\(\s*(javascript|data:(?!image/png;base64))", prose)


def test_a_fence_cannot_be_closed_from_inside() -> None:
    """A fence is longer than any run of backticks in it."""
    assert fenced("a\n```\nb\n`````\nc").startswith("``````\n")


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("<b>", "&lt;b>"),
        ("`<b>`", "`<b>`"),
        ("```\n<b>\n```", "```\n<b>\n```"),
        ("```py\n<b>", "```py\n<b>\n```"),
        ("``a`<b>`c`` `<d>`", "``a`<b>`c`` `<d>`"),
        ("~~~\n```\n<b>\n~~~\n<i>", "~~~\n```\n<b>\n~~~\n&lt;i>"),
        ("``` not a `fence`\n<b>", "``` not a `fence`\n&lt;b>"),
        ("[a](https://x.test) [b](dir/file.py) [c](#top)", "[a](https://x.test) [b](dir/file.py) [c](#top)"),
        ("[a](javascript:x)", "[a\\](javascript:x)"),
        ("[a]( vbscript:x)", "[a\\]( vbscript:x)"),
        ("[a](&#106;avascript:x)", "[a\\](&#106;avascript:x)"),
        ("> - [a]: javascript:x", "> - [a]\\: javascript:x"),
        ("![a](https://x.test/pixel.png)", "!\\[a](https://x.test/pixel.png)"),
        ("```<b>``", "```&lt;b>``"),
        ("\\`<b>`", "\\`&lt;b>`"),
        ("a ` b\nc `<b>` d", "a ` b\nc `&lt;b>` d"),
        ("- a ` <b>\n- b ` c\n\n`<i>`", "- a ` &lt;b>\n- b ` c\n\n`<i>`"),
        ("- a\n\n  ```\n<b>\n  ```", "- a\n\n  ```\n&lt;b>\n  ```"),
        ("  ```\n```\n<b>\n```", "  ```\n```\n&lt;b>\n```"),
        ("[a]: https://x.test", "[a]: https://x.test"),
    ],
)
def test_text_is_made_harmless(text: str, harmless: str) -> None:
    """Markdown stays Markdown but for what could do harm or would not end."""
    assert sanitize_markdown(text) == harmless


def test_what_a_reply_leaves_open_ends_with_it(disk: Disk) -> None:
    """A fence that is not closed, plain or in a list, does not swallow what comes after."""
    session = disk.transcript()
    session.user("one")
    session.reply("```\nopen")
    session.user("two")
    session.reply("- a\n\n  ```\n  open")
    written = export_session(session.id)
    assert "```\nopen\n```\n" in written
    assert "> - a\n>\n>   ```\n>   open\n" in written


@pytest.fixture
def worked(disk: Disk) -> Transcript:
    """A session in which a model edited, saw an image and asked an agent."""
    session = disk.session("please *edit*")
    session.use("Edit", {"file_path": "/a.py", "old_string": "x", "new_string": "y"}, id="t1")
    patch = [{"oldStart": 3, "oldLines": 2, "newStart": 3, "newLines": 2, "lines": [" keep", "-x", "+y"]}]
    session.result("updated", id="t1", toolUseResult={"filePath": "/a.py", "structuredPatch": patch})
    session.use("Write", {"file_path": "/new.py", "content": "one\ntwo\n"}, id="t2")
    session.result("created", id="t2", toolUseResult={"type": "create", "filePath": "/new.py", "structuredPatch": []})
    session.use("Read", {"file_path": "/i.png"}, id="t3")
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    session.result([image], id="t3")
    session.use("Bash", {"command": "false"}, id="t4")
    session.result("Exit code 1", id="t4", is_error=True)
    session.use("Task", {"description": "look", "prompt": "look around"}, id="t5")
    session.result("the agent's report", id="t5")
    agent = session.subagent("a1", "t5", agentType="Explore")
    agent.user("look around")
    agent.use("Task", {"description": "deeper"}, id="t6")
    agent.result("x", id="t6")
    agent.reply("agent was here")
    nested = session.subagent("a2", "t6", parentAgentId="a1")
    nested.reply("nested was here")
    session.subagent("a3", None).reply("orphan was here")
    session.reply("all **done**")
    return session


def test_a_page_tells_the_whole_session(worked: Transcript) -> None:
    """A page has the words, diffs, images and nested agents, with tools folded."""
    page = export_session(worked.id, format="html")
    read = Page(page)
    words = ("please edit", "/a.py", "Exit code 1", "agent was here", "nested was here", "orphan was here", worked.id)
    assert [word for word in words if word not in read.text] == []
    assert '<ins>+y</ins>' in page and '<del>-x</del>' in page and '<ins>+two</ins>' in page
    assert read.images == [f"data:image/png;base64,{PNG}"]
    assert '<details class="failed"><summary><b>Bash</b> false · failed</summary>' in page
    assert "<strong>done</strong>" in page and "<script" not in page and "http" not in re.sub("http-equiv", "", page)
    for need in ("width=device-width", "@media print", "prefers-color-scheme: dark", "default-src 'none'"):
        assert need in page


def test_markdown_tells_the_whole_session(worked: Transcript) -> None:
    """Markdown has the words, diffs, images and nested agents."""
    written = export_session(worked.id)
    assert "> please *edit*" in written and "all **done**" in written
    assert "```diff\n@@ -3,2 +3,2 @@\n keep\n-x\n+y\n```" in written
    assert f"![image](data:image/png;base64,{PNG})" in written
    assert "**Tool: Bash** (failed)" in written
    assert "> ### Assistant\n>\n> agent was here" in written
    assert "> > **Agent `general-purpose a2`**" in written
    assert "orphan was here" in written


def test_json_holds_every_frame(worked: Transcript) -> None:
    """JSON has the facts, the messages as frames and the agents' own."""
    whole: dict[str, Any] = json.loads(export_session(worked.id, format="json"))
    assert whole["info"]["session_id"] == worked.id and "path" not in whole["info"]
    assert [frame["type"] for frame in whole["messages"]][:2] == ["user", "assistant"]
    assert whole["messages"][3]["tool_use_result"]["filePath"] == "/a.py"
    agents = {agent["agent_id"]: agent for agent in whole["subagents"]}
    assert set(agents) == {"a1", "a2", "a3"} and agents["a2"]["parent_agent_id"] == "a1"
    assert agents["a1"]["messages"][0]["parent_tool_use_id"] == "t5"


@pytest.mark.parametrize("format", ["markdown", "html", "json"])
def test_an_export_goes_back_past_compactions(disk: Disk, format: str) -> None:
    """What the model forgot is still exported."""
    session = disk.session("long ago")
    session.entry("system", None, logicalParentUuid=session.last, subtype="compact_boundary", content="compacted")
    session.user("the summary", isCompactSummary=True)
    session.user("today")
    written = export_session(session.id, format=format)
    places = [written.index("long ago"), written.rindex("ompacted"), written.index("the summary")]
    assert [*places, written.rindex("today")] == sorted([*places, written.rindex("today")])


@pytest.mark.parametrize("format", ["markdown", "html", "json"])
def test_a_session_with_nothing_in_it_can_be_exported(disk: Disk, format: str) -> None:
    """A transcript without a message gives its facts."""
    session = disk.transcript()
    session.line(type="mode", mode="normal", sessionId=session.id)
    assert session.id in export_session(session.id, format=format)


def test_agents_in_a_circle_are_told_once(disk: Disk) -> None:
    """Agents that are said to have started each other do not go on for ever."""
    session = disk.session()
    for agent_id, other in (("a1", "t2"), ("a2", "t1")):
        agent = session.subagent(agent_id, other)
        agent.use("Task", {}, id="t1" if agent_id == "a1" else "t2")
        agent.reply(f"{agent_id} was here")
    assert export_session(session.id).count("was here") == 2


def test_a_wrong_format_and_an_unknown_session_are_refused(disk: Disk) -> None:
    """The formats are three, and go by name; a session must be there."""
    session = disk.session()
    with pytest.raises(ConfigurationError, match="markdown, html, json"):
        export_session(session.id, format="pdf")
    with pytest.raises(ConfigurationError, match="write format='html'"):
        export_session(session.id, "html")
    session.path.unlink()
    with pytest.raises(SessionNotFoundError):
        export_session(session.id)


def test_type_checkers_see_the_signature_of_the_implementation() -> None:
    """The signature that `agent_sdk.transcripts` declares for type checkers is that of the implementation."""
    text = Path(transcripts.__file__).read_text()
    declared = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    defined = ast.parse(inspect.getsource(implementation)).body[0]
    assert isinstance(defined, ast.FunctionDef) and declared.name == defined.name
    assert ast.unparse(declared.args) == ast.unparse(defined.args)
    assert transcripts.export_session is implementation
