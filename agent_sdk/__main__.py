"""
`python -m agent_sdk`: `ask`, `chat`, `sessions`, `doctor` and `demo` from a terminal.
"""
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from . import errors
from ._commands import chat, sessions
from ._core.version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 success, 1 failure, 2 usage error, 130 interrupted."""
    for output in (sys.stdout, sys.stderr):
        if hasattr(output, "reconfigure"):
            output.reconfigure(errors="replace")  # terminals that are not UTF-8
    parser = _parser()
    given = parser.parse_args(arguments)
    if not hasattr(given, "run"):
        parser.print_help()
        return 2
    try:
        code: int = given.run(given)
    except errors.AgentSDKError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does. Redirect stdout, so that the flush at exit raises no second error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agent_sdk", description="The Claude Code CLI from Python.")
    parser.add_argument("--version", action="version", version=f"agent_sdk {__version__}")
    commands = parser.add_subparsers(title="commands")
    ask = commands.add_parser("ask", help="ask one question and print the answer")
    ask.add_argument("prompt", help="the question; `-` reads it from standard input")
    ask.add_argument("--model", help="model name or alias")
    ask.add_argument("--resume", metavar="ID", help="resume this session")
    ask.add_argument("--allow", metavar="TOOL", action="append", help="allow this tool without asking; repeatable")
    ask.set_defaults(run=_ask)
    doctor = commands.add_parser("doctor", help="check the installation and suggest fixes")
    doctor.set_defaults(run=_doctor)
    chat.add_commands(commands)
    sessions.add_commands(commands)
    demo = commands.add_parser("demo", help="demonstrate sessions; runs offline without an API key")
    demo.add_argument("--offline", action="store_true", help="use the built-in scripted model even if a key is set")
    demo.set_defaults(run=_demo)
    return parser


def _ask(given: argparse.Namespace) -> int:
    from ._client.functions import stream

    prompt = sys.stdin.read() if given.prompt == "-" else given.prompt
    with stream(prompt, model=given.model, resume=given.resume, allowed_tools=given.allow) as messages:
        for text in messages.text_stream:
            print(text, end="", flush=True)
    print()
    result = messages.result
    if result is None:
        return 1
    print(f"session {result.session_id}, {result.num_turns} turns, ${result.total_cost_usd or 0:.4f}", file=sys.stderr)
    return 0 if result.is_success else 1


def _doctor(given: argparse.Namespace) -> int:
    from ._commands.doctor import findings

    good = True
    for finding in findings():
        good = good and finding.is_good
        print(f"{'ok ' if finding.is_good else 'FIX'} {finding.name:<14} {finding.text}")
        if finding.remedy:
            print(f"    {'':<14} {finding.remedy}")
    return 0 if good else 1


def _demo(given: argparse.Namespace) -> int:
    from ._commands.demo import run

    return run(offline=given.offline)


if __name__ == "__main__":
    sys.exit(main())
