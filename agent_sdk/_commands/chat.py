"""
`python -m agent_sdk chat`: a conversation at the terminal.

Ctrl-C stops the turn, Ctrl-D ends the conversation. A line that begins with `/` is a command of the chat or of the CLI;
an unknown command is not sent to the model.
"""
# ruff: noqa: T201
from __future__ import annotations

import argparse
import builtins
import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .._core.text import sanitize_line
from ..errors import AgentSDKError, ConfigurationError, ShadowedCallbackWarning

if TYPE_CHECKING:
    from ..permissions import PermissionContext

#: Maximum number of lines in the history.
MAX_HISTORY_LINES = 1000
#: At the end of a line: the prompt continues on the next line.
_CONTINUATION = "\\"


def add_commands(commands: Any) -> None:
    """Add the command `chat` to *commands*, the `add_subparsers()` of a parser."""
    chat = commands.add_parser("chat", help="start a conversation in the terminal")
    chat.add_argument("--model", help="model name or alias")
    chat.add_argument("--resume", metavar="ID", help="resume this session; a unique id prefix is enough")
    chat.add_argument(
        "--continue", dest="continues", action="store_true", help="continue the latest session of this directory"
    )
    chat.add_argument("--allow", metavar="TOOL", action="append", help="allow this tool without asking; repeatable")
    chat.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    from .sessions import resolve

    opening: dict[str, Any] = {"resume": resolve(given.resume) if given.resume else None}
    opening["continue_conversation"] = given.continues
    # --allow is explicit.
    warnings.simplefilter("ignore", ShadowedCallbackWarning)
    with _history():
        return Chat(model=given.model, allowed_tools=given.allow, **opening).run()


class Chat:
    """A conversation in the terminal; *options* are the options of its client."""

    def __init__(self, **options: Any) -> None:
        from .._batch.cost_ledger import Ledger
        from .._client.functions import client

        self.ledger = Ledger()
        self.client = client(can_use_tool=_permission_prompt(), include_partial_messages=True, **options)

    def run(self) -> int:
        """Read prompts until the input ends; return the exit code."""
        if sys.stdin.isatty():
            print("Ctrl-C stops a turn, Ctrl-D exits, /help shows the commands.")
        try:
            with self.ledger:
                while (line := _read_prompt()) is not None and self._handle_line(line.strip()):
                    pass
        finally:
            session_id = self.client.session_id
            self.client.close()
        if session_id is not None:
            print(f"To continue: python -m agent_sdk chat --resume {session_id}")
        return 0

    def _handle_line(self, line: str) -> bool:
        """Handle one line; return whether the chat continues."""
        name, _, rest = line.partition(" ")
        try:
            if name in ("/exit", "/quit"):
                return False
            if name in _COMMANDS:
                _COMMANDS[name][0](self, rest.strip())
            elif line and self._is_for_cli(name):
                self._query(line)
        except AgentSDKError as error:
            self._show_error(f"{type(error).__name__}: {error}")
        except KeyboardInterrupt:
            self._show_error("stopped")
        return True

    def _is_for_cli(self, name: str) -> bool:
        """Return whether a line goes to the CLI: a prompt, or a command of the CLI."""
        if not name.startswith("/") or "/" in name[1:]:
            return True
        if any(name[1:] in (command.name, *(command.aliases or ())) for command in self.client.supported_commands()):
            return True
        print(f"unknown command {name}; see /help")
        return False

    def _query(self, prompt: str) -> None:
        from .._display import show

        self.client.query(prompt, on_message=show)

    def _show_error(self, reason: str) -> None:
        from .. import _display
        from .._display.screen import current_screen

        _display.finish()
        current_screen().write_line((f"✗ {sanitize_line(reason)}", "red"))

    # --- commands

    def help(self, _: str) -> None:
        """Show the commands."""
        for name, (_function, argument, text) in _COMMANDS.items():
            print(f"  {name} {argument:<{12 - len(name)}} {text}")
        print("  /exit         exit, as Ctrl-D does")
        print("Other commands are those of the CLI, such as /compact. A \\ at the end of a line continues the prompt.")

    def new(self, _: str) -> None:
        """Start a new session."""
        self.client.close()
        print("the next line starts a new session")

    def fork(self, _: str) -> None:
        """Continue in a copy of the session."""
        before, self.client = self.client, self.client.fork()
        print(f"the next line continues in a copy of {before.session_id}")
        before.close()

    def resume(self, start: str) -> None:
        """Resume another session."""
        from .sessions import resolve

        if not start:
            raise ConfigurationError("/resume needs a session id; /sessions lists them")
        session_id = resolve(start)
        self.client.resume(session_id)
        print(f"the next line continues session {session_id}")

    def sessions(self, _: str) -> None:
        """List the latest sessions of this directory."""
        from ..transcripts.listing import list_sessions, table_lines

        found = list_sessions(os.getcwd(), limit=10)
        print("\n".join(table_lines(found)) if found else "no sessions in this directory")

    def model(self, name: str) -> None:
        """Use another model, or show the current one."""
        if name:
            self.client.with_model(name)
        print(f"model: {self.client.options.model or 'the default'}")

    def cost(self, _: str) -> None:
        """Show the cost of this conversation."""
        from .._display.status import format_dollars, format_number

        spent = self.ledger.total
        cached = spent.cache_creation_input_tokens + spent.cache_read_input_tokens
        tokens = f"{format_number(spent.input_tokens + cached)} tokens in, {format_number(spent.output_tokens)} out"
        print(f"{format_dollars(spent.cost_usd)}, {tokens}")


_COMMANDS: dict[str, tuple[Callable[[Chat, str], None], str, str]] = {
    "/new": (Chat.new, "", "start a new session"),
    "/fork": (Chat.fork, "", "continue in a copy of this session"),
    "/resume": (Chat.resume, "ID", "resume another session; a unique id prefix is enough"),
    "/sessions": (Chat.sessions, "", "list the latest sessions of this directory"),
    "/model": (Chat.model, "NAME", "use another model, or show the current one"),
    "/cost": (Chat.cost, "", "show the cost of this conversation"),
    "/help": (Chat.help, "", "show this help"),
}


def _permission_prompt() -> Callable[[str, dict[str, Any], PermissionContext], Any]:
    from .. import permissions
    from .._display.screen import current_screen

    decide = permissions.ask()

    def ask(tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> Any:
        screen = current_screen()
        # The question must not share its line with the progress line, and later output starts on a new line.
        screen.erase_progress()
        screen.end_line()
        screen.last_tool_use = None
        _discard_typed_input()
        return decide(tool_name, tool_input, context)

    return ask


def _discard_typed_input() -> None:
    """Discard input typed before the question was shown: it does not answer it."""
    if sys.stdin.isatty():
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _read_prompt() -> str | None:
    """Read a prompt; a backslash at the end of a line continues it. Return *None* at the end of the input."""
    lines: list[str] = []
    while True:
        try:
            line = builtins.input(_prompt_mark("… " if lines else "> "))
        except EOFError:
            if sys.stdin.isatty():
                print()
            return None
        except KeyboardInterrupt:
            # A half-typed line is discarded, as in a shell.
            print()
            lines.clear()
            continue
        if not line.endswith(_CONTINUATION):
            return "\n".join([*lines, line])
        lines.append(line[: -len(_CONTINUATION)])


def _prompt_mark(mark: str) -> str:
    from .._display.screen import current_screen

    if not sys.stdin.isatty():
        return ""
    if not current_screen().has_colour or "readline" not in sys.modules:
        return mark
    # \001 and \002 mark characters for readline that take no columns.
    return f"\001\x1b[1;36m\002{mark}\001\x1b[0m\002"


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Keep a history of lines across chats, if Python has readline."""
    if not sys.stdin.isatty():
        yield
        return
    try:
        import readline
    except ImportError:
        # Some builds of Python lack readline; the chat works without a history.
        yield
        return
    path = _history_path()
    # The file may not exist yet or may not be readable.
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(MAX_HISTORY_LINES)
    try:
        yield
    finally:
        # If the home folder is not writable, the history ends with the chat.
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            readline.write_history_file(path)
            os.chmod(path, 0o600)


def _history_path() -> str:
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "agent_sdk", "chat_history")
