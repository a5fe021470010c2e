"""
`%load_ext agent_sdk.notebook` adds the magic `%%agent`, which sends its cell to one client of the notebook.

    %%agent --model haiku
    Explain {function_name} to me.

`{name}` of an existing variable is replaced by its value; other braces are kept. The result is stored in `_agent`, and
the next cell continues the session. `--help` lists the options.
"""
from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ._client.functions import client as _new_client
from .errors import AgentSDKError, ConfigurationError, ShadowedCallbackWarning

if TYPE_CHECKING:
    from ._client.client import Client
    from ._core.literals import PermissionMode
    from .messages import Message, ResultMessage

HELP = """%%agent [options] [prompt], with the rest of the prompt in the cell; %agent [options] [prompt] on a line.

  --new            start a new session
  --model NAME     use this model from now on
  --resume ID      resume this session
  --fork           continue in a copy of this session
  --tools A,B      allow these tools without asking, from now on
  --mode MODE      permission mode from now on: default, plan, acceptEdits, ...
  --quiet          show nothing; the value of the cell is the result
  --help           show this help
  --               treat the rest as the prompt

{name} of an existing variable is replaced by its value. The result is stored in _agent."""

_FLAGS = frozenset({"new", "fork", "quiet", "help"})
_VALUES = frozenset({"model", "resume", "tools", "mode"})
# Doubled braces are kept: templates use them.
_NAME = re.compile(r"(?<!\{)\{([^\W\d]\w*)\}(?!\})")
_WORD = re.compile(r"\s*(\S+)")
#: A line that ends with a question mark: IPython would show help for its last word.
_QUESTION = re.compile(r"(\s*(?:[^\W\d]\w*\s*=\s*)?)%agent\s+(.*\?)\s*")


class AgentMagics:
    """The conversation behind the magic; a notebook has one."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The client of the magic, created on first use; it asks before a tool runs."""
        if self._client is None:
            from . import permissions

            self._client = _new_client(can_use_tool=permissions.ask(), include_partial_messages=True)
        return self._client

    def use(self, client: Client | None) -> None:
        """Use another client from now on, and close the previous one."""
        before, self._client = self._client, client
        if before is not None and before is not client:
            before.close()

    def magic(self, line: str, cell: str | None = None) -> ResultMessage | None:
        """Run `%agent` or `%%agent`."""
        try:
            return self._run(line, cell)
        except AgentSDKError as error:
            _hide_traceback(error)
            raise

    def _run(self, line: str, cell: str | None) -> ResultMessage | None:
        asked, rest = parse_options(line)
        if "help" in asked:
            print(HELP)  # noqa: T201
            return None
        self._apply_options(asked)
        parts = (rest.strip(), (cell or "").strip("\n"))
        prompt = fill_variables("\n".join(part for part in parts if part.strip()), self._variables())
        if not prompt:
            print(repr(self.client))  # noqa: T201 (the purpose of a line without a prompt)
            return None
        result = self._query(prompt, "quiet" in asked)
        self.shell.user_ns["_agent"] = result
        return result if "quiet" in asked else None

    def _apply_options(self, asked: Mapping[str, str]) -> None:
        if "new" in asked:
            self.client.close()
        if "resume" in asked:
            from ._commands.sessions import resolve

            self.client.resume(resolve(asked["resume"]))
        if "fork" in asked:
            self.use(self.client.fork())
        if "model" in asked:
            self.client.with_model(asked["model"])
        if "tools" in asked:
            self.client.with_tools(*filter(None, asked["tools"].split(",")))
        if "mode" in asked:
            self.client.with_permission_mode(cast("PermissionMode", asked["mode"]))

    def _variables(self) -> dict[str, Any]:
        """Return the variables of the notebook, without those of IPython."""
        shell = self.shell
        hidden = getattr(shell, "user_ns_hidden", {})
        return {name: value for name, value in shell.user_ns.items() if name not in hidden or hidden[name] is not value}

    def _query(self, prompt: str, is_quiet: bool) -> ResultMessage:
        from . import _display

        def silent(message: Message) -> None:
            """Show nothing."""

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ShadowedCallbackWarning)  # --tools is explicit
                return self.client.query(prompt, on_message=silent if is_quiet else _display.show)
        except KeyboardInterrupt:
            _display.finish("stopped; the next cell continues the session")
            # The exception keeps the notebook from running the cells below.
            stopped = KeyboardInterrupt("the turn was stopped; the next cell continues the session")
            raise _hide_traceback(stopped) from None
        except BaseException as error:
            _display.finish(type(error).__name__)
            raise


E = TypeVar("E", bound=BaseException)


def _hide_traceback(error: E) -> E:
    """Let IPython show *error* on one line, without the frames of this package."""
    lines = [f"\x1b[31m{type(error).__name__}\x1b[0m: {error}"]
    vars(error)["_render_traceback_"] = lines.copy
    return error


def parse_options(line: str) -> tuple[dict[str, str], str]:
    """
    Split the line of a magic into its options and the rest.

    Raises:
        ConfigurationError: An option is unknown, or its value is missing.
    """
    asked: dict[str, str] = {}
    while (word := _WORD.match(line)) is not None and word[1].startswith("--"):
        name, has_value, value = word[1][2:].partition("=")
        line = line[word.end() :]
        if not name:
            break
        if name in _VALUES and not has_value:
            following = _WORD.match(line)
            value, line = (following[1], line[following.end() :]) if following else ("", "")
        if (name not in _FLAGS or has_value) and not (name in _VALUES and value):
            raise ConfigurationError(f"--{name}: unknown option, or wrong or missing value; see %agent --help")
        asked[name] = value
    return asked, line


def fill_variables(text: str, names: Mapping[str, Any]) -> str:
    """Replace each `{name}` of an existing variable by its value."""

    def value_of(match: re.Match[str]) -> str:
        if match[1] not in names:
            return match[0]
        value = names[match[1]]
        from .messages import Message

        return value.content if isinstance(value, Message) else str(value)

    return _NAME.sub(value_of, text)


def rewrite_questions(lines: list[str]) -> list[str]:
    """Rewrite lines `%agent ...?` of a cell, so that IPython passes them to the agent."""
    if lines and lines[0].startswith("%%"):
        return lines
    return [_rewrite_question(line) for line in lines]


def _rewrite_question(line: str) -> str:
    found = _QUESTION.fullmatch(line)
    return line if found is None else f"{found[1]}get_ipython().run_line_magic('agent', {found[2]!r})\n"


_agents: list[AgentMagics] = []


def use(client: Client) -> Client:
    """
    Let `%%agent` use *client*, with its options, hooks and tools; return it.

    Raises:
        ConfigurationError: The extension is not loaded.
    """
    if not _agents:
        raise ConfigurationError("run %load_ext agent_sdk.notebook first")
    _agents[-1].use(client)
    return client


def load_ipython_extension(ipython: Any) -> None:
    """Add the magic; called by `%load_ext agent_sdk.notebook`."""
    from IPython.core.magic import no_var_expand

    agent = AgentMagics(ipython)
    _agents.append(agent)

    # IPython would itself replace braces and dollar signs on the line.
    @no_var_expand  # type: ignore[untyped-decorator, unused-ignore]
    def magic(line: str, cell: str | None = None) -> ResultMessage | None:
        return agent.magic(line, cell)

    magic.__doc__ = HELP
    ipython.user_ns.setdefault("_agent", None)  # defined before the first result, since the first turn may be stopped
    ipython.register_magic_function(magic, magic_kind="line_cell", magic_name="agent")
    ipython.input_transformers_cleanup.append(rewrite_questions)


def unload_ipython_extension(ipython: Any) -> None:
    """Remove the magic and close its client; called by `%unload_ext agent_sdk.notebook`."""
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("agent", None)
    while rewrite_questions in ipython.input_transformers_cleanup:
        ipython.input_transformers_cleanup.remove(rewrite_questions)
    while _agents:
        _agents.pop().use(None)
