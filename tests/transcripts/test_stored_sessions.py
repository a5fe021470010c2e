"""
Sessions between disk and store: imported once, laid out as the CLI expects them, and brought home when a store fails.
"""
from __future__ import annotations

import json

import pytest

from agent_sdk import SessionNotFoundError, import_session
from agent_sdk.stores import Key, MemoryStore
from agent_sdk.transcripts import store_transfer

ID = "11111111-2222-4333-8444-555555555555"
KEY = Key("-home-ann-x", ID)
SUB = KEY._replace(subpath="subagents/agent-a1")
MAIN = [{"type": "user", "uuid": "u1"}, {"type": "last-prompt", "leafUuid": "u1"}, {"type": "assistant", "uuid": "u2"}]
LOG = [{"type": "api-request-blob", "hash": "h"}, {"type": "api-request", "id": "r"}]
ABOUT = {"agentType": "general-purpose", "finished": True}
SUB_MAIN = [{"type": "user", "uuid": "s1", "isSidechain": True}]


def write(path, entries):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries))


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def config(tmp_path):
    """A configuration folder with one session and its subagent."""
    folder = tmp_path / "config" / "projects" / KEY.project_key
    write(folder / f"{ID}.jsonl", [MAIN[0], *LOG, *MAIN[1:]])
    write(folder / ID / "subagents" / "agent-a1.jsonl", [*SUB_MAIN, *LOG])
    write(folder / ID / "subagents" / "agent-a1.meta.json", [ABOUT])
    (folder / ID / "tool-results").mkdir()
    return tmp_path / "config"


def test_a_session_is_imported_with_its_subagents(config):
    """The store gets what the mirror would have sent: all entries but the log of API requests."""
    store = MemoryStore()
    assert import_session(ID, store, config_dir=config) == 5
    assert store.load(KEY) == MAIN
    assert store.load(SUB) == [{"type": "agent_metadata", **ABOUT}, *SUB_MAIN]


def test_a_second_import_adds_what_is_new(config):
    """What the store has is not copied again, entries without a uuid included."""
    store = MemoryStore()
    import_session(ID, store, config_dir=config)
    assert import_session(ID, store, config_dir=config) == 0
    with open(config / "projects" / KEY.project_key / f"{ID}.jsonl", "a") as file:
        file.write('{"type":"user","uuid":"u3"}\n')
    assert import_session(ID, store, config_dir=config) == 1
    assert store.load(KEY)[-1] == {"type": "user", "uuid": "u3"}


def test_what_is_not_there_is_not_imported(config):
    """An unknown id is the error that it is everywhere."""
    with pytest.raises(SessionNotFoundError):
        import_session(ID.replace("1", "2"), MemoryStore(), config_dir=config)


def test_a_session_is_laid_out_as_it_was(config, tmp_path):
    """Laid out elsewhere, under another project's name, the session is what was imported, its subagents too."""
    store = MemoryStore()
    import_session(ID, store, config_dir=config)
    store_transfer.write_files(store, KEY, store.load(KEY), str(tmp_path / "new"), "-srv-y")
    folder = tmp_path / "new" / "-srv-y"
    assert read(folder / f"{ID}.jsonl") == MAIN
    assert read(folder / ID / "subagents" / "agent-a1.jsonl") == SUB_MAIN
    assert read(folder / ID / "subagents" / "agent-a1.meta.json") == [ABOUT]


@pytest.mark.parametrize("subpath", ["../../../evil", "/etc/evil", "a//b", "a/./b", "a/..", "nul\0"])
def test_a_subpath_does_not_lead_out(subpath, tmp_path):
    """A hostile store writes nowhere but into the session's own folder."""
    store = MemoryStore()
    for key in (KEY, KEY._replace(subpath=subpath)):
        store.append(key, MAIN)
    store_transfer.write_files(store, KEY, MAIN, str(tmp_path / "new"), "-srv-y")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{ID}.jsonl"]


def test_what_a_store_did_not_take_comes_home(config, tmp_path):
    """The entries that the user's own transcript lacks are added to it; a second time there is nothing to add."""
    own, private = config / "projects", tmp_path / "private" / "projects"
    write(private / KEY.project_key / f"{ID}.jsonl", [*MAIN, {"type": "user", "uuid": "u9"}])
    write(private / "-new" / f"{ID}.jsonl", MAIN)
    assert len(store_transfer.rescue(str(private), str(own))) == 2
    assert read(own / KEY.project_key / f"{ID}.jsonl")[-1] == {"type": "user", "uuid": "u9"}
    assert read(own / "-new" / f"{ID}.jsonl") == MAIN
    assert store_transfer.rescue(str(private), str(own)) == []


def test_long_names_keep_the_hash_of_the_cli(tmp_path):
    """The end of a long folder name is the CLI's own hash: where the rest agrees the stored name is kept."""
    deep = tmp_path / ("x" * 120) / ("y" * 120)
    deep.mkdir(parents=True)
    here = store_transfer.project_key_here("-home-ann", deep)
    assert store_transfer.project_key_here(here[:200] + "-zzz", deep) == here[:200] + "-zzz"
    assert store_transfer.project_key_here("-home-ann", tmp_path) != "-home-ann"
