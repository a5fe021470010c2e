"""
`python -m agent_sdk chat`: a conversation at the terminal.

Ctrl-C stops the turn, Ctrl-D ends the conversation. A line that begins with `/` is a command of ours, else one of the
CLI's; it never goes to the model by mistake.
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

#: Lines of the history that are kept.
MAX_HISTORY_LINES = 1000
#: What goes on to the next line.
_CONTINUATION = "\\"


def add_commands(commands: Any) -> None:
    """Add the command `chat` to *commands*, the `add_subparsers()` of a parser."""
    chat = commands.add_parser("chat", help="talk at the terminal; /help there tells more")
    chat.add_argument("--model", help="model name or alias")
    chat.add_argument("--resume", metavar="ID", help="go on with this session; a start of its id will do")
    chat.add_argument(
        "--continue", dest="continues", action="store_true", help="go on with the latest session of this directory"
    )
    chat.add_argument("--allow", metavar="TOOL", action="append", help="let this tool run unasked; may be repeated")
    chat.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    from .sessions import resolve

    opening: dict[str, Any] = {"resume": resolve(given.resume) if given.resume else None}
    opening["continue_conversation"] = given.continues
    # Who says --allow means it.
    warnings.simplefilter("ignore", ShadowedCallbackWarning)
    with _history():
        return Chat(model=given.model, allowed_tools=given.allow, **opening).run()


class Chat:
    """One conversation at the terminal; *options* are those of its client."""

    def __init__(self, **options: Any) -> None:
        from .._batch.cost_ledger import Ledger
        from .._client.functions import client

        self.ledger = Ledger()
        self.client = client(can_use_tool=_permission_prompt(), include_partial_messages=True, **options)

    def run(self) -> int:
        """Talk until the end of the input; returns the exit code."""
        if sys.stdin.isatty():
            print("Ctrl-C stops a turn, Ctrl-D ends, /help tells more.")
        try:
            with self.ledger:
                while (line := _read_prompt()) is not None and self._handle_line(line.strip()):
                    pass
        finally:
            session_id = self.client.session_id
            self.client.close()
        if session_id is not None:
            print(f"To go on: python -m agent_sdk chat --resume {session_id}")
        return 0

    def _handle_line(self, line: str) -> bool:
        """Deal with one line; tells whether to go on."""
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
        """Whether a line is for the CLI: a prompt, or one of its own commands."""
        if not name.startswith("/") or "/" in name[1:]:
            return True
        if any(name[1:] in (command.name, *(command.aliases or ())) for command in self.client.supported_commands()):
            return True
        print(f"{name} is no command; see /help")
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
        """Show this."""
        for name, (_function, argument, text) in _COMMANDS.items():
            print(f"  {name} {argument:<{12 - len(name)}} {text}")
        print("  /exit         end; so does Ctrl-D")
        print("Other commands are the CLI's own: /compact, /context, ... A line that ends with \\ goes on.")

    def new(self, _: str) -> None:
        """Start a new session."""
        self.client.close()
        print("a new session begins with the next line")

    def fork(self, _: str) -> None:
        """Go on in a copy of the session."""
        before, self.client = self.client, self.client.fork()
        print(f"in a copy of {before.session_id} from the next line on")
        before.close()

    def resume(self, start: str) -> None:
        """Go on with another session."""
        from .sessions import resolve

        if not start:
            raise ConfigurationError("/resume ID: say which; /sessions lists them")
        session_id = resolve(start)
        self.client.resume(session_id)
        print(f"in session {session_id} from the next line on")

    def sessions(self, _: str) -> None:
        """List the latest sessions of this directory."""
        from ..transcripts.listing import list_sessions, table_lines

        found = list_sessions(os.getcwd(), limit=10)
        print("\n".join(table_lines(found)) if found else "no sessions here")

    def model(self, name: str) -> None:
        """Use another model, or tell which."""
        if name:
            self.client.with_model(name)
        print(f"model: {self.client.options.model or 'the default'}")

    def cost(self, _: str) -> None:
        """Show what this conversation has cost."""
        from .._display.status import format_dollars, format_number

        spent = self.ledger.total
        cached = spent.cache_creation_input_tokens + spent.cache_read_input_tokens
        tokens = f"{format_number(spent.input_tokens + cached)} tokens in, {format_number(spent.output_tokens)} out"
        print(f"{format_dollars(spent.cost_usd)}, {tokens}")


_COMMANDS: dict[str, tuple[Callable[[Chat, str], None], str, str]] = {
    "/new": (Chat.new, "", "start a new session"),
    "/fork": (Chat.fork, "", "go on in a copy of this session"),
    "/resume": (Chat.resume, "ID", "go on with another session; a start of its id will do"),
    "/sessions": (Chat.sessions, "", "list the latest sessions of this directory"),
    "/model": (Chat.model, "NAME", "use another model, or tell which"),
    "/cost": (Chat.cost, "", "what this conversation has cost"),
    "/help": (Chat.help, "", "show this"),
}


def _permission_prompt() -> Callable[[str, dict[str, Any], PermissionContext], Any]:
    from .. import permissions
    from .._display.screen import current_screen

    decide = permissions.ask()

    def ask(tool_name: str, tool_input: dict[str, Any], context: PermissionContext) -> Any:
        screen = current_screen()
        # The question must not share its line with a sign of life, and what follows begins on a line of its own.
        screen.erase_progress()
        screen.end_line()
        screen.last_tool_use = None
        _discard_typed_input()
        return decide(tool_name, tool_input, context)

    return ask


def _discard_typed_input() -> None:
    """Drop what was typed before the question was there to be read: it is no answer to it."""
    if sys.stdin.isatty():
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _read_prompt() -> str | None:
    """Read what the person says, over several lines where each ends with a backslash; *None* at the end."""
    lines: list[str] = []
    while True:
        try:
            line = builtins.input(_prompt_mark("… " if lines else "> "))
        except EOFError:
            if sys.stdin.isatty():
                print()
            return None
        except KeyboardInterrupt:
            # A line half typed is given up, as in a shell.
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
    # The marks \001 and \002 tell readline which characters take no room on the line.
    return f"\001\x1b[1;36m\002{mark}\001\x1b[0m\002"


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Let the person call back earlier lines, also of other days, where Python has readline."""
    if not sys.stdin.isatty():
        yield
        return
    try:
        import readline
    except ImportError:
        # Some builds of Python have none: lines are typed without a history.
        yield
        return
    path = _history_path()
    # No file yet, or none that can be read.
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(MAX_HISTORY_LINES)
    try:
        yield
    finally:
        # A home that cannot be written to: the history ends with the chat.
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            readline.write_history_file(path)
            os.chmod(path, 0o600)


def _history_path() -> str:
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "agent_sdk", "chat_history")
