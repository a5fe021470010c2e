"""
Measure the structure of the package, and how far a call travels through its modules.

    python tools/structure.py [--root CHECKOUT] [--json] [--no-walks]

*CHECKOUT* is a folder that holds `agent_sdk/`; an older checkout works too. The walks need no CLI: they run in a child
process with a home of its own, against `FakeCLI` or a transport in memory.

The figures of a walk count what happens in the thread that makes the call:

- *calls*: "call" events of `sys.setprofile` in files of the package: functions, comprehensions, and generators each
  time they are resumed. Other packages do not count, nor does code that attrs or cattrs generates.
- *changes*: how often such a call is in another module than the call before it. Returns do not count.

Compare figures of one Python version: 3.12 runs comprehensions inline. A few calls depend on how the pipes are read, so
each walk runs three times and the lowest figures are taken.
"""
from __future__ import annotations

import argparse
import ast
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

PACKAGE = "agent_sdk"
#: The most files and folders that the root of the package should hold.
MAX_ROOT_FILES = 14
ROUNDS = 3
WALKS = {
    "message": "one stdout line to on_message, in a running turn",
    "permission": "one permission request to its reply, in a running turn",
    "start": "query(model=) to Popen, second call of the program",
    "restart": "a client's query to Popen, after its process died",
    "resume_from_store": "query(resume=, session_store=) to the end of the turn",
}

Graph = dict[str, set[str]]
Figures = dict[str, int]
Frame = dict[str, Any]


# --- the source


class Source:
    """The modules of one checkout, parsed."""

    def __init__(self, root: Path) -> None:
        self.package = root / PACKAGE
        self.files = sorted(self.package.rglob("*.py"))
        self.names = {self._name(path): path for path in self.files}
        self.trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in self.names.items()}

    def _name(self, path: Path) -> str:
        parts = path.relative_to(self.package).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def imports(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield each import of a module of the package, as its name and `load`, `types` or `lazy`."""
        package = name.split(".") if name else []
        if self.names[name].name != "__init__.py":
            package = package[:-1]
        yield from self._walk(self.trees[name], package, "load")

    def _walk(self, node: ast.AST, package: list[str], kind: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ImportFrom) and child.level:
                yield from ((name, kind) for name in self._targets(child, package))
            yield from self._walk(child, package, _kind_inside(child, kind))

    def _targets(self, node: ast.ImportFrom, package: list[str]) -> Iterator[str]:
        base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
        for alias in node.names:
            name = ".".join([*base, alias.name])
            yield name if name in self.names else ".".join(base)

    def graph(self, *kinds: str) -> Graph:
        """Return which modules each module imports, by imports of these kinds; the face of the package is left out."""
        return {
            name: {target for target, kind in self.imports(name) if kind in kinds} - {name, ""}
            for name in self.names
            if name
        }


def _kind_inside(node: ast.AST, kind: str) -> str:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return "lazy"
    is_for_types = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    return "types" if is_for_types else kind


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of modules that import each other (strongly connected components of two or more)."""
    reach = {name: _reachable(graph, name) for name in graph}
    groups = {tuple(sorted(other for other in reach[name] if name in reach[other])) for name in graph}
    return sorted(list(group) for group in groups if len(group) > 1)


def _reachable(graph: Graph, start: str) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        for target in graph.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _box(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def _levels(graph: Graph) -> int:
    """Return the length of the longest chain of boxes that import each other; a circle counts as one box."""
    reach = {name: _reachable(graph, name) for name in graph}
    depth: dict[str, int] = {}
    for name in sorted(graph, key=lambda one: len(reach[one])):
        below = [depth[one] for one in reach[name] if name not in reach[one] and one in depth]
        depth[name] = 1 + max(below, default=0)
    return max(depth.values(), default=0)


def _lengths(trees: Iterable[ast.Module]) -> list[int]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (node for tree in trees for node in ast.walk(tree) if isinstance(node, kinds))
    return sorted((node.end_lineno or 0) - node.lineno + 1 for node in found)


def measure_source(root: Path) -> dict[str, Any]:
    """Return the static figures of a checkout."""
    source = Source(root)
    lines = [path.read_text(encoding="utf-8").count("\n") for path in source.files]
    lengths = _lengths(source.trees.values())
    everything = source.graph("load", "types", "lazy")
    boxes: Graph = {}
    for name, targets in everything.items():
        boxes.setdefault(_box(name), set()).update({_box(target) for target in targets} - {_box(name)})
    return {
        "modules": len(source.files),
        "lines": sum(lines),
        "longest_module": max(lines),
        "root_files": sum(1 for path in source.files if path.parent == source.package),
        "boxes": len(boxes),
        "box_imports": sum(map(len, boxes.values())),
        "levels": _levels(boxes),
        "functions": len(lengths),
        "function_median": statistics.median_low(lengths),
        "function_p90": lengths[len(lengths) * 9 // 10],
        "function_max": lengths[-1],
        "circles_load": circles(source.graph("load")),
        "circles_types": circles(source.graph("load", "types")),
        "circles_all": circles(everything),
    }


# --- the walks


class Meter:
    """Counts calls and changes of module in this thread, between `start` and `stop`."""

    def __init__(self, package: Path) -> None:
        self._prefix = f"{package}{os.sep}"
        self._calls: list[str] = []

    def start(self) -> None:
        """Count from here."""
        self._calls = []
        sys.setprofile(self._on_event)

    def stop(self) -> None:
        """Count no more; may be called again."""
        sys.setprofile(None)

    def _on_event(self, frame: types.FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(self._prefix):
            self._calls.append(frame.f_code.co_filename)

    @property
    def figures(self) -> Figures:
        """What was counted."""
        return {"calls": len(self._calls), "changes": sum(one != other for one, other in pairwise(self._calls))}


class Walks:
    """The walks, each a method by the name in `WALKS`. Only public names are used, so that older checkouts work."""

    def __init__(self, root: Path, folder: Path) -> None:
        import agent_sdk
        from agent_sdk import testing, transcripts

        self.sdk: Any = agent_sdk
        self.testing: Any = testing
        self.frames: Any = testing.frames
        self.session_id: str = testing.frames.SESSION_ID
        self.folder = folder
        self.transcript = Path(os.environ["CLAUDE_CONFIG_DIR"], "projects", transcripts.project_key(str(folder)))
        self.meter = Meter(root / PACKAGE)

    def run(self, name: str) -> Figures:
        """Run one walk and return its figures."""
        rounds = [getattr(self, name)() for _ in range(ROUNDS)]
        return min(rounds, key=lambda figures: (figures["calls"], figures["changes"]))

    def message(self) -> Figures:
        """From the read of the last assistant line to `on_message`."""
        texts = [self.frames.assistant(f"text {number}") for number in range(5)]
        turn = [self.frames.init(), *texts, self.frames.result("done")]
        transport = self._transport(turn, starts_at=texts[-1])
        self.sdk.query("hello", lambda message: self.meter.stop(), transport=transport)
        return self.meter.figures

    def permission(self) -> Figures:
        """From the read of the second permission request to its reply."""
        requests = [self._permission_request(str(number)) for number in range(2)]
        turn = [self.frames.init(), *requests, self.frames.result("done")]
        transport = self._transport(turn, starts_at=requests[-1])
        self.sdk.query("hello", transport=transport, can_use_tool=lambda *facts: True)
        return self.meter.figures

    def start(self) -> Figures:
        """From `query(model=)` to the start of the process, in a program that called it before."""
        with self.testing.FakeCLI() as fake:
            given = {"model": "claude-test", "cli_path": fake.path}
            self.sdk.query("hello", **given)
            return self._to_popen(lambda: self.sdk.query("hello", **given), fake.path)

    def restart(self) -> Figures:
        """From a client's `query` to the start of the next process, after its last one was killed between turns."""
        given = {"cwd": str(self.folder), "env": {"ANTHROPIC_API_KEY": "dummy"}}
        with self.testing.FakeCLI() as fake, self.sdk.client(cli_path=fake.path, **given) as client:
            client.query("hello")
            self._write_transcript()  # `FakeCLI` writes none
            os.kill(fake.pids[-1], signal.SIGKILL)
            os.waitid(os.P_PID, fake.pids[-1], os.WEXITED | os.WNOWAIT)
            return self._to_popen(lambda: client.query("again"), fake.path)

    def resume_from_store(self) -> Figures:
        """A whole turn in a session that only the store has."""
        from agent_sdk import stores

        store = stores.MemoryStore()
        # The CLI writes some 18 entries for one turn.
        store.append(stores.Key(self.transcript.name, self.session_id), self._entries(18))
        self._remove_transcript()
        with self.testing.FakeCLI(self._mirrored_turn()) as fake:
            given = {"cwd": str(self.folder), "session_store": store, "resume": self.session_id, "cli_path": fake.path}
            self.meter.start()
            try:
                self.sdk.query("again", lambda message: None, **given)
            finally:
                self.meter.stop()
        return self.meter.figures

    def _transport(self, turn: list[Frame], starts_at: Frame) -> Any:
        """Return a CLI in memory that plays *turn*, a line for each read; the count begins with one of its lines."""
        meter = self.meter

        class InMemory(self.sdk.Transport):  # type: ignore[misc, name-defined]
            def start(self, on_stderr: object = None) -> None:
                self.frames: list[Frame] = []

            def send_line(self, line: bytes) -> None:
                frame = json.loads(line)
                if frame["type"] == "control_response":
                    meter.stop()
                elif frame["type"] == "user":
                    self.frames += turn
                else:
                    body = {"subtype": "success", "request_id": frame["request_id"], "response": {}}
                    self.frames.append({"type": "control_response", "response": body})

            def read_lines(self, timeout: float | None) -> list[bytes]:
                if not self.frames:
                    raise EOFError
                frame = self.frames.pop(0)
                lines = [json.dumps(frame).encode()]
                if frame is starts_at:
                    meter.start()
                return lines

        return InMemory()

    def _permission_request(self, number: str) -> Frame:
        request = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "ls"}}
        request["tool_use_id"] = f"toolu_{number}"
        return {"type": "control_request", "request_id": number, "request": request}

    def _to_popen(self, call: Callable[[], object], program: str) -> Figures:
        """Count from a call to the start of *program*."""
        original, meter = subprocess.Popen, self.meter

        class Watched(original):  # type: ignore[misc, valid-type]
            def __init__(self, command: list[str], *rest: Any, **named: Any) -> None:
                if program in (command[0], named.get("executable")):
                    meter.stop()
                super().__init__(command, *rest, **named)

        subprocess.Popen = Watched  # type: ignore[misc, assignment]
        try:
            meter.start()
            call()
        finally:
            meter.stop()
            subprocess.Popen = original  # type: ignore[misc]
        return meter.figures

    def _entries(self, number: int) -> list[Frame]:
        return [
            {
                "type": "user",
                "uuid": f"00000000-0000-4000-8000-{place:012d}",
                "parentUuid": f"00000000-0000-4000-8000-{place - 1:012d}" if place else None,
                "sessionId": self.session_id,
                "cwd": str(self.folder),
                "timestamp": "2026-01-31T12:00:00.000Z",
                "message": {"role": "user", "content": "hello"},
            }
            for place in range(number)
        ]

    def _mirrored_turn(self) -> list[Any]:
        """A turn with the frames that the CLI adds to it, and pauses, so that each read returns one frame."""
        path = str(self.transcript / f"{self.session_id}.jsonl")
        entries = self._entries(36)[18:]
        mirrored = [
            {"type": "transcript_mirror", "filePath": path, "entries": entries[place : place + 3]}
            for place in range(0, len(entries), 3)
        ]
        f, before, after = self.frames, mirrored[:4], mirrored[4:]
        opening = [f.command_lifecycle("queued"), f.command_lifecycle("started"), f.session_state("running"), f.init()]
        ending = [f.result("ok"), f.command_lifecycle("completed"), f.session_state("idle")]
        turn = [*opening, *before, f.assistant("ok"), *after, *ending]
        return [item for frame in turn for item in (frame, self.testing.steps.delay(0.01))]

    def _write_transcript(self) -> None:
        self.transcript.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(entry) + "\n" for entry in self._entries(18))
        (self.transcript / f"{self.session_id}.jsonl").write_text(text)

    def _remove_transcript(self) -> None:
        (self.transcript / f"{self.session_id}.jsonl").unlink(missing_ok=True)


def _run_walks(root: Path) -> dict[str, Figures]:
    """Run the walks in this process, in a home of its own."""
    sys.path.insert(0, str(root))
    from agent_sdk.testing import isolated_env

    with tempfile.TemporaryDirectory() as folder:
        env = isolated_env(folder)
        for name in (name for name, value in env.items() if value is None):
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in env.items() if value is not None})
        project = Path(folder, "project")
        project.mkdir()
        walks = Walks(root, project.resolve())
        return {name: walks.run(name) for name in WALKS}


def measure_walks(root: Path) -> dict[str, Figures]:
    """Run the walks of a checkout in a process of its own, and return their figures."""
    command = [sys.executable, __file__, "--root", str(root), "--walks-here"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


# --- the table


def _print_table(source: dict[str, Any], walks: dict[str, Figures]) -> None:
    for name, value in source.items():
        print(f"{name.replace('_', ' '):20} {len(value) if isinstance(value, list) else value:>7}")
        for circle in value if isinstance(value, list) else ():
            print(f"  {' '.join(circle)}")
    for name, figures in walks.items():
        counts = f"{figures['calls']:>7} calls {figures['changes']:>5} changes"
        print(f"{name.replace('_', ' '):20} {counts}   {WALKS[name]}")


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description="Measure the structure of the package.")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="a checkout; default: this one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--no-walks", action="store_true", help="only read the source")
    parser.add_argument("--walks-here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    if arguments.walks_here:
        print(json.dumps(_run_walks(root)))
        return
    source = measure_source(root)
    walks = {} if arguments.no_walks else measure_walks(root)
    if arguments.json:
        print(json.dumps({"source": source, "walks": walks}, indent=2))
    else:
        _print_table(source, walks)


if __name__ == "__main__":
    main()
