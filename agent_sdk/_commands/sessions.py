"""
`python -m agent_sdk sessions`: list, show, search, export, rename, tag, fork and delete.

An id may be shortened to a unique prefix.
"""
# ruff: noqa: T201
from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from .._core.text import sanitize, sanitize_line
from ..errors import ConfigurationError, SessionNotFoundError

_LIST_HINT = "see `python -m agent_sdk sessions list`"


def add_commands(commands: Any) -> None:
    """Add the command `sessions` to *commands*, the `add_subparsers()` of a parser; each sets its function as `run`."""
    sessions = commands.add_parser("sessions", help="show, export and change the sessions on this machine")
    subcommands = sessions.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_reading(subcommands)
    _add_changing(subcommands)


def _add_reading(commands: Any) -> None:
    listing = _command(commands, "list", _list, "list sessions, newest first")
    listing.add_argument("--limit", type=int, default=20, help="maximum number (default 20; 0 for all)")
    _command(commands, "show", _show, "print a session and its statistics", has_id=True)
    search = _command(commands, "search", _search, "find sessions by text, tag, branch and time")
    search.add_argument("text", nargs="?", help="text in the title or the conversation")
    search.add_argument("--tag")
    search.add_argument("--branch", help="the git branch")
    search.add_argument("--since", type=_date, metavar="DATE", help="used at or after, such as 2026-01-31")
    search.add_argument("--until", type=_date, metavar="DATE", help="started at or before this date")
    search.add_argument("--limit", type=int, default=20, help="maximum number (default 20; 0 for all)")
    export = _command(commands, "export", _export, "write a session as one file", has_id=True)
    export.add_argument("--format", choices=("markdown", "html", "json"), default="markdown")
    export.add_argument("--output", "-o", metavar="FILE", help="output file (default: standard output)")


def _add_changing(commands: Any) -> None:
    rename = _command(commands, "rename", _rename, "set the title of a session", has_id=True)
    rename.add_argument("title")
    tag = _command(commands, "tag", _tag, "set or remove the tag of a session", has_id=True)
    tag.add_argument("tag", nargs="?", help="the tag; omit it to remove the current tag")
    fork = _command(commands, "fork", _fork, "copy a session and print the new id", has_id=True)
    fork.add_argument("--up-to", metavar="UUID", help="the last message to copy")
    fork.add_argument("--title", help="the title of the copy")
    delete = _command(commands, "delete", _delete, "delete a session permanently", has_id=True)
    delete.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], help: str, has_id: bool = False
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help.capitalize() + ".")
    if has_id:
        parser.add_argument("id", help="session id or unique prefix")
    parser.add_argument("--directory", metavar="DIR", help="search only this directory and its git worktrees")
    parser.add_argument("--config-dir", metavar="DIR", help="configuration folder of the CLI (default: ~/.claude)")
    parser.set_defaults(run=run)
    return parser


def _date(text: str) -> Any:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"invalid date {text!r}; use 2026-01-31 or 2026-01-31T14:05") from None
    return when if "T" in text or " " in text else when.date()


def _location(given: argparse.Namespace) -> dict[str, Any]:
    return {"directory": given.directory, "config_dir": given.config_dir}


def resolve(start: str, config_dir: str | None = None) -> str:
    """
    Return the id of the session whose id starts with *start*.

    Raises:
        SessionNotFoundError: No session id starts with it.
        ConfigurationError: Several session ids start with it, or it cannot be the start of an id.
    """
    from ..transcripts import paths, search

    if not re.fullmatch(r"[0-9a-fA-F-]{1,36}", start):
        raise ConfigurationError(f"{start[:50]!r} is not the start of a session id; {_LIST_HINT}")
    found = search.session_ids(paths.projects_folder(config_dir), start)
    if not found:
        raise SessionNotFoundError(f"no session id starts with {start}; {_LIST_HINT}", session_id=start)
    if len(found) > 1:
        raise ConfigurationError(f"{len(found)} session ids start with {start}: {', '.join(found[:5])}; use more of it")
    return found[0]


def _id(given: argparse.Namespace) -> str:
    return resolve(given.id, given.config_dir)


def _list(given: argparse.Namespace) -> int:
    from ..transcripts.listing import list_sessions, table_lines

    infos = list_sessions(limit=given.limit, **_location(given))
    print("\n".join(table_lines(infos)) if infos else "no sessions found")
    return 0


def _show(given: argparse.Namespace) -> int:
    from .._display.screen import current_screen
    from ..transcripts import export_session, session_figures

    session_id = _id(given)
    text, screen = sanitize(export_session(session_id, **_location(given))), current_screen()
    if screen.is_live:
        screen.write_markdown(text)
    else:
        print(text)
    figures = session_figures(session_id, **_location(given))
    cost = "not recorded yet" if figures.cost_usd is None else f"${figures.cost_usd:.4f}"
    tools = ", ".join(f"{sanitize_line(name)} {count}" for name, count in figures.tools.items()) or "none"
    print(f"{figures.turns} turns, {figures.total_tokens} tokens, cost {cost}, tools: {tools}", file=sys.stderr)
    return 0


def _search(given: argparse.Namespace) -> int:
    from ..transcripts import search_sessions
    from ..transcripts.listing import table_lines

    wanted = {name: getattr(given, name) for name in ("tag", "branch", "since", "until", "limit")}
    hits = search_sessions(given.text, **wanted, **_location(given))
    for hit, line in zip(hits, table_lines(hit.info for hit in hits)[1:], strict=True):
        print(line)
        for excerpt in hit.excerpts:
            print(f"          {excerpt.where}: {sanitize_line(excerpt.text)}")
    if not hits:
        print("no sessions found")
    return 0 if hits else 1


def _export(given: argparse.Namespace) -> int:
    from ..transcripts import export_session

    exported = export_session(_id(given), format=given.format, **_location(given))
    if given.output is None:
        print(exported, end="")
        return 0
    try:
        with open(given.output, "w", encoding="utf-8", errors="replace") as file:
            file.write(exported)
    except OSError as error:
        raise ConfigurationError(f"cannot write {given.output}: {error.strerror}") from error
    return 0


def _rename(given: argparse.Namespace) -> int:
    from ..transcripts import rename_session

    rename_session(_id(given), given.title, **_location(given))
    return 0


def _tag(given: argparse.Namespace) -> int:
    from ..transcripts import tag_session

    tag_session(_id(given), given.tag, **_location(given))
    return 0


def _fork(given: argparse.Namespace) -> int:
    from ..transcripts import fork_session

    print(fork_session(_id(given), up_to_message_id=given.up_to, title=given.title, **_location(given)))
    return 0


def _confirm(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False  # no terminal to answer


def _delete(given: argparse.Namespace) -> int:
    from ..transcripts import delete_session, get_session_info

    session_id = _id(given)
    if not given.yes:
        info = get_session_info(session_id, **_location(given))
        print(f"{session_id}  {sanitize_line(info.summary) if info else ''}")
        if not _confirm("Delete this session permanently? [y/N] "):
            print("not deleted")
            return 1
    delete_session(session_id, **_location(given))
    return 0
