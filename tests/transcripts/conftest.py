"""Every test of transcripts gets a configuration folder of its own, which is also the one of this process."""
from __future__ import annotations

from pathlib import Path

import pytest
from transcripts.disk import Disk


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """An empty configuration folder."""
    made = Disk(tmp_path / "disk")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(made.config))
    return made
